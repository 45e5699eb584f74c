#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::base {

/// Number of single-character edits (insert, delete, replace, swap of neighbours) between two names, ignoring case.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);
/// The known names nearest to `name`, best first, at most `count`, leaving out those too far to be meant. Names of more
/// than some hundred letters are near to nothing.
[[nodiscard]] std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known, std::size_t count = 1);
/// "did you mean X?" or "did you mean X or Y?"; empty if nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view name, std::span<const std::string> known, std::size_t count = 1);

}  // namespace alkali::base
