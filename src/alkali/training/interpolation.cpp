#include "alkali/training/interpolation.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <vector>

#include "alkali/base/error.hpp"

namespace alkali::training {
namespace {

using config::Tree;
using Path = std::vector<std::string>;

constexpr int most_levels = 40;  // of interpolations within what they stand for
constexpr std::size_t most_values = 1000000;
constexpr std::size_t characters_per_value = 16;

/// Where the brace that is open before `begin` closes; npos if nowhere.
std::size_t closing(const std::string& text, std::size_t begin) {
    int open = 1;
    for (std::size_t k = begin; k < text.size(); ++k) {
        if (text[k] == '{') ++open;
        if (text[k] == '}' && --open == 0) return k;
    }
    return std::string::npos;
}

/// Arguments of a resolver, at commas outside of braces, without blanks around.
std::vector<std::string> arguments_of(const std::string& text) {
    std::vector<std::string> arguments(1);
    int open = 0;
    for (const char c : text) {
        open += (c == '{' ? 1 : 0) - (c == '}' ? 1 : 0);
        if (c == ',' && open == 0)
            arguments.emplace_back();
        else
            arguments.back() += c;
    }
    for (auto& each : arguments) {
        const auto first = each.find_first_not_of(' '), last = each.find_last_not_of(' ');
        each = first == std::string::npos ? "" : each.substr(first, last - first + 1);
    }
    return arguments;
}

/// "a.b[0].c" as a, b, 0, c.
Path keys_of(const std::string& reference) {
    Path keys(1);
    for (const char c : reference) {
        if (c == '.' || c == '[')
            keys.emplace_back();
        else if (c != ']')
            keys.back() += c;
    }
    return keys;
}

std::optional<std::int64_t> integer(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

class Interpolation {
public:
    Interpolation(const Tree& root, const std::string& source) : root_(root), source_(source) {}

    Tree resolve(const Tree& tree, const Path& path, int level) {
        count(1 + tree.scalar.size() / characters_per_value, tree);
        if (level > most_levels) fail("interpolations go round in a circle", tree);
        if (tree.type == Tree::Type::scalar && tree.scalar.find("${") != std::string::npos) return expand(tree, path, level);
        Tree result{tree.type, tree.scalar, tree.quoted, tree.line, {}, {}};
        for (std::size_t k = 0; k < tree.items.size(); ++k)
            result.items.push_back(resolve(tree.items[k], below(path, std::to_string(k)), level));
        for (const auto& entry : tree.entries)
            result.entries.push_back({entry.key, entry.line, resolve(entry.value, below(path, entry.key), level)});
        return result;
    }

private:
    [[noreturn]] void fail(const std::string& what, const Tree& at) const {
        throw InputError(what, source_ + (at.line > 0 ? ", line " + std::to_string(at.line) : ""));
    }

    /// Long texts count as several values: each that refers to one holds a copy of it.
    void count(std::size_t more, const Tree& at) {
        values_ += more;
        if (values_ > most_values) fail("more than a million values", at);
    }

    static Path below(Path path, const std::string& key) {
        path.push_back(key);
        return path;
    }

    Tree expand(const Tree& at, const Path& path, int level) {
        const std::string& text = at.scalar;
        if (text.starts_with("${") && closing(text, 2) == text.size() - 1) {
            Tree value = stands_for(text.substr(2, text.size() - 3), at, path, level + 1);
            value.line = at.line;
            return value;
        }
        std::string whole;
        std::size_t k = 0;
        while (k < text.size()) {
            const auto begin = text.find("${", k);
            whole += text.substr(k, begin == std::string::npos ? begin : begin - k);
            if (begin == std::string::npos) break;
            const auto end = closing(text, begin + 2);
            if (end == std::string::npos) fail("'" + text + "' has an open brace", at);
            const Tree part = stands_for(text.substr(begin + 2, end - begin - 2), at, path, level + 1);
            if (part.type == Tree::Type::list || part.type == Tree::Type::map) fail("'" + text + "' puts a block into a text", at);
            count(part.scalar.size() / characters_per_value, at);
            whole += part.scalar;
            k = end + 1;
        }
        return {Tree::Type::scalar, whole, true, at.line, {}, {}};
    }

    /// What stands between ${ and }.
    Tree stands_for(const std::string& inner, const Tree& at, const Path& path, int level) {
        if (level > most_levels) fail("interpolations go round in a circle", at);
        if (const auto colon = inner.find(':'); colon != std::string::npos && inner.find_first_of("${") > colon)
            return call(inner.substr(0, colon), inner.substr(colon + 1), at, path, level);
        const std::string reference = text_of(inner, at, path, level);
        if (auto found = look_up(reference, path, level)) return *found;
        fail("'${" + inner + "}' stands for a key that is not there", at);
    }

    /// A text whose own interpolations are replaced.
    std::string text_of(const std::string& text, const Tree& at, const Path& path, int level) {
        if (text.find("${") == std::string::npos) return text;
        return expand({Tree::Type::scalar, text, false, at.line, {}, {}}, path, level).scalar;
    }

    std::optional<Tree> look_up(const std::string& reference, const Path& path, int level) {
        const auto dots = reference.find_first_not_of('.');
        if (dots == std::string::npos) return std::nullopt;
        Path full;
        if (dots > 0) {
            if (dots > path.size()) return std::nullopt;
            full.assign(path.begin(), path.end() - static_cast<std::ptrdiff_t>(dots));
        }
        for (const auto& key : keys_of(reference.substr(dots)))
            if (!key.empty()) full.push_back(key);
        const Tree* node = &root_;
        for (const auto& key : full) {
            if (node->type == Tree::Type::list) {
                const auto index = integer(key);
                const auto size = static_cast<std::int64_t>(node->items.size());
                if (!index || *index >= size || *index < -size) return std::nullopt;
                node = &node->items[static_cast<std::size_t>(*index < 0 ? *index + size : *index)];
            } else {
                // The way may lead through another interpolation.
                if (node->type == Tree::Type::scalar && node->scalar.find("${") != std::string::npos) return through(full, level);
                node = node->find(key);
                if (node == nullptr) return std::nullopt;
            }
        }
        return resolve(*node, full, level + 1);
    }

    /// A path with an interpolation on its way: each part is resolved before the next is looked for.
    std::optional<Tree> through(const Path& full, int level) {
        Tree node;
        const Tree* raw = &root_;
        bool resolved = false;
        Path walked;
        for (const auto& key : full) {
            const Tree* from = resolved ? &node : raw;
            const Tree* next = nullptr;
            if (from->type == Tree::Type::list) {
                const auto index = integer(key);
                if (!index || *index < 0 || *index >= static_cast<std::int64_t>(from->items.size())) return std::nullopt;
                next = &from->items[static_cast<std::size_t>(*index)];
            } else {
                next = from->find(key);
            }
            if (next == nullptr) return std::nullopt;
            walked.push_back(key);
            if (resolved) {
                Tree copy = *next;
                node = std::move(copy);
            } else if (next->type == Tree::Type::scalar && next->scalar.find("${") != std::string::npos) {
                node = resolve(*next, walked, level + 1);
                resolved = true;
            } else {
                raw = next;
            }
        }
        return resolved ? node : resolve(*raw, full, level + 1);
    }

    Tree call(const std::string& name, const std::string& given, const Tree& at, const Path& path, int level) {
        const auto arguments = arguments_of(given);
        if (name == "int_mul" || name == "int_div") {
            if (arguments.size() != 2) fail("'${" + name + ":" + given + "}' needs two numbers", at);
            const auto a = integer(text_of(arguments[0], at, path, level)), b = integer(text_of(arguments[1], at, path, level));
            constexpr std::int64_t bound = 1000000000;
            if (!a || !b || std::abs(*a) > bound || std::abs(*b) > bound || (name == "int_div" && (*b == 0 || *a % *b != 0)))
                fail("'${" + name + ":" + given + "}' is no whole number", at);
            return {Tree::Type::scalar, std::to_string(name == "int_mul" ? *a * *b : *a / *b), false, at.line, {}, {}};
        }
        if (name == "oc.select")
            if (auto found = look_up(text_of(arguments[0], at, path, level), {}, level)) return *found;
        if (name == "oc.select" || name == "oc.env") {
            if (arguments.size() < 2) fail("'${" + name + ":" + given + "}' has no value here: write it down", at);
            return {Tree::Type::scalar, text_of(arguments[1], at, path, level), false, at.line, {}, {}};
        }
        return {Tree::Type::scalar, "${" + name + ":" + text_of(given, at, path, level) + "}", true, at.line, {}, {}};
    }

    const Tree& root_;
    const std::string& source_;
    std::size_t values_ = 0;
};

}  // namespace

Tree interpolated(const Tree& document, const std::string& source) { return Interpolation(document, source).resolve(document, {}, 0); }

std::string resolver_argument(const Tree* tree, const std::string& resolver) {
    const std::string begin = "${" + resolver + ":";
    if (tree == nullptr || tree->type != Tree::Type::scalar || !tree->scalar.starts_with(begin) || !tree->scalar.ends_with("}")) return {};
    return tree->scalar.substr(begin.size(), tree->scalar.size() - begin.size() - 1);
}

}  // namespace alkali::training
