#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "alkali/io/text.hpp"

namespace alkali::io {

/// The elements of a file's numbered types. What the file itself names wins over the names given for types 1, 2, ...: those
/// serve where it has numbers, or labels that are no elements.
class TypeElements {
public:
    /// Whether the order of the names given is one to compare with the file's. It is not where a file always has its own map of
    /// types, as DeePMD-kit's folders do beside the model's: names in another order are no contradiction then.
    enum class Order { compared, files_own };

    explicit TypeElements(std::vector<std::string> type_names, Order order = Order::compared)
        : type_names_(std::move(type_names)), order_(order) {}

    /// Atomic number of type `type` (from 1; 0: the file has no numbers), which the file calls `label` (empty: it does not say).
    /// Errors: FileError at `place` for a label that is no element where no names are given, for a type without a name, and for an
    /// element that the file names and the names given do not have.
    [[nodiscard]] int of(long long type, std::string_view label, const Place& place);
    /// What a user should know and was not taken yet: labels replaced, names given in another order than the file's types.
    [[nodiscard]] std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }

private:
    int resolve(long long type, std::string_view label, const Place& place);

    std::vector<std::string> type_names_, warnings_;
    Order order_;
    std::map<std::pair<long long, std::string>, int, std::less<>> known_;
    long long last_type_ = -1;
    std::string last_label_;
    int last_ = 0;
};

}  // namespace alkali::io
