#include "alkali/io/label_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "alkali/base/nearest.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/uncertainties.hpp"

namespace alkali::io {
namespace {

using Words = std::vector<std::string>;

// Words of a name between _, -, ., : and blanks, in lower case.
Words words_of(std::string_view name) {
    Words words(1);
    for (const char c : lower_case(name)) {
        if (std::string_view("_-.: ").find(c) == std::string_view::npos)
            words.back() += c;
        else if (!words.back().empty())
            words.emplace_back();
    }
    if (words.back().empty()) words.pop_back();
    return words;
}

bool contains(std::span<const std::string_view> list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

std::optional<Quantity> quantity_of(std::string_view word) {
    if (word == "energy") return Quantity::energy;
    if (word == "force" || word == "forces") return Quantity::forces;
    if (word == "stress") return Quantity::stress;
    if (word == "virial" || word == "virials") return Quantity::virial;
    return std::nullopt;
}

// What programs put before (some behind) the names of their labels, the most usual first.
constexpr auto sources = std::to_array<std::string_view>(
    {"ref",      "reference", "dft",    "qm",        "label",   "true",     "vasp",       "qe",        "cp2k",   "castep", "aims",
     "gpaw",     "pbe",       "scan",   "r2scan",    "abinit",  "siesta",   "total",      "potential", "mace",   "gap",    "nequip",
     "ml",       "pred",      "target", "predicted", "model",   "calc",     "calculated", "lda",       "pbesol", "rpbe",   "blyp",
     "b3lyp",    "pbe0",      "hse",    "hse06",     "revpbe",  "wb97x",    "wb97m",      "hf",        "mp2",    "ccsd",   "ccsdt",
     "xtb",      "gfn2",      "dftb",   "orca",      "psi4",    "gaussian", "fhiaims",    "openmx",    "fleur",  "wien2k", "crystal",
     "espresso", "pwscf",     "lammps", "eam",       "meam",    "emt",      "chgnet",     "m3gnet",    "orb",    "grace",  "ace",
     "snap",     "nep",       "deepmd", "dp",        "allegro", "sevennet", "uma",        "mlip",      "alkali"});

// Energies and forces beside that of the whole system, and numbers about labels. One of these words before the last makes
// a name another quantity.
constexpr std::string_view others =
    " kinetic kin ke formation form binding bind cohesive cohesion atomization atomisation interaction dispersion disp d2 d3 "
    "d4 vdw mbd ts adsorption surface interface hull above reaction barrier activation ewald hartree xc exchange correlation "
    "fermi band bandgap zero zpe thermal entropy self strain mixing defect vacancy isolated atomic atom atoms per local site "
    "homo lumo ionization nuclear repulsion repulsive coulomb electrostatic std sigma var variance error err delta diff "
    "difference uncertainty unc devi max min mean avg average rms rmse mae median net sum shift shifts offset baseline e0 "
    "constraint external applied residual mises initial previous bond angle dihedral pair spring bias magnetic smearing "
    "cutoff cut threshold tol conv weight relative excitation dipole lattice elastic plastic solvation desolvation hydration "
    "deformation migration hubbard u onsite embedding friction drag random langevin thermostat restraint restraints penalty "
    "wall pulling metadynamics plumed stacking fault gsf gsfe grain boundary twin segregation substitution insertion "
    "intercalation diffusion cleavage adhesion decohesion ionisation affinity dissociation decomposition dissolution "
    "desorption nucleation polarization polarisation induction exciton excited soc spin orbit anisotropy magnetocrystalline "
    "vibrational vib rotational translational vibration torsion improper coul electron ion ionic madelung core valence "
    "charge image gibbs helmholtz enthalpy harmonic anharmonic zpve photon cavity counterpoise bsse deform relaxation "
    "distortion rotation transition conformational conformer pseudopotential psp fragment monomer excess shear hydrostatic "
    "yield flow peierls ads coh mig solv tangential perpendicular parallel climbing ";

bool is_other(std::string_view word) { return others.find(fmt::format(" {} ", word)) != std::string_view::npos; }

std::string join(std::span<const std::string> words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : "_") + word;
    return text;
}

bool holds_numbers(std::string_view value, std::initializer_list<std::size_t> counts) {
    const auto words = array_words(value);
    return std::find(counts.begin(), counts.end(), words.size()) != counts.end() &&
           std::all_of(words.begin(), words.end(), [](std::string_view word) { return parse_double(word).has_value(); });
}

bool has_shape(std::string_view value, Quantity quantity) {
    if (quantity == Quantity::energy) return holds_numbers(value, {1});
    return quantity != Quantity::forces && holds_numbers(value, {6, 9});
}

std::vector<std::string_view> names_of(Quantity quantity) {
    switch (quantity) {
        case Quantity::energy: return {"energy", "etot", "toten", "epot", "pe", "e"};
        case Quantity::forces: return {"forces", "force", "f"};
        case Quantity::stress: return {"stress", "stresses", "virial", "virials"};
        case Quantity::virial: break;
    }
    return {"virial", "virials"};
}

// How far a name is from one of the quantity; large where it sounds like nothing of the kind.
std::size_t distance(std::string_view name, Quantity quantity) {
    constexpr std::size_t far = 1000;
    std::size_t least = far;
    for (const auto& word : words_of(name)) {
        if (is_other(word)) return far;
        for (const auto meant : names_of(quantity)) {
            const auto edits = base::edit_distance(word, meant);
            // Short names may differ in fewer letters; a word that holds the name counts as near.
            if (edits <= std::min<std::size_t>(2, meant.size() / 3) ||
                (meant.size() > 3 && edits < 5 && word.find(meant) != std::string::npos))
                least = std::min(least, edits);
        }
    }
    return least;
}

// True for a name whose label the frame has from elsewhere or may get: no prefix.
bool plain_label(std::string_view name) {
    const auto label = label_name(name_in_file(name));
    return label && label->prefix.empty();
}

}  // namespace

std::string_view to_string(Quantity quantity) {
    switch (quantity) {
        case Quantity::energy: return "energy";
        case Quantity::forces: return "forces";
        case Quantity::stress: return "stress";
        case Quantity::virial: return "virial";
    }
    return {};
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower;
}

bool same_ignoring_case(std::string_view a, std::string_view b) { return lower_case(a) == lower_case(b); }

namespace {

std::optional<LabelName> parse_label_name(std::string_view name) {
    auto words = words_of(name);
    if (words.empty()) return std::nullopt;
    std::string behind;
    if (words.size() > 1 && !quantity_of(words.back()) && rank_of(words.back()) < unusual_rank) {
        behind = words.back();
        words.pop_back();
    }
    if (std::find(words.begin(), words.end(), "w") != words.end()) return std::nullopt;  // a weight
    if (words.back() == "freeenergy") words.back() = "free", words.emplace_back("energy");
    const auto quantity = quantity_of(words.back());
    if (!quantity) return std::nullopt;
    words.pop_back();
    LabelName label{*quantity, {}, false};
    if (*quantity == Quantity::energy && !words.empty() && words.back() == "free") {
        label.free_energy = true;
        words.pop_back();
    }
    if (!behind.empty()) words.push_back(behind);
    for (const auto& word : words)
        if (is_other(word)) return std::nullopt;
    label.prefix = join(words);
    return label;
}

}  // namespace

int rank_of(const std::string& prefix) {
    if (prefix.empty()) return 0;
    const auto found = std::find(sources.begin(), sources.end(), prefix);
    return found == sources.end() ? unusual_rank : static_cast<int>(found - sources.begin()) + 1;
}

namespace {

std::optional<UnitName> parse_unit_name(std::string_view name) {
    std::string letters;
    for (const auto& word : words_of(name)) letters += word;
    for (const std::string_view unit : {"units", "unit"}) {
        if (letters == unit) return UnitName{UnitName::Of::everything};
        std::string of;
        if (letters.ends_with(unit))
            of = letters.substr(0, letters.size() - unit.size());
        else if (letters.starts_with(unit))
            of = letters.substr(unit.size());
        else
            continue;
        for (const std::string_view length : {"length", "lengths", "distance", "position", "positions", "pos", "coordinate", "coordinates",
                                              "coord", "coords", "lattice", "cell"})
            if (of == length) return UnitName{UnitName::Of::length};
        for (const std::string_view label : {"energy", "force", "forces", "stress", "virial", "virials"})
            if (of.ends_with(label)) return UnitName{UnitName::Of::label, *quantity_of(label)};
        if (of == "energies" || of == "freeenergy") return UnitName{UnitName::Of::label, Quantity::energy};
        if (of == "pressure" || of == "pressures") return UnitName{UnitName::Of::pressure};
    }
    return std::nullopt;
}

// A word that says weight: what it says it of, as in energy_weight (empty), configweight, eweight.
std::optional<std::string> weighed_by(std::string_view word) {
    if (word.ends_with("weights")) word.remove_suffix(1);
    if (!word.ends_with("weight")) return std::nullopt;
    word.remove_suffix(std::string_view("weight").size());
    for (const auto& [letter, quantity] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"e", "energy"}, {"f", "force"}, {"s", "stress"}, {"v", "virial"}})
        if (word == letter) return std::string(quantity);
    return std::string(word);
}

