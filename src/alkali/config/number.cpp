#include "alkali/config/number.hpp"

#include <charconv>
#include <cmath>

namespace alkali::config {

std::optional<double> number_of(const Tree& tree) {
    if (tree.type != Tree::Type::scalar || tree.quoted || tree.scalar.empty()) return std::nullopt;
    const bool plus = tree.scalar.starts_with('+') && !tree.scalar.starts_with("+-");
    const char* begin = tree.scalar.data() + (plus ? 1 : 0);
    const char* end = tree.scalar.data() + tree.scalar.size();
    double value = 0;
    const auto [stop, failure] = std::from_chars(begin, end, value);
    if (failure != std::errc{} || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

}  // namespace alkali::config
