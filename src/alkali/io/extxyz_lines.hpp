#pragma once
#include <deque>
#include <exception>
#include <string>
#include <string_view>

#include "alkali/io/text.hpp"

namespace alkali::io {

/// Lines of an extended XYZ file that can be looked at before they are read, to see where a frame begins.
class ExtxyzLines {
public:
    explicit ExtxyzLines(std::istream& stream) : lines_(stream) {}

    [[nodiscard]] bool next(std::string& line);
    /// Makes the line read last the next one again.
    void put_back(std::string line) { ahead_.push_front(std::move(line)); }
    /// Number of the line read last, from 1.
    [[nodiscard]] std::size_t number() const { return lines_.number() - ahead_.size(); }

    /// The line `steps` behind the one to be read next; null where the file has none.
    [[nodiscard]] const std::string* peek(std::size_t steps);
    /// True if `steps` on a line follows that tells keys and values, as the second of a frame does.
    [[nodiscard]] bool header_follows(std::size_t steps);
    /// Passes over lines up to a number of atoms with such a line behind it; false if the file ends before.
    [[nodiscard]] bool find_frame();

private:
    Lines lines_;
    std::deque<std::string> ahead_;
    std::exception_ptr fault_;  ///< met when looking ahead, thrown when reading comes to it
};

/// True if the line is a whole number alone.
[[nodiscard]] bool is_count(std::string_view line);

}  // namespace alkali::io
