#include "alkali/base/printable.hpp"

#include <gtest/gtest.h>

namespace alkali::base::printable_tests {
namespace {

TEST(Printable, text_stays_as_it_is) {
    for (const std::string text : {"", "plain\n\ttext", "\xc3\xa5ngstr\xc3\xb6m \xe2\x82\xac \xf0\x9f\x98\x80"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, what_drives_a_terminal_is_spelt_out) {
    EXPECT_EQ(printable("\x1b[2J\a\r"), "\\x1b[2J\\x07\\x0d");
    EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"
                        "31m"),
              "\\x9b31m")
        << "CSI as one character";
    EXPECT_EQ(printable("a\xe2\x80\xae"
                        "b\xe2\x81\xa6"),
              "a\\u202eb\\u2066")
        << "turns the direction of writing";
}

TEST(Printable, bytes_that_are_not_utf8_are_spelt_out) {
    EXPECT_EQ(printable("\x9b"
                        "31m"),
              "\\x9b31m");
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
    EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b") << "longer than need be";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a pair";
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");
}

}  // namespace
}  // namespace alkali::base::printable_tests
