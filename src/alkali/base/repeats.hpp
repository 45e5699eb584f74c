#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/base/log.hpp"

namespace alkali::base {

/// Faults of many places, each kind told once, with how often it was met and where first. Of one kind are texts that differ in numbers
/// alone.
class Repeats {
public:
    /// place: such as "a.extxyz, frame 3"; may be empty. True for the first of its kind.
    bool add(const std::string& place, const std::string& text);
    /// What an error says, without the place where that is part of it.
    static std::string text_of(const std::string& message, const std::string& place);
    [[nodiscard]] bool empty() const { return kinds_.empty(); }
    /// One line of each kind, in the order in which they were met: "a.extxyz, frame 3: the text of the first (12 times, also in frame 4,
    /// frame 7, b.extxyz, frame 0, ...)". most: kinds told, 0: all; those left are counted.
    [[nodiscard]] std::vector<std::string> lines(std::size_t most = 0) const;
    /// Those of kinds that were met more than once: where the first of each is told at once.
    [[nodiscard]] std::vector<std::string> repeated() const;
    /// How many faults are of kinds beyond the first `most`.
    [[nodiscard]] std::size_t beyond(std::size_t most) const;
    /// The lines as warnings, and nothing is left. further: what to do about kinds that are not told.
    void tell(LogSink& log, std::size_t most = 0, std::string_view further = {});

private:
    struct Kind {
        std::string text;
        std::vector<std::string> places;  ///< the first ones, all different
        std::size_t times = 0;
    };
    [[nodiscard]] static std::string line_of(const Kind& kind);

    std::vector<Kind> kinds_;
    std::map<std::string, std::size_t> index_;
};

}  // namespace alkali::base
