#include "alkali/records/record.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/records/tests/feed.hpp"

namespace alkali::records::record_tests {
namespace {

Records one(const std::string& note) {
    Record record;
    record.value = 3.425;
    record.unit = "angstrom";
    record.settings = {{"note", note}};
    Records records;
    records.set("a0", std::move(record));
    return records;
}

std::filesystem::path scratch() { return std::filesystem::temp_directory_path() / ("alkali_records_" + std::to_string(::getpid())); }

TEST(Records, what_is_saved_reads_back) {
    const auto path = scratch();
    one("plain").save(path);
    const auto read = Records::load(path);
    std::filesystem::remove(path);
    EXPECT_EQ(read.to_json(), one("plain").to_json());
    EXPECT_EQ(read.number("a0"), 3.425);
    EXPECT_FALSE(read.at("a0").uncertainty);
    EXPECT_THROW(static_cast<void>(read.at("b0")), InputError);
}

// JSON has no such numbers; null would pass for "was never computed".
TEST(Records, what_is_no_number_is_named_and_reads_back) {
    const double infinity = std::numeric_limits<double>::infinity();
    Records records;
    records.set("a0", {std::nan(""), "angstrom", infinity, {}, {}});
    records.set("curve", {{{"energy", {1.0, -infinity}}}, "eV", {}, {{"residual", std::nan("")}}, {}});
    EXPECT_EQ(records.text().find(R"("value": null)"), std::string::npos) << records.text();
    EXPECT_NE(records.text().find(R"("value": "nan")"), std::string::npos);
    const auto read = Records::from_json(nlohmann::json::parse(records.text()), "r.json");
    EXPECT_TRUE(std::isnan(read.number("a0")));
    EXPECT_EQ(read.at("a0").uncertainty, infinity);
    EXPECT_EQ(read.at("curve").value["energy"][1].get<double>(), -infinity);
    const auto old =
        Records::from_json(nlohmann::json::parse(R"({"schema": 1, "records": {"a0": {"value": null, "unit": "eV"}}})"), "r.json");
    EXPECT_TRUE(std::isnan(old.number("a0")));
}

// File names and groups of frames may be in any encoding; they must not cost a result.
TEST(Records, text_that_is_not_utf8_does_not_lose_the_numbers) {
    const auto path = scratch();
    one("caf\xe9").save(path);
    const auto read = Records::load(path);
    std::filesystem::remove(path);
    EXPECT_EQ(read.number("a0"), 3.425);
}

TEST(Records, of_another_shape_are_refused_by_file) {
    for (const char* text :
         {"[]", "{}", R"({"schema": "one", "records": {}})", R"({"schema": 2, "records": {}})", R"({"schema": 1, "records": []})",
          R"({"schema": 1, "records": {"a0": 3}})", R"({"schema": 1, "records": {"a0": {"value": 3}}})"})
        EXPECT_THROW(static_cast<void>(Records::from_json(nlohmann::json::parse(text), "r.json")), FileError) << text;
}

TEST(Records, deep_or_doubtful_files_are_refused_by_name) {
    const auto path = scratch();
    const std::string deep = R"({"schema": 1, "records": {"a0": {"unit": "eV", "value": )" + std::string(100000, '[');
    for (const std::string& text :
         {deep, deep + std::string(100000, ']') + "}}}", std::string(R"({"schema": 1, "schema": 1, "records": {}})")}) {
        base::write_file(path, text);
        try {
            static_cast<void>(Records::load(path));
            ADD_FAILURE();
        } catch (const FileError& error) {
            EXPECT_EQ(error.where(), path.string());
        }
    }
    std::filesystem::remove(path);
}

TEST(Records, corpus_of_the_fuzzer_cut_anywhere_gives_records_or_an_error) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ALKALI_SOURCE_DIR) / "fuzz/corpus/records")) {
        const auto bytes = base::read_file(entry.path());
        ++files;
        for (std::size_t at = 0; at <= bytes.size(); at += 3) {
            EXPECT_NO_THROW(testing::feed_records(bytes.substr(0, at))) << entry.path() << " " << at;
            auto changed = bytes;
            changed[std::min(at, bytes.size() - 1)] = '[';
            EXPECT_NO_THROW(testing::feed_records(changed)) << entry.path() << " " << at;
        }
    }
    EXPECT_GT(files, 1);
}

}  // namespace
}  // namespace alkali::records::record_tests
