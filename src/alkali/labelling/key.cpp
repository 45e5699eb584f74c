#include "alkali/labelling/key.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling {
namespace {

using nlohmann::json;

void append_number(std::string& text, double value) {
    if (!std::isfinite(value)) throw InputError("a number that decides a label is not finite");
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value == 0 ? 0.0 : value).ptr;
    text.append(buffer.data(), end);
}

void append_text(std::string& text, const std::string& value) {
    if (!config::is_utf8(value)) throw InputError("a text that decides a label is not UTF-8");
    text += config::json_text(value);
}

void append(std::string& text, const json& value);

template <class Items, class Write>
void append_list(std::string& text, const Items& items, const std::array<char, 2>& brackets, const Write& write) {
    text += brackets[0];
    bool first = true;
    for (const auto& item : items) {
        if (!first) text += ',';
        first = false;
        write(item);
    }
    text += brackets[1];
}

void append(std::string& text, const json& value) {
    if (value.is_number_float())
        append_number(text, value.get<double>());
    else if (value.is_array())
        append_list(text, value, {'[', ']'}, [&](const json& item) { append(text, item); });
    else if (value.is_object())
        append_list(text, value.items(), {'{', '}'}, [&](const auto& item) {
            append_text(text, item.key());
            text += ':';
            append(text, item.value());
        });
    else if (value.is_string())
        append_text(text, value.get_ref<const std::string&>());
    else
        text += config::json_text(value);
}

double finite(double value, const char* what) {
    if (!std::isfinite(value)) throw InputError(std::string("a number of the ") + what + " is not finite");
    return value;
}

}  // namespace

json to_json(const structure::Structure& structure) {
    json cell = json::array(), species = json::array(), positions = json::array();
    for (int i = 0; i < 9; ++i) cell.push_back(finite(structure.cell.vectors()(i / 3, i % 3), "cell"));
    for (const int number : structure.numbers) species.push_back(std::string(units::symbol(number)));
    for (const auto& position : structure.positions)
        for (int c = 0; c < 3; ++c) positions.push_back(finite(position[c], "positions"));
    return {{"cell", cell}, {"periodic", structure.cell.periodic()}, {"species", species}, {"positions", positions}};
}

structure::Structure structure_from_json(const json& value, const std::string& where) {
    try {
        const auto numbers = value.at("cell").get<std::array<double, 9>>();
        Mat3 vectors;
        for (int i = 0; i < 9; ++i) vectors(i / 3, i % 3) = numbers[static_cast<std::size_t>(i)];
        structure::Structure structure;
        structure.cell = structure::Cell(vectors, value.at("periodic").get<std::array<bool, 3>>());
        const auto positions = value.at("positions").get<std::vector<double>>();
        const auto& species = value.at("species");
        if (positions.size() != 3 * species.size()) throw InputError("the numbers of species and positions disagree", where);
        for (std::size_t i = 0; i < species.size(); ++i)
            structure.add(units::atomic_number(species[i].get<std::string>()),
                          {positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]});
        return structure;
    } catch (const json::exception& error) {
        throw InputError(std::string("holds no structure: ") + error.what(), where);
    }
}

std::string canonical_text(const json& value) {
    std::string text;
    append(text, value);
    return text;
}

std::string content_hash(const json& value) {
    dataset::Sha256 hash;
    hash.add(canonical_text(value));
    return hash.hex();
}

std::string label_key(const json& settings, const structure::Structure& structure) {
    return content_hash({{"settings", settings}, {"structure", to_json(structure)}});
}

}  // namespace alkali::labelling
