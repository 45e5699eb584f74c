// What somebody meets who uses the program for the first time: names of files, numbers of atoms, repeated faults, going on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::first_steps_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class FirstSteps : public testing::Test {
protected:
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }
    const Scratch scratch_;
};

/// So many copies of the frames.
std::string times(const std::string& frames, int count) {
    std::string all;
    for (int k = 0; k < count; ++k) all += frames;
    return all;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

TEST_F(FirstSteps, patterns_and_the_home_folder_are_followed_in_data_paths_of_configs_and_commands) {
    const char* home = std::getenv("HOME");
    const std::string before = home != nullptr ? home : "";
    ::setenv("HOME", scratch_.path().c_str(), 1);
    write("model.safetensors", good_model());
    write("sets/b.extxyz", good_frames());
    write("sets/a.extxyz", times(good_frames(), 2));
    write("sets/notes.txt", "none");
    write("config.yaml", with(with(good_config(), "train: data.extxyz", "train: [\"~/sets/*.extxyz\"]"), "validation: data.extxyz",
                              "validation: ~/sets/b.extxyz"));
    const auto trained = alkali({"train", "config.yaml", "-o", "out"});
    EXPECT_EQ(trained.status, 0) << trained.all();
    EXPECT_THAT(trained.errors, HasSubstr("6 frames to train on, 2 for validation"));
    EXPECT_LT(trained.errors.find("sets/a.extxyz: 4 frames"), trained.errors.find("sets/b.extxyz: 2 frames"));
    EXPECT_THAT(alkali({"info", "~/sets/?.extxyz"}).output, HasSubstr("frames: 6"));
    EXPECT_THAT(alkali({"data", "check", "sets/[ab].extxyz"}).output, HasSubstr("6 frames"));
    EXPECT_THAT(alkali({"data", "convert", "sets/{b,a}.extxyz", "-o", "all.extxyz"}).output, HasSubstr("6 frames"));
    EXPECT_EQ(alkali({"evaluate", "~/model.safetensors", "sets/*.extxyz"}).status, 0);
    EXPECT_EQ(alkali({"predict", "model.safetensors", "sets/*.extxyz", "-o", "p.extxyz"}).status, 0);
    ::setenv("HOME", before.c_str(), 1);
}

TEST_F(FirstSteps, a_pattern_that_nothing_matches_is_named_and_a_file_of_that_very_name_wins) {
    write("model.safetensors", good_model());
    write("config.yaml", with(good_config(), "train: data.extxyz", "train: [\"sets/*.extxyz\"]"));
    for (const auto& command : {std::vector<std::string>{"train", "config.yaml", "-o", "out"},
                                {"info", "sets/*.extxyz"},
                                {"evaluate", "model.safetensors", "sets/*.extxyz"},
                                {"data", "convert", "sets/*.extxyz", "-o", "x.extxyz"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0];
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("sets/*.extxyz"), HasSubstr("nothing matches"))) << command[0];
    }
    write("run[1]*.extxyz", good_frames());
    write("run1.extxyz", times(good_frames(), 5));
    EXPECT_THAT(alkali({"info", "run[1]*.extxyz"}).output, HasSubstr("frames: 2"));
    fs::remove(scratch_.path() / "run[1]*.extxyz");
    EXPECT_THAT(alkali({"info", "run[1]*.extxyz"}).output, HasSubstr("frames: 10"));
}

TEST_F(FirstSteps, a_model_whose_name_holds_a_comma_or_a_colon_is_one_model_for_every_command) {
    write("data.extxyz", good_frames());
    for (const std::string name : {"a,b/best.safetensors", "lr=0.1,seed:2.safetensors"}) {
        write(name, good_model());
        for (const auto& command : {std::vector<std::string>{"evaluate", name, "data.extxyz"},
                                    {"predict", name, "data.extxyz", "-o", "p.extxyz"},
                                    {"relax", name, "data.extxyz", "-o", "r.extxyz", "--fmax", "100"},
                                    {"benchmark", name, "--atoms", "2", "--seconds", "0", "--repeat", "1", "--no-peak"},
                                    {"info", name}}) {
            const auto outcome = alkali(command);
            EXPECT_EQ(outcome.status, 0) << command[0] << outcome.all();
        }
        EXPECT_THAT(read("p.extxyz"), Not(HasSubstr("energy_std")));
    }
}

