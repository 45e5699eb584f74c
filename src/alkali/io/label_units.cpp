#include "alkali/io/label_units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "alkali/units/constants.hpp"

namespace alkali::io {
namespace {

// A unit as factor x eV^energy x angstrom^length.
struct Unit {
    double factor = 1;
    int energy = 0, length = 0;
};

struct Named {
    std::string_view name;
    Unit unit;
};

constexpr double gpa = 1 / units::gpa_per_ev_per_angstrom3;
// 1 kJ/mol in eV: CODATA's Faraday constant.
constexpr double kj_per_mol = 1 / 96.48533212331;

constexpr auto known = std::to_array<Named>({
    {"ev", {1, 1, 0}},
    {"electronvolt", {1, 1, 0}},
    {"mev", {1e-3, 1, 0}},
    {"hartree", {units::hartree, 1, 0}},
    {"ha", {units::hartree, 1, 0}},
    {"eh", {units::hartree, 1, 0}},
    {"rydberg", {units::rydberg, 1, 0}},
    {"ry", {units::rydberg, 1, 0}},
    {"mry", {1e-3 * units::rydberg, 1, 0}},
    {"kcalmol", {4.184 * kj_per_mol, 1, 0}},
    {"kjmol", {kj_per_mol, 1, 0}},
    {"angstrom", {1, 0, 1}},
    {"ang", {1, 0, 1}},
    {"a", {1, 0, 1}},
    {"bohr", {units::bohr, 0, 1}},
    {"a0", {units::bohr, 0, 1}},
    {"nm", {10, 0, 1}},
    {"pm", {0.01, 0, 1}},
    {"gpa", {gpa, 1, -3}},
    {"mpa", {1e-3 * gpa, 1, -3}},
    {"kpa", {1e-6 * gpa, 1, -3}},
    {"pa", {1e-9 * gpa, 1, -3}},
    {"kbar", {0.1 * gpa, 1, -3}},
    {"kb", {0.1 * gpa, 1, -3}},
    {"bar", {1e-4 * gpa, 1, -3}},
    {"atm", {1.01325e-4 * gpa, 1, -3}},
});

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, from.size(), to);
}

// One spelling for what is written in many ways.
std::string plain(std::string_view unit) {
    std::string text = lower_case(trim(unit));
    for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{{"\xc3\xa5", "a"},
                                                                                                       {"\xc3\x85", "a"},
                                                                                                       {"\xe2\x84\xab", "a"},
                                                                                                       {"\xc3\xb6", "o"},
                                                                                                       {"\xc2\xb3", "^3"},
                                                                                                       {"**", "^"},
                                                                                                       {"kcal/mol", "kcalmol"},
                                                                                                       {"kj/mol", "kjmol"},
                                                                                                       {"kcal mol^-1", "kcalmol"},
                                                                                                       {"kj mol^-1", "kjmol"},
                                                                                                       {"kcal*mol^-1", "kcalmol"},
                                                                                                       {"kcal_mol", "kcalmol"},
                                                                                                       {" per ", "/"},
                                                                                                       {"_per_", "/"},
                                                                                                       {" / ", "/"},
                                                                                                       {" ", "*"}})
        replace_all(text, from, to);
    return text;
}

std::optional<Unit> named(std::string_view name) {
    for (const auto& entry : known)
        if (entry.name == name || (name.size() > 3 && name == std::string(entry.name) + "s")) return entry.unit;
    return std::nullopt;
}

// NAME, NAME^N or NAMEN (ang3).
std::optional<Unit> power(std::string_view word) {
    if (const auto unit = named(word)) return unit;
    int exponent = 1;
    if (const auto caret = word.find('^'); caret != std::string_view::npos) {
        const auto value = parse_integer(word.substr(caret + 1));
        if (!value || std::abs(*value) > 3) return std::nullopt;
        exponent = static_cast<int>(*value);
        word = word.substr(0, caret);
    } else if (word.size() > 1 && word.back() >= '1' && word.back() <= '3') {
        exponent = word.back() - '0';
        word.remove_suffix(1);
        if (word.ends_with('-')) word.remove_suffix(1), exponent = -exponent;
    }
    auto unit = named(word);
    if (!unit) return std::nullopt;
    return Unit{std::pow(unit->factor, exponent), unit->energy * exponent, unit->length * exponent};
}

