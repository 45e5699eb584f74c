#include "alkali/models/contract/model.hpp"

#include <array>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"

namespace alkali::models {
namespace {
const std::array<std::string, 3> names = {"float32", "mixed", "float64"};
}

std::string_view to_string(Precision precision) { return names[static_cast<std::size_t>(precision)]; }

Precision precision_from(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<Precision>(i);
    throw InputError("unknown precision '" + std::string(name) + "'", {}, "use float32, mixed or float64");
}

}  // namespace alkali::models