std::optional<WeightName> parse_weight_name(std::string_view name) {
    auto words = words_of(name);
    const bool w = words.size() == 2 && (words[0] == "w" || words[1] == "w");
    const auto weight =
        std::find_if(words.begin(), words.end(), [&](const auto& word) { return w ? word == "w" : weighed_by(word).has_value(); });
    if (weight == words.end()) return std::nullopt;
    const auto of = w ? std::string() : *weighed_by(*weight);
    if (of.empty())
        words.erase(weight);
    else
        *weight = of;
    constexpr auto beside =
        std::to_array<std::string_view>({"config", "frame", "sample", "loss", "factor", "structure", "train", "training"});
    const bool type = std::find(words.begin(), words.end(), "config") != words.end();
    std::erase_if(words, [&](const auto& word) { return contains(beside, word) || (type && word == "type") || word == "configtype"; });
    if (words.empty()) return w ? std::nullopt : std::optional(WeightName{});
    const auto quantity = std::find_if(words.begin(), words.end(), [](const auto& word) { return quantity_of(word).has_value(); });
    if (quantity == words.end()) return std::nullopt;
    const auto meant = quantity_of(*quantity);
    words.erase(quantity);
    std::erase_if(words, [](const auto& word) { return word == "free" || rank_of(word) < unusual_rank; });
    return words.empty() ? std::optional(WeightName{meant}) : std::nullopt;
}

