#include "alkali/io/type_order.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/error.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {

std::vector<int> type_order(const std::set<int>& species, const std::vector<std::string>& type_names) {
    if (type_names.empty()) return {species.begin(), species.end()};
    std::vector<int> order;
    for (const auto& name : type_names) order.push_back(units::atomic_number(name));
    for (const int number : species)
        if (std::find(order.begin(), order.end(), number) == order.end())
            throw InputError(fmt::format("the structures contain {}, which is not among the type names", units::symbol(number)), {},
                             "add it to the type names");
    return order;
}

}  // namespace alkali::io
