#include "alkali/config/json.hpp"

#include <vector>

#include "alkali/base/error.hpp"

namespace alkali::config {
namespace {

using nlohmann::json;

/// What a parser says, without the whole of a long text that it stumbled over.
std::string shortened(std::string text) {
    constexpr std::size_t most = 200;
    if (text.size() > most) text = text.substr(0, most) + "...";
    return text;
}

/// Builds the value from the parser's events. The library's own builder with a callback, which could count too, looks at all elements
/// of a list for each that ends, and knows nothing of keys given twice.
class Builder final : public nlohmann::json_sax<json> {
public:
    Builder(const std::string& source, const JsonLimits& limits) : source_(source), limits_(limits) {}
    [[nodiscard]] json result() { return std::move(root_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t& value) override { return add(std::move(value)); }
    bool start_object(std::size_t) override { return open(json::object()); }
    bool start_array(std::size_t) override { return open(json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        const auto [place, is_new] = levels_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
        if (!is_new) fail("holds the key '" + shortened(name) + "' twice");
        member_ = &place->second;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
        fail("is not JSON: " + shortened(error.what()));
    }

private:
    [[noreturn]] void fail(const std::string& what) const { throw FileError(what, source_); }

    json& place(json value) {
        if (++values_ > limits_.values) fail("holds more than " + std::to_string(limits_.values) + " values");
        if (levels_.empty()) return root_ = std::move(value);
        if (levels_.back()->is_object()) return *member_ = std::move(value);
        return levels_.back()->emplace_back(std::move(value));
    }
    bool add(json value) {
        place(std::move(value));
        return true;
    }
    bool open(json value) {
        if (levels_.size() >= limits_.levels) fail("holds more than " + std::to_string(limits_.levels) + " levels of lists and tables");
        levels_.push_back(&place(std::move(value)));
        return true;
    }
    bool close() {
        levels_.pop_back();
        return true;
    }

    const std::string& source_;
    const JsonLimits& limits_;
    json root_;
    std::vector<json*> levels_;  ///< lists and maps that are not complete yet; what they hold does not move meanwhile
    json* member_ = nullptr;     ///< of the innermost map: the value of the last key
    std::size_t values_ = 0;
};

}  // namespace

json parse_json(std::string_view text, const std::string& source, const JsonLimits& limits) {
    Builder builder(source, limits);
    json::sax_parse(text, &builder);
    return builder.result();
}

std::string json_text(const json& value, int indent) { return value.dump(indent, ' ', false, json::error_handler_t::replace); }

bool is_utf8(const std::string& text) {
    try {
        static_cast<void>(json(text).dump());
        return true;
    } catch (const json::type_error&) {
        return false;
    }
}

}  // namespace alkali::config
