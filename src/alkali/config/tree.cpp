#include "alkali/config/tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <unordered_set>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"

namespace alkali::config {
namespace {

constexpr std::size_t most_values = 1000000;
constexpr std::size_t most_levels = 100;
constexpr std::size_t characters_per_value = 16;

/// What a copy takes, in values: long texts count as several.
std::size_t weight_of(const std::string& text) { return text.size() / characters_per_value; }
std::size_t weight_of(const Tree& tree) {
    std::size_t weight = 1 + weight_of(tree.scalar);
    for (const auto& item : tree.items) weight += weight_of(item);
    for (const auto& entry : tree.entries) weight += weight_of(entry.key) + weight_of(entry.value);
    return weight;
}

/// Builds a Tree from yaml-cpp's events. Its own nodes are not used: they share aliased parts (a small file can then
/// stand for billions of values), and its reader of several documents does not end on some malformed input.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(const std::string& source) : source_(source) {}
    [[nodiscard]] Tree result() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        leaf({Tree::Type::null, {}, false, mark.line + 1, {}, {}}, anchor, mark);
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        // What YAML calls null keeps its spelling, so that `null: 1` is a key like any other.
        const bool quoted = tag == "!",
                   null = !quoted && (value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL");
        refuse_other_encodings(value, mark.line + 1);
        leaf({null ? Tree::Type::null : Tree::Type::scalar, value, quoted, mark.line + 1, {}, {}}, anchor, mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail("an alias stands inside what it stands for", mark.line + 1);
        count(weight_of(found->second), mark.line + 1);
        Tree copy = found->second;
        copy.line = mark.line + 1;
        add(std::move(copy));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(Tree::Type::list, anchor, mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(Tree::Type::map, anchor, mark);
    }
    void OnMapEnd() override { close(); }

private:
    /// A list or map that is not complete yet.
    struct Level {
        Tree tree;
        YAML::anchor_t anchor = 0;
        bool wants_key = false;  ///< of a map: a key comes next, not its value
        std::unordered_set<std::string> keys;
    };

    [[noreturn]] void fail(const std::string& what, int line) const { throw InputError(what, source_ + ", line " + std::to_string(line)); }

    /// yaml-cpp passes bytes of other encodings through (and makes some of its own from the escape \_), but neither JSON
    /// nor a model's metadata can hold them.
    void refuse_other_encodings(const std::string& text, int line) const {
        if (!is_utf8(text)) fail("is not UTF-8 text", line);
    }

    void count(std::size_t more, int line) {
        values_ += more;
        if (values_ > most_values) fail("more than a million values", line);
    }

    /// Keeps a copy for aliases. Anchors inside anchors would copy the same values once for each level.
    void remember(const Tree& tree, YAML::anchor_t anchor) {
        if (anchor == 0) return;
        count(weight_of(tree), tree.line);
        anchors_[anchor] = tree;
    }

    void leaf(Tree tree, YAML::anchor_t anchor, const YAML::Mark& mark) {
        count(1, mark.line + 1);
        remember(tree, anchor);
        add(std::move(tree));
    }

    void open(Tree::Type type, YAML::anchor_t anchor, const YAML::Mark& mark) {
        count(1, mark.line + 1);
        if (levels_.size() >= most_levels) fail("more than " + std::to_string(most_levels) + " levels", mark.line + 1);
        Level level;
        level.tree.type = type;
        level.tree.line = mark.line + 1;
        level.anchor = anchor;
        level.wants_key = type == Tree::Type::map;
        levels_.push_back(std::move(level));
    }

    void close() {
        Level done = std::move(levels_.back());
        levels_.pop_back();
        remember(done.tree, done.anchor);
        add(std::move(done.tree));
    }

    void add(Tree tree) {
        if (levels_.empty()) {
            root_ = std::move(tree);
            return;
        }
        Level& level = levels_.back();
        if (level.tree.type == Tree::Type::list) {
            level.tree.items.push_back(std::move(tree));
        } else if (level.wants_key) {
            if (tree.type == Tree::Type::list || tree.type == Tree::Type::map) fail("a key must be a plain word", tree.line);
            if (!level.keys.insert(tree.scalar).second) fail("the key '" + tree.scalar + "' is given twice", tree.line);
            level.tree.entries.push_back({tree.scalar, tree.line, {}});
            level.wants_key = false;
        } else {
            level.tree.entries.back().value = std::move(tree);
            level.wants_key = true;
        }
    }

    const std::string& source_;
    std::size_t values_ = 0;
    Tree root_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, Tree> anchors_;
};

}  // namespace

const Tree* Tree::find(const std::string& key) const {
    for (const auto& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

Tree* Tree::find(const std::string& key) { return const_cast<Tree*>(static_cast<const Tree*>(this)->find(key)); }

Tree parse_tree(const std::string& text, const std::string& source) {
    Builder builder(source);
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        if (parser.HandleNextDocument(builder)) {
            Tree first = builder.result();
            if (parser.HandleNextDocument(builder)) throw InputError("holds several YAML documents", source, "keep one");
            return first;
        }
        return {};
    } catch (const YAML::Exception& error) {
        const std::string line = error.mark.line >= 0 ? ", line " + std::to_string(error.mark.line + 1) : "";
        throw InputError("is not YAML: " + error.msg, source + line,
                         "check indentation, colons and brackets; put texts with * { } [ ] in quotes (\"*.extxyz\")");
    }
}

Tree tree_from(const nlohmann::json& json) {
    Tree tree;
    if (json.is_object()) {
        tree.type = Tree::Type::map;
        for (const auto& [key, value] : json.items()) tree.entries.push_back({key, 0, tree_from(value)});
    } else if (json.is_array()) {
        tree.type = Tree::Type::list;
        for (const auto& value : json) tree.items.push_back(tree_from(value));
    } else if (!json.is_null()) {
        tree.type = Tree::Type::scalar;
        tree.quoted = json.is_string();
        tree.scalar = json.is_string() ? json.get<std::string>() : json_text(json);
    }
    return tree;
}

Tree parse_json_tree(const std::string& text, const std::string& source) {
    try {
        return tree_from(parse_json(text, source, {most_levels, most_values}));
    } catch (const FileError& error) {
        throw InputError(error.fault(), source, "check commas, quotes and brackets");
    }
}

std::optional<bool> boolean_of(const Tree& tree) {
    if (tree.type != Tree::Type::scalar || tree.quoted) return std::nullopt;
    for (const char* word : {"true", "True", "TRUE", "yes", "Yes", "on", "On"})
        if (tree.scalar == word) return true;
    for (const char* word : {"false", "False", "FALSE", "no", "No", "off", "Off"})
        if (tree.scalar == word) return false;
    return std::nullopt;
}

}  // namespace alkali::config
