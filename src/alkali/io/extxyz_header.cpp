#include "alkali/io/extxyz_header.hpp"

namespace alkali::io {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }

char closing(char open) {
    switch (open) {
        case '"': return '"';
        case '\'': return '\'';
        case '{': return '}';
        case '[': return ']';
        default: return '\0';
    }
}

// Reads one key or value from `at`: up to white space or, in a key, up to '='.
class Scanner {
public:
    explicit Scanner(std::string_view line) : line_(line) {}

    void skip_space() {
        while (at_ < line_.size() && is_space(line_[at_])) ++at_;
    }
    [[nodiscard]] bool done() const { return at_ >= line_.size(); }
    [[nodiscard]] bool take(char c) {
        if (done() || line_[at_] != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] std::string word(bool stop_at_equals) {
        std::string text;
        begin_ = at_;
        while (!done() && !is_space(line_[at_]) && !(stop_at_equals && line_[at_] == '=')) {
            if (line_[at_] == '\\')
                escaped(text);
            else if (closing(line_[at_]) != '\0')
                quoted(text);
            else
                text += line_[at_++];
        }
        return text;
    }
    [[nodiscard]] const std::string& fault() const { return fault_; }

private:
    void escaped(std::string& text) {
        ++at_;
        if (!done()) text += line_[at_++];
    }
    // The content of quotes or brackets; inner pairs of the same bracket are kept as they are.
    void quoted(std::string& text) {
        const std::size_t first = at_;
        const char open = line_[at_++], close = closing(open);
        int depth = 1;
        while (!done()) {
            const char c = line_[at_];
            if (c == '\\') {
                escaped(text);
                continue;
            }
            ++at_;
            if (c == close && --depth == 0) return judge(first);
            if (c == open && open != close) ++depth;
            text += c;
        }
        report("is not closed", first);
    }
    // A quote in the middle of a word, such as an apostrophe, that reaches over further keys was hardly meant as one.
    void judge(std::size_t first) {
        const auto inside = line_.substr(first + 1, at_ - first - 2);
        const bool quote = line_[first] == '"' || line_[first] == '\'';
        if (quote && first > begin_ && inside.find('=') != std::string_view::npos && inside.find(' ') != std::string_view::npos)
            report("takes in the keys up to the next one", first);
    }
    void report(const char* what, std::size_t first) {
        if (fault_.empty())
            fault_ = std::string("the ") + line_[first] + " in " + std::string(line_.substr(begin_, first + 12 - begin_)) + "... " + what;
    }

    std::string_view line_;
    std::size_t at_ = 0, begin_ = 0;
    std::string fault_;
};

bool needs_quotes(std::string_view text) { return text.empty() || text.find_first_of(" \t\n\r\v\f\"'{}[]=,\\") != std::string_view::npos; }

std::string escape(std::string_view text) {
    if (!needs_quotes(text)) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += (c == '\n' || c == '\r') ? ' ' : c;  // a header is one line
    }
    return quoted + '"';
}

}  // namespace

Header read_header(std::string_view line) {
    std::vector<KeyValue> pairs;
    std::vector<std::size_t> words;
    Scanner scanner(line);
    for (scanner.skip_space(); !scanner.done(); scanner.skip_space()) {
        std::string key = scanner.word(true);
        scanner.skip_space();
        std::string value = "T";
        const bool equals = scanner.take('=');
        if (equals) {
            scanner.skip_space();
            value = scanner.word(false);
        }
        if (!key.empty() && !equals) words.push_back(pairs.size());
        if (!key.empty()) pairs.emplace_back(std::move(key), std::move(value));
    }
    const bool remark = line.find('=') == std::string_view::npos;
    return {std::move(pairs), std::move(words), remark ? std::string() : scanner.fault()};
}

std::vector<KeyValue> parse_header(std::string_view line) { return read_header(line).pairs; }

std::string format_pair(std::string_view key, std::string_view value) { return escape(key) + "=" + escape(value); }

std::vector<std::string_view> array_words(std::string_view value) {
    std::vector<std::string_view> words;
    if (value.starts_with("_JSON ")) value.remove_prefix(6);
    static constexpr std::string_view separators = " \t,[]{}\r\n";
    std::size_t at = 0;
    while ((at = value.find_first_not_of(separators, at)) != std::string_view::npos) {
        const auto end = value.find_first_of(separators, at);
        words.push_back(value.substr(at, end == std::string_view::npos ? end : end - at));
        if (end == std::string_view::npos) break;
        at = end;
    }
    return words;
}

}  // namespace alkali::io
