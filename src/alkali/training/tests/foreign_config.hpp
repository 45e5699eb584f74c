#pragma once
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "alkali/base/error.hpp"
#include "alkali/base/log.hpp"
#include "alkali/config/tree.hpp"

// What the tests of configs of other programs share.
namespace alkali::training::testing {

class Memory final : public base::LogSink {
public:
    void write(base::LogLevel, std::string_view message) override { text += std::string(message) + "\n"; }
    std::string text;
};

/// The value at a dotted place, as it would be written.
inline std::string at(const config::Tree& tree, const std::string& place) {
    const auto dot = place.find('.');
    const config::Tree* found = tree.find(place.substr(0, dot));
    if (found == nullptr) return "none";
    if (dot != std::string::npos) return at(*found, place.substr(dot + 1));
    if (found->type == config::Tree::Type::scalar) return found->scalar;
    std::string all;
    for (const auto& item : found->items) all += (all.empty() ? "" : " ") + item.scalar;
    for (const auto& entry : found->entries) all += (all.empty() ? "" : " ") + entry.key + "=" + entry.value.scalar;
    return all;
}

/// What a call says is wrong with its input.
template <class Call>
std::string failure_of(Call call) {
    try {
        call();
    } catch (const InputError& error) {
        return error.what();
    }
    return "no failure";
}

inline std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const auto begin = text.find(what);
    EXPECT_NE(begin, std::string::npos) << what;
    return begin == std::string::npos ? text : text.replace(begin, what.size(), with);
}

}  // namespace alkali::training::testing