// Says weight and is none that alkali knows, nor one of a balance.
bool is_unknown_weight(std::string_view name) {
    const auto words = words_of(name);
    constexpr auto of_mass =
        std::to_array<std::string_view>({"molecular", "molar", "molecule", "atomic", "atom", "atoms", "mol", "formula"});
    const bool mass = std::any_of(words.begin(), words.end(), [&](const auto& word) { return contains(of_mass, word); });
    return !mass && lower_case(name).find("weight") != std::string::npos && !parse_weight_name(name);
}

enum class Converged { nothing_said, by_true, by_false };

// Steps of a relaxation that is not over have good labels.
constexpr auto relaxed =
    std::to_array<std::string_view>({"geometry", "geo", "geom", "ionic", "ion", "ions", "relax", "relaxation", "relaxed", "opt",
                                     "optimization", "optimisation", "force", "forces", "stress", "cell", "structure", "md", "neb"});
// Limits are no verdict.
constexpr auto limits =
    std::to_array<std::string_view>({"thr", "tol", "steps", "limit", "time", "accuracy", "threshold", "tolerance", "criterion", "criteria",
                                     "step", "cutoff", "iterations", "kpoints", "test", "parameter", "error", "rate", "level"});

bool is_one_of(const Words& words, std::span<const std::string_view> names) {
    return std::any_of(words.begin(), words.end(), [&](const auto& word) { return contains(names, word); });
}

bool says_converged(const std::string& word) { return word.find("converge") != std::string::npos; }

/// True for what says whether something converged, electrons or geometry.
bool parse_ending(std::string_view name) {
    const auto words = words_of(name);
    return std::any_of(words.begin(), words.end(), says_converged) && !is_one_of(words, limits);
}

Converged parse_converged(std::string_view name) {
    const auto words = words_of(name);
    const auto says = std::find_if(words.begin(), words.end(), says_converged);
    if (says == words.end() || is_one_of(words, relaxed) || is_one_of(words, limits)) return Converged::nothing_said;
    const bool negated =
        says->starts_with("un") || says->starts_with("not") || says->starts_with("non") ||
        std::any_of(words.begin(), words.end(), [](const auto& word) { return word == "not" || word == "non" || word == "no"; });
    return negated ? Converged::by_false : Converged::by_true;
}

