#include "number_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <system_error>

namespace alkali::app {
namespace {

enum class Kind { none, whole, natural, real };

Kind kind_of(const CLI::Option& option) {
    const auto described = option.get_type_name();  // with what its checks say of themselves behind a colon
    const auto name = described.substr(0, described.find(':'));
    if (name == "INT") return Kind::whole;
    if (name == "UINT" || name == count || name == counts) return Kind::natural;
    return name == "FLOAT" ? Kind::real : Kind::none;
}

/// How much of the text is a number: all of it, none or a part, or one beyond what the type holds.
template <class Number>
std::errc read(const std::string& text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end != text.data() + text.size()) return std::errc::invalid_argument;
    return error;
}

/// Without a + in front, and zeros that would make an octal number of it.
std::string plain(std::string text, bool whole) {
    if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.erase(0, 1);
    if (!whole) return text;
    const std::size_t first = text.starts_with('-') ? 1 : 0;
    const auto digit = text.find_first_not_of('0', first);
    if (text.size() > first) text.erase(first, std::min(digit, text.size() - 1) - first);
    return text;
}

std::string fault_of(const std::string& text, Kind kind) {
    std::errc error{};
    if (kind == Kind::real) {
        double number = 0;
        error = read(text, number);
        if (error == std::errc() && !std::isfinite(number)) return "'" + text + "' is no finite number";
    } else if (std::int64_t whole = 0; kind == Kind::whole || text.starts_with('-')) {
        error = read(text, whole);
        if (error == std::errc() && kind == Kind::natural && whole < 0) return "'" + text + "' is negative; give a whole number from 0";
    } else {
        std::uint64_t natural = 0;
        error = read(text, natural);
    }
    if (error == std::errc::result_out_of_range) return "'" + text + "' is beyond the numbers there are";
    if (error == std::errc()) return {};
    return "'" + text + "' is no " + (kind == Kind::real ? "number" : "whole number") + "; write it in decimals, without a unit";
}

CLI::Validator number(Kind kind) {
    return {[kind](std::string& text) {
                auto read = plain(text, kind != Kind::real);
                auto fault = fault_of(read, kind);
                if (fault.empty()) text = std::move(read);
                return fault;
            },
            ""};
}

}  // namespace

void check_numbers(CLI::App& app) {
    for (auto* option : app.get_options())
        if (const auto kind = kind_of(*option); kind != Kind::none) option->transform(number(kind));
    for (auto* command : app.get_subcommands([](const CLI::App*) { return true; })) check_numbers(*command);
}

}  // namespace alkali::app
