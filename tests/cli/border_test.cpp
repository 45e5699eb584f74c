// Every command under what its surroundings may do to it: a matrix of commands and conditions. Whatever happens, an output is there whole
// and right, or it is not there and the status says so with a message; nothing is killed by a signal that we can prevent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <ostream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::border_tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// AddressSanitizer reserves more address space than any limit leaves.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

enum class Prints { nothing, results };
/// Whether two runs give the same bytes: what holds times or dates does not.
enum class Output { same, another };

struct Command {
    const char* name;
    std::vector<std::string> arguments;
    std::vector<std::string> outputs;  ///< files
    Prints prints = Prints::results;
    Output output = Output::same;
    std::vector<std::string> again = {};  ///< what an interrupted command needs to begin anew
    int status = 0;
};
void PrintTo(const Command& command, std::ostream* stream) { *stream << command.name; }

const std::vector<Command> commands{
    {"help", {"--help"}, {}},
    {"help_of_a_command", {"train", "--help"}, {}},
    {"version", {"--version"}, {}},
    {"doctor", {"doctor"}, {}},
    {"doctor_json", {"doctor", "--json"}, {}},
    {"info_of_a_model", {"info", "model.safetensors", "--json", "out.json"}, {"out.json"}},
    {"info_of_data", {"info", "data.extxyz", "--json", "out.json"}, {"out.json"}},
    {"check", {"data", "check", "data.extxyz", "--json", "out.json"}, {"out.json"}},
    {"convert", {"data", "convert", "data.extxyz", "-o", "out.extxyz"}, {"out.extxyz"}},
    {"convert_to_a_dump", {"data", "convert", "data.extxyz", "-o", "out.dump"}, {"out.dump"}},
    {"convert_compressed", {"data", "convert", "data.extxyz", "-o", "out.extxyz.gz"}, {"out.extxyz.gz"}},
    {"convert_to_a_folder", {"data", "convert", "data.extxyz", "-o", "out"}, {"out/type.raw", "out/set.000/coord.npy"}},
    {"select", {"data", "select", "list.txt", ".", "-o", "out.extxyz"}, {"out.extxyz"}},
    {"split", {"data", "split", "data.extxyz", "-o", "out", "--fraction", "0.5"}, {"out/train.extxyz", "out/validation.extxyz"}},
    {"predict", {"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"}, {"out.extxyz"}, Prints::nothing},
    {"evaluate", {"evaluate", "model.safetensors", "data.extxyz", "--json", "out.json", "-o", "out"}, {"out.json", "out/evaluation.json"}},
    {"calibrate", {"calibrate", "model.safetensors", "four.extxyz", "-o", "out.safetensors"}, {"out.safetensors"}},
    {"relax", {"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz", "--fmax", "1e6"}, {"out.extxyz"}},
    {"relax_json", {"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz", "--fmax", "1e6", "--json"}, {"out.extxyz"}},
    // A model that was not trained has no lattice constant: that is told, and the records are written.
    {"properties",
     {"properties", "model.safetensors", "-o", "out", "--only", "lattice"},
     {"out/records.json"},
     Prints::nothing,
     Output::same,
     {},
     1},
    {"properties_json",
     {"properties", "model.safetensors", "-o", "out", "--only", "lattice", "--json"},
     {"out/records.json"},
     Prints::results,
     Output::same,
     {},
     1},
    {"precision",
     {"precision", "model.safetensors", "--a0", "3.4", "--skip", "path,vacancy,nve", "-o", "out.json", "--threads", "1"},
     {"out.json"}},
    {"benchmark",
     {"benchmark", "model.safetensors", "--atoms", "16", "--seconds", "0", "--repeat", "1", "--no-peak", "--json", "out.json"},
     {"out.json"},
     Prints::results,
     Output::another},
    {"report", {"report", "results", "-o", "out.html"}, {"out.html"}},
    {"import", {"import", "deepmd.yaml", "-o", "out.safetensors"}, {"out.safetensors"}},
    {"seeds", {"label", "seeds", "seeds.yaml", "-o", "out.extxyz"}, {"out.extxyz"}},
    {"schema", {"train", "--schema", "out.json"}, {"out.json"}, Prints::nothing},
    {"keys", {"train", "--keys"}, {}},
    {"train", {"train", "config.yaml", "-o", "out"}, {"out/best.safetensors"}, Prints::results, Output::another, {"--overwrite"}},
};

/// What a command did: its status and messages, and what there is of its outputs.
struct Trace {
    Outcome outcome;
    std::map<std::string, std::string> outputs;
    std::vector<std::string> hidden;  ///< left over
};

class Border : public testing::TestWithParam<Command> {
protected:
    void SetUp() override { expected_ = trace({}); }

