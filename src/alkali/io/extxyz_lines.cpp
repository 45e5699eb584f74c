#include "alkali/io/extxyz_lines.hpp"

#include <cctype>
#include <utility>

#include "alkali/base/error.hpp"

namespace alkali::io {

bool ExtxyzLines::next(std::string& line) {
    if (ahead_.empty()) {
        if (fault_) std::rethrow_exception(std::exchange(fault_, nullptr));
        return lines_.next(line);
    }
    line.swap(ahead_.front());
    ahead_.pop_front();
    return true;
}

const std::string* ExtxyzLines::peek(std::size_t steps) {
    while (ahead_.size() <= steps) {
        std::string line;
        try {
            if (fault_ || !lines_.next(line)) return nullptr;
        } catch (const Error&) {
            fault_ = std::current_exception();
            return nullptr;
        }
        ahead_.push_back(std::move(line));
    }
    return &ahead_[steps];
}

bool ExtxyzLines::header_follows(std::size_t steps) {
    const auto* line = peek(steps);
    if (line == nullptr) return false;
    const auto equals = line->find('=');
    return equals != std::string::npos && equals > 0 && std::isspace(static_cast<unsigned char>((*line)[equals - 1])) == 0;
}

bool ExtxyzLines::find_frame() {
    std::string passed;
    for (const std::string* line = peek(0); line != nullptr; line = peek(0)) {
        if (is_count(*line) && header_follows(1)) return true;
        if (!next(passed)) return false;
    }
    return false;
}

bool is_count(std::string_view line) {
    const auto count = parse_integer(trim(line));
    return count && *count >= 0;
}

}  // namespace alkali::io