bool parse_unheeded(std::string_view name, std::initializer_list<std::string_view> about) {
    const auto words = words_of(name);
    if (!words.empty() && (words.back() == "0" || words.back() == "sigma0")) return false;  // extrapolated to sigma = 0
    return std::any_of(words.begin(), words.end(), [](const auto& word) { return quantity_of(word).has_value(); }) &&
           std::any_of(words.begin(), words.end(),
                       [&](const auto& word) { return std::find(about.begin(), about.end(), word) != about.end(); });
}

// All that a name may mean. Frames of a file have the same few names again and again.
struct Meaning {
    std::optional<LabelName> label;
    std::optional<UnitName> unit;
    std::optional<WeightName> weight;
    bool unheeded_key = false, unheeded_column = false;
    Converged converged = Converged::nothing_said;
    bool ending = false;
};

constexpr std::string_view untaken = "untaken_";

Meaning parse_meaning(std::string_view name) {
    if (lower_case(name).starts_with(untaken)) return {};
    return {parse_label_name(name),
            parse_unit_name(name),
            parse_weight_name(name),
            parse_unheeded(name, {"sigma", "mask"}) || is_unknown_weight(name),
            parse_unheeded(name, {"sigma", "mask", "weight", "weights"}) || is_unknown_weight(name) || parse_weight_name(name),
            parse_converged(name),
            parse_ending(name)};
}

const Meaning& meaning_of(std::string_view name) {
    constexpr std::size_t most_remembered = 1000, longest_remembered = 200;
    thread_local std::map<std::string, Meaning, std::less<>> known;
    thread_local Meaning of_long_name;
    if (name.size() > longest_remembered) return of_long_name = parse_meaning(name);
    if (const auto found = known.find(name); found != known.end()) return found->second;
    if (known.size() >= most_remembered) known.clear();
    return known.emplace(name, parse_meaning(name)).first->second;
}

}  // namespace

std::optional<LabelName> label_name(std::string_view name) { return meaning_of(name).label; }
std::optional<UnitName> unit_name(std::string_view name) { return meaning_of(name).unit; }
std::optional<WeightName> weight_name(std::string_view name) { return meaning_of(name).weight; }

bool is_weight(const std::pair<std::string, std::string>& pair) {
    const auto name = weight_name(pair.first);
    if (!name) return false;
    const bool one_number = holds_numbers(pair.second, {1}), says_weight = lower_case(pair.first).find("weight") != std::string::npos;
    if (!says_weight && !(one_number && *parse_double(array_words(pair.second)[0]) >= 0)) return false;
    return name->quantity || one_number || !lower_case(pair.first).ends_with("weights");
}

bool is_unheeded(std::string_view name, Where where) {
    const auto& meaning = meaning_of(name);
    return where == Where::column ? meaning.unheeded_column : meaning.unheeded_key;
}

Convergence convergence_of(const std::pair<std::string, std::string>& pair) {
    const auto converged = meaning_of(pair.first).converged;
    if (converged == Converged::nothing_said) return Convergence::unsaid;
    const auto words = array_words(pair.second);
    bool any_true = false, any_false = false;
    for (const auto each : words) {
        const auto first = each.find_first_not_of("'\"("), last = each.find_last_not_of("'\")");
        const auto word = lower_case(first == std::string_view::npos ? std::string_view() : each.substr(first, last + 1 - first));
        const auto is = [&](std::initializer_list<std::string_view> list) {
            return std::find(list.begin(), list.end(), word) != list.end();
        };
        if (is({"t", "true", ".true.", "1", "1.0", "yes", "y"}))
            any_true = true;
        else if (is({"f", "false", ".false.", "0", "0.0", "no", "n"}))
            any_false = true;
        else if (parse_double(word) && lower_case(pair.first).find("converged") == std::string::npos)
            return Convergence::unsaid;  // how far it is, or a limit
        else
            return Convergence::unclear;
    }
    if (words.empty()) return Convergence::unclear;
    return (converged == Converged::by_true ? any_false : any_true) ? Convergence::failed : Convergence::reached;
}

