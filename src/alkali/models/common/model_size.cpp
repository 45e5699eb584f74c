#include "alkali/models/common/model_size.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/base/memory.hpp"

namespace alkali::models {
namespace {

/// Kernels count the numbers of one array with 32 bits, padding included.
constexpr std::size_t most_in_array = std::size_t{1} << 28;
/// The master parameters and what the kernels read.
constexpr double bytes_per_parameter = 16;
constexpr const char* hint = "fewer features, layers or intervals of tables need less";

}  // namespace

void require_affordable(std::span<const ParameterInfo> layout, double table_bytes) {
    std::size_t count = 0;
    for (const auto& info : layout) {
        if (info.size > most_in_array)
            throw InputError(fmt::format("the array {} would have {} numbers, the most is {}", info.name, info.size, most_in_array),
                             "model", hint);
        count += info.size;
    }
    base::require_memory(bytes_per_parameter * static_cast<double>(count) + table_bytes,
                         fmt::format("a model of {} parameters and its tables", count), "model", hint);
}

}  // namespace alkali::models
