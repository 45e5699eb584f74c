// An output that is an input is refused before anything is lost, whatever name it has: the same, another spelling, a link, a hard link.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::overlap_tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Overlap {
    const char* name;
    std::string input;                   ///< the file that must stay as it is
    std::string output;                  ///< the name under which it would be written
    std::vector<std::string> arguments;  ///< OUT: the output
};
void PrintTo(const Overlap& overlap, std::ostream* stream) { *stream << overlap.name; }

const std::vector<Overlap> overlaps{
    {"predict", "data.extxyz", "o.extxyz", {"predict", "model.safetensors", "data.extxyz", "-o", "OUT"}},
    {"predict_model", "model.safetensors", "o.extxyz", {"predict", "model.safetensors", "data.extxyz", "-o", "OUT"}},
    {"predict_member", "other.safetensors", "o.extxyz", {"predict", "model.safetensors,other.safetensors", "data.extxyz", "-o", "OUT"}},
    {"predict_compressed", "data.extxyz.gz", "o.extxyz.gz", {"predict", "model.safetensors", "data.extxyz.gz", "-o", "OUT"}},
    {"predict_file_of_a_folder", "set/a.extxyz", "o.extxyz", {"predict", "model.safetensors", "set", "-o", "set/../OUT"}},
    {"relax", "data.extxyz", "o.extxyz", {"relax", "model.safetensors", "data.extxyz", "-o", "OUT"}},
    {"convert", "data.extxyz", "o.extxyz", {"data", "convert", "data.extxyz", "-o", "OUT"}},
    {"convert_second_input", "set/a.extxyz", "o.extxyz", {"data", "convert", "data.extxyz", "set/a.extxyz", "-o", "OUT"}},
    {"convert_file_of_a_folder", "set/a.extxyz", "set/o.extxyz", {"data", "convert", "set", "-o", "OUT"}},
    {"select", "data.extxyz", "o.extxyz", {"data", "select", "list.txt", ".", "-o", "OUT"}},
    {"select_list", "list.txt", "o.extxyz", {"data", "select", "list.txt", ".", "-o", "OUT"}},
    {"check", "data.extxyz", "o.json", {"data", "check", "data.extxyz", "--json", "OUT"}},
    {"info", "data.extxyz", "o.json", {"info", "data.extxyz", "--json", "OUT"}},
    {"info_model", "model.safetensors", "o.json", {"info", "model.safetensors", "--json", "OUT"}},
    {"split_train", "data.extxyz", "o/train.extxyz", {"data", "split", "data.extxyz", "-o", "o"}},
    {"split_test", "data.extxyz", "o/test.extxyz", {"data", "split", "data.extxyz", "-o", "o"}},
    {"evaluate", "data.extxyz", "o.json", {"evaluate", "model.safetensors", "data.extxyz", "--json", "OUT"}},
    {"evaluate_model", "model.safetensors", "o.json", {"evaluate", "model.safetensors", "data.extxyz", "--json", "OUT"}},
    {"evaluate_folder", "data.extxyz", "o/evaluation.json", {"evaluate", "model.safetensors", "data.extxyz", "-o", "o"}},
    {"calibrate", "model.safetensors", "o.safetensors", {"calibrate", "model.safetensors", "data.extxyz", "-o", "OUT"}},
    {"calibrate_data", "data.extxyz", "o.safetensors", {"calibrate", "model.safetensors", "data.extxyz", "-o", "OUT"}},
    {"properties", "model.safetensors", "o/records.json", {"properties", "model.safetensors", "--only", "lattice", "-o", "o"}},
    {"precision", "model.safetensors", "o.json", {"precision", "model.safetensors", "--skip", "path,vacancy,nve", "--json", "OUT"}},
    {"benchmark", "model.safetensors", "o.json", {"benchmark", "model.safetensors", "--atoms", "16", "--json", "OUT"}},
    {"report", "results/records.json", "o.html", {"report", "results", "-o", "OUT"}},
    {"import", "deepmd.yaml", "o.safetensors", {"import", "deepmd.yaml", "-o", "OUT"}},
    {"seeds", "seeds.yaml", "o.extxyz", {"label", "seeds", "seeds.yaml", "-o", "OUT"}},
    {"train_schema", "config.yaml", "o.json", {"train", "config.yaml", "--schema", "OUT"}},
    {"train_config", "config.yaml", "o/config.yaml", {"train", "config.yaml", "-o", "o"}},
    {"train_data", "data.extxyz", "o/left_out.extxyz", {"train", "config.yaml", "-o", "o"}},
    {"train_start", "model.safetensors", "o/best.safetensors", {"train", "finetune.yaml", "-o", "o"}},
    {"train_member", "model.safetensors", "o/member_2/last.safetensors", {"train", "finetune.yaml", "-o", "o", "--committee", "2"}},
};