TEST_F(FirstSteps, a_committee_is_given_by_commas_or_by_an_option_for_each_member) {
    write("data.extxyz", good_frames());
    for (const char* name : {"a,1.safetensors", "b.safetensors", "c.safetensors"}) write(name, good_model());
    for (const auto& members : {std::vector<std::string>{"a,1.safetensors,b.safetensors"},
                                {"b.safetensors,a,1.safetensors"},
                                {"?.safetensors"},
                                {"a,1.safetensors", "--member", "b.safetensors", "--member", "c.safetensors"}}) {
        std::vector<std::string> command{"predict"};
        command.insert(command.end(), members.begin(), members.end());
        command.insert(command.end(), {"data.extxyz", "-o", "p.extxyz"});
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 0) << members[0] << outcome.all();
        EXPECT_THAT(read("p.extxyz"), HasSubstr("energy_std")) << members[0];
        fs::remove(scratch_.path() / "p.extxyz");
    }
    const auto missing = alkali({"evaluate", "b.safetensors,d.safetensors", "data.extxyz"});
    EXPECT_EQ(missing.status, 1);
    EXPECT_THAT(missing.errors, AllOf(HasSubstr("d.safetensors: there is no such model file"), HasSubstr("commas")));
    EXPECT_THAT(alkali({"evaluate", "--help"}).output, HasSubstr("--member"));
    const auto alone = alkali({"evaluate", "b.safetensors", "data.extxyz", "--committee", "a,1.safetensors"});
    EXPECT_THAT(alone.errors, HasSubstr("is no committee"));
}

TEST_F(FirstSteps, atoms_are_counted_alike_by_options_and_messages) {
    write("model.safetensors", good_model());
    write("foreign.extxyz", with(good_frames(), "Li 1.7 1.7 1.7", "Xe 1.7 1.7 1.7"));
    EXPECT_THAT(alkali({"predict", "model.safetensors", "foreign.extxyz", "-o", "p.extxyz"}).errors, HasSubstr("atom 2 is Xe"));
    write("data.extxyz", with(good_frames(), "Li 1.7 1.7 1.7", "Li 1.6 1.75 1.7"));
    const auto outcome =
        alkali({"relax", "model.safetensors", "data.extxyz", "-o", "r.extxyz", "--fix", "2", "--steps", "4", "--fmax", "1e-9"});
    EXPECT_THAT(outcome.errors, HasSubstr("held: atoms 2, counted from 1"));
    const auto relaxed = read("r.extxyz");
    EXPECT_TRUE(std::regex_search(relaxed, std::regex("Li +1\\.60* +1\\.750* +1\\.70* "))) << relaxed;  // not moved
    EXPECT_FALSE(std::regex_search(relaxed, std::regex("Li +0\\.0* +0\\.0* +0\\.10* "))) << relaxed;
    EXPECT_THAT(alkali({"relax", "--help"}).output, HasSubstr("counted from 1 as in messages"));
}

TEST_F(FirstSteps, a_repeated_fault_is_told_once_with_its_count_and_first_places) {
    write("model.safetensors", good_model());
    const auto doubtful = with(good_frames(), "stress=\"0.001", "stress=\"1000.0");
    write("data.extxyz", times(doubtful, 15));
    for (const auto& command : {std::vector<std::string>{"info", "data.extxyz"},
                                {"evaluate", "model.safetensors", "data.extxyz"},
                                {"data", "convert", "data.extxyz", "-o", "c.extxyz"},
                                {"data", "check", "data.extxyz"},
                                {"data", "split", "data.extxyz", "-o", "parts"}}) {
        const auto outcome = alkali(command);
        const auto text = outcome.all();
        EXPECT_THAT(text, HasSubstr("(15 times, also in frame 2, frame 4, ")) << command[0] << command[1];
        EXPECT_LE(count(text, "angstrom^3"), 2u) << text;
    }
    EXPECT_GE(count(alkali({"data", "check", "data.extxyz", "--show", "0"}).all(), "angstrom^3"), 15u);
    write("foreign.extxyz", times(with(good_frames(), "Li 1.7 1.7 1.7", "Xe 1.7 1.7 1.7"), 12));
    for (const auto& command : {std::vector<std::string>{"predict", "model.safetensors", "foreign.extxyz", "-o", "p.extxyz"},
                                {"relax", "model.safetensors", "foreign.extxyz", "-o", "p.extxyz", "--fmax", "100"}}) {
        const auto outcome = alkali(command);
        EXPECT_EQ(outcome.status, 1) << command[0];
        EXPECT_EQ(count(outcome.errors, "atom 2 is Xe"), 1u) << outcome.errors;
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("(12 times, also in frame 2, "), HasSubstr("12 of 24 frames failed")));
    }
    const auto short_run = alkali({"relax", "model.safetensors", "data.extxyz", "-o", "s.extxyz", "--steps", "1", "--fmax", "1e-9"});
    EXPECT_EQ(count(short_run.errors, "the relaxation stopped after"), 1u) << short_run.errors;
}

TEST_F(FirstSteps, parts_of_a_deepmd_folder_given_to_convert_are_named_as_such) {
    write("data.extxyz", good_frames());
    ASSERT_EQ(alkali({"data", "convert", "data.extxyz", "-o", "system"}).status, 0);
    EXPECT_EQ(alkali({"data", "convert", "system", "-o", "whole.extxyz"}).status, 0);
    for (const char* part : {"system/set.000", "system/set.000/", "system/set.000/coord.npy", "system/type.raw"}) {
        const auto outcome = alkali({"data", "convert", part, "-o", "part.extxyz"});
        EXPECT_EQ(outcome.status, 1) << part;
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("part of a deepmd system"), HasSubstr("system"))) << part;
    }
    fs::create_directories(scratch_.path() / "other");
    write("other/notes.txt", "none");
    const auto into = alkali({"data", "convert", "data.extxyz", "-o", "other"});
    EXPECT_EQ(into.status, 1);
    EXPECT_THAT(into.errors, AllOf(HasSubstr("folder that holds something"), HasSubstr("other/frames.extxyz")));
    EXPECT_THAT(alkali({"data", "convert", "other", "-o", "x.extxyz"}).errors, HasSubstr("a deepmd system is a folder with type.raw"));
}

