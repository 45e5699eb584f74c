#include "alkali/io/deepmd_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::io {
namespace {

constexpr std::size_t most_dimensions = 8;

bool asks_for_nothing(const nlohmann::json& value) {
    if (value.is_array()) return std::all_of(value.begin(), value.end(), [](const auto& each) { return asks_for_nothing(each); });
    if (value.is_string()) return value.get_ref<const std::string&>().empty();
    if (value.is_number()) return value.get<double>() == 0;
    return value.is_null() || (value.is_boolean() && !value.get<bool>()) || (value.is_object() && value.empty());
}

}  // namespace

void DeepmdNode::fail(const std::string& what, const std::string& hint) const {
    throw FileError((path_.empty() ? "" : path_ + " ") + what, *source_, hint);
}

bool DeepmdNode::has(const char* key) const { return value_->is_object() && value_->contains(key) && !(*value_)[key].is_null(); }

DeepmdNode DeepmdNode::at(const char* key) const {
    if (!value_->is_object()) fail("must be a block of keys");
    const auto found = value_->find(key);
    if (found == value_->end()) fail(std::string("has no '") + key + "'", "is it a model written by dp convert-backend?");
    return {*found, path_.empty() ? key : path_ + "." + key, *source_};
}

std::size_t DeepmdNode::size() const {
    if (!value_->is_array()) fail("must be a list");
    return value_->size();
}

DeepmdNode DeepmdNode::at(std::size_t index) const {
    if (index >= size()) fail("is too short");
    return {(*value_)[index], fmt::format("{}[{}]", path_, index), *source_};
}

std::string DeepmdNode::text() const {
    if (!value_->is_string()) fail("must be text");
    return value_->get<std::string>();
}

double DeepmdNode::number() const {
    if (!value_->is_number() || !std::isfinite(value_->get<double>())) fail("must be a finite number");
    return value_->get<double>();
}

int DeepmdNode::integer() const {
    const double value = number();
    if (value != std::floor(value) || std::abs(value) > 1e6) fail("must be an integer up to a million");
    return static_cast<int>(value);
}

bool DeepmdNode::boolean() const {
    if (!value_->is_boolean()) fail("must be true or false");
    return value_->get<bool>();
}

std::vector<int> DeepmdNode::integers() const {
    std::vector<int> all;
    for (std::size_t k = 0; k < size(); ++k) all.push_back(at(k).integer());
    return all;
}

std::vector<std::string> DeepmdNode::texts() const {
    std::vector<std::string> all;
    for (std::size_t k = 0; k < size(); ++k) all.push_back(at(k).text());
    return all;
}

namespace {

/// Appends the numbers of one level. Gives false where a row has another length or a value is no finite number.
bool append(const nlohmann::json& value, std::size_t level, Tensor& tensor) {
    if (level == tensor.shape.size()) {
        if (!value.is_number()) return false;
        tensor.values.push_back(value.get<double>());
        return std::isfinite(tensor.values.back());
    }
    if (!value.is_array() || value.size() != tensor.shape[level]) return false;
    return std::all_of(value.begin(), value.end(), [&](const auto& each) { return append(each, level + 1, tensor); });
}

}  // namespace

Tensor DeepmdNode::array() const {
    expect_class("np.ndarray", 1, 1);
    const std::string type = at("dtype").text();
    if (type != "float64" && type != "float32") at("dtype").fail("is " + type, "float64 and float32 can be read");
    Tensor tensor;
    const nlohmann::json* level = at("value").value_;
    for (; level->is_array(); level = &level->front()) {
        tensor.shape.push_back(level->size());
        if (level->empty()) break;
        if (tensor.shape.size() > most_dimensions) fail("has too many dimensions");
    }
    if (!append(*at("value").value_, 0, tensor)) fail("holds rows of different lengths or values that are no finite numbers");
    return tensor;
}

void DeepmdNode::expect_class(std::string_view name, int first_version, int last_version) const {
    if (const auto found = at("@class").text(); found != name) fail("is a " + found + ", not a " + std::string(name));
    const int version = value_->contains("@version") ? at("@version").integer() : 1;
    if (version < first_version || version > last_version)
        fail(fmt::format("is of version {}, {} to {} can be read", version, first_version, last_version),
             "deepmd-kit 3.2 writes what can be read");
}

void DeepmdNode::refuse_others(std::initializer_list<std::string_view> known) const {
    for (const auto& [key, value] : value_->items()) {
        if (std::find(known.begin(), known.end(), key) != known.end() || key.starts_with("@")) continue;
        if (!asks_for_nothing(value)) fail("uses '" + key + "', which alkali does not have");
    }
}

}  // namespace alkali::io
