#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "alkali/base/files.hpp"
#include "alkali/models/tests/feed.hpp"

namespace alkali::models::corpus_tests {
namespace {

TEST(ModelCorpus, of_the_fuzzer_cut_anywhere_and_with_changed_bytes_gives_a_model_or_an_error) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ALKALI_SOURCE_DIR) / "fuzz/corpus/model")) {
        const auto bytes = base::read_file(entry.path());
        ++files;
        const std::size_t step = std::max<std::size_t>(1, bytes.size() / 200);
        for (std::size_t at = 0; at <= bytes.size(); at += step) {
            EXPECT_NO_THROW(testing::feed_model(bytes.substr(0, at))) << entry.path() << " " << at;
            for (const char replacement : {'9', '-', '\xff'}) {
                auto changed = bytes;
                changed[std::min(at, bytes.size() - 1)] = replacement;
                EXPECT_NO_THROW(testing::feed_model(changed)) << entry.path() << " " << at;
            }
        }
    }
    EXPECT_GT(files, 1);
}

}  // namespace
}  // namespace alkali::models::corpus_tests
