#include "alkali/config/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/config/aliases.hpp"
#include "alkali/config/json.hpp"
#include "alkali/config/number.hpp"

namespace alkali::config {
namespace {

std::string name_of(Kind kind) {
    switch (kind) {
        case Kind::boolean: return "true or false";
        case Kind::integer: return "an integer";
        case Kind::number: return "a number";
        case Kind::text: return "a word";
        case Kind::integers: return "a list of integers";
        case Kind::numbers: return "a list of numbers";
        case Kind::texts: return "a list of words";
        case Kind::table: return "a table {name: number}";
        case Kind::words: return "a table {name: word}";
        case Kind::block: return "a block of keys";
        case Kind::variant: return "a block with a type";
    }
    return {};
}

std::string shown(const Tree& tree) {
    switch (tree.type) {
        case Tree::Type::null: return "nothing";
        case Tree::Type::scalar: return "'" + tree.scalar + "'";
        case Tree::Type::list: return "a list";
        case Tree::Type::map: return "a block";
    }
    return {};
}

std::optional<std::int64_t> as_integer(const Tree& tree) {
    const auto value = number_of(tree);
    if (!value) return std::nullopt;
    std::int64_t integer = 0;  // read as such, so that large seeds keep their last digits
    const char* end = tree.scalar.data() + tree.scalar.size();
    const auto [stop, failure] = std::from_chars(tree.scalar.data(), end, integer);
    if (failure == std::errc{} && stop == end) return integer;
    if (*value != std::floor(*value) || std::abs(*value) > 0x1.0p53) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

class Checker {
public:
    Checker(const std::string& source, Config& config) : source_(source), config_(config) {}

    nlohmann::json block(const Tree& tree, const Options& options, const std::string& path, bool has_type = false) {
        if (tree.type != Tree::Type::map && tree.type != Tree::Type::null)
            fail("'" + trimmed(path) + "' must be a block of keys, not " + shown(tree), tree.line);
        auto known = options.keys();
        if (has_type) known.push_back("type");
        for (const auto& entry : tree.entries) {
            if (std::find(known.begin(), known.end(), entry.key) == known.end()) unknown_key(entry, known, path);
            config_.lines[path + entry.key] = entry.line;
        }
        nlohmann::json values = nlohmann::json::object();
        for (const auto& option : options.all()) values[option.data.key] = value_or_default(tree, option.data, path);
        return values;
    }

private:
    static std::string trimmed(const std::string& path) { return path.empty() ? "the config" : path.substr(0, path.size() - 1); }

    [[noreturn]] void fail(const std::string& what, int line, const std::string& hint = {}) const {
        throw InputError(what, source_ + (line > 0 ? ", line " + std::to_string(line) : ""), hint);
    }

    [[noreturn]] void unknown_key(const Tree::Entry& entry, const std::vector<std::string>& known, const std::string& path) const {
        std::string hint = base::did_you_mean(entry.key, known);
        if (hint.empty()) {
            for (const auto& key : known) hint += (hint.empty() ? "known keys here: " : ", ") + key;
        }
        fail("unknown key '" + path + entry.key + "'", entry.line, hint);
    }

    nlohmann::json value_or_default(const Tree& tree, const Description& description, const std::string& path) {
        const Tree* given = tree.find(description.key);
        const bool absent = given == nullptr || given->type == Tree::Type::null;
        if (absent && description.required) fail("the key '" + path + description.key + "' is missing", tree.line, description.help);
        if (!absent) return value(*given, description, path + description.key);
        if (description.block && description.fallback.is_null())
            return block(Tree{Tree::Type::null, {}, false, tree.line, {}, {}}, *description.block, path + description.key + ".");
        if (!description.variants.empty() && description.fallback.is_string())
            return value(Tree{Tree::Type::scalar, description.fallback.get<std::string>(), true, tree.line, {}, {}}, description,
                         path + description.key);
        return description.fallback;
    }

    nlohmann::json value(const Tree& tree, const Description& description, const std::string& path) {
        auto kinds = description.kinds;  // every scalar is a text too: that kind comes last
        std::stable_partition(kinds.begin(), kinds.end(), [](Kind kind) { return kind != Kind::text; });
        for (const Kind kind : kinds) {
            nlohmann::json result = as(kind, tree, description, path);
            if (!result.is_null()) return result;
        }
        std::string wanted;
        for (const Kind kind : description.kinds) wanted += (wanted.empty() ? "" : " or ") + name_of(kind);
        fail("'" + path + "' must be " + wanted + ", not " + shown(tree), tree.line, description.help);
    }

    /// The value read as this kind, or null when it is of another.
    nlohmann::json as(Kind kind, const Tree& tree, const Description& description, const std::string& path) {
        switch (kind) {
            case Kind::boolean:
                if (const auto value = boolean_of(tree)) return *value;
                return nullptr;
            case Kind::integer:
                if (const auto value = as_integer(tree)) return in_range(*value, tree, description, path);
                return nullptr;
            case Kind::number:
                if (const auto value = number_of(tree)) return in_range(*value, tree, description, path);
                return nullptr;
            case Kind::text: return tree.type == Tree::Type::scalar ? word(tree, description, path) : nlohmann::json();
            case Kind::integers: return list(Kind::integer, tree, description, path);
            case Kind::numbers: return list(Kind::number, tree, description, path);
            case Kind::texts: return list(Kind::text, tree, description, path);
            case Kind::table: return table(Kind::number, tree, description, path);
            case Kind::words: return table(Kind::text, tree, description, path);
            case Kind::block: return tree.type == Tree::Type::map ? block(tree, *description.block, path + ".") : nlohmann::json();
            case Kind::variant: return variant(tree, description, path);
        }
        return nullptr;
    }

    template <class Number>
    nlohmann::json in_range(Number value, const Tree& tree, const Description& description, const std::string& path) const {
        const auto x = static_cast<double>(value);
        const std::string unit = description.unit.empty() ? "" : " " + description.unit;
        const auto text = [](double bound) { return json_text(bound); };
        if (description.low && (x < *description.low || (description.low_open && x == *description.low)))
            fail("'" + path + "' is " + tree.scalar + ", but must be " + (description.low_open ? "above " : "at least ") +
                     text(*description.low) + unit,
                 tree.line);
        if (description.high && x > *description.high)
            fail("'" + path + "' is " + tree.scalar + ", but must be at most " + text(*description.high) + unit, tree.line);
        return value;
    }

    nlohmann::json word(const Tree& tree, const Description& description, const std::string& path) const {
        if (description.choices.empty()) return tree.scalar;
        if (std::find(description.choices.begin(), description.choices.end(), tree.scalar) != description.choices.end()) return tree.scalar;
        unknown_word(tree, description.choices, path);
    }

    [[noreturn]] void unknown_word(const Tree& tree, const std::vector<std::string>& known, const std::string& path) const {
        std::string list;
        for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
        const std::string guess = base::did_you_mean(tree.scalar, known);
        fail("unknown value '" + tree.scalar + "' of '" + path + "'", tree.line, (guess.empty() ? "" : guess + " ") + "possible: " + list);
    }

    nlohmann::json list(Kind element, const Tree& tree, const Description& description, const std::string& path) {
        if (tree.type != Tree::Type::list) return nullptr;
        nlohmann::json values = nlohmann::json::array();
        for (std::size_t i = 0; i < tree.items.size(); ++i) {
            nlohmann::json value = as(element, tree.items[i], description, path + "[" + std::to_string(i) + "]");
            if (value.is_null())
                fail("'" + path + "[" + std::to_string(i) + "]' must be " + name_of(element) + ", not " + shown(tree.items[i]),
                     tree.items[i].line);
            values.push_back(std::move(value));
        }
        return values;
    }

    nlohmann::json table(Kind element, const Tree& tree, const Description& description, const std::string& path) {
        if (tree.type != Tree::Type::map) return nullptr;
        nlohmann::json values = nlohmann::json::object();
        for (const auto& entry : tree.entries) {
            nlohmann::json value = as(element, entry.value, description, path + "." + entry.key);
            if (value.is_null())
                fail("'" + path + "." + entry.key + "' must be " + name_of(element) + ", not " + shown(entry.value), entry.line);
            values[entry.key] = std::move(value);
        }
        return values;
    }

    nlohmann::json variant(const Tree& tree, const Description& description, const std::string& path) {
        if (tree.type != Tree::Type::map && tree.type != Tree::Type::scalar) return nullptr;
        std::vector<std::string> names;
        for (const auto& [name, options] : description.variants) names.push_back(name);
        const Tree* type = tree.type == Tree::Type::map ? tree.find("type") : &tree;
        if (type == nullptr || type->type != Tree::Type::scalar) {
            std::string list;
            for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
            fail("the key '" + path + ".type' is missing", tree.line, "possible: " + list);
        }
        const Options* options = variant_options(description, tree);
        if (options == nullptr) unknown_word(*type, names, path + (tree.type == Tree::Type::map ? ".type" : ""));
        const Tree empty{Tree::Type::null, {}, false, tree.line, {}, {}};
        nlohmann::json values = block(tree.type == Tree::Type::map ? tree : empty, *options, path + ".", true);
        values["type"] = type->scalar;
        return values;
    }

    const std::string& source_;
    Config& config_;
};

}  // namespace

std::string Config::where(const std::string& path) const {
    const auto line = lines.find(path);
    const std::string place = line == lines.end() || line->second == 0 ? source : source + ", line " + std::to_string(line->second);
    return place + " (" + path + ")";
}

Config check(Tree document, const Options& options, const std::string& source, base::LogSink& log) {
    Config config;
    config.source = source;
    if (document.type != Tree::Type::map) throw InputError("holds no keys", source, "a config is a YAML file of 'key: value' lines");
    resolve_aliases(document, options, source, log);
    config.values = Checker(config.source, config).block(document, options, {});
    return config;
}

Config parse(const std::string& text, const Options& options, const std::string& source, base::LogSink& log) {
    return check(parse_tree(text, source), options, source, log);
}

Config load(const std::filesystem::path& path, const Options& options, base::LogSink& log) {
    return parse(base::read_file(path), options, path.string(), log);
}

nlohmann::json check_json(const nlohmann::json& values, const Options& options, const std::string& source, base::LogSink& log) {
    return check(tree_from(values), options, source, log).values;
}

}  // namespace alkali::config
