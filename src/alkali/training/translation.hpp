#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::training {

/// A plain number that a value holds; nothing where it is absent or anything else. For values of which only a number is of interest: what
/// a key of the given config says is read by Translation::number, which refuses the rest.
[[nodiscard]] std::optional<double> number_of(const config::Tree* tree);
[[nodiscard]] bool is_null(const config::Tree* tree);
[[nodiscard]] bool says(const config::Tree* tree, std::string_view word);
/// Asks for nothing: null, false, 0, empty.
[[nodiscard]] bool is_neutral(const config::Tree& tree);
/// For messages: the value of a scalar, "given" for the rest.
[[nodiscard]] std::string shown(const config::Tree& tree);
[[nodiscard]] config::Tree text_value(std::string text);
[[nodiscard]] config::Tree plain_value(std::string text);
[[nodiscard]] config::Tree number_value(double number);

/// What becomes of a key of another program's config.
enum class KeyFate {
    moved,  ///< to the given place of alkali's config
    without_effect,
    only_neutral,  ///< accepted as null, false, 0 or empty, where it asks for nothing
    read           ///< by the code of the translation
};
struct KeyRule {
    std::string_view key;
    KeyFate fate;
    std::string_view place = {};
};
using KeyRules = std::vector<KeyRule>;

/// How messages speak of the config of another program.
struct Wording {
    std::string read_as;            ///< "a training config of nequip"
    std::string keys_of = read_as;  ///< the same behind "these keys of"
    std::string program = "that program";
};

/// Turns the config of another program into one of alkali, block by block, and collects what cannot be had.
class Translation {
public:
    explicit Translation(std::filesystem::path file);
    virtual ~Translation() = default;

protected:
    /// A key that is a remark of whoever wrote the config.
    [[nodiscard]] virtual bool is_comment(const std::string&) const { return false; }
    [[nodiscard]] virtual bool asks_for_nothing(const config::Tree& value) const { return is_neutral(value); }

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }
    /// Something that alkali does not have: all of it is named in one error at the end.
    void refuse(const std::string& what) { refused_.push_back(what); }
    [[nodiscard]] bool refuses() const { return !refused_.empty(); }
    /// A key that changes nothing here.
    void idle(const std::string& what) { idle_.push_back(what); }
    /// A difference that a person should know of.
    void note(const std::string& what) { notes_.push_back(what); }

    /// A nested block; an empty one where there is none. InputError where it is no block.
    [[nodiscard]] const config::Tree& block(const config::Tree& parent, const std::string& key, const std::string& path) const;
    /// What a key of a block says; nothing where it is missing or null. InputError naming it where it says anything else: a number in
    /// quotes, a word, a list.
    [[nodiscard]] std::optional<double> number(const config::Tree& block, const std::string& key, const std::string& path) const;
    /// Not below `least`.
    [[nodiscard]] std::optional<std::int64_t> whole(const config::Tree& block, const std::string& key, const std::string& path,
                                                    std::int64_t least) const;
    [[nodiscard]] std::optional<bool> truth(const config::Tree& block, const std::string& key, const std::string& path) const;
    [[nodiscard]] std::optional<std::string> word(const config::Tree& block, const std::string& key, const std::string& path) const;
    [[noreturn]] void fail(const std::string& name, const std::string& wanted, const config::Tree& given) const;
    /// Treats every key of a block but comments by its rule; unknown ones are refused with the nearest known.
    void follow(const config::Tree& tree, const KeyRules& rules, const std::string& path);
    /// Sets a value at a dotted place of alkali's config; `given` names the key it comes from. InputError if it is there already.
    void put(const std::string& place, config::Tree tree, const std::string& given);
    /// Where nothing was put yet.
    void put_default(const std::string& place, config::Tree tree);
    /// Another value for what was put.
    void replace(const std::string& place, config::Tree tree);
    [[nodiscard]] const config::Tree* found(const std::string& place) const;
    /// The path of a file: relative to the config's folder if it is there, else as it is written.
    [[nodiscard]] config::Tree path_value(const std::string& path) const;
    /// A path or a list of paths.
    [[nodiscard]] config::Tree paths_value(const config::Tree& given, const std::string& key) const;

    /// The config. Errors: InputError naming everything refused. Says in the log what is read, what has no effect, what differs.
    [[nodiscard]] config::Tree finish(const Wording& wording, base::LogSink& log);

private:
    std::filesystem::path file_;
    config::Tree out_;
    std::vector<std::string> refused_, idle_, notes_;
};

}  // namespace alkali::training
