// What the commands that read and write frames do with unusual but good input.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::frames_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Frames : public testing::Test {
protected:
    void SetUp() override { write("model.safetensors", good_model()); }
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }

    const Scratch scratch_;
};

// A dump without symbols, under a name that tells no format.
const char* const numbered =
    "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 3.4\n0 3.4\n0 3.4\n"
    "ITEM: ATOMS id type x y z fx fy fz\n1 1 0 0 0 0 0 0\n2 1 1.7 1.7 1.7 0 0 0\n";

TEST_F(Frames, with_type_numbers_are_read_by_every_command_that_asks_for_type_names) {
    write("numbered", numbered);
    const std::vector<std::string> options{"--format", "lammps-dump", "--type-names", "Li"};
    for (std::vector<std::string> command : {std::vector<std::string>{"predict", "model.safetensors", "numbered", "-o", "out.extxyz"},
                                             {"relax", "model.safetensors", "numbered", "-o", "relaxed.extxyz"},
                                             {"evaluate", "model.safetensors", "numbered"},
                                             {"info", "numbered"},
                                             {"data", "check", "numbered"},
                                             {"data", "convert", "numbered", "-o", "converted.extxyz"}}) {
        const auto refused = alkali(command);
        EXPECT_EQ(refused.status, 1) << command[0];
        EXPECT_THAT(refused.errors, HasSubstr("--format")) << command[0];
        command.insert(command.end(), options.begin(), options.end());
        const auto outcome = alkali(command);
        // The dump has no energy, which check calls an error of the data.
        EXPECT_THAT(outcome.all(), Not(HasSubstr("Run with --help"))) << command[0];
        EXPECT_EQ(outcome.status, command[1] == "check" ? 1 : 0) << command[0] << "\n" << outcome.all();
    }
}

TEST_F(Frames, are_relaxed_whatever_their_labels_were) {
    write("data.extxyz", with(good_frames(), "energy=-42.1 free_energy=-42.1", "energy=nan free_energy=nan"));
    const auto outcome = alkali({"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz", "--fmax", "1"});
    EXPECT_EQ(outcome.status, 0) << outcome.all();
}

/// One frame of two atoms, one of an element that the model does not know.
std::string foreign_frame() {
    return "2\nLattice=\"3.4 0 0 0 3.4 0 0 0 3.4\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nLi 0 0 0\nXe 1.7 1.7 1.7\n";
}

TEST_F(Frames, that_fail_are_named_and_the_others_predicted_and_relaxed) {
    const auto at_one_place = with(foreign_frame(), "Xe 1.7 1.7 1.7", "Li 0 0 0");
    for (const auto& bad : {foreign_frame(), at_one_place}) {
        write("data.extxyz", good_frames() + bad + good_frames());
        for (const std::vector<std::string>& command :
             {std::vector<std::string>{"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"},
              {"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz", "--fmax", "1"}}) {
            std::filesystem::remove(scratch_.path() / "out.extxyz");
            const auto outcome = alkali(command);
            EXPECT_EQ(outcome.status, 1) << command[0];
            EXPECT_THAT(outcome.errors,
                        AllOf(HasSubstr("data.extxyz, frame 2"), HasSubstr("1 of 5 frames failed"), HasSubstr("out.extxyz")))
                << command[0];
            EXPECT_THAT(alkali({"info", "out.extxyz"}).output, HasSubstr("frames: 4")) << command[0];
        }
    }
}

TEST_F(Frames, of_which_none_is_good_leave_nothing_and_the_first_reason) {
    write("data.extxyz", foreign_frame() + foreign_frame());
    for (const std::string command : {"predict", "relax"}) {
        const auto outcome = alkali({command, "model.safetensors", "data.extxyz", "-o", "none.extxyz"});
        EXPECT_EQ(outcome.status, 1) << command;
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("Xe"), HasSubstr("frame 0"))) << command;
        EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "none.extxyz")) << command;
    }
}

