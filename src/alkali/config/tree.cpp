#include "alkali/config/tree.hpp"

#include <yaml-cpp/yaml.h>

#include <unordered_set>

#include "alkali/base/error.hpp"

namespace alkali::config {
namespace {

constexpr std::size_t most_values = 1000000;
constexpr int most_levels = 100;

class Reader {
public:
    explicit Reader(const std::string& source) : source_(source) {}

    Tree read(const YAML::Node& node, int level) {
        if (level > most_levels) fail("more than " + std::to_string(most_levels) + " levels", node.Mark());
        if (++values_ > most_values) fail("more than a million values", node.Mark());
        Tree tree;
        tree.line = node.Mark().line + 1;
        if (node.IsScalar()) {
            tree.type = Tree::Type::scalar;
            tree.scalar = node.Scalar();
            tree.quoted = node.Tag() == "!";
        } else if (node.IsSequence()) {
            tree.type = Tree::Type::list;
            for (const auto& item : node) tree.items.push_back(read(item, level + 1));
        } else if (node.IsMap()) {
            tree.type = Tree::Type::map;
            read_map(tree, node, level);
        }
        return tree;
    }

    [[noreturn]] void fail(const std::string& what, const YAML::Mark& mark) const {
        throw InputError(what, source_ + (mark.line >= 0 ? ", line " + std::to_string(mark.line + 1) : ""));
    }

private:
    void read_map(Tree& tree, const YAML::Node& node, int level) {
        std::unordered_set<std::string> seen;
        for (const auto& pair : node) {
            const YAML::Node& key = pair.first;
            if (!key.IsScalar()) fail("a key must be a plain word", key.Mark());
            if (!seen.insert(key.Scalar()).second) fail("the key '" + key.Scalar() + "' is given twice", key.Mark());
            Tree child = read(pair.second, level + 1);
            tree.entries.push_back({key.Scalar(), key.Mark().line + 1, std::move(child)});
        }
    }

    const std::string& source_;
    std::size_t values_ = 0;
};

}  // namespace

const Tree* Tree::find(const std::string& key) const {
    for (const auto& entry : entries)
        if (entry.key == key) return &entry.value;
    return nullptr;
}

Tree* Tree::find(const std::string& key) {
    return const_cast<Tree*>(static_cast<const Tree*>(this)->find(key));
}

Tree parse_tree(const std::string& text, const std::string& source) {
    Reader reader(source);
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.empty()) return {};
        if (documents.size() > 1) throw InputError("holds several YAML documents", source, "keep one");
        return reader.read(documents[0], 0);
    } catch (const YAML::Exception& error) {
        const std::string line = error.mark.line >= 0 ? ", line " + std::to_string(error.mark.line + 1) : "";
        throw InputError("is not YAML: " + error.msg, source + line, "check indentation, colons and brackets");
    }
}

}  // namespace alkali::config