    static void fill(const fs::path& folder) {
        const auto put = [&](const std::string& name, const std::string& text) { base::write_file(folder / name, text); };
        put("data.extxyz", good_frames());
        put("four.extxyz", good_frames() + good_frames());
        put("config.yaml", with(good_config(), "max_epochs: 2", "max_epochs: 1"));
        put("model.safetensors", good_model());
        put("list.txt", "data.extxyz 0 1\n");
        put("seeds.yaml",
            "species: Li\nstructure: bcc\na0: 3.4\nmost_atoms: 8\ncrystals: {count: 2, cells: [0]}\nsurfaces: {faces: []}\n"
            "liquid: {count: 0}\ndefects: {vacancies: 0, interstitials: 0, cells: 1}\n");
        put("deepmd.yaml", base::read_file(ALKALI_SOURCE_DIR "/tests/golden/deepmd/se_e2_a_one_species.yaml"));
        put("results/records.json",
            R"({"schema": 1, "records": {"a0": {"value": 3.4, "unit": "angstrom", "uncertainty": null, "settings": {}, "provenance": {}}}})");
    }

    /// In a folder of its own, whose name may be odd.
    static Trace trace(const Surroundings& surroundings, const std::string& name = "folder") {
        const Scratch scratch;
        const auto folder = scratch.path() / name;
        fill(folder);
        return trace_in(folder, surroundings, GetParam().arguments);
    }
    static Trace trace_in(const fs::path& folder, const Surroundings& surroundings, const std::vector<std::string>& arguments) {
        Trace trace{run(arguments, folder, surroundings), {}, {}};
        for (const auto& output : GetParam().outputs)
            if (fs::exists(folder / output)) trace.outputs[output] = base::read_file(folder / output);
        for (const auto& entry : fs::recursive_directory_iterator(folder))
            if (entry.path().filename().string().starts_with('.')) trace.hidden.push_back(entry.path().filename().string());
        return trace;
    }

    [[nodiscard]] bool prints() const { return GetParam().prints == Prints::results; }

    /// Outputs that are there are whole.
    void expect_whole(const Trace& trace) const {
        for (const auto& [name, content] : trace.outputs)
            EXPECT_TRUE(GetParam().output == Output::another || content == expected_.outputs.at(name)) << name << ":\n" << content;
        EXPECT_THAT(trace.hidden, IsEmpty());
    }
    /// The outputs are there, as they are without any trouble.
    void expect_outputs(const Trace& trace) const {
        EXPECT_EQ(trace.outputs.size(), GetParam().outputs.size()) << trace.outcome.errors;
        expect_whole(trace);
    }
    void expect_success(const Trace& trace) const {
        EXPECT_EQ(trace.outcome.status, GetParam().status) << trace.outcome.errors;
        expect_outputs(trace);
    }
    /// What cannot be printed is told; files are written all the same.
    void expect_loss_of_results(const Trace& trace) const {
        if (!prints()) return expect_success(trace);
        EXPECT_EQ(trace.outcome.status, 1) << trace.outcome.errors;
        EXPECT_THAT(trace.outcome.errors, HasSubstr("standard output"));
        expect_outputs(trace);
    }

    // The conditions.

    void runs_without_trouble() {
        EXPECT_EQ(expected_.outcome.status, GetParam().status) << expected_.outcome.errors;
        EXPECT_EQ(expected_.outputs.size(), GetParam().outputs.size());
        EXPECT_THAT(expected_.hidden, IsEmpty());
        EXPECT_EQ(expected_.outcome.output.empty(), !prints()) << expected_.outcome.output;
    }

    void closed_streams_put_nothing_into_files() {
        expect_success(trace({.closed = {0}}));
        expect_success(trace({.closed = {2}}));
        expect_loss_of_results(trace({.closed = {1}}));
        expect_loss_of_results(trace({.closed = {0, 1}}));
        const auto all = trace({.closed = {0, 1, 2}});
        EXPECT_EQ(all.outcome.status, prints() ? 1 : GetParam().status);
        expect_outputs(all);
    }

    void standard_output_that_takes_nothing_is_told() {
        expect_loss_of_results(trace({.output = "/dev/full"}));
        expect_loss_of_results(trace({.output = "|"}));
    }

    void a_limit_of_file_sizes_is_told_and_leaves_no_part_of_a_file() {
        for (const std::size_t bytes : {64U, 700U}) {
            const auto trace = Border::trace({.output = "/dev/null", .file_size = bytes});
            EXPECT_LT(trace.outcome.status, 128) << trace.outcome.errors;
            if (trace.outcome.status == GetParam().status && trace.outputs.size() == GetParam().outputs.size()) {
                expect_outputs(trace);
            } else {
                EXPECT_THAT(trace.outcome.errors, HasSubstr("File too large"));
                EXPECT_THAT(trace.outcome.errors, Not(HasSubstr("unexpected")));
                expect_whole(trace);
            }
        }
    }

