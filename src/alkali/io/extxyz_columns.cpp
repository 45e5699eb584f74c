#include "alkali/io/extxyz_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/nearest.hpp"
#include "alkali/io/label_names.hpp"

namespace alkali::io {
namespace {

std::vector<Property> parse_properties(std::string_view text, int& count, const Place& place) {
    static constexpr const char* hint = "Properties is NAME:TYPE:COLUMNS repeated, such as species:S:1:pos:R:3:forces:R:3";
    std::vector<std::string> fields(1);
    for (const char c : text) {
        if (c == ':')
            fields.emplace_back();
        else
            fields.back() += c;
    }
    if (fields.size() % 3 != 0) place.fail(fmt::format("Properties '{}' is malformed", text), hint);
    std::vector<Property> properties;
    for (std::size_t i = 0; i < fields.size(); i += 3) {
        const auto width = parse_integer(fields[i + 2]);
        const bool known_type = fields[i + 1].size() == 1 && std::string_view("RISL").find(fields[i + 1][0]) != std::string_view::npos;
        if (fields[i].empty() || !known_type || !width || *width < 1 || *width > 1000 || properties.size() > 1000)
            place.fail(fmt::format("Properties '{}' is malformed at '{}:{}:{}'", text, fields[i], fields[i + 1], fields[i + 2]), hint);
        for (const auto& other : properties)
            if (other.name == fields[i]) place.fail(fmt::format("the property {} appears twice", fields[i]));
        properties.push_back({fields[i], fields[i + 1][0], static_cast<int>(*width), count});
        count += static_cast<int>(*width);
    }
    return properties;
}

void expect_shape(const Property& property, char type, int width, const Place& place) {
    // Whole numbers are fine where real ones are expected.
    const bool type_fits = property.type == type || (type == 'R' && property.type == 'I');
    if (!type_fits || property.width != width)
        place.fail(fmt::format("the property {}:{}:{} should be {}:{}:{}", property.name, property.type, property.width, property.name,
                               type, width));
}

bool is_one_of(const std::string& name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), lower_case(name)) != names.end();
}

using Column = structure::AtomColumn;

Column::Kind kind_of(char type) {
    switch (type) {
        case 'I': return Column::Kind::integer;
        case 'L': return Column::Kind::logical;
        case 'S': return Column::Kind::text;
        default: return Column::Kind::real;
    }
}

std::optional<double> value_of(std::string_view word, Column::Kind kind) {
    switch (kind) {
        case Column::Kind::real: return parse_double(word);
        case Column::Kind::integer:
            if (const auto value = parse_integer(word); value && std::abs(static_cast<double>(*value)) < 9e15)
                return static_cast<double>(*value);
            return std::nullopt;
        case Column::Kind::logical: {
            const auto lower = lower_case(word);
            if (lower == "t" || lower == "true" || lower == "1") return 1.0;
            if (lower == "f" || lower == "false" || lower == "0") return 0.0;
            return std::nullopt;
        }
        case Column::Kind::text: break;
    }
    return std::nullopt;
}

std::string word_of(double value, Column::Kind kind) {
    return kind == Column::Kind::logical ? (value != 0 ? "T" : "F") : fmt::format("{}", value);
}

void make_text(Column& column) {
    for (const double value : column.values) column.words.push_back(word_of(value, column.kind));
    column.values.clear();
    column.kind = Column::Kind::text;
}

}  // namespace

Columns parse_columns(std::string_view text, const Place& place) {
    Columns columns;
    const auto properties = parse_properties(text, columns.count, place);
    const auto take = [&](const Property& property, int& column, char type, int width) {
        expect_shape(property, type, width, place);
        if (column >= 0) place.fail(fmt::format("the property {} appears twice", property.name));
        column = property.first;
    };
    std::vector<std::string> unused;
    for (const auto& property : properties) {
        if (is_one_of(property.name, {"species", "symbol", "symbols", "element", "elements"}) && property.type == 'S')
            take(property, columns.symbol, 'S', 1);
        else if (is_one_of(property.name, {"z", "numbers", "atomic_numbers"}))
            take(property, columns.number, 'I', 1);
        else if (is_one_of(property.name, {"pos", "position", "positions"}))
            take(property, columns.position, 'R', 3);
        else if (is_one_of(property.name, {"energies"}) && property.type != 'S' && property.width == 1)
            take(property, columns.energies, 'R', 1);
        else
            columns.others.push_back(property), unused.push_back(property.name);
    }
    const auto missing = [&](const std::string& name) {
        const std::string near = base::did_you_mean(name, unused);
        place.fail(fmt::format("Properties has no {}", name), near.empty() ? "add the column" : "the column may be misnamed: " + near);
    };
    if (columns.position < 0) missing("pos");
    if (columns.symbol < 0 && columns.number < 0) missing("species");
    return columns;
}

Column begin_column(const Property& property, std::size_t atoms) {
    Column column;
    column.name = property.name;
    column.width = static_cast<std::size_t>(property.width);
    column.kind = kind_of(property.type);
    if (column.kind == Column::Kind::text)
        column.words.reserve(atoms * column.width);
    else
        column.values.reserve(atoms * column.width);
    return column;
}

void add_words(Column& column, std::span<const std::string_view> words) {
    for (const auto word : words) {
        if (column.kind != Column::Kind::text) {
            if (const auto value = value_of(word, column.kind)) {
                column.values.push_back(*value);
                continue;
            }
            make_text(column);
        }
        column.words.emplace_back(word);
    }
}

}  // namespace alkali::io
