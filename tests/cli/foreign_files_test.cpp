// What lies in the place of a file: loops of links, folders, pipes, devices, names too long, escape sequences inside. Each is refused with
// its name and the reason, and nothing waits for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::foreign_files_tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

using Words = std::vector<std::string>;

class ForeignFiles : public testing::Test {
protected:
    void SetUp() override {
        put_good_files(scratch_.path());
        write("four.extxyz", good_frames() + good_frames());
    }
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] fs::path path(const std::string& name) const { return scratch_.path() / name; }
    [[nodiscard]] Outcome alkali(const Words& arguments) const { return run(arguments, scratch_.path()); }

    void expect_named(const Words& arguments, const std::string& name, const testing::Matcher<std::string>& reason) const {
        const auto outcome = alkali(arguments);
        EXPECT_EQ(outcome.status, 1) << arguments[0] << ": " << outcome.all();
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr(name), reason, Not(HasSubstr("unexpected failure"))))
            << testing::PrintToString(arguments);
    }

    /// Commands that read `file`, and what else they need.
    [[nodiscard]] static std::vector<Words> readers(const std::string& file) {
        return {{"info", file},
                {"info", file, "--format", "extxyz"},
                {"data", "check", file, "--format", "extxyz"},
                {"data", "convert", file, "--from", "extxyz", "-o", "o.extxyz"},
                {"data", "select", file, ".", "-o", "o.extxyz"},
                {"data", "split", file, "--format", "extxyz", "-o", "o"},
                {"predict", file, "data.extxyz", "-o", "o.extxyz"},
                {"predict", "model.safetensors", file, "--format", "extxyz", "-o", "o.extxyz"},
                {"relax", "model.safetensors", file, "--format", "extxyz", "-o", "o.extxyz"},
                {"evaluate", "model.safetensors", file, "--format", "extxyz"},
                {"calibrate", file, "data.extxyz", "-o", "o.safetensors"},
                {"properties", file, "-o", "o", "--only", "lattice"},
                {"precision", file},
                {"benchmark", file, "--atoms", "16", "--no-peak"},
                {"report", file, "-o", "o.html"},
                {"import", file, "-o", "o.safetensors"},
                {"train", file, "-o", "o"},
                {"label", "run", file},
                {"label", "seeds", file, "-o", "o.extxyz"},
                {"label", "converge", file},
                {"label", "pseudopotential", file}};
    }
    /// Commands that write `file`, or into the folder of this name.
    [[nodiscard]] static std::vector<Words> writers(const std::string& file) {
        return {{"info", "data.extxyz", "--json", file},
                {"data", "check", "data.extxyz", "--json", file},
                {"data", "convert", "data.extxyz", "--to", "extxyz", "-o", file},
                {"predict", "model.safetensors", "data.extxyz", "-o", file},
                {"relax", "model.safetensors", "data.extxyz", "-o", file, "--fmax", "1e6"},
                {"evaluate", "model.safetensors", "data.extxyz", "--json", file},
                {"calibrate", "model.safetensors", "four.extxyz", "-o", file},
                {"properties", "model.safetensors", "--only", "lattice", "-o", file},
                {"data", "split", "data.extxyz", "-o", file},
                {"train", "config.yaml", "-o", file},
                {"train", "--schema", file}};
    }

    const Scratch scratch_;
};

TEST_F(ForeignFiles, loops_of_links_are_named_with_the_reason) {
    fs::create_symlink("b.extxyz", path("a.extxyz"));
    fs::create_symlink("a.extxyz", path("b.extxyz"));
    for (const auto& words : readers("a.extxyz")) expect_named(words, "a.extxyz", HasSubstr("symbolic links"));
    for (const auto& words : writers("a.extxyz")) expect_named(words, "a.extxyz", HasSubstr("symbolic links"));
    EXPECT_TRUE(fs::is_symlink(path("a.extxyz")) && fs::is_symlink(path("b.extxyz")));
}

TEST_F(ForeignFiles, names_that_are_too_long_are_named_with_the_reason) {
    const std::string name = std::string(300, 'n') + ".extxyz";
    for (const auto& words : readers(name)) expect_named(words, "nnn", HasSubstr("name too long"));
    for (const auto& words : writers(name)) expect_named(words, "nnn", HasSubstr("name too long"));
}

