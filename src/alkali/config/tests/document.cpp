#include "alkali/config/document.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "alkali/base/error.hpp"

namespace alkali::config::document_tests {
namespace {

using nlohmann::json;

TEST(Document, plain_words_become_values_and_quoted_ones_stay_text) {
    const auto d = parse_document("a: 1\nb: -2.5e-3\nc: .nan\nd: 'true'\ne: true\nf: ~\ng: [x, 1.0]\nh: nan\ni: 3.2.0\nj: ''\n", "d");
    EXPECT_EQ(d.at("a"), 1);
    EXPECT_EQ(d.at("b"), -2.5e-3);
    EXPECT_TRUE(std::isnan(d.at("c").get<double>()));
    EXPECT_EQ(d.at("d"), "true");
    EXPECT_EQ(d.at("e"), true);
    EXPECT_TRUE(d.at("f").is_null());
    EXPECT_EQ(d.at("g"), json({"x", 1.0}));
    EXPECT_EQ(d.at("h"), "nan");
    EXPECT_EQ(d.at("i"), "3.2.0");
    EXPECT_EQ(d.at("j"), "");
}

TEST(Document, anchors_are_expanded) { EXPECT_EQ(parse_document("a: &x [1, 2]\nb: *x\n", "d").at("b"), json({1, 2})); }

TEST(Document, json_gives_the_same_as_yaml) {
    EXPECT_EQ(parse_document("{\"a\": [1, 2.5, null, \"x\"]}", "d"), parse_document("a: [1, 2.5, null, x]\n", "d"));
}

TEST(Document, faults_name_the_line) {
    for (const std::string& text : {std::string("a: 1\na: 2\n"), std::string("a: [1\n"), std::string("[1]: 2\n"),
                                    std::string("a: 1\n---\nb: 2\n"), std::string(200, '['), std::string("{\"a\": }"),
                                    "{\"a\": " + std::string(200, '[') + std::string(200, ']') + "}", std::string("a: &x [*x]\n")})
        EXPECT_THROW(static_cast<void>(parse_document(text, "d")), FileError) << text;
    try {
        static_cast<void>(parse_document("a: 1\na: 2\n", "d.yaml"));
    } catch (const FileError& error) {
        EXPECT_EQ(error.where(), "d.yaml, line 2");
    }
}

TEST(Document, aliases_cannot_make_a_small_file_large) {
    std::string text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
    for (int k = 1; k < 9; ++k) {
        text += "a" + std::to_string(k) + ": &a" + std::to_string(k) + " [";
        for (int i = 0; i < 10; ++i) text += (i == 0 ? "*a" : ", *a") + std::to_string(k - 1);
        text += "]\n";
    }
    EXPECT_THROW(static_cast<void>(parse_document(text, "d")), FileError);
}

std::string anchors_inside_anchors(int levels, const std::string& inside) {
    std::string text;
    for (int k = 0; k < levels; ++k) text += "&a" + std::to_string(k) + " [";
    return text + inside + std::string(static_cast<std::size_t>(levels), ']');
}

TEST(Document, anchors_inside_anchors_cannot_make_a_small_file_large) {
    std::string many = "1";
    for (int k = 0; k < 50000; ++k) many += ",1";
    EXPECT_THROW(static_cast<void>(parse_document("a: " + anchors_inside_anchors(90, many), "d")), FileError);
    EXPECT_EQ(parse_document("a: " + anchors_inside_anchors(2, many), "d").at("a").at(0).size(), 50001U);
}

TEST(Document, aliases_of_a_long_text_cannot_make_a_small_file_large) {
    std::string text = "a: &a " + std::string(100000, 'x') + "\nb: [*a";
    for (int k = 0; k < 10000; ++k) text += ", *a";
    EXPECT_THROW(static_cast<void>(parse_document(text + "]\n", "d")), FileError);
}

TEST(Document, json_of_one_list_of_many_tables_is_read_in_one_go) {
    std::string text = "{\"a\": [";
    for (int k = 0; k < 200000; ++k) text += k == 0 ? "{}" : ",{}";
    EXPECT_EQ(parse_document(text + "]}", "d").at("a").size(), 200000U);
    EXPECT_THROW(static_cast<void>(parse_document("{\"a\": 1, \"a\": 2}", "d")), FileError);
}

}  // namespace
}  // namespace alkali::config::document_tests