class OwnInput : public testing::TestWithParam<Overlap> {
protected:
    static void fill(const fs::path& folder) {
        const auto put = [&](const std::string& name, const std::string& text) { base::write_file(folder / name, text); };
        put_good_files(folder);
        put("set/a.extxyz", good_frames());
        put("finetune.yaml", with(good_config(), "  seed: 1", "  seed: 1\n  init_from: model.safetensors"));
        put("other.safetensors", good_model());
        put("list.txt", "data.extxyz 0 1\n");
        put("seeds.yaml", "species: Li\nstructure: bcc\na0: 3.4\nmost_atoms: 4\ncrystals: {count: 2}\n");
        put("deepmd.yaml", base::read_file(ALKALI_SOURCE_DIR "/tests/golden/deepmd/se_e2_a_one_species.yaml"));
        put("results/records.json", R"({"schema": 1, "records": {"a0": {"value": 3.4, "unit": "angstrom"}}})");
        ASSERT_EQ(run({"data", "convert", "data.extxyz", "-o", "data.extxyz.gz"}, folder).status, 0);
    }

    static void expect_refusal(const fs::path& folder, const std::string& output) {
        auto arguments = GetParam().arguments;
        for (auto& argument : arguments)
            if (const auto at = argument.find("OUT"); at != std::string::npos) argument.replace(at, 3, output);
        const auto before = base::read_file(folder / GetParam().input);
        const auto outcome = run(arguments, folder);
        EXPECT_EQ(outcome.status, 1) << outcome.all();
        EXPECT_THAT(outcome.errors, HasSubstr("input"));
        EXPECT_TRUE(base::read_file(folder / GetParam().input) == before) << "the input was changed";
    }

    /// Whether the command lets the output have any name.
    [[nodiscard]] static bool names_output() {
        for (const auto& argument : GetParam().arguments)
            if (argument == "OUT") return true;
        return false;
    }
};

TEST_P(OwnInput, is_refused_as_output_under_every_name) {
    const Scratch scratch;
    const auto& folder = scratch.path();
    const auto& [name, input, output, arguments] = GetParam();
    fill(folder);
    fs::create_directories((folder / output).parent_path());
    {
        SCOPED_TRACE("hard link");
        fs::create_hard_link(folder / input, folder / output);
        expect_refusal(folder, output);
        fs::remove(folder / output);
    }
    {
        SCOPED_TRACE("symbolic link");
        fs::create_symlink(folder / input, folder / output);
        expect_refusal(folder, output);
        fs::remove(folder / output);
    }
    // Where the name may say the format, that of the input may not be one that is written.
    if (!names_output() || fs::path(input).extension() != fs::path(output).extension()) return;
    SCOPED_TRACE("own name");
    expect_refusal(folder, input);
    expect_refusal(folder, "./results/../" + input);
    expect_refusal(folder, (folder / input).string());
}

INSTANTIATE_TEST_SUITE_P(Of, OwnInput, testing::ValuesIn(overlaps), [](const auto& info) { return std::string(info.param.name); });

TEST(OwnConfig, of_a_run_goes_on_with_it) {
    const Scratch scratch;
    base::write_file(scratch.path() / "data.extxyz", good_frames());
    base::write_file(scratch.path() / "config.yaml", good_config());
    ASSERT_EQ(run({"train", "config.yaml", "-o", "out"}, scratch.path()).status, 0);
    const auto outcome = run({"train", "out/config.yaml", "-o", "out", "--restart"}, scratch.path());
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
}

TEST(OwnFolder, split_twice_refuses_to_shrink_the_data) {
    const Scratch scratch;
    base::write_file(scratch.path() / "train.extxyz", good_frames());
    for (int k = 0; k < 2; ++k) {
        const auto outcome = run({"data", "split", "train.extxyz", "-o", ".", "--fraction", "0.5"}, scratch.path());
        EXPECT_EQ(outcome.status, 1) << outcome.all();
        EXPECT_EQ(base::read_file(scratch.path() / "train.extxyz"), good_frames());
    }
}

}  // namespace
}  // namespace alkali::cli_test::overlap_tests
