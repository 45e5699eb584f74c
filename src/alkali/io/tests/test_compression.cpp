#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/format.hpp"

namespace alkali::io::compression_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf, ::testing::HasSubstr;

const fs::path cases = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/compressed";
const fs::path readers = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/readers";

bool at_hand(const std::string& kind) {
    const auto all = compressions();
    return std::find(all.begin(), all.end(), kind) != all.end();
}

class Compressed : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("alkali_compressed_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path write(const std::string& name, const std::string& content) const {
        base::write_file(folder_ / name, content);
        return folder_ / name;
    }
    static std::string compressed(const std::string& content, Compression kind, const fs::path& folder) {
        std::istringstream in(content);
        write_compressed(in, folder / "scratch", kind);
        return base::read_file(folder / "scratch");
    }
    std::string gzipped(const std::string& content) const { return compressed(content, Compression::gzip, folder_); }

    static std::string fault(const fs::path& path, const ReadOptions& options = {}) {
        try {
            static_cast<void>(read_frames(path, options));
        } catch (const Error& error) {
            return error.what();
        }
        return "no error";
    }

    fs::path folder_;
};

void expect_same(const std::vector<Frame>& a, const std::vector<Frame>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].structure.numbers, b[i].structure.numbers);
        EXPECT_EQ(a[i].structure.positions, b[i].structure.positions);
        EXPECT_EQ(a[i].labels.energy, b[i].labels.energy);
        EXPECT_EQ(a[i].labels.forces, b[i].labels.forces);
    }
}

TEST_F(Compressed, files_of_the_usual_programs_are_read) {
    const auto plain = read_frames(cases / "frames.extxyz");
    for (const auto& [kind, ending] : {std::pair{"gzip", ".gz"}, {"xz", ".xz"}, {"zstd", ".zst"}}) {
        if (!at_hand(kind)) continue;
        SCOPED_TRACE(kind);
        expect_same(read_frames(cases / (std::string("frames.extxyz") + ending)), plain);
    }
    EXPECT_TRUE(read_frames(cases / "vasprun.xml.gz").at(0).labels.energy.has_value());
    EXPECT_TRUE(read_frames(cases / "OUTCAR.gz").at(0).labels.energy.has_value());
}

TEST_F(Compressed, every_reader_reads_them) {
    for (const char* name : {"vasprun.xml", "OUTCAR", "POSCAR", "triclinic.lmp", "scaled.dump", "all.extxyz"}) {
        SCOPED_TRACE(name);
        ReadOptions options;
        options.type_names = {"Li", "O"};
        if (std::string(name) == "all.extxyz") options.type_names.clear();
        const auto plain = base::read_file(readers / name);
        const auto path = write(std::string(name) + ".gz", gzipped(plain));
        std::vector<Frame> expected;
        std::string refused;
        try {
            expected = read_frames(readers / name, options);
        } catch (const Error& error) {
            refused = error.fault();
        }
        if (refused.empty())
            expect_same(read_frames(path, options), expected);
        else
            EXPECT_THAT(fault(path, options), HasSubstr(refused));
    }
}

TEST_F(Compressed, files_are_known_by_their_bytes_whatever_their_names) {
    const auto text = base::read_file(cases / "frames.extxyz");
    EXPECT_EQ(read_frames(write("named_plainly.xyz", gzipped(text))).size(), 2U);
    EXPECT_EQ(read_frames(write("not_compressed.xyz.gz", text)).size(), 2U);
    EXPECT_EQ(detect_format("run/OUTCAR.gz"), "outcar");
    EXPECT_EQ(detect_format("vasprun.xml.GZ"), "vasprun");
    EXPECT_EQ(detect_format("a.extxyz.zst"), "extxyz");
    EXPECT_EQ(detect_format("CONTCAR.xz"), "poscar");
    EXPECT_THAT(fault(write("OUTCAR.tar.gz", gzipped(text))), AllOf(HasSubstr("archive"), HasSubstr("OUTCAR.tar.gz")));
    EXPECT_THAT(fault(cases / "frames.extxyz.bz2"), AllOf(HasSubstr("bzip2"), HasSubstr("frames.extxyz.bz2")));
}

TEST_F(Compressed, files_one_behind_the_other_are_one) {
    const auto text = base::read_file(cases / "frames.extxyz");
    for (const auto kind : {Compression::gzip, Compression::xz, Compression::zstd}) {
        if (!at_hand(kind == Compression::gzip ? "gzip" : kind == Compression::xz ? "xz" : "zstd")) continue;
        const auto one = compressed(text, kind, folder_);
        EXPECT_EQ(read_frames(write("two.extxyz", one + one)).size(), 4U);
        EXPECT_EQ(read_frames(write("cut_within_a_line.extxyz",
                                    compressed(text.substr(0, 100), kind, folder_) + compressed(text.substr(100), kind, folder_)))
                      .size(),
                  2U);
    }
    EXPECT_EQ(read_frames(write("padded.extxyz", gzipped(text) + std::string(512, '\0'))).size(), 2U);
}