std::optional<Unit> parse_unit(std::string_view text) {
    const std::string unit = plain(text);
    Unit product;
    int sign = 1;
    for (std::size_t at = 0; at <= unit.size();) {
        const auto end = std::min(unit.find_first_of("*/()", at), unit.size());
        if (end > at) {
            const auto factor = power(std::string_view(unit).substr(at, end - at));
            if (!factor) return std::nullopt;
            product.factor *= sign > 0 ? factor->factor : 1 / factor->factor;
            product.energy += sign * factor->energy;
            product.length += sign * factor->length;
        }
        if (end < unit.size() && unit[end] == '/') sign = -1;
        at = end + 1;
    }
    if (product.energy == 0 && product.length == 0) return std::nullopt;
    return product;
}

bool is_atomic(std::string_view unit) {
    const auto text = plain(unit);
    return text == "a.u." || text == "au" || text == "a.u" || text == "atomic" || text == "atomic*units" || text == "atomic_units";
}

std::optional<double> of_dimension(std::string_view text, int energy, int length) {
    const auto unit = parse_unit(text);
    return unit && unit->energy == energy && unit->length == length ? std::optional(unit->factor) : std::nullopt;
}

bool is_usual(double factor) { return std::abs(factor - 1) < 1e-9; }

}  // namespace

std::optional<double> unit_factor(std::string_view unit, Quantity quantity) {
    const int length = quantity == Quantity::forces ? -1 : quantity == Quantity::stress ? -3 : 0;
    if (is_atomic(unit)) return units::hartree * std::pow(units::bohr, length);
    return of_dimension(unit, 1, length);
}

std::optional<double> length_factor(std::string_view unit) {
    if (is_atomic(unit)) return units::bohr;
    return of_dimension(unit, 0, 1);
}

bool HeaderUnits::is_unit(const KeyValue& pair) {
    // Numbers are no unit: cell_units=4 counts something, unit_cell="4 0 0 ..." is a cell.
    if (!unit_name(pair.first) || pair.second == "T") return false;
    const auto words = array_words(pair.second);
    return !std::all_of(words.begin(), words.end(), [](std::string_view word) { return parse_double(word).has_value(); });
}

HeaderUnits::HeaderUnits(const std::vector<KeyValue>& pairs, const Place& place) {
    for (const auto& pair : pairs)
        if (is_unit(pair) && unit_name(pair.first)->of == UnitName::Of::everything) everything(pair);
    std::optional<double> length;
    for (const auto& pair : pairs) {
        if (!is_unit(pair)) continue;
        given_ = true;
        const auto name = *unit_name(pair.first);
        if (name.of == UnitName::Of::length) {
            const auto factor = length_factor(pair.second);
            if (!factor) place.fail(fmt::format("{}={}: the unit is not known", pair.first, pair.second), "write angstrom, bohr or nm");
            if (length && *length != *factor) place.fail("two units of length differ");
            length = factor;
        }
        if (name.of == UnitName::Of::label) {
            const auto at = index(name.quantity);
            const auto factor = unit_factor(pair.second, name.quantity);
            const bool again = !names_[at].empty() && everything_.empty();
            if (again && factors_[at] != factor) place.fail(fmt::format("two units of the {} differ", to_string(name.quantity)));
            names_[at] = pair.second;
            factors_[at] = factor;
        }
    }
    if (length) length_ = length;
    for (const auto& pair : pairs)
        if (is_unit(pair) && unit_name(pair.first)->of == UnitName::Of::pressure) of_pressure(pair, pairs);
    // A virial is an energy: its own unit, else that of energies.
    const auto virial = index(Quantity::virial), energy = index(Quantity::energy);
    if (names_[virial].empty() && !names_[energy].empty()) names_[virial] = names_[energy], factors_[virial] = factors_[energy];
}

// pressure-unit=... is that of a stress that has no other, unless there is a pressure that it may be meant for.
void HeaderUnits::of_pressure(const KeyValue& pair, const std::vector<KeyValue>& pairs) {
    const auto at = index(Quantity::stress);
    if (!names_[at].empty()) return;
    const bool beside = std::any_of(pairs.begin(), pairs.end(), [](const KeyValue& other) {
        return lower_case(other.first).find("pressure") != std::string::npos && !unit_name(other.first);
    });
    names_[at] = beside ? fmt::format("{} (of the pressure)", pair.second) : pair.second;
    if (!beside) factors_[at] = unit_factor(pair.second, Quantity::stress);
}