bool says_unconverged(const std::pair<std::string, std::string>& pair) { return convergence_of(pair) == Convergence::failed; }

std::optional<StressSign> stress_sign_of(const std::pair<std::string, std::string>& pair) {
    const auto words = words_of(pair.first);
    const auto has = [&](std::initializer_list<std::string_view> list) {
        return std::any_of(words.begin(), words.end(),
                           [&](const auto& word) { return std::find(list.begin(), list.end(), word) != list.end(); });
    };
    if (!has({"stress", "pressure"}) || !has({"sign", "convention"})) return std::nullopt;
    const auto value = lower_case(pair.second);
    const bool compression = value.find("compress") != std::string::npos, tension = value.find("tens") != std::string::npos;
    if (compression == tension) return StressSign::unclear;
    const bool negative = value.find("negative") != std::string::npos;
    return compression != negative ? StressSign::compression : StressSign::tension;
}

std::string untaken_name(std::string_view name) { return std::string(untaken) + std::string(name); }
std::string_view name_in_file(std::string_view name) {
    if (name.starts_with(untaken)) name.remove_prefix(untaken.size());
    return name;
}

std::vector<std::string> likely_names(const structure::Frame& frame, Quantity quantity) {
    std::vector<std::pair<std::size_t, std::string>> ranked;
    const auto add = [&](const std::string& name) {
        if (const auto far = distance(name, quantity); far < 10) ranked.emplace_back(far, name);
    };
    for (const auto& [key, value] : frame.info)
        if (has_shape(value, quantity)) add(key);
    for (const auto& column : frame.columns)
        if (quantity == Quantity::forces && column.width == 3 && column.kind == structure::AtomColumn::Kind::real) add(column.name);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> names;
    for (auto& [far, name] : ranked) names.push_back(std::move(name));
    return names;
}

bool is_name_of(std::string_view name, Quantity quantity) {
    const auto label = label_name(name_in_file(name));
    return label && (label->quantity == quantity || (quantity == Quantity::stress && label->quantity == Quantity::virial));
}

namespace {

// Further results of a calculator, as ASE names them in extended XYZ. Moments and charges of atoms may be what a calculation began with.
constexpr auto results_of_frames = std::to_array<std::string_view>({"dipole", "energy_extrapolated"});
constexpr std::string_view result_of_atoms = "stresses";

// What made a label (labelling::qe::describe(), labelling::to_frame()). Those of plain words are ours only beside ecutwfc_ry. k_mesh is
// a wish of the frame as well, and stays.
constexpr auto makings =
    std::to_array<std::string_view>({"labelled_by", "label_key", "label_date", "settings_hash", "functional", "dispersion", "ecutwfc_ry",
                                     "ecutrho_ry", "degauss_ry", "fft_grid", "scf_iterations", "scf_accuracy_ry"});
constexpr auto makings_of_pw = std::to_array<std::string_view>({"level", "program", "smearing", "k_points", "seconds", "ladder"});

/// True for a key that tells what made the labels.
bool is_making(std::string_view key, bool by_pw) {
    return contains(makings, key) || (by_pw && (contains(makings_of_pw, key) || key.starts_with("pseudopotential_")));
}

bool is_of_labels(const std::pair<const std::string, std::string>& pair) {
    const auto unit = unit_name(name_in_file(pair.first));
    const auto weight = weight_name(pair.first);
    return plain_label(pair.first) || (unit && holds_numbers(pair.second, {1}) == false) ||
           (weight && weight->quantity && is_weight(pair)) || contains(results_of_frames, pair.first) ||
           is_uncertainty_of_frame(pair.first) || meaning_of(pair.first).ending;
}

}  // namespace

void forget_labels(structure::Frame& frame) {
    frame.labels = {};
    frame.weights = {};
    if (frame.weight == 0) frame.weight = 1;  // it kept out the labels before
    const bool by_pw = frame.info.contains("ecutwfc_ry");
    std::erase_if(frame.info, [&](const auto& pair) { return is_of_labels(pair) || is_making(pair.first, by_pw); });
    std::erase_if(frame.columns, [](const auto& column) {
        return plain_label(column.name) || column.name == result_of_atoms || is_uncertainty_of_atoms(column.name);
    });
}

}  // namespace alkali::io