TEST_F(Compressed, truncated_and_damaged_files_are_named_with_the_frame) {
    std::string text;
    const auto two = base::read_file(cases / "frames.extxyz");
    for (int i = 0; i < 500; ++i) text += two;
    for (const auto kind : {Compression::gzip, Compression::xz, Compression::zstd}) {
        if (!at_hand(kind == Compression::gzip ? "gzip" : kind == Compression::xz ? "xz" : "zstd")) continue;
        const auto whole = compressed(text, kind, folder_);
        SCOPED_TRACE(whole.size());
        EXPECT_EQ(read_frames(write("good.extxyz", whole)).size(), 1000U);
        for (const std::size_t cut : {whole.size() / 2, whole.size() - 1, whole.size() - 5})
            EXPECT_THAT(fault(write("cut.extxyz", whole.substr(0, cut))), AllOf(HasSubstr("cut.extxyz, frame "), HasSubstr("truncated")))
                << cut;
        auto changed = whole;
        changed[whole.size() - 3] = static_cast<char>(changed[whole.size() - 3] ^ 0x55);  // the check sum or what is behind it
        EXPECT_THAT(fault(write("bad.extxyz", changed)), AllOf(HasSubstr("bad.extxyz, frame "), HasSubstr("damaged")));
    }
    EXPECT_THAT(fault(write("more.extxyz", gzipped(two) + "more")), AllOf(HasSubstr("more.extxyz, frame 2"), HasSubstr("behind the end")));
    // A structure that is complete before the damage is not passed over in silence either.
    const auto poscar = gzipped(base::read_file(readers / "POSCAR"));
    EXPECT_THAT(fault(write("POSCAR.gz", poscar.substr(0, poscar.size() - 4))), HasSubstr("truncated"));
}

TEST_F(Compressed, bytes_changed_anywhere_give_frames_or_an_error) {
    for (const char* ending : {".gz", ".xz", ".zst"}) {
        if (!at_hand(ending[1] == 'g' ? "gzip" : ending[1] == 'x' ? "xz" : "zstd")) continue;
        const auto bytes = base::read_file(cases / (std::string("frames.extxyz") + ending));
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            auto changed = bytes;
            changed[at] = static_cast<char>(changed[at] ^ 0x41);
            static_cast<void>(fault(write("changed.extxyz", changed)));  // what is no alkali::Error passes through and fails the test
            EXPECT_NE(fault(write("cut.extxyz", bytes.substr(0, at))), "no error") << ending << at;
        }
    }
}

TEST_F(Compressed, a_line_without_end_does_not_take_all_memory) {
    std::string bomb(std::size_t{80} << 20, ' ');
    const auto path = write("bomb.extxyz", gzipped("2\n" + bomb));
    EXPECT_LT(fs::file_size(path), 100'000U);
    EXPECT_THAT(fault(path), AllOf(HasSubstr("bomb.extxyz, frame 0"), HasSubstr("line 2 is longer")));
}

TEST_F(Compressed, files_are_written_where_the_name_says_so) {
    const auto frames = read_frames(cases / "frames.extxyz");
    for (const auto& [kind, name, magic] : {std::tuple{"gzip", "out.extxyz.gz", std::string("\x1f\x8b")},
                                            {"xz", "out.dump.xz", std::string("\xfd\x37zXZ")},
                                            {"zstd", "out.extxyz.zst", std::string("\x28\xb5\x2f\xfd")}}) {
        if (!at_hand(kind)) continue;
        write_frames(folder_ / name, frames);
        EXPECT_TRUE(base::read_file(folder_ / name).starts_with(magic)) << name;
        const auto back = read_frames(folder_ / name);
        ASSERT_EQ(back.size(), 2U);
        EXPECT_EQ(back[1].structure.positions, frames[1].structure.positions);
    }
    for (const auto& entry : fs::directory_iterator(folder_)) EXPECT_EQ(entry.path().string().find("plain"), std::string::npos);
    EXPECT_THROW(static_cast<void>(open_writer(folder_ / "out.extxyz.bz2")), InputError);
    EXPECT_THROW(static_cast<void>(open_writer(folder_ / "set.gz", {"deepmd", {}})), InputError);
}

TEST_F(Compressed, files_compressed_twice_are_named) {
    const auto path = write("a.extxyz.gz", gzipped(gzipped("1\nenergy=1\nLi 0 0 0\n")));
    EXPECT_THAT(fault(path), HasSubstr("is compressed twice"));
}

TEST_F(Compressed, frames_that_zstd_passes_over_may_come_first) {
    if (!at_hand("zstd")) GTEST_SKIP();
    const auto content = compressed("1\nenergy=1\nLi 0 0 0\n", Compression::zstd, folder_);
    for (const char first : {'\x50', '\x51', '\x5f'}) {
        const std::string passed_over = std::string{first, '\x2a', '\x4d', '\x18', '\x03', 0, 0, 0} + "abc";
        EXPECT_EQ(read_frames(write("a.extxyz.zst", passed_over + content)).size(), 1U) << static_cast<int>(first);
    }
}

TEST_F(Compressed, what_comes_through_a_pipe_is_known_by_its_bytes_too) {
    const auto pipe = folder_ / "pipe.extxyz";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const auto content = gzipped("1\nenergy=1\nLi 0 0 0\n");
    std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << content; });
    const auto frames = read_frames(pipe);
    writer.join();
    EXPECT_EQ(frames.size(), 1U);
}

}  // namespace
}  // namespace alkali::io::compression_tests