TEST_F(Frames, of_quantum_espresso_are_converted_and_checked) {
    const std::filesystem::path golden = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/quantum_espresso/frames";
    const auto md = alkali({"data", "convert", (golden / "md.out").string(), "-o", "md.extxyz"});
    EXPECT_EQ(md.status, 0) << md.all();
    EXPECT_THAT(alkali({"info", "md.extxyz"}).output, HasSubstr("frames: 3"));
    EXPECT_THAT(read("md.extxyz"), HasSubstr("functional=PBE"));
    const auto loose = alkali({"data", "convert", (golden / "loose.out").string(), "-o", "loose.extxyz"});
    EXPECT_EQ(loose.status, 0) << loose.all();
    EXPECT_THAT(loose.errors, AllOf(HasSubstr("loose.out, frame 0"), HasSubstr("conv_thr")));
    EXPECT_THAT(alkali({"data", "check", (golden / "loose.out").string()}).output, HasSubstr("conv_thr"));
    const auto stopped = alkali({"data", "convert", (golden / "stopped.out").string(), "-o", "stopped.extxyz"});
    EXPECT_EQ(stopped.status, 1);
    EXPECT_THAT(stopped.errors, HasSubstr("convergence NOT achieved"));
    // A calculation without structure, of another program, and a log of something else.
    write("relax.out", base::read_file(std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/pw/qe_relax.out"));
    EXPECT_THAT(alkali({"data", "convert", "relax.out", "-o", "x.extxyz"}).errors, HasSubstr("no cell"));
    write("ph.out", "\n     Program PHONON v.7.2 starts on  1Jan2026 at 10: 0: 0\n");
    EXPECT_THAT(alkali({"data", "convert", "ph.out", "-o", "x.extxyz"}).errors, HasSubstr("ph.x"));
    write("other.log", "hello\n");
    EXPECT_THAT(alkali({"data", "convert", "other.log", "-o", "x.extxyz"}).errors, HasSubstr("does not tell"));
}

TEST_F(Frames, that_a_list_names_are_taken_in_its_order) {
    write("data.extxyz", good_frames() + good_frames());
    ASSERT_EQ(alkali({"data", "convert", "data.extxyz", "-o", "set/a/"}).status, 0);
    base::write_file(scratch_.path() / "set/b.extxyz", good_frames());
    write("list.txt", "# what was trained on\nset/b.extxyz 1\nset/a 0 3\n");
    const auto outcome = alkali({"data", "select", "list.txt", ".", "-o", "out.extxyz"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(outcome.output, HasSubstr("3 frames"));
    for (const auto& [list, words] : std::map<std::string, std::vector<std::string>>{{"set/a 0 4\n", {"set/a", "no frame 4"}},
                                                                                     {"set/a 2 1\n", {"line 1", "ascending"}},
                                                                                     {"set/a x\n", {"line 1", "FRAME"}},
                                                                                     {"set/c 0\n", {"set/c"}},
                                                                                     {"# nothing\n", {"names no frames"}}}) {
        write("list.txt", list);
        const auto refused = alkali({"data", "select", "list.txt", ".", "-o", "refused.extxyz"});
        EXPECT_EQ(refused.status, 1) << list;
        for (const auto& word : words) EXPECT_THAT(refused.errors, HasSubstr(word)) << list;
        EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "refused.extxyz")) << list;
    }
}

TEST_F(Frames, that_lose_labels_in_a_conversion_are_counted) {
    write("data.extxyz", good_frames());
    const auto dump = alkali({"data", "convert", "data.extxyz", "-o", "out.dump"});
    EXPECT_EQ(dump.status, 0);
    EXPECT_THAT(dump.errors, AllOf(HasSubstr("warning"), HasSubstr("energy 2"), HasSubstr("stress 2"), Not(HasSubstr("forces 2"))));
    const auto folder = alkali({"data", "convert", "data.extxyz", "-o", "folder/"});
    EXPECT_EQ(folder.status, 0);
    EXPECT_THAT(folder.errors, Not(HasSubstr("warning")));
}

TEST_F(Frames, of_groups_named_in_another_encoding_are_evaluated_into_valid_json) {
    write("data.extxyz", with(good_frames(), "config_type=bulk", "config_type=caf\xe9"));
    const auto outcome = alkali({"evaluate", "model.safetensors", "data.extxyz", "--json", "out.json"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_TRUE(nlohmann::json::parse(read("out.json")).contains("records"));
    EXPECT_EQ(alkali({"info", "data.extxyz", "--json", "info.json"}).status, 0);
}

TEST_F(Frames, in_a_compressed_file_are_read_and_written_by_every_command) {
    write("data.extxyz", good_frames());
    const auto zipped = alkali({"data", "convert", "data.extxyz", "-o", "data.extxyz.gz"});
    ASSERT_EQ(zipped.status, 0) << zipped.all();
    EXPECT_TRUE(read("data.extxyz.gz").starts_with("\x1f\x8b"));
    for (const auto& command : {std::vector<std::string>{"info", "data.extxyz.gz"},
                                {"data", "check", "data.extxyz.gz"},
                                {"evaluate", "model.safetensors", "data.extxyz.gz"},
                                {"predict", "model.safetensors", "data.extxyz.gz", "-o", "out.extxyz.gz"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 0) << command[0] << outcome.all();
    }
    write("data.extxyz.gz", read("data.extxyz.gz").substr(0, 150));
    const auto cut = alkali({"data", "check", "data.extxyz.gz"});
    EXPECT_EQ(cut.status, 1);
    EXPECT_THAT(cut.all(), AllOf(HasSubstr("data.extxyz.gz, frame "), HasSubstr("truncated")));
}

TEST_F(Frames, go_to_a_deepmd_folder_where_the_name_has_no_ending) {
    write("train.extxyz", good_frames());
    const auto outcome = alkali({"data", "convert", "train.extxyz", "-o", "train_dp"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_TRUE(std::filesystem::exists(scratch_.path() / "train_dp/type.raw"));
    const auto refused = alkali({"data", "convert", "train.extxyz", "-o", "train.dat"});
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, AllOf(HasSubstr("--to"), HasSubstr("deepmd")));
}

TEST_F(Frames, whose_elements_contradict_the_names_given_are_refused_in_training_as_in_evaluation) {
    write("al.dump", with(with(with(numbered, "id type x", "id type element x"), "1 1 0 0", "1 1 Al 0 0"), "2 1 1.7", "2 1 Al 1.7"));
    write("config.yaml", with(good_config(), "data.extxyz", "al.dump"));
    for (const auto& command : {std::vector<std::string>{"train", "config.yaml", "-o", "out"},
                                {"evaluate", "model.safetensors", "al.dump"},
                                {"evaluate", "model.safetensors", "al.dump", "--type-names", "Li"},
                                {"data", "convert", "al.dump", "-o", "out.extxyz", "--type-names", "Li"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0];
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("al.dump, frame 0"), HasSubstr("Al"))) << command[0];
    }
}

TEST_F(Frames, come_behind_a_model_and_models_of_other_programs_are_to_be_imported) {
    write("data.extxyz", good_frames());
    const std::string golden = ALKALI_SOURCE_DIR "/tests/golden/deepmd/se_e2_a_one_species.yaml";
    base::write_file(scratch_.path() / "model.yaml", base::read_file(golden));
    write("model.pb", std::string("\n\x9f\x01\n\x13", 5) + "descrpt_attr/rcut");
    write("config.yaml", good_config());
    for (const auto& [file, words] :
         std::map<std::string, std::vector<std::string>>{{"model.yaml", {"deepmd-kit", "alkali import model.yaml"}},
                                                         {"model.pb", {"deepmd-kit", "dp convert-backend model.pb"}},
                                                         {"config.yaml", {"config of a training", "alkali train"}},
                                                         {"data.extxyz", {"structures"}}}) {
        const auto outcome = alkali({"evaluate", file, "data.extxyz"});
        EXPECT_EQ(outcome.status, 1) << file;
        for (const auto& word : words) EXPECT_THAT(outcome.errors, HasSubstr(word)) << file;
        const auto imported = alkali({"import", file, "-o", file + ".safetensors"});
        EXPECT_EQ(imported.status, file == "model.yaml" ? 0 : 1) << file << imported.all();
    }
    EXPECT_THAT(alkali({"info", "model.yaml"}).errors, HasSubstr("alkali import model.yaml"));
    EXPECT_EQ(alkali({"import", "model.yaml.safetensors", "-o", "again.safetensors"}).status, 1);
}

std::set<std::string> groups_in(const std::string& text) {
    std::set<std::string> groups;
    std::istringstream words(text);
    for (std::string word; words >> word;)
        if (word.starts_with("config_type=")) groups.insert(word);
    return groups;
}

TEST_F(Frames, are_split_as_a_training_with_the_same_seed_and_share_does) {
    std::string frames;
    for (int k = 0; k < 24; ++k)
        frames += "2\nLattice=\"3 0 0 0 3 0 0 0 3\" Properties=species:S:1:pos:R:3:forces:R:3 config_type=" +
                  std::string(k % 3 == 0 ? "a" : "b") + " energy=-" + std::to_string(2 + 0.01 * k) + "\nLi 0 0 0 0.1 0 0\nLi 1.5 1.5 1." +
                  std::to_string(500 + k) + " -0.1 0 0\n";
    write("all.extxyz", frames);
    write("c.yaml",
          "model: {type: nequip, type_names: [Li], r_max: 3.0, num_layers: 1, l_max: 0, num_features: 2}\n"
          "data: {train: all.extxyz, validation: 0.25}\ntraining: {max_epochs: 1, seed: 1}\n");
    const auto split = alkali({"data", "split", "all.extxyz", "-o", "parts", "--fraction", "0.25", "--seed", "1"});
    ASSERT_EQ(split.status, 0) << split.all();
    const auto trained = alkali({"train", "c.yaml", "-o", "by_share"});
    ASSERT_EQ(trained.status, 0) << trained.all();
    write("c.yaml",
          "model: {type: nequip, type_names: [Li], r_max: 3.0, num_layers: 1, l_max: 0, num_features: 2}\n"
          "data: {train: parts/train.extxyz, validation: parts/validation.extxyz}\ntraining: {max_epochs: 1, seed: 1}\n");
    const auto again = alkali({"train", "c.yaml", "-o", "by_files"});
    ASSERT_EQ(again.status, 0) << again.all();
    const auto hash = [&](const std::string& run) {
        const auto text = read(run + "/best.safetensors");
        const auto begin = text.find("data_hash");
        return text.substr(begin, 200);
    };
    EXPECT_EQ(hash("by_share").substr(0, 140), hash("by_files").substr(0, 140));
}

TEST_F(Frames, of_one_group_stay_together_in_all_three_parts_of_a_split) {
    std::string frames;
    for (int group = 0; group < 8; ++group)
        for (int k = 0; k < 5; ++k)
            frames += "1\nProperties=species:S:1:pos:R:3 config_type=g" + std::to_string(group) + " energy=-1\nLi 0 0 0." +
                      std::to_string(5 * group + k) + "\n";
    write("all.extxyz", frames);
    const auto outcome =
        alkali({"data", "split", "all.extxyz", "-o", "parts", "--by", "whole-group", "--test", "0.25", "--fraction", "0.25"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    std::size_t total = 0;
    std::set<std::string> seen;
    for (const char* part : {"train", "validation", "test"}) {
        const auto groups = groups_in(read(std::string("parts/") + part + ".extxyz"));
        EXPECT_FALSE(groups.empty()) << part;
        total += groups.size();
        seen.insert(groups.begin(), groups.end());
    }
    EXPECT_EQ(seen.size(), 8u);
    EXPECT_EQ(total, 8u) << "a group is in two parts";
}

TEST_F(Frames, of_a_folder_are_counted_by_select_as_info_counts_them) {
    write("set/a.extxyz", good_frames());
    write("set/b.extxyz", good_frames());
    std::filesystem::create_directory_symlink("set", scratch_.path() / "link");
    for (const char* folder : {"set", "link"}) {
        EXPECT_THAT(alkali({"info", folder}).all(), HasSubstr("frames: 4"));
        write("list.txt", "\xef\xbb\xbf" + std::string(folder) + " 0 3\r\n\r\n");
        const auto outcome = alkali({"data", "select", "list.txt", ".", "-o", "out.extxyz"});
        ASSERT_EQ(outcome.status, 0) << outcome.all();
        EXPECT_EQ(read("out.extxyz").find("18446744073709551615"), std::string::npos);
        EXPECT_THAT(outcome.all(), HasSubstr("2 frames written"));
    }
    write("list.txt", "set -1\n");
    EXPECT_THAT(alkali({"data", "select", "list.txt", ".", "-o", "out.extxyz"}).errors, HasSubstr("'-1' is not the number of a frame"));
    write("list.txt", "set 4\n");
    EXPECT_THAT(alkali({"data", "select", "list.txt", ".", "-o", "out.extxyz"}).errors, HasSubstr("gives no frame 4"));
}

TEST_F(Frames, selected_have_the_labels_that_a_conversion_gives_them) {
    write("set/type.raw", "0\n");
    write("set/type_map.raw", "Li\n");
    write("set/coord.raw", "0 0 0\n");
    write("set/box.raw", "3 0 0 0 3 0 0 0 3\n");
    write("set/virial.raw", "9999 0 0 0 9999 0 0 0 9999\n");
    write("list.txt", "set 0\n");
    const auto outcome = alkali({"data", "select", "list.txt", ".", "-o", "out.extxyz"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(outcome.errors, HasSubstr("it is not taken"));
    EXPECT_THAT(read("out.extxyz"), Not(HasSubstr("stress=")));
}

TEST_F(Frames, written_to_standard_output_have_no_other_text_among_them) {
    write("data.extxyz", good_frames());
    const std::vector<std::string> convert{"data", "convert", "data.extxyz", "--to", "extxyz", "-o"};
    const auto with_output = [&](const std::string& output) {
        auto command = convert;
        command.push_back(output);
        return command;
    };
    const auto piped = alkali(with_output("/dev/stdout"));
    ASSERT_EQ(piped.status, 0) << piped.all();
    EXPECT_THAT(piped.errors, HasSubstr("2 frames written"));
    ASSERT_EQ(alkali(with_output("plain.extxyz")).status, 0);
    EXPECT_EQ(piped.output, read("plain.extxyz"));
    // Into the file that standard output goes to, by each of its names.
    for (const char* name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "all.txt"}) {
        write("all.txt", "");
        const auto outcome = run(with_output(name), scratch_.path(), {.output = (scratch_.path() / "all.txt").string()});
        ASSERT_EQ(outcome.status, 0) << outcome.all();
        EXPECT_EQ(read("all.txt"), piped.output) << name;
    }
}

TEST_F(Frames, are_split_into_all_parts_or_none) {
    write("data.extxyz", good_frames() + good_frames());
    write("parts/train/precious.txt", "x");
    const std::vector<std::string> split{"data", "split", "data.extxyz", "-o",   "parts", "--fraction",
                                         "0.5",  "--by",  "none",        "--to", "deepmd"};
    const auto refused = alkali(split);
    EXPECT_EQ(refused.status, 1);
    EXPECT_THAT(refused.errors, HasSubstr("parts/train"));
    EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "parts/validation"));
    std::filesystem::remove_all(scratch_.path() / "parts/train");
    const auto outcome = alkali(split);
    EXPECT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_TRUE(std::filesystem::exists(scratch_.path() / "parts/validation/type.raw"));
}

TEST_F(Frames, of_a_group_with_a_comma_in_its_name_are_held_out) {
    const auto frames = good_frames();
    write("data.extxyz", with(frames, " energy=", " group=\"a,b\" energy=") + with(frames, " energy=", " group=c energy="));
    const auto outcome = alkali({"data", "split", "data.extxyz", "-o", "parts", "--hold", "a,b"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(read("parts/validation.extxyz"), HasSubstr("group=\"a,b\""));
}

TEST_F(Frames, of_weight_zero_have_the_labels_that_are_predicted) {
    write("data.extxyz", with(good_frames(), " energy=", " weight=0 energy="));
    ASSERT_EQ(alkali({"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"}).status, 0);
    EXPECT_THAT(read("out.extxyz"), Not(HasSubstr("weight=0")));
}

}  // namespace
}  // namespace alkali::cli_test::frames_tests
