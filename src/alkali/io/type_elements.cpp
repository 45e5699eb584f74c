#include "alkali/io/type_elements.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "alkali/units/elements.hpp"

namespace alkali::io {

int TypeElements::of(long long type, std::string_view label, const Place& place) {
    if (type == last_type_ && label == last_label_) return last_;  // most atoms are of the type of the one before
    const auto key = std::pair(type, std::string(label));
    const auto found = known_.find(key);
    last_ = found != known_.end() ? found->second : known_[key] = resolve(type, label, place);
    last_type_ = type;
    last_label_ = label;
    return last_;
}

int TypeElements::resolve(long long type, std::string_view label, const Place& place) {
    if (label.empty()) return element_of_type(type, type_names_, place);
    const auto named = [&](long long number) {
        return number >= 1 && number <= static_cast<long long>(type_names_.size()) ? type_names_[static_cast<std::size_t>(number - 1)]
                                                                                   : std::string();
    };
    if (!units::is_symbol(label)) {
        if (type_names_.empty() || type < 1)
            place.fail(fmt::format("'{}' is not a chemical symbol", label.substr(0, 40)),
                       "give the chemical symbols of the types in their order (type_names, --type-names)");
        const int element = element_of_type(type, type_names_, place);
        warnings_.push_back(
            fmt::format("type {}, '{}' in the file, is taken as {} (type_names)", type, label.substr(0, 40), units::symbol(element)));
        return element;
    }
    if (!type_names_.empty() && std::find(type_names_.begin(), type_names_.end(), label) == type_names_.end())
        place.fail(fmt::format("{}is {} in the file, and the type names given are {}",
                               type > 0 ? fmt::format("type {} ", type) : "an atom ", label, fmt::join(type_names_, ", ")),
                   "the elements that a file names are used: correct the type names, or leave them out");
    if (const auto given = named(type); order_ == Order::compared && !given.empty() && given != label)
        warnings_.push_back(
            fmt::format("type {} is {} in the file and {} by type_names: the file's elements are used", type, label, given));
    return units::atomic_number(label);
}

}  // namespace alkali::io
