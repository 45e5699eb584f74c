#include "alkali/config/write.hpp"

#include <algorithm>
#include <set>

#include "alkali/config/json.hpp"

namespace alkali::config {
namespace {

/// JSON texts, numbers and lists are YAML too; only tables need their own form to stay readable.
std::string flow(const nlohmann::json& value) {
    if (value.is_object()) {
        std::string text;
        for (const auto& [key, item] : value.items()) text += (text.empty() ? "" : ", ") + json_text(key) + ": " + flow(item);
        return "{" + text + "}";
    }
    if (value.is_array()) {
        std::string text;
        for (const auto& item : value) text += (text.empty() ? "" : ", ") + flow(item);
        return "[" + text + "]";
    }
    return json_text(value);
}

const Options* nested_options(const Description& description, const nlohmann::json& value) {
    if (description.block) return description.block.get();
    if (!value.is_object() || !value.contains("type")) return nullptr;
    for (const auto& [name, options] : description.variants)
        if (value["type"] == name) return options.get();
    return nullptr;
}

void write_block(std::string& out, const nlohmann::json& values, const Options& options, const std::string& indent) {
    for (const auto& option : options.all()) {
        const auto found = values.find(option.data.key);
        if (found == values.end() || found->is_null()) continue;
        const Options* nested = nested_options(option.data, *found);
        if (nested == nullptr || !found->is_object()) {
            out += indent + option.data.key + ": " + flow(*found) + "\n";
            continue;
        }
        std::string inner;
        if (!option.data.variants.empty()) inner += indent + "  type: " + flow((*found)["type"]) + "\n";
        write_block(inner, *found, *nested, indent + "  ");
        out += indent + option.data.key + (inner.empty() ? ": {}\n" : ":\n" + inner);
    }
}

std::string kind_word(Kind kind) {
    switch (kind) {
        case Kind::boolean: return "true/false";
        case Kind::integer: return "integer";
        case Kind::number: return "number";
        case Kind::text: return "word";
        case Kind::integers: return "integers";
        case Kind::numbers: return "numbers";
        case Kind::texts: return "words";
        case Kind::table: return "{name: number}";
        case Kind::words: return "{name: word}";
        case Kind::block: return "block";
        case Kind::variant: return "block with type";
    }
    return {};
}

std::string facts(const Description& d) {
    std::string text;
    for (const Kind kind : d.kinds) {
        const bool choice = kind == Kind::text && !d.choices.empty();
        std::string word = choice ? "" : kind_word(kind);
        if (choice)
            for (const auto& name : d.choices) word += (word.empty() ? "" : "|") + name;
        text += (text.empty() ? "" : " or ") + word;
    }
    if (!d.unit.empty()) text += ", " + d.unit;
    if (d.low) text += std::string(d.low_open ? ", > " : ", >= ") + json_text(*d.low);
    if (d.high) text += ", <= " + json_text(*d.high);
    if (d.required) text += ", required";
    if (!d.fallback.is_null()) text += ", default " + flow(d.fallback);
    return text;
}

void help_block(std::string& out, const Options& options, const std::string& indent) {
    for (const auto& option : options.all()) {
        const Description& d = option.data;
        out += indent + d.key + ": " + d.help;
        if (!d.block) out += " (" + facts(d) + ")";
        if (!d.aliases.empty()) {
            std::string names;
            for (const auto& alias : d.aliases) names += (names.empty() ? "" : ", ") + (alias.starts_with("../") ? alias.substr(3) : alias);
            out += " [also: " + names + "]";
        }
        out += "\n";
        if (d.block) help_block(out, *d.block, indent + "  ");
        for (const auto& [name, nested] : d.variants) {
            out += indent + "  type: " + name + "\n";
            help_block(out, *nested, indent + "    ");
        }
    }
}

nlohmann::json block_schema(const Options& options, const std::string& type);

nlohmann::json bounded(nlohmann::json schema, const Description& d) {
    if (d.low) schema[d.low_open ? "exclusiveMinimum" : "minimum"] = *d.low;
    if (d.high) schema["maximum"] = *d.high;
    return schema;
}

nlohmann::json worded(const Description& d) {
    nlohmann::json schema = {{"type", "string"}};
    if (!d.choices.empty()) schema["enum"] = d.choices;
    return schema;
}

nlohmann::json kind_schema(Kind kind, const Description& d) {
    switch (kind) {
        case Kind::boolean: return {{"type", "boolean"}};
        case Kind::integer: return bounded({{"type", "integer"}}, d);
        case Kind::number: return bounded({{"type", "number"}}, d);
        case Kind::text: return worded(d);
        case Kind::integers: return {{"type", "array"}, {"items", kind_schema(Kind::integer, d)}};
        case Kind::numbers: return {{"type", "array"}, {"items", kind_schema(Kind::number, d)}};
        case Kind::texts: return {{"type", "array"}, {"items", worded(d)}};
        case Kind::table: return {{"type", "object"}, {"additionalProperties", kind_schema(Kind::number, d)}};
        case Kind::words: return {{"type", "object"}, {"additionalProperties", kind_schema(Kind::text, d)}};
        case Kind::block: return block_schema(*d.block, {});
        case Kind::variant: break;
    }
    nlohmann::json any = nlohmann::json::array();
    for (const auto& [name, options] : d.variants) {
        any.push_back(block_schema(*options, name));
        any.push_back({{"const", name}});
    }
    return {{"anyOf", any}};
}

nlohmann::json block_schema(const Options& options, const std::string& type) {
    nlohmann::json properties = nlohmann::json::object(), required = nlohmann::json::array();
    if (!type.empty()) {
        properties["type"] = {{"const", type}};
        required.push_back("type");
    }
    for (const auto& option : options.all()) {
        const Description& d = option.data;
        nlohmann::json schema;
        if (d.kinds.size() == 1) {
            schema = kind_schema(d.kinds[0], d);
        } else {
            schema["anyOf"] = nlohmann::json::array();
            for (const Kind kind : d.kinds) schema["anyOf"].push_back(kind_schema(kind, d));
        }
        schema["description"] = d.help + (d.unit.empty() ? "" : " (" + d.unit + ")");
        if (!d.fallback.is_null()) schema["default"] = d.fallback;
        properties[d.key] = std::move(schema);
        if (d.required) required.push_back(d.key);
    }
    return {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}};
}

void collect(const nlohmann::json& a, const nlohmann::json& b, const std::string& path, std::vector<std::string>& found) {
    if (!a.is_object() || !b.is_object()) {
        if (a != b) found.push_back(path);
        return;
    }
    std::set<std::string> keys;
    for (const auto& [key, value] : a.items()) keys.insert(key);
    for (const auto& [key, value] : b.items()) keys.insert(key);
    for (const auto& key : keys) {
        const std::string inner = path.empty() ? key : path + "." + key;
        collect(a.value(key, nlohmann::json()), b.value(key, nlohmann::json()), inner, found);
    }
}

}  // namespace

std::string to_yaml(const nlohmann::json& values, const Options& options) {
    std::string out;
    write_block(out, values, options, {});
    return out;
}

std::string help_text(const Options& options) {
    std::string out;
    help_block(out, options, "  ");
    return out;
}

nlohmann::json json_schema(const Options& options, const std::string& title) {
    nlohmann::json schema = block_schema(options, {});
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
    schema["title"] = title;
    return schema;
}

std::vector<std::string> differences(const nlohmann::json& a, const nlohmann::json& b) {
    std::vector<std::string> found;
    collect(a, b, {}, found);
    return found;
}

}  // namespace alkali::config
