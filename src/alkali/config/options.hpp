#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alkali::config {

/// What a value may be. A key may allow several: the first that fits is taken, text last.
enum class Kind {
    boolean,
    integer,
    number,
    text,
    integers,  ///< list of integers
    numbers,   ///< list of numbers
    texts,     ///< list of texts
    table,     ///< names to numbers, such as {Li: -10.5}
    words,     ///< names to texts, such as {Li: Li.UPF}
    block,     ///< nested options
    variant    ///< nested options chosen by their key `type`; a plain text stands for {type: text}
};

class Options;

/// One key: everything that parser, help text, JSON schema and defaults need. Filled through the calls of Option.
struct Description {
    std::string key, help, unit;
    std::vector<Kind> kinds;
    nlohmann::json fallback;  ///< value when the key is absent; null: stays null ("not given")
    bool required = false;
    std::optional<double> low, high;   ///< for numbers and for every element of lists and tables
    bool low_open = false;             ///< low itself is not allowed
    std::vector<std::string> choices;  ///< for text and every element of texts; empty: any
    std::vector<std::string> aliases;  ///< other names; dots go down ("loss.coeffs"), a leading "../" up one block
    std::shared_ptr<const Options> block;
    std::vector<std::pair<std::string, std::shared_ptr<const Options>>> variants;
};

/// A key under construction: options.number("r_max", "cutoff radius").unit("angstrom").above(0).required();
class Option {
public:
    Description data;

    Option& required() {
        data.required = true;
        return *this;
    }
    /// Value when the key is absent. Must itself be valid.
    Option& fallback(nlohmann::json value) {
        data.fallback = std::move(value);
        return *this;
    }
    Option& unit(std::string unit) {
        data.unit = std::move(unit);
        return *this;
    }
    Option& at_least(double low) {
        data.low = low;
        data.low_open = false;
        return *this;
    }
    Option& above(double low) {
        data.low = low;
        data.low_open = true;
        return *this;
    }
    Option& at_most(double high) {
        data.high = high;
        return *this;
    }
    Option& choices(std::vector<std::string> names) {
        data.choices = std::move(names);
        return *this;
    }
    Option& alias(std::string name) {
        data.aliases.push_back(std::move(name));
        return *this;
    }
    /// Allows a further kind of value for the same key.
    Option& or_kind(Kind kind) {
        data.kinds.push_back(kind);
        return *this;
    }
};

/// The keys of one block, in the order in which help and files show them.
/// The reference a call returns is good until the next key is added.
class Options {
public:
    Option& add(Kind kind, std::string key, std::string help);
    Option& boolean(std::string key, std::string help) { return add(Kind::boolean, std::move(key), std::move(help)); }
    Option& integer(std::string key, std::string help) { return add(Kind::integer, std::move(key), std::move(help)); }
    Option& number(std::string key, std::string help) { return add(Kind::number, std::move(key), std::move(help)); }
    Option& text(std::string key, std::string help) { return add(Kind::text, std::move(key), std::move(help)); }
    Option& integers(std::string key, std::string help) { return add(Kind::integers, std::move(key), std::move(help)); }
    Option& numbers(std::string key, std::string help) { return add(Kind::numbers, std::move(key), std::move(help)); }
    Option& texts(std::string key, std::string help) { return add(Kind::texts, std::move(key), std::move(help)); }
    Option& table(std::string key, std::string help) { return add(Kind::table, std::move(key), std::move(help)); }
    Option& words(std::string key, std::string help) { return add(Kind::words, std::move(key), std::move(help)); }
    /// Nested block; absent means all its defaults (an error if one of its keys is required).
    Option& block(std::string key, std::string help, Options nested);
    /// Nested block whose keys depend on its key `type`.
    Option& variant(std::string key, std::string help, std::vector<std::pair<std::string, Options>> variants);

    [[nodiscard]] const std::vector<Option>& all() const { return options_; }
    [[nodiscard]] const Option* find(const std::string& key) const;
    [[nodiscard]] std::vector<std::string> keys() const;

private:
    std::vector<Option> options_;
};

}  // namespace alkali::config
