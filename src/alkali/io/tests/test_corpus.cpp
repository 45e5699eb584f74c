#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "alkali/base/files.hpp"
#include "alkali/io/tests/feed.hpp"

namespace alkali::io::corpus_tests {
namespace {

namespace fs = std::filesystem;

class Corpus : public ::testing::TestWithParam<std::string> {};

// The seeds of the fuzzers and everything that once broke a reader.
TEST_P(Corpus, gives_frames_or_an_error_but_never_crashes) {
    int files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(ALKALI_SOURCE_DIR) / "fuzz/corpus" / GetParam())) {
        if (!entry.is_regular_file()) continue;
        SCOPED_TRACE(entry.path().string());
        EXPECT_NO_THROW(tests::feed(GetParam(), base::read_file(entry.path())));
        ++files;
    }
    EXPECT_GT(files, 0);
}

// Cut anywhere and with a byte changed anywhere: a deterministic sample of what a fuzzer tries.
TEST_P(Corpus, survives_truncation_and_changed_bytes) {
    for (const auto& entry : fs::directory_iterator(fs::path(ALKALI_SOURCE_DIR) / "fuzz/corpus" / GetParam())) {
        if (!entry.path().filename().string().starts_with("seed")) continue;
        const auto bytes = base::read_file(entry.path());
        const std::size_t step = std::max<std::size_t>(1, bytes.size() / 200);
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            EXPECT_NO_THROW(tests::feed(GetParam(), bytes.substr(0, at))) << at;
            for (const char replacement : {'\0', '9', '-', ' ', '\n', '\xff'}) {
                auto changed = bytes;
                changed[at] = replacement;
                EXPECT_NO_THROW(tests::feed(GetParam(), changed)) << at;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Readers, Corpus,
                         ::testing::Values("extxyz", "npy", "safetensors", "poscar", "vasprun", "outcar", "qe-output", "qe-xml",
                                           "lammps-data", "lammps-dump", "deepmd-model", "deepmd-raw", "compressed"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
}  // namespace alkali::io::corpus_tests
