#include "alkali/config/aliases.hpp"

#include <algorithm>
#include <optional>

#include "alkali/base/error.hpp"

namespace alkali::config {
namespace {

/// Takes the entry at a dotted path out of the tree, with the maps that it leaves empty.
std::optional<Tree::Entry> take(Tree& tree, const std::string& path) {
    const auto dot = path.find('.');
    const std::string head = path.substr(0, dot);
    const auto found = std::find_if(tree.entries.begin(), tree.entries.end(), [&](const Tree::Entry& entry) { return entry.key == head; });
    if (found == tree.entries.end()) return std::nullopt;
    if (dot == std::string::npos) {
        Tree::Entry entry = std::move(*found);
        tree.entries.erase(found);
        return entry;
    }
    auto entry = take(found->value, path.substr(dot + 1));
    if (entry && found->value.entries.empty()) tree.entries.erase(found);
    return entry;
}

class Resolver {
public:
    Resolver(const std::string& source, base::LogSink& log) : source_(source), log_(log) {}

    void block(Tree& tree, const Options& options, const std::string& path) {
        if (tree.type != Tree::Type::map) return;
        for (const auto& option : options.all()) {
            for (const auto& alias : option.data.aliases)
                if (!alias.starts_with("../")) move(tree, alias, tree, option.data.key, path);
            if (option.data.block) from_above(tree, option.data, path);
        }
        for (const auto& option : options.all()) {
            Tree* value = tree.find(option.data.key);
            if (value == nullptr) continue;
            if (option.data.block) block(*value, *option.data.block, path + option.data.key + ".");
            if (const Options* nested = variant_options(option.data, *value)) block(*value, *nested, path + option.data.key + ".");
        }
    }

private:
    /// Aliases of a nested block's keys that live one block up.
    void from_above(Tree& tree, const Description& description, const std::string& path) {
        for (const auto& option : description.block->all())
            for (const auto& alias : option.data.aliases) {
                if (!alias.starts_with("../") || tree.find(alias.substr(3)) == nullptr) continue;
                if (tree.find(description.key) == nullptr)
                    tree.entries.push_back({description.key, tree.line, Tree{Tree::Type::map, {}, false, tree.line, {}, {}}});
                auto entry = take(tree, alias.substr(3));
                put(*tree.find(description.key), std::move(*entry), option.data.key, path + alias.substr(3), path + description.key + ".");
            }
    }

    void move(Tree& from, const std::string& alias, Tree& to, const std::string& key, const std::string& path) {
        if (auto entry = take(from, alias)) put(to, std::move(*entry), key, path + alias, path);
    }

    void put(Tree& to, Tree::Entry entry, const std::string& key, const std::string& given, const std::string& path) {
        const std::string where = source_ + (entry.line > 0 ? ", line " + std::to_string(entry.line) : "");
        if (to.type != Tree::Type::map || to.find(key) != nullptr)
            throw InputError("'" + given + "' is another name of '" + path + key + "', which is given too", where, "keep one of them");
        log_.info("config: '" + given + "' is read as '" + path + key + "'");
        entry.key = key;
        to.entries.push_back(std::move(entry));
    }

    const std::string& source_;
    base::LogSink& log_;
};

}  // namespace

const Options* variant_options(const Description& description, const Tree& value) {
    const Tree* type = value.type == Tree::Type::map ? value.find("type") : &value;
    if (type == nullptr || type->type != Tree::Type::scalar) return nullptr;
    for (const auto& [name, options] : description.variants)
        if (name == type->scalar) return options.get();
    return nullptr;
}

void resolve_aliases(Tree& document, const Options& options, const std::string& source, base::LogSink& log) {
    Resolver(source, log).block(document, options, {});
}

}  // namespace alkali::config