    void a_limit_of_memory_is_told_and_leaves_no_part_of_a_file() {
        if (sanitized) return;
        for (const std::size_t megabytes : {16U, 24U, 32U}) {
            const auto trace = Border::trace({.address_space = megabytes << 20U});
            EXPECT_LT(trace.outcome.status, 128) << megabytes << " MB: " << trace.outcome.errors;
            if (trace.outcome.status == 0) expect_outputs(trace);  // 127: the system could not even load the program
            expect_whole(trace);
        }
    }

    void threads_change_nothing() { expect_success(trace({.threads = "3"})); }

    void a_path_that_is_not_utf8_changes_nothing() {
        const auto trace = Border::trace({}, "f\xff\xfe");
        EXPECT_EQ(trace.outcome.status, GetParam().status) << trace.outcome.errors;
        EXPECT_EQ(trace.outputs.size(), GetParam().outputs.size());
    }

    void what_was_killed_leaves_nothing_once_it_has_run_again() {
        const Scratch scratch;
        const auto folder = scratch.path() / "folder";
        fill(folder);
        for (const double seconds : {0.01, 0.03, 0.06}) static_cast<void>(run(GetParam().arguments, folder, {.seconds = seconds}));
        if (!GetParam().outputs.empty() && fs::is_directory(folder / "out") && GetParam().name == std::string("convert_to_a_folder"))
            fs::remove_all(folder / "out");  // an output that is there is refused
        auto arguments = GetParam().arguments;
        arguments.insert(arguments.end(), GetParam().again.begin(), GetParam().again.end());
        expect_success(trace_in(folder, {}, arguments));
    }

    void a_missing_folder_for_temporary_files_harms_nothing() { expect_success(trace({.variables = {"TMPDIR=/no/such/folder"}})); }

    Trace expected_;
};

TEST_P(Border, holds_under_every_condition) {
    const std::vector<std::pair<const char*, std::function<void()>>> conditions{
        {"runs_without_trouble", [this] { runs_without_trouble(); }},
        {"closed_streams_put_nothing_into_files", [this] { closed_streams_put_nothing_into_files(); }},
        {"standard_output_that_takes_nothing_is_told", [this] { standard_output_that_takes_nothing_is_told(); }},
        {"a_limit_of_file_sizes_is_told_and_leaves_no_part_of_a_file",
         [this] { a_limit_of_file_sizes_is_told_and_leaves_no_part_of_a_file(); }},
        {"a_limit_of_memory_is_told_and_leaves_no_part_of_a_file", [this] { a_limit_of_memory_is_told_and_leaves_no_part_of_a_file(); }},
        {"threads_change_nothing", [this] { threads_change_nothing(); }},
        {"a_path_that_is_not_utf8_changes_nothing", [this] { a_path_that_is_not_utf8_changes_nothing(); }},
        {"what_was_killed_leaves_nothing_once_it_has_run_again", [this] { what_was_killed_leaves_nothing_once_it_has_run_again(); }},
        {"a_missing_folder_for_temporary_files_harms_nothing", [this] { a_missing_folder_for_temporary_files_harms_nothing(); }},
    };
    for (const auto& [name, condition] : conditions) {
        SCOPED_TRACE(name);
        condition();
    }
}

TEST(OutOfMemory, is_told_and_leaves_no_part_of_a_file) {
    if (sanitized) GTEST_SKIP() << "not under AddressSanitizer";
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    std::string frame = "300000\nLattice=\"400 0 0 0 400 0 0 0 400\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\n";
    for (int i = 0; i < 300000; ++i)
        frame += "Li " + std::to_string(i % 66 * 6) + " " + std::to_string(i / 66 % 66 * 6) + " " + std::to_string(i / 4356 * 5) + "\n";
    base::write_file(scratch.path() / "data.extxyz", frame);
    const auto before = scratch.content();
    const std::vector<std::vector<std::string>> all{{"info", "data.extxyz"},
                                                    {"data", "convert", "data.extxyz", "-o", "out.extxyz"},
                                                    {"data", "check", "data.extxyz", "--json", "out.json"},
                                                    {"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"},
                                                    {"relax", "model.safetensors", "data.extxyz", "-o", "out.extxyz"}};
    for (const auto& arguments : all) {
        const auto outcome = run(arguments, scratch.path(), {.address_space = std::size_t{28} << 20U});
        EXPECT_EQ(outcome.status, 1) << arguments[0] << outcome.errors;
        EXPECT_THAT(outcome.errors, HasSubstr("out of memory"));
        EXPECT_EQ(scratch.content(), before);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Border, testing::ValuesIn(commands), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace alkali::cli_test::border_tests
