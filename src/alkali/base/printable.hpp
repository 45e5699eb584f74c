#pragma once
#include <string>
#include <string_view>

namespace alkali::base {

/// Text that a terminal only shows: control characters other than the end of a line and the tabulator, marks that turn the direction
/// of writing, and bytes that are not UTF-8 become what stands for them (\x1b, \u202e). What comes from files may hold any of them.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace alkali::base