// units=...: a system of units for all labels and lengths.
void HeaderUnits::everything(const KeyValue& pair) {
    everything_ = fmt::format("{}={}", pair.first, pair.second);
    const auto text = plain(pair.second);
    const auto set = [&](double length, const char* energy, const char* forces, const char* stress) {
        length_ = length;
        names_[0] = energy, names_[1] = forces, names_[2] = stress, names_[3] = energy;
        for (const auto quantity : {Quantity::energy, Quantity::forces, Quantity::stress, Quantity::virial})
            factors_[index(quantity)] = unit_factor(names_[index(quantity)], quantity);
    };
    if (is_atomic(pair.second) || text == "hartree/bohr" || text == "hartree*bohr" || text == "hartree,*bohr" || text == "hartree,bohr")
        set(units::bohr, "hartree", "hartree/bohr", "hartree/bohr^3");
    else if (text == "metal")  // of LAMMPS
        set(1, "eV", "eV/angstrom", "bar");
    else if (text == "real")
        set(1, "kcal/mol", "kcal/mol/angstrom", "atm");
    else if (text == "ev" || text == "ase" || text == "ev/angstrom" || text == "ev/a" || text == "ev/ang" || text == "ev*angstrom" ||
             text == "ev,*angstrom" || text == "ev,angstrom")
        set(1, "eV", "eV/angstrom", "eV/angstrom^3");
    else
        unclear_ = true;
}

bool HeaderUnits::others_differ() const {
    const auto differs = [&](Quantity q) { return !names_[index(q)].empty() && !(factors_[index(q)] && is_usual(*factors_[index(q)])); };
    return differs(Quantity::energy) || differs(Quantity::forces) || (length_ && !is_usual(*length_));
}

std::optional<double> HeaderUnits::factor(Quantity quantity) const {
    if (!names_[index(quantity)].empty()) return factors_[index(quantity)];
    if (unclear_ || others_differ()) return std::nullopt;
    return 1.0;
}

std::string HeaderUnits::why(Quantity quantity) const {
    if (const auto& name = names_[index(quantity)]; !name.empty())
        return fmt::format("its unit '{}' is not known or not one of {}", name,
                           quantity == Quantity::virial ? "energies" : to_string(quantity));
    if (unclear_) return fmt::format("its unit is not clear from {}; add {}-unit to the header", everything_, to_string(quantity));
    return fmt::format("its unit is not given although the header has others than eV and angstrom; add {}-unit to it", to_string(quantity));
}

std::string likely_stress_unit(double size, double volume) {
    // What solids bear: 1 eV/angstrom^3 is 160 GPa.
    constexpr double ordinary = 1.0;
    for (const auto& [name, per] : std::initializer_list<std::pair<const char*, double>>{{"GPa", units::gpa_per_ev_per_angstrom3},
                                                                                         {"kbar", units::kbar_per_ev_per_angstrom3},
                                                                                         {"bar", units::bar_per_ev_per_angstrom3},
                                                                                         {"Pa", 1e9 * units::gpa_per_ev_per_angstrom3}})
        if (size / per <= ordinary)
            return volume > 0 && size / volume <= ordinary ? std::string(name) + ", or it is multiplied by the volume" : name;
    return {};
}

std::string implausible_stress(const Frame& frame, const std::string& from) {
    if (!frame.labels.stress) return {};
    const double size = frame.labels.stress->cwiseAbs().maxCoeff();
    if (!(size > largest_stress) || std::isinf(size)) return {};  // what is not finite is named as such
    std::string text = fmt::format("the stress from {} is beyond {} eV/angstrom^3 ({:.0f} GPa)", from.empty() ? "the file" : from,
                                   largest_stress, largest_stress * units::gpa_per_ev_per_angstrom3);
    const auto name = label_name(from);
    const auto unit =
        name && name->quantity == Quantity::stress ? likely_stress_unit(size, std::abs(frame.structure.cell.volume())) : std::string();
    if (unit.empty()) return text + ": is its unit right?";
    return text + fmt::format(": is its unit {}? Then add stress-unit={} to the header", unit, unit.substr(0, unit.find(',')));
}

void leave_out_implausible_stress(Frame& frame, FrameNotes& notes) {
    const auto text = implausible_stress(frame, notes.stress_from);
    if (text.empty()) return;
    notes.warnings.push_back(text + "; it is not taken");
    notes.stress_from.clear();
    frame.labels.stress.reset();
}

}  // namespace alkali::io
