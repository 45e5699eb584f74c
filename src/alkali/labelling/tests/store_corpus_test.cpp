#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "feed.hpp"

namespace alkali::labelling::store_corpus_tests {
namespace {

namespace fs = std::filesystem;

const fs::path corpus = fs::path(ALKALI_SOURCE_DIR) / "fuzz/corpus/store";

TEST(StoreCorpus, gives_sound_labels_or_an_error_but_never_crashes) {
    int files = 0;
    for (const auto& entry : fs::directory_iterator(corpus)) {
        SCOPED_TRACE(entry.path().string());
        EXPECT_NO_THROW(tests::feed_store(base::read_file(entry.path())));
        ++files;
    }
    EXPECT_GT(files, 0);
}

// Their checksums were computed by another program (Python's hashlib), in the order of store_rows.cpp.
TEST(StoreCorpus, seeds_of_both_versions_have_the_same_sound_labels) {
    const base::TemporaryFolder folder(base::private_folder(base::temporary_home()), "seeds-");
    std::vector<std::vector<std::string>> keys;
    for (const char* name : {"seed_version_1.sqlite", "seed_version_2.sqlite"}) {
        fs::copy_file(corpus / name, folder.path() / name);
        Store store(folder.path() / name);
        keys.push_back(store.keys());
        EXPECT_EQ(store.failures().at(0).count, 1);
    }
    EXPECT_EQ(keys[0].size(), 2U);
    EXPECT_EQ(keys[0], keys[1]);
}

TEST(StoreCorpus, survives_truncation_and_changed_bytes) {
    base::Random random(3);
    for (const auto& entry : fs::directory_iterator(corpus)) {
        const auto bytes = base::read_file(entry.path());
        for (int i = 0; i < 60; ++i) {
            EXPECT_NO_THROW(tests::feed_store(bytes.substr(0, random.below(bytes.size()))));
            auto changed = bytes;
            changed[random.below(bytes.size())] = static_cast<char>(random.below(256));
            EXPECT_NO_THROW(tests::feed_store(changed));
        }
    }
}

}  // namespace
}  // namespace alkali::labelling::store_corpus_tests
