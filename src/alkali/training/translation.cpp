#include "alkali/training/translation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/nearest.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/config/number.hpp"

namespace alkali::training {

using config::Tree;

namespace {

Tree empty_map() { return {Tree::Type::map, {}, false, 0, {}, {}}; }

std::string joined(const std::vector<std::string>& texts) {
    std::string list;
    for (const auto& each : texts) list += (list.empty() ? "" : ", ") + each;
    return list;
}

}  // namespace

std::optional<double> number_of(const Tree* tree) { return tree == nullptr ? std::nullopt : config::number_of(*tree); }

bool is_null(const Tree* tree) { return tree == nullptr || tree->type == Tree::Type::null; }
bool says(const Tree* tree, std::string_view word) { return tree != nullptr && tree->type == Tree::Type::scalar && tree->scalar == word; }

bool is_neutral(const Tree& tree) {
    switch (tree.type) {
        case Tree::Type::null: return true;
        case Tree::Type::list: return tree.items.empty();
        case Tree::Type::map: return tree.entries.empty();
        case Tree::Type::scalar:
            return tree.scalar.empty() || config::boolean_of(tree) == std::optional(false) || number_of(&tree) == std::optional<double>(0);
    }
    return false;
}

std::string shown(const Tree& tree) { return tree.type == Tree::Type::scalar ? tree.scalar : std::string("given"); }
Tree text_value(std::string text) { return {Tree::Type::scalar, std::move(text), true, 0, {}, {}}; }
Tree plain_value(std::string text) { return {Tree::Type::scalar, std::move(text), false, 0, {}, {}}; }
Tree number_value(double number) { return plain_value(fmt::format("{}", number)); }

Translation::Translation(std::filesystem::path file) : file_(std::move(file)), out_(empty_map()) {}

const Tree& Translation::block(const Tree& parent, const std::string& key, const std::string& path) const {
    static const Tree none = empty_map();
    const Tree* found = parent.find(key);
    if (is_null(found)) return none;
    if (found->type != Tree::Type::map) throw InputError("'" + path + key + "' must be a block of keys", file_.string());
    return *found;
}

void Translation::fail(const std::string& name, const std::string& wanted, const Tree& given) const {
    const std::string shown = given.type == Tree::Type::scalar ? (given.quoted ? "the text '" : "'") + given.scalar + "'"
                              : given.type == Tree::Type::list ? "a list"
                              : given.type == Tree::Type::map  ? "a block"
                                                               : "nothing";
    throw InputError("'" + name + "' must be " + wanted + ", not " + shown,
                     file_.string() + (given.line > 0 ? ", line " + std::to_string(given.line) : ""),
                     given.quoted ? "write it without quotes" : "");
}

std::optional<double> Translation::number(const Tree& block, const std::string& key, const std::string& path) const {
    const Tree* given = block.find(key);
    if (is_null(given)) return std::nullopt;
    const auto value = number_of(given);
    if (!value) fail(path + key, "a number", *given);
    return value;
}

std::optional<std::int64_t> Translation::whole(const Tree& block, const std::string& key, const std::string& path,
                                               std::int64_t least) const {
    const auto value = number(block, key, path);
    if (!value) return std::nullopt;
    if (*value != std::floor(*value) || *value < static_cast<double>(least) || *value > 0x1p53)
        fail(path + key, "a whole number of at least " + std::to_string(least), *block.find(key));
    return static_cast<std::int64_t>(*value);
}

std::optional<bool> Translation::truth(const Tree& block, const std::string& key, const std::string& path) const {
    const Tree* given = block.find(key);
    if (is_null(given)) return std::nullopt;
    const auto value = config::boolean_of(*given);
    if (!value) fail(path + key, "true or false", *given);
    return value;
}

std::optional<std::string> Translation::word(const Tree& block, const std::string& key, const std::string& path) const {
    const Tree* given = block.find(key);
    if (is_null(given)) return std::nullopt;
    if (given->type != Tree::Type::scalar) fail(path + key, "a word", *given);
    return given->scalar;
}

void Translation::follow(const Tree& tree, const KeyRules& rules, const std::string& path) {
    for (const auto& entry : tree.entries) {
        if (is_comment(entry.key)) continue;
        const auto rule = std::find_if(rules.begin(), rules.end(), [&](const KeyRule& each) { return each.key == entry.key; });
        if (rule == rules.end()) {
            std::vector<std::string> known;
            for (const auto& each : rules) known.emplace_back(each.key);
            const std::string guess = base::did_you_mean(entry.key, known);
            refuse(path + entry.key + (guess.empty() ? "" : " (" + guess + ")"));
        } else if (rule->fate == KeyFate::moved) {
            if (entry.value.type != Tree::Type::null) put(std::string(rule->place), entry.value, path + entry.key);
        } else if (rule->fate == KeyFate::without_effect) {
            idle(path + entry.key);
        } else if (rule->fate == KeyFate::only_neutral && !asks_for_nothing(entry.value)) {
            refuse(path + entry.key);
        }
    }
}

void Translation::put(const std::string& place, Tree tree, const std::string& given) {
    Tree* at = &out_;
    std::size_t begin = 0;
    for (auto dot = place.find('.'); dot != std::string::npos; dot = place.find('.', begin)) {
        const std::string key = place.substr(begin, dot - begin);
        if (at->find(key) == nullptr) at->entries.push_back({key, 0, empty_map()});
        at = at->find(key);
        begin = dot + 1;
    }
    const std::string last = place.substr(begin);
    if (at->find(last) != nullptr) throw InputError("'" + given + "' is given twice, under two names", file_.string(), "keep one of them");
    const int line = tree.line;
    at->entries.push_back({last, line, std::move(tree)});
}

void Translation::put_default(const std::string& place, Tree tree) {
    if (found(place) == nullptr) put(place, std::move(tree), place);
}

void Translation::replace(const std::string& place, Tree tree) {
    Tree* at = &out_;
    std::size_t begin = 0;
    for (auto dot = place.find('.'); at != nullptr; dot = place.find('.', begin)) {
        at = at->find(place.substr(begin, dot == std::string::npos ? dot : dot - begin));
        if (dot == std::string::npos) break;
        begin = dot + 1;
    }
    if (at == nullptr) throw InternalError("nothing was put at " + place);
    *at = std::move(tree);
}

const Tree* Translation::found(const std::string& place) const {
    const Tree* at = &out_;
    std::size_t begin = 0;
    while (at != nullptr) {
        const auto dot = place.find('.', begin);
        at = at->find(place.substr(begin, dot == std::string::npos ? dot : dot - begin));
        if (dot == std::string::npos) return at;
        begin = dot + 1;
    }
    return nullptr;
}

Tree Translation::path_value(const std::string& path) const {
    if (path.starts_with('~')) return text_value(path);
    const auto beside = (file_.parent_path() / path).lexically_normal();
    return text_value(base::matches_anything(beside) ? beside.string() : path);
}

Tree Translation::paths_value(const Tree& given, const std::string& key) const {
    Tree paths{Tree::Type::list, {}, false, given.line, {}, {}};
    for (const Tree& each : given.type == Tree::Type::list ? given.items : std::vector<Tree>{given}) {
        if (each.type != Tree::Type::scalar) throw InputError("'" + key + "' must be a path or a list of paths", file_.string());
        paths.items.push_back(path_value(each.scalar));
    }
    return paths;
}

Tree Translation::finish(const Wording& wording, base::LogSink& log) {
    if (refuses())
        throw InputError("alkali does not have what these keys of " + wording.keys_of + " ask for: " + joined(refused_), file_.string(),
                         "remove them, or train with " + wording.program + " and import the model (alkali import)");
    log.info("config: " + file_.string() + " is read as " + wording.read_as);
    for (const auto& each : notes_) log.info("config: " + each);
    if (!idle_.empty()) log.info("config: without effect here: " + joined(idle_));
    return std::move(out_);
}

}  // namespace alkali::training
