#include "alkali/report/numbers.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"

namespace alkali::report {
namespace {

constexpr const char* hint = "see docs/guide/results.md";

void require_list(const nlohmann::json& list, const std::string& what) {
    if (!list.is_array()) throw InputError("the record " + what + " does not have its shape: it is no list", {}, hint);
}

}  // namespace

std::vector<double> numbers_of(const nlohmann::json& list, const std::string& what) {
    require_list(list, what);
    std::vector<double> numbers;
    for (const auto& entry : list) {
        if (!entry.is_number())
            throw InputError(fmt::format("the record {} does not have its shape: {} is no number", what, config::json_text(entry)), {},
                             hint);
        numbers.push_back(entry.get<double>());
    }
    return numbers;
}

std::vector<std::size_t> indices_of(const nlohmann::json& list, std::size_t end, const std::string& what) {
    require_list(list, what);
    std::vector<std::size_t> indices;
    for (const auto& entry : list) {
        const bool counts = entry.is_number_unsigned() || (entry.is_number_integer() && entry.get<std::int64_t>() >= 0);
        if (!counts || entry.get<std::uint64_t>() >= end)
            throw InputError(fmt::format("the record {} does not have its shape: {} is no number from 0 to below {}", what,
                                         config::json_text(entry), end),
                             {}, hint);
        indices.push_back(entry.get<std::size_t>());
    }
    return indices;
}

}  // namespace alkali::report
