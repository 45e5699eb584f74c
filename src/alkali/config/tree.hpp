#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace alkali::config {

/// A YAML document as plain data with the line of every key and value (from 1; 0: not from a file).
/// Anchors are expanded; the size is limited so that no small file grows without bound.
struct Tree {
    enum class Type { null, scalar, list, map };
    struct Entry;

    Type type = Type::null;
    std::string scalar;
    bool quoted = false;  ///< a scalar in quotes: always text
    int line = 0;
    std::vector<Tree> items;
    std::vector<Entry> entries;

    [[nodiscard]] Tree* find(const std::string& key);
    [[nodiscard]] const Tree* find(const std::string& key) const;
};

struct Tree::Entry {
    std::string key;
    int line = 0;
    Tree value;
};

/// What a scalar without quotes says in any of YAML's words (true, yes, on, ...); nothing if it is none of them.
[[nodiscard]] std::optional<bool> boolean_of(const Tree& tree);

/// Errors: InputError naming `source` and the line (not YAML, a key twice, a key that is no text, several documents,
/// more than 100 levels or 10^6 values).
[[nodiscard]] Tree parse_tree(const std::string& text, const std::string& source);
/// The same of a JSON text, which need not be YAML (tabs); its values have no lines. Errors as above.
[[nodiscard]] Tree parse_json_tree(const std::string& text, const std::string& source);
[[nodiscard]] Tree tree_from(const nlohmann::json& json);

}  // namespace alkali::config