TEST_F(FirstSteps, a_finished_training_goes_on_with_more_epochs) {
    write("data.extxyz", times(good_frames(), 3));
    write("c.yaml", good_config() + "  lr_schedule: {type: constant, warmup: 0}\n");
    ASSERT_EQ(alkali({"train", "c.yaml", "-o", "out"}).status, 0);
    EXPECT_THAT(alkali({"train", "c.yaml", "-o", "out", "--restart"}).errors, HasSubstr("finished already"));
    write("c.yaml", with(read("c.yaml"), "max_epochs: 2", "max_epochs: 4"));
    const auto longer = alkali({"train", "c.yaml", "-o", "out", "--restart"});
    EXPECT_EQ(longer.status, 0) << longer.all();
    EXPECT_THAT(longer.errors, AllOf(HasSubstr("max_epochs 4 (was 2)"), HasSubstr("as if it had never stopped")));
    EXPECT_THAT(longer.output, HasSubstr("max_epochs reached after 4 epochs"));
    ASSERT_EQ(alkali({"train", "c.yaml", "-o", "whole"}).status, 0);
    const auto weights = [&](const std::string& run) {
        const auto file = read(run + "/last.safetensors");
        return file.substr(file.size() - 1000);  // behind the header, which tells the command
    };
    EXPECT_EQ(weights("out"), weights("whole"));
}

TEST_F(FirstSteps, a_deep_potential_is_trained_with_the_loss_of_deepmd_unless_the_config_says_otherwise) {
    write("data.extxyz", good_frames());
    const std::string model =
        "model: {type: deep_potential, type_names: [Li], descriptor: {type: se_e2_a, rcut: 4, rcut_smth: 1, sel: auto, neuron: [4, 8], "
        "axis_neuron: 2}, fitting_net: {neuron: [8]}}\ndata: {train: data.extxyz, validation: data.extxyz}\n";
    const auto resolved = [&](const std::string& training) {
        write("c.yaml", model + "training: {max_epochs: 1" + training + "}\n");
        const auto outcome = alkali({"train", "c.yaml", "-o", "out", "--init-only", "--overwrite"});
        return outcome.status == 0 ? read("out/config.yaml") + outcome.errors : outcome.errors;
    };
    EXPECT_THAT(resolved(""), AllOf(HasSubstr("loss_type: \"deepmd\""), HasSubstr("energy 0.02 to 1, forces 1000 to 1, virial 0.02 to 1")));
    EXPECT_THAT(resolved(", loss_prefactors: {limit_pref_e: 10}"),
                AllOf(HasSubstr("loss_type: \"deepmd\""), HasSubstr("energy 0.02 to 10")));
    EXPECT_THAT(resolved(", loss_coeffs: {forces: 2}"), HasSubstr("loss_type: \"mse\""));
    EXPECT_THAT(resolved(", energy_weight: 2"), HasSubstr("loss_type: \"mse\""));
    EXPECT_THAT(resolved(", loss_type: huber"), HasSubstr("loss_type: \"huber\""));
    EXPECT_THAT(resolved(", loss_coeffs: {forces: 2}, loss_prefactors: {limit_pref_e: 1}"), HasSubstr("set training.loss_type: deepmd"));
    write("n.yaml", good_config());
    ASSERT_EQ(alkali({"train", "n.yaml", "-o", "nequip", "--init-only"}).status, 0);
    EXPECT_THAT(read("nequip/config.yaml"), HasSubstr("loss_type: \"mse\""));
}

TEST_F(FirstSteps, help_names_only_files_of_the_source_that_are_there) {
    for (const std::vector<std::string>& command : {std::vector<std::string>{},
                                                    {"benchmark"},
                                                    {"calibrate"},
                                                    {"data", "check"},
                                                    {"data", "convert"},
                                                    {"data", "select"},
                                                    {"evaluate"},
                                                    {"import"},
                                                    {"info"},
                                                    {"label", "run"},
                                                    {"label", "seeds"},
                                                    {"label", "converge"},
                                                    {"precision"},
                                                    {"predict"},
                                                    {"properties"},
                                                    {"relax"},
                                                    {"report"},
                                                    {"train"}}) {
        auto words = command;
        words.emplace_back("--help");
        const auto help = alkali(words).output;
        const std::regex file("(examples|docs|data|tools)/[A-Za-z0-9_./-]+\\.[a-z]+");
        for (std::sregex_iterator at(help.begin(), help.end(), file), end; at != end; ++at)
            EXPECT_TRUE(fs::exists(fs::path(ALKALI_SOURCE_DIR) / at->str())) << at->str();
    }
}

}  // namespace
}  // namespace alkali::cli_test::first_steps_tests
