#include "alkali/io/extxyz_columns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "alkali/base/nearest.hpp"

namespace alkali::io {
namespace {

struct Property {
    std::string name;
    char type;
    int width, first;
};

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

}  // namespace

Columns parse_columns(std::string_view text, const std::vector<std::string>& forces_keys, const Place& place) {
    Columns columns;
    const auto properties = parse_properties(text, columns.count, place);
    const auto find = [&](const std::string& name) {
        return std::find_if(properties.begin(), properties.end(), [&](const Property& p) { return p.name == name; });
    };
    for (const auto& key : forces_keys)
        if (columns.forces_from.empty() && find(key) != properties.end()) columns.forces_from = key;
    const auto take = [&](const Property& property, int& column, char type, int width) {
        expect_shape(property, type, width, place);
        if (column >= 0) place.fail(fmt::format("the property {} appears twice", property.name));
        column = property.first;
    };
    for (const auto& property : properties) {
        if (property.name == "species")
            take(property, columns.symbol, 'S', 1);
        else if (property.name == "Z" || property.name == "numbers")
            take(property, columns.number, 'I', 1);
        else if (property.name == "pos" || property.name == "positions")
            take(property, columns.position, 'R', 3);
        else if (property.name == columns.forces_from)
            take(property, columns.forces, 'R', 3);
        else if (property.name == "energies")
            take(property, columns.energies, 'R', 1);
        else
            columns.unused.push_back(property.name);
    }
    const auto missing = [&](const std::string& name) {
        const std::string near = base::did_you_mean(name, columns.unused);
        place.fail(fmt::format("Properties has no {}", name), near.empty() ? "add the column" : "the column may be misnamed: " + near);
    };
    if (columns.position < 0) missing("pos");
    if (columns.symbol < 0 && columns.number < 0) missing("species");
    return columns;
}

}  // namespace alkali::io
