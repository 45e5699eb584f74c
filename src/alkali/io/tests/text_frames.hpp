#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/io/format.hpp"

// Frames from text, for tests of the formats.
namespace alkali::io::tests {

inline std::vector<Frame> read_text(const std::string& format, const std::string& text, ReadOptions options = {}) {
    options.format = format;
    const auto reader = open_reader(std::make_unique<std::istringstream>(text), "FILE", options);
    std::vector<Frame> frames;
    for (Frame frame; reader->next(frame);) frames.push_back(frame);
    return frames;
}

/// What the reader says against the text.
inline std::string fault(const std::string& format, const std::string& text) {
    try {
        static_cast<void>(read_text(format, text));
    } catch (const FileError& error) {
        return error.what();
    }
    return "no error";
}

/// The text with the first `from` replaced.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

}  // namespace alkali::io::tests
