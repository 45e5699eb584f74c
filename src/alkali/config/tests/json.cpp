#include "alkali/config/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>

#include "alkali/base/error.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::config::json_tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string fault(const std::string& text, const JsonLimits& limits = {}) {
    try {
        static_cast<void>(parse_json(text, "a.json", limits));
    } catch (const FileError& error) {
        EXPECT_EQ(error.where(), "a.json");
        return error.fault();
    }
    return "read";
}

std::string nested(int levels, const std::string& open, const std::string& close, const std::string& inside) {
    std::string text;
    for (int k = 0; k < levels; ++k) text += open;
    text += inside;
    for (int k = 0; k < levels; ++k) text += close;
    return text;
}

TEST(Json, values_are_those_of_the_text) {
    const auto read = parse_json(R"( {"a": [1, -2, 2.5, true, null, "x\u00e9", {}, []], "b": {"c": 18446744073709551615, "d": {}}} )", "a");
    const json expected = {{"a", {1, -2, 2.5, true, nullptr, "x\u00e9", json::object(), json::array()}},
                           {"b", {{"c", 18446744073709551615ULL}, {"d", json::object()}}}};
    EXPECT_EQ(read, expected);
    EXPECT_EQ(parse_json("3", "a"), 3);
    EXPECT_TRUE(read["b"]["c"].is_number_unsigned());
    EXPECT_TRUE(read["a"][1].is_number_integer());
}

TEST(Json, lists_and_tables_inside_each_other_are_read_up_to_a_limit) {
    EXPECT_EQ(fault(nested(100, "[", "]", "")), "read");
    EXPECT_THAT(fault(nested(101, "[", "]", "")), HasSubstr("more than 100 levels"));
    EXPECT_THAT(fault(nested(1000000, "[", "]", "")), HasSubstr("more than 100 levels"));
    EXPECT_THAT(fault(nested(1000000, "{\"a\":", "}", "1")), HasSubstr("more than 100 levels"));
    EXPECT_THAT(fault(std::string(1000000, '[')), HasSubstr("more than 100 levels"));
    EXPECT_THAT(fault("[1, 2, 3]", {100, 3}), HasSubstr("more than 3 values"));
}

TEST(Json, malformed_texts_are_named_by_their_file) {
    for (const char* text : {"", " ", "{", "[1", "[1,]", "{\"a\"}", "nan", "[NaN]", "1e999", "\"\xff\"", "{} {}", "[1]x", "'a'", "\"\n\""})
        EXPECT_THAT(fault(text), HasSubstr("is not JSON")) << text;
    EXPECT_LT(fault("[" + std::string(100000, 'x')).size(), 400U);
}

TEST(Json, a_key_given_twice_is_refused_at_every_level) {
    EXPECT_THAT(fault(R"({"a": 1, "b": 2, "a": 1})"), HasSubstr("the key 'a' twice"));
    EXPECT_THAT(fault(R"([{"b": {"lr": 1, "\u006cr": 2}}])"), HasSubstr("the key 'lr' twice"));
    EXPECT_EQ(fault(R"([{"a": 1}, {"a": 1}, {"b": {"a": 1}, "a": 2}])"), "read");
    EXPECT_THROW(static_cast<void>(parse_json_tree(R"({"training": {"lr": 1, "lr": 2}})", "c.json")), InputError);
}

// Where every element that ends made all those before it be looked at again, this took minutes.
TEST(Json, time_grows_with_the_length_of_the_text) {
    std::string list = "[", table = "{";
    for (int k = 0; k < 200000; ++k) {
        list += (k == 0 ? "{\"a\": 1}" : ",{\"a\": 1}");
        table += (k == 0 ? "\"k" : ",\"k") + std::to_string(k) + "\": {\"a\": [1]}";
    }
    const auto begin = std::clock();
    EXPECT_EQ(parse_json(list + "]", "a").size(), 200000U);
    EXPECT_EQ(parse_json(table + "}", "a").size(), 200000U);
    EXPECT_EQ(parse_json_tree(list + "]", "a").items.size(), 200000U);
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 20);
}

TEST(Json, bytes_that_are_not_utf8_are_written_as_a_replacement) {
    const json value = {{"file", "caf\xe9.extxyz"}, {"b\xff", 1}};
    const auto text = json_text(value);
    EXPECT_THAT(text, HasSubstr("caf\xef\xbf\xbd.extxyz"));
    EXPECT_EQ(parse_json(text, "a").size(), 2U);
    EXPECT_FALSE(is_utf8("caf\xe9"));
    EXPECT_TRUE(is_utf8("caf\xc3\xa9"));
    EXPECT_EQ(json_text({1, 2}, 1), "[\n 1,\n 2\n]");
}

}  // namespace
}  // namespace alkali::config::json_tests
