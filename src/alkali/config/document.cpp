#include "alkali/config/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <charconv>
#include <limits>
#include <map>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"

namespace alkali::config {
namespace {

using nlohmann::json;

constexpr std::size_t most_values = 20000000;
constexpr std::size_t most_copied_values = 200000;  // writers use aliases for short lists that occur twice
constexpr std::size_t characters_per_value = 16;
constexpr std::size_t most_levels = 100;

/// What a copy takes, in values: long texts count as several.
std::size_t weight_of(const json& value) {
    std::size_t weight = 1;
    if (value.is_string()) weight += value.get_ref<const std::string&>().size() / characters_per_value;
    if (value.is_object())
        for (const auto& [key, each] : value.items()) weight += key.size() / characters_per_value + weight_of(each);
    if (value.is_array())
        for (const auto& each : value) weight += weight_of(each);
    return weight;
}

/// What a plain word of YAML stands for.
json plain_value(const std::string& word) {
    const char* begin = word.data() + (!word.empty() && word[0] == '+' ? 1 : 0);
    const char* end = word.data() + word.size();
    std::int64_t integer = 0;
    if (const auto [stop, failure] = std::from_chars(begin, end, integer); failure == std::errc{} && stop == end) return integer;
    // from_chars would take the words nan and infinity, which are text in YAML.
    if (begin != end && (('0' <= *begin && *begin <= '9') || *begin == '-' || *begin == '.')) {
        double number = 0;
        if (const auto [stop, failure] = std::from_chars(begin, end, number); failure == std::errc{} && stop == end) return number;
    }
    if (word == "true" || word == "True") return true;
    if (word == "false" || word == "False") return false;
    if (word == ".nan" || word == ".NaN") return std::numeric_limits<double>::quiet_NaN();
    if (word == ".inf") return std::numeric_limits<double>::infinity();
    if (word == "-.inf") return -std::numeric_limits<double>::infinity();
    return word;
}

/// Builds the value from yaml-cpp's events; see Tree's builder for why not from its nodes.
class Builder final : public YAML::EventHandler {
public:
    explicit Builder(const std::string& source) : source_(source) {}
    [[nodiscard]] json result() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(nullptr, anchor, mark); }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
        if (!levels_.empty() && levels_.back().wants_key) return key(value, mark);
        if (tag == "!") return leaf(value, anchor, mark);
        const bool null = value.empty() || value == "~" || value == "null" || value == "Null" || value == "NULL";
        leaf(null ? json() : plain_value(value), anchor, mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) fail("an alias stands inside what it stands for", mark);
        count_copy(found->second, mark);
        add(found->second, mark);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(json::array(), anchor, mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
        open(json::object(), anchor, mark);
    }
    void OnMapEnd() override { close(); }

private:
    /// A list or map that is not complete yet.
    struct Level {
        json value;
        YAML::anchor_t anchor = 0;
        YAML::Mark mark;
        std::string key;
        bool wants_key = false;
    };

    [[noreturn]] void fail(const std::string& what, const YAML::Mark& mark) const {
        throw FileError(what, source_ + ", line " + std::to_string(mark.line + 1));
    }
    void count(std::size_t more, const YAML::Mark& mark) {
        values_ += more;
        if (values_ > most_values) fail("more than 20 million values", mark);
    }
    void count_copy(const json& value, const YAML::Mark& mark) {
        copied_ += weight_of(value);
        if (copied_ > most_copied_values) fail("anchors and aliases stand for too many values", mark);
    }
    /// Keeps a copy for aliases. Anchors inside anchors would copy the same values once for each level.
    void remember(const json& value, YAML::anchor_t anchor, const YAML::Mark& mark) {
        if (anchor == 0) return;
        count_copy(value, mark);
        anchors_[anchor] = value;
    }
    void key(const std::string& name, const YAML::Mark& mark) {
        Level& level = levels_.back();
        if (level.value.contains(name)) fail("the key '" + name + "' is given twice", mark);
        level.key = name;
        level.wants_key = false;
    }
    void leaf(json value, YAML::anchor_t anchor, const YAML::Mark& mark) {
        count(1, mark);
        remember(value, anchor, mark);
        add(std::move(value), mark);
    }
    void open(json value, YAML::anchor_t anchor, const YAML::Mark& mark) {
        count(1, mark);
        if (levels_.size() >= most_levels) fail("more than " + std::to_string(most_levels) + " levels", mark);
        const bool map = value.is_object();
        levels_.push_back({std::move(value), anchor, mark, {}, map});
    }
    void close() {
        Level done = std::move(levels_.back());
        levels_.pop_back();
        remember(done.value, done.anchor, done.mark);
        add(std::move(done.value), done.mark);
    }
    void add(json value, const YAML::Mark& mark) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return;
        }
        Level& level = levels_.back();
        if (level.value.is_array()) {
            level.value.push_back(std::move(value));
        } else if (level.wants_key) {
            fail("a key must be a plain word", mark);
        } else {
            level.value[level.key] = std::move(value);
            level.wants_key = true;
        }
    }

    const std::string& source_;
    std::size_t values_ = 0, copied_ = 0;
    json root_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, json> anchors_;
};

}  // namespace

json parse_document(const std::string& text, const std::string& source) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first != std::string::npos && text[first] == '{') return parse_json(text, source, {most_levels, most_values});
    Builder builder(source);
    try {
        std::istringstream stream(text);
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) return {};
        json document = builder.result();
        if (parser.HandleNextDocument(builder)) throw FileError("holds several YAML documents", source);
        return document;
    } catch (const YAML::Exception& error) {
        throw FileError("is not YAML: " + error.msg,
                        source + (error.mark.line >= 0 ? ", line " + std::to_string(error.mark.line + 1) : ""));
    }
}

}  // namespace alkali::config