TEST_F(ForeignFiles, a_folder_for_a_file_and_a_file_for_a_folder_are_refused) {
    fs::create_directories(path("d.extxyz"));
    for (const auto& words : readers("d.extxyz")) {
        const auto outcome = alkali(words);
        EXPECT_EQ(outcome.status, 1) << testing::PrintToString(words);
        EXPECT_THAT(outcome.errors, AllOf(HasSubstr("d.extxyz"), Not(HasSubstr("unexpected")))) << testing::PrintToString(words);
    }
    for (const auto& words : readers("data.extxyz/below"))
        expect_named(words, "data.extxyz/below", AnyOf(HasSubstr("ot a "), HasSubstr("o such")));
    for (const auto& words : writers("data.extxyz/below.extxyz")) expect_named(words, "data.extxyz", HasSubstr("ot a "));
    EXPECT_EQ(base::read_file(path("data.extxyz")), good_frames());
}

TEST_F(ForeignFiles, a_pipe_that_nothing_writes_to_and_endless_devices_make_nothing_wait) {
    ASSERT_EQ(::mkfifo(path("p").c_str(), 0600), 0);
    for (const char* model : {"p", "/dev/zero"}) {
        expect_named({"info", model, "--format", "extxyz"}, model, AnyOf(HasSubstr("pipe"), HasSubstr("device")));
        expect_named({"predict", model, "data.extxyz", "-o", "o.extxyz"}, model, AnyOf(HasSubstr("pipe"), HasSubstr("device")));
    }
    for (const auto& words : readers("/dev/zero")) {
        const auto outcome = alkali(words);
        EXPECT_EQ(outcome.status, 1) << testing::PrintToString(words) << outcome.all();
        EXPECT_THAT(outcome.errors, Not(HasSubstr("unexpected")));
    }
}

TEST_F(ForeignFiles, arrays_that_are_pipes_are_refused_at_once) {
    ASSERT_EQ(alkali({"data", "convert", "data.extxyz", "-o", "system"}).status, 0);
    for (const char* name : {"energy.npy", "force.npy", "coord.npy"}) {
        const auto array = path("system") / "set.000" / name, kept = path(name);
        fs::rename(array, kept);
        ASSERT_EQ(::mkfifo(array.c_str(), 0600), 0);
        expect_named({"info", "system"}, name, HasSubstr("pipe"));
        fs::remove(array);
        fs::rename(kept, array);
    }
    EXPECT_EQ(alkali({"info", "system"}).status, 0);
}

TEST_F(ForeignFiles, frames_and_configs_are_read_from_a_pipe) {
    ASSERT_EQ(::mkfifo(path("p.extxyz").c_str(), 0600), 0);
    std::thread writer([&] { std::ofstream(path("p.extxyz")) << good_frames(); });
    const auto outcome = alkali({"data", "convert", "p.extxyz", "-o", "o.extxyz"});
    writer.join();
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, HasSubstr("2 frames"));
}

TEST_F(ForeignFiles, escape_sequences_in_files_never_reach_the_terminal) {
    const std::string escape =
        "\x1b]0;taken\a\xc2\x9b"
        "2J";
    write("e.extxyz", with(good_frames(), "config_type=bulk ", "config_type=\"" + escape + "\" "));
    write("key.yaml", with(good_config(), "batch_size", "\"batch_size\x1b[31m\""));
    write("atom.extxyz", with(good_frames(), "Li 1.8 1.75", "\x1b[31mLi 1.8 1.75"));
    write("model.json", "\x1b[31m{");
    const std::string odd = "n\x1b[31m.extxyz";
    const std::vector<Words> all{{"info", "e.extxyz"},
                                 {"info", "e.extxyz", "-v"},
                                 {"data", "check", "e.extxyz"},
                                 {"data", "split", "e.extxyz", "-o", "o"},
                                 {"evaluate", "model.safetensors", "e.extxyz"},
                                 {"train", "key.yaml", "-o", "o"},
                                 {"info", "atom.extxyz"},
                                 {"import", "model.json", "-o", "o"},
                                 {"info", odd},
                                 {"no\x1b[31mcommand"},
                                 {"info", "data.extxyz", "--no\x1b[31moption"},
                                 {"report", odd, "-o", "o.html"}};
    for (const auto& words : all) {
        const auto outcome = alkali(words);
        for (const char* control : {"\x1b", "\a", "\xc2\x9b"})
            EXPECT_THAT(outcome.all(), Not(HasSubstr(control))) << testing::PrintToString(words);
    }
}

TEST_F(ForeignFiles, what_is_replaced_keeps_its_mode) {
    write("o.extxyz", "old");
    ::chmod(path("o.extxyz").c_str(), 0640);
    ASSERT_EQ(alkali({"data", "convert", "data.extxyz", "-o", "o.extxyz"}).status, 0);
    struct stat status = {};
    ASSERT_EQ(::stat(path("o.extxyz").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

}  // namespace
}  // namespace alkali::cli_test::foreign_files_tests
