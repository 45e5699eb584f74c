#include "alkali/io/extxyz_labels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "alkali/io/label_names.hpp"

namespace alkali::io {
namespace {

using structure::AtomColumn;

// Differences of rounding: numbers of one label written twice, eV, eV/angstrom and eV/angstrom^3.
constexpr double same_energy = 2e-5, same_force = 2e-5, same_stress = 2e-6, relative = 1e-6;
// Between a stress and a virial, which are written with fewer digits.
constexpr double same_virial = 3e-5, relative_virial = 2e-3;
constexpr double least_asymmetry = 1e-4, relative_asymmetry = 1e-2;

// One key or column that may be the label.
struct Candidate {
    LabelName name;
    std::string key;
    std::vector<double> values;  ///< in the file's unit; tensors as 9
};

bool near(const std::vector<double>& a, const std::vector<double>& b, double absolute, double per_size) {
    if (a.size() != b.size()) return false;
    double size = 0;
    for (const double x : a) size = std::isfinite(x) ? std::max(size, std::abs(x)) : size;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
        if (!both_nan && a[i] != b[i] && !(std::abs(a[i] - b[i]) <= absolute + per_size * size)) return false;
    }
    return true;
}

// Energies of large cells are compared to the same absolute difference.
bool same(const Candidate& a, const Candidate& b) {
    switch (a.name.quantity) {
        case Quantity::energy: return near(a.values, b.values, same_energy, 1e-10);
        case Quantity::forces: return near(a.values, b.values, same_force, relative);
        case Quantity::stress: return near(a.values, b.values, same_stress, relative);
        case Quantity::virial: return near(a.values, b.values, same_energy, relative);
    }
    return false;
}

// Text for messages: how a quantity is chosen.
std::string chooser(Quantity quantity) { return fmt::format("--{0}-key ({0}_key in a config)", to_string(quantity)); }

std::string shown(const std::string& key, Quantity quantity) { return quantity == Quantity::forces ? "column " + key : key + "="; }

// 9 numbers row by row, or 6 in Voigt order made 9.
std::vector<double> tensor_of(const KeyValue& pair, const Place& place) {
    auto n = numbers_of(pair, place);
    if (n.size() == 6) return {n[0], n[5], n[4], n[5], n[1], n[3], n[4], n[3], n[2]};
    if (n.size() != 9) place.fail(fmt::format("{}= has {} numbers", pair.first, n.size()), "give 9 (3x3) or 6 (xx yy zz yz xz xy)");
    return n;
}

Mat3 matrix(const std::vector<double>& n) {
    Mat3 m;
    for (int i = 0; i < 9; ++i) m(i / 3, i % 3) = n[static_cast<std::size_t>(i)];
    return m;
}

class Taker {
public:
    Taker(const ReadOptions& options, FrameParts& parts)
        : options_(options), pairs_(parts.pairs), frame_(parts.frame), notes_(parts.notes), place_(parts.place), units_(parts.units) {}

    void take() {
        read_weights();
        warn_of_unheeded();
        judge_convergence();
        judge_program();
        refuse_sets_by_keys();
        if (!weightless(Quantity::energy)) take_energy();
        if (!weightless(Quantity::forces)) take_forces();
        take_stress();
        finish_weights();
        finish_atomic_energies();
        set_aside();
    }

private:
    void warn(std::string text) { notes_.warnings.push_back(std::move(text)); }

    // --- weights

    static bool says_weight(const KeyValue& pair) { return lower_case(pair.first).find("weight") != std::string::npos; }

    // The weight of the frame (no quantity) or of one label. Keys that give it twice with different numbers are named.
    std::optional<double> weight_of(std::optional<Quantity> quantity) {
        std::optional<double> weight;
        std::string first;
        for (const auto& pair : pairs_) {
            if (!is_weight(pair) || weight_name(pair.first)->quantity != quantity) continue;
            const auto numbers = numbers_of(pair, place_);
            if (numbers.size() != 1 || !(numbers[0] >= 0) || !std::isfinite(numbers[0]))
                place_.fail(fmt::format("{}= should be a number of at least 0", pair.first));
            if (weight && *weight != numbers[0]) warn(fmt::format("{}= and {}= differ: {}= is taken", first, pair.first, first));
            if (!weight) weight = numbers[0], first = pair.first;
        }
        return weight;
    }

    void read_weights() {
        if (const auto weight = weight_of(std::nullopt)) frame_.weight = *weight;
        for (const auto quantity : {Quantity::energy, Quantity::forces, Quantity::stress, Quantity::virial})
            weights_[static_cast<std::size_t>(quantity)] = weight_of(quantity);
    }

    [[nodiscard]] std::optional<double> weight(Quantity quantity) const { return weights_[static_cast<std::size_t>(quantity)]; }
    [[nodiscard]] bool weightless(Quantity quantity) const { return unconverged_ || frame_.weight == 0 || weight(quantity) == 0.0; }

    void warn_of_unheeded() {
        for (const auto& pair : pairs_)
            if (is_unheeded(pair.first, Where::header) || (weight_name(pair.first) && says_weight(pair) && !is_weight(pair)))
                warn(fmt::format("{}= is not heeded: labels of a frame are weighed by energy_weight, forces_weight and stress_weight",
                                 pair.first));
        for (const auto& column : frame_.columns)
            if (is_unheeded(column.name, Where::column))
                warn(fmt::format("column {} is not heeded: the forces on all atoms of a frame have the same weight", column.name));
    }

    void judge_convergence() {
        for (const auto& pair : pairs_)
            if (convergence_of(pair) == Convergence::unclear)
                warn(fmt::format("{}={}: whether the electrons converged is not clear; the labels are taken (T or F would tell)",
                                 pair.first, pair.second));
        const auto said = std::find_if(pairs_.begin(), pairs_.end(), says_unconverged);
        if (said == pairs_.end()) return;
        unconverged_ = true;
        warn(fmt::format("{}={}: the labels of the frame are not taken", said->first, said->second));
    }

    // --- programs

    [[nodiscard]] bool has_key(std::string_view name) const {
        return std::any_of(pairs_.begin(), pairs_.end(), [&](const KeyValue& pair) { return pair.first == name; });
    }

    // LAMMPS's `dump extxyz` (dump_extxyz.cpp) writes the pressure of the run, momenta included, as Stress.
    void judge_program() {
        if (!has_key("Timestep") || !has_key("Potential_energy") || !options_.stress_key.empty()) return;
        if (!units_.given())
            warn(
                "a dump of LAMMPS (Timestep=, Potential_energy=): energy and forces are taken as those of units metal, eV and "
                "eV/angstrom; add units=real to the header if they are not");
        for (auto& pair : pairs_) {
            if (pair.first != "Stress") continue;
            pair.first = "lammps_pressure";  // which is no label, then as now
            warn(
                "Stress= of LAMMPS is the pressure, positive in compression, in bar or atm and with the part of the momenta: it is no "
                "label, "
                "whatever its unit, and kept as lammps_pressure=; give the virial of the potential as virial=, or say --stress-key Stress "
                "after changing it");
        }
    }

    void finish_weights() {
        frame_.weights.energy = weight(Quantity::energy).value_or(1.0);
        frame_.weights.forces = weight(Quantity::forces).value_or(1.0);
        const auto stress = weight(Quantity::stress), virial = weight(Quantity::virial);
        const bool from_virial = took_virial_ || (!frame_.labels.stress && !stress);
        frame_.weights.stress = (from_virial ? (virial ? virial : stress) : (stress ? stress : virial)).value_or(1.0);
        if (weightless(Quantity::energy)) notes_.without_weight.emplace_back("energy");
        if (weightless(Quantity::forces)) notes_.without_weight.emplace_back("forces");
        if (unconverged_ || frame_.weight == 0 || frame_.weights.stress == 0 || (!frame_.labels.stress && (stress == 0.0 || virial == 0.0)))
            notes_.without_weight.emplace_back("stress");
        // A weight of 0 stays in the header beside the label that it keeps out.
        std::erase_if(pairs_, [&](const KeyValue& pair) {
            if (!is_weight(pair)) return false;
            const auto name = *weight_name(pair.first);
            return !name.quantity || weight(*name.quantity) != 0.0;
        });
        for (double* of_label : {&frame_.weights.energy, &frame_.weights.forces, &frame_.weights.stress})
            if (*of_label == 0) *of_label = 1.0;  // there is no such label
    }

    // --- choice among several keys

    std::vector<Candidate> in_header(Quantity quantity, const std::string& configured) {
        std::vector<Candidate> found;
        for (const auto& pair : pairs_) {
            std::optional<LabelName> name = label_name(pair.first);
            if (configured.empty() ? !name || name->quantity != quantity : pair.first != configured) continue;
            if (is_nothing(pair.second)) {
                warn(fmt::format("{}={}: there is no such label", pair.first, pair.second));
                continue;
            }
            if (!configured.empty()) name = LabelName{quantity, {}, name && name->free_energy};
            // Under a prefix that nobody is known to use it may be anything: its shape must tell that it is the label.
            const bool usual = !configured.empty() || rank_of(name->prefix) < unusual_rank;
            if (!usual && !fits(pair, quantity)) continue;
            found.push_back({*name, pair.first, values(pair, quantity)});
        }
        return found;
    }

    // What programs write of a label that they do not have.
    static bool is_nothing(const std::string& value) {
        const auto lower = lower_case(value);
        return lower == "none" || lower == "null";
    }

    static bool fits(const KeyValue& pair, Quantity quantity) {
        const auto words = array_words(pair.second);
        const bool count = quantity == Quantity::energy ? words.size() == 1 : words.size() == 6 || words.size() == 9;
        return count && std::all_of(words.begin(), words.end(), [](std::string_view word) { return parse_double(word).has_value(); });
    }

    std::vector<double> values(const KeyValue& pair, Quantity quantity) const {
        if (quantity != Quantity::energy) return tensor_of(pair, place_);
        auto numbers = numbers_of(pair, place_);
        if (numbers.size() != 1) place_.fail(fmt::format("{}= should be one number, not {}", pair.first, numbers.size()));
        return numbers;
    }

    std::vector<Candidate> in_columns(const std::string& configured) const {
        std::vector<Candidate> found;
        for (const auto& column : frame_.columns) {
            std::optional<LabelName> name = label_name(column.name);
            if (configured.empty() ? !name || name->quantity != Quantity::forces : column.name != configured) continue;
            if (!configured.empty()) name = LabelName{Quantity::forces, {}, false};
            const bool numbers = column.kind == AtomColumn::Kind::real || column.kind == AtomColumn::Kind::integer;
            if (column.width != 3 || !numbers) {
                if (rank_of(name->prefix) < unusual_rank) refuse_column(column);
                continue;
            }
            found.push_back({*name, column.name, column.values});
        }
        return found;
    }

    // Says what is wrong with a column whose name tells that it is the forces.
    [[noreturn]] void refuse_column(const AtomColumn& column) const {
        if (column.kind == AtomColumn::Kind::text && column.width == 3)
            for (std::size_t k = 0; k < column.words.size(); ++k)
                if (!parse_double(column.words[k]))
                    place_.fail(fmt::format("'{}' in the {} of atom {} is not a number", column.words[k], column.name, k / 3 + 1));
        place_.fail(fmt::format("the property {} with {} columns should be {}:R:3", column.name, column.width, column.name));
    }

    // The best candidate if all others say the same; none, with a warning, if they do not.
    const Candidate* choose(const std::vector<Candidate>& candidates) {
        if (candidates.empty()) return nullptr;
        const auto better = [](const Candidate& a, const Candidate& b) {
            if (a.name.free_energy != b.name.free_energy) return a.name.free_energy;
            return rank_of(a.name.prefix) < rank_of(b.name.prefix);
        };
        const Candidate& best = *std::min_element(candidates.begin(), candidates.end(), better);
        for (const auto& other : candidates) {
            if (says_the_same(other, best, candidates)) continue;
            const auto quantity = best.name.quantity;
            if (other.key == best.key) {
                set_aside_[index(quantity)] = true;  // a header that is written holds a key once
                warn(fmt::format("{} is there twice and differs: it is not taken for the {}", shown(best.key, quantity),
                                 to_string(quantity)));
            } else {
                warn(fmt::format("{} and {} differ: neither is taken for the {}; say which with {}", shown(best.key, quantity),
                                 shown(other.key, quantity), to_string(quantity), chooser(quantity)));
                refuse_sets(candidates, best, {});
            }
            return nullptr;
        }
        return &best;
    }

    // --- sets of labels: those with the same prefix

    // Where labels of several sets differ, the sets that were not chosen give no other label either.
    void refuse_sets(const std::vector<Candidate>& candidates, const Candidate& best, const std::optional<std::string>& chosen) {
        const bool differ = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& other) {
            return other.name.prefix != best.name.prefix && !says_the_same(other, best, candidates);
        });
        if (!differ) return;
        for (const auto& other : candidates)
            if (other.name.prefix != chosen && (!chosen || !says_the_same(other, best, candidates)))
                refused_sets_.push_back({other.name.prefix, other.key, best.name.quantity});
    }

    // After a label was chosen by its key. A key that is no label's name says nothing of sets.
    void refuse_other_sets(const std::string& key, const Candidate& taken, std::vector<Candidate> all) {
        const auto name = label_name(key);
        if (key.empty() || !name) return;
        std::erase_if(all, [&](const Candidate& c) { return c.key == key; });
        all.push_back(taken);
        all.back().name = *name;
        const Candidate best = all.back();
        refuse_sets(all, best, name->prefix);
    }

    // Keys choose before anything is taken, so that the order of the labels does not matter.
    void refuse_sets_by_keys() {
        const auto judge = [&](const std::string& key, const std::vector<Candidate>& configured, Quantity quantity) {
            if (!configured.empty()) refuse_other_sets(key, configured.front(), well_formed(quantity));
        };
        if (!options_.energy_key.empty() && !weightless(Quantity::energy))
            judge(options_.energy_key, in_header(Quantity::energy, options_.energy_key), Quantity::energy);
        if (!options_.forces_key.empty() && !weightless(Quantity::forces))
            judge(options_.forces_key, in_columns(options_.forces_key), Quantity::forces);
    }

    // All that may be the energy or the forces; what is malformed is nobody's concern where another one is chosen.
    [[nodiscard]] std::vector<Candidate> well_formed(Quantity quantity) const {
        std::vector<Candidate> found;
        if (quantity == Quantity::forces) {
            for (const auto& column : frame_.columns)
                if (is_left(column.name, quantity) && column.width == 3 && column.kind == AtomColumn::Kind::real)
                    found.push_back({*label_name(column.name), column.name, column.values});
            return found;
        }
        for (const auto& pair : pairs_)
            if (is_left(pair.first, quantity) && fits(pair, quantity))
                found.push_back({*label_name(pair.first), pair.first, values(pair, quantity)});
        return found;
    }

    struct RefusedSet {
        std::string prefix, key;
        Quantity by;
    };

    // A prefix of its own may tell that it is another energy.
    void warn_of_unusual(const Candidate& taken, const std::vector<Candidate>& candidates) {
        if (std::any_of(candidates.begin(), candidates.end(), [](const Candidate& c) { return rank_of(c.name.prefix) < unusual_rank; }))
            return;
        const auto quantity = taken.name.quantity;
        warn(
            fmt::format("{} is taken for the {}, because there is no other; its prefix is not one of the usual ones: if it is right, "
                        "say so with {}",
                        shown(taken.key, quantity), to_string(quantity), chooser(quantity)));
    }

    // The candidate, another one that says the same of a set that is not refused, or none, with a warning.
    const Candidate* of_a_set_not_refused(const Candidate* best, const std::vector<Candidate>& candidates, const std::string& configured) {
        if (best == nullptr || !configured.empty()) return best;
        warn_of_unusual(*best, candidates);
        const auto refused = [&](const Candidate& c) {
            return std::find_if(refused_sets_.begin(), refused_sets_.end(),
                                [&](const RefusedSet& set) { return set.prefix == c.name.prefix; });
        };
        if (refused(*best) == refused_sets_.end()) return best;
        for (const auto& other : candidates)
            if (refused(other) == refused_sets_.end()) return &other;
        const auto quantity = best->name.quantity;
        const auto set = *refused(*best);
        warn(fmt::format("{} belongs to {}, which is not taken for the {}: it is not taken for the {} either; say which with {}",
                         shown(best->key, quantity), shown(set.key, set.by), to_string(set.by), to_string(quantity), chooser(quantity)));
        // Two sets that differ are there for the next reading too; of chosen ones only the chosen one is.
        if (chosen_by_key()) set_aside_[index(quantity)] = true;
        return nullptr;
    }
    [[nodiscard]] bool chosen_by_key() const { return !options_.energy_key.empty() || !options_.forces_key.empty(); }

    // A set may hold its energy extrapolated to zero smearing beside the free energy.
    static bool says_the_same(const Candidate& other, const Candidate& best, const std::vector<Candidate>& candidates) {
        if (same(other, best)) return true;
        if (other.name.free_energy || !best.name.free_energy) return false;
        if (other.name.prefix == best.name.prefix) return true;
        return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& c) {
            if (c.name.free_energy) return c.name.prefix == other.name.prefix && same(c, best);
            return c.name.prefix == best.name.prefix && same(c, other);
        });
    }

    // The factor to alkali's units; nothing, with a warning, where the unit is not clear.
    std::optional<double> factor(Quantity quantity, const std::string& key) {
        const auto factor = units_.factor(quantity);
        if (!factor) warn(fmt::format("{} is not taken: {}", shown(key, quantity), units_.why(quantity)));
        return factor;
    }

    void erase(const std::vector<Candidate>& taken) {
        std::set<std::string_view> keys;
        for (const auto& candidate : taken) keys.insert(candidate.key);
        std::erase_if(pairs_, [&](const KeyValue& pair) { return keys.contains(pair.first); });
    }

    // Says that the key or column which was asked for is not there. What is there instead is another label.
    void warn_of_absent(Quantity quantity, const std::string& configured) {
        set_aside_[index(quantity)] = true;
        std::string text = fmt::format("there is no {}, which {} names", shown(configured, quantity), chooser(quantity));
        if (const auto left = first_left(quantity)) text += fmt::format("; {} is not taken in its place", shown(*left, quantity));
        warn(std::move(text));
    }

    // --- labels

    void take_energy() {
        const auto candidates = in_header(Quantity::energy, options_.energy_key);
        if (candidates.empty() && !options_.energy_key.empty()) warn_of_absent(Quantity::energy, options_.energy_key);
        const Candidate* best = of_a_set_not_refused(choose(candidates), candidates, options_.energy_key);
        if (best == nullptr) return;
        const auto unit = factor(Quantity::energy, best->key);
        if (!unit) return;
        frame_.labels.energy = *unit * best->values[0];
        notes_.energy_from = best->key;
        if (frame_.labels.energies)
            for (double& energy : *frame_.labels.energies) energy *= *unit;
        keep_extrapolated(candidates, *best, *unit);
        erase(candidates);
    }

    // The energy extrapolated to zero smearing, which VASP and ASE call `energy`, stays under a name of its own when the
    // force-consistent one is the label.
    void keep_extrapolated(const std::vector<Candidate>& candidates, const Candidate& best, double unit) {
        const auto other = std::find_if(candidates.begin(), candidates.end(), [&](const Candidate& c) {
            return best.name.free_energy && !c.name.free_energy && c.values != best.values &&
                   (c.name.prefix == best.name.prefix || !same(c, best));
        });
        if (other == candidates.end()) return;
        const auto pair = std::find_if(pairs_.begin(), pairs_.end(), [&](const KeyValue& p) { return p.first == other->key; });
        const std::string text = unit == 1 ? pair->second : fmt::format("{}", unit * other->values[0]);
        pairs_.emplace_back("energy_extrapolated", text);
    }

    void take_forces() {
        const auto candidates = in_columns(options_.forces_key);
        if (candidates.empty() && !options_.forces_key.empty()) warn_of_absent(Quantity::forces, options_.forces_key);
        const Candidate* best = of_a_set_not_refused(choose(candidates), candidates, options_.forces_key);
        if (best == nullptr) return;
        const auto unit = factor(Quantity::forces, best->key);
        if (!unit) return;
        auto& forces = frame_.labels.forces.emplace();
        forces.reserve(best->values.size() / 3);
        for (std::size_t k = 0; k + 2 < best->values.size(); k += 3)
            forces.emplace_back(*unit * best->values[k], *unit * best->values[k + 1], *unit * best->values[k + 2]);
        notes_.forces_from = best->key;
        for (const auto& candidate : candidates)
            std::erase_if(frame_.columns, [&](const AtomColumn& column) { return column.name == candidate.key; });
    }

    struct Stress {
        std::vector<Candidate> candidates;
        std::string key;
        Mat3 value;
    };

    // A stress from the keys of a stress or a virial, eV/angstrom^3.
    std::optional<Stress> stress_from(Quantity quantity, const std::string& configured) {
        if (weightless(quantity)) return std::nullopt;
        Stress stress{in_header(quantity, configured), {}, {}};
        // Frames that are not periodic have none; where the frame has another, the one asked for is missed.
        if (stress.candidates.empty() && !configured.empty() && first_left(quantity)) warn_of_absent(quantity, configured);
        const Candidate* best = of_a_set_not_refused(choose(stress.candidates), stress.candidates, configured);
        if (best == nullptr) return std::nullopt;
        const auto unit = factor(quantity, best->key);
        if (!unit) return std::nullopt;
        Mat3 tensor = *unit * matrix(best->values);
        if (quantity == Quantity::stress && !turn(tensor, best->key)) return std::nullopt;
        if (quantity == Quantity::virial) {
            const double volume = frame_.structure.cell.volume();
            if (!(volume > 0)) place_.fail(fmt::format("{}= is given, but the cell has no volume", best->key));
            tensor = -tensor / volume;
        }
        stress.key = best->key;
        judge_symmetry(stress.key, tensor);
        stress.value = 0.5 * (tensor + tensor.transpose());
        return stress;
    }

    // Makes a stress positive in tension; false where the header does not tell clearly what it is.
    bool turn(Mat3& tensor, const std::string& key) {
        for (const auto& pair : pairs_) {
            const auto sign = stress_sign_of(pair);
            if (sign == StressSign::compression) tensor *= -1;
            if (sign == StressSign::unclear) {
                warn(fmt::format("{}= is not taken: {}={} does not say clearly whether it is positive in tension or in compression", key,
                                 pair.first, pair.second));
                return false;
            }
            if (sign) break;
        }
        return true;
    }

    void judge_symmetry(const std::string& key, const Mat3& tensor) {
        const double asymmetry = (tensor - tensor.transpose()).cwiseAbs().maxCoeff();
        if (asymmetry > least_asymmetry + relative_asymmetry * tensor.cwiseAbs().maxCoeff())
            warn(fmt::format("{}= is not symmetric; are its numbers in the order xx xy xz yx yy yz zx zy zz? The symmetric part is taken",
                             key));
    }

    void take_stress() {
        auto stress = stress_from(Quantity::stress, options_.stress_key);
        auto virial = stress_from(Quantity::virial, options_.virial_key);
        if (stress && virial && contradict(*stress, *virial)) {
            if (options_.stress_key.empty() == options_.virial_key.empty()) {
                warn_of_contradiction(*stress, *virial);
                return;
            }
            (options_.stress_key.empty() ? stress : virial).reset();
        }
        took_virial_ = !stress && virial;
        const auto& taken = stress ? stress : virial;
        if (!taken) return;
        frame_.labels.stress = taken->value;
        notes_.stress_from = taken->key;
        // Where anything is read, it is for others to judge.
        if (options_.numbers == Numbers::finite) leave_out_implausible_stress(frame_, notes_);
        if (!frame_.labels.stress) return;
        if (stress) {
            erase(stress->candidates);
            std::erase_if(pairs_, [](const KeyValue& pair) { return stress_sign_of(pair).has_value(); });
        }
        if (virial) erase(virial->candidates);
    }

    static bool contradict(const Stress& stress, const Stress& virial) {
        const double size = std::max(stress.value.cwiseAbs().maxCoeff(), virial.value.cwiseAbs().maxCoeff());
        return !((stress.value - virial.value).cwiseAbs().maxCoeff() <= same_virial + relative_virial * size);
    }

    void warn_of_contradiction(const Stress& stress, const Stress& virial) {
        const double size = stress.value.cwiseAbs().maxCoeff();
        const bool opposite = (stress.value + virial.value).cwiseAbs().maxCoeff() <= same_virial + relative_virial * size;
        warn(fmt::format("{}= and {}= contradict each other{}: neither is taken; say which with {} or {}", stress.key, virial.key,
                         opposite ? " in their sign (a virial is -stress x volume)" : " (a virial is -stress x volume, in eV)",
                         chooser(Quantity::stress), chooser(Quantity::virial)));
    }

    // Energies of atoms are in the unit of the energy, also where that is not taken.
    void finish_atomic_energies() {
        if (!frame_.labels.energies) return;
        if (frame_.labels.energy) {
            judge_atomic_energies(*frame_.labels.energies, *frame_.labels.energy);
            return;
        }
        const auto unit = units_.factor(Quantity::energy);
        if (!unit) {
            warn(fmt::format("the column energies is not taken: {}", units_.why(Quantity::energy)));
            frame_.labels.energies.reset();
            return;
        }
        for (double& energy : *frame_.labels.energies) energy *= *unit;
    }

    void judge_atomic_energies(const std::vector<double>& energies, double energy) {
        constexpr double same_per_atom = 1e-3;  // eV: printed with few digits, or extrapolated
        const double sum = std::accumulate(energies.begin(), energies.end(), 0.0);
        if (!(std::abs(sum - energy) > same_per_atom * static_cast<double>(energies.size()))) return;
        warn(fmt::format("{}={:.8g} and the column energies, which adds up to {:.8g}, contradict each other; {}= is the label",
                         notes_.energy_from, energy, sum, notes_.energy_from));
    }

    // --- what was not taken

    // What was not taken keeps its name where the next reading refuses it for the same reason, and gets one that is no label
    // where it would be taken then. Units of what was taken are those of alkali now; the others stay beside their numbers.
    void set_aside() {
        std::string everything;
        for (const auto& pair : pairs_)
            if (HeaderUnits::is_unit(pair) && unit_name(pair.first)->of == UnitName::Of::everything) everything = pair.second;
        std::erase_if(pairs_, HeaderUnits::is_unit);
        const bool any_taken = frame_.labels.energy || frame_.labels.forces || frame_.labels.stress;
        bool unit_unclear = false;
        for (const auto quantity : {Quantity::energy, Quantity::forces, Quantity::stress, Quantity::virial}) {
            if (!first_left(quantity)) continue;
            const auto& unit = units_.name(quantity);
            const auto factor = units_.factor(quantity);
            const bool other_unit = units_.given() && factor != 1.0;
            const bool rename = set_aside_[index(quantity)] || (other_unit && (any_taken || unit.empty()));
            unit_unclear = unit_unclear || (rename && !factor && unit.empty());
            if (rename) rename_left(quantity);
            if (!unit.empty() && (other_unit || !any_taken))
                pairs_.emplace_back(rename ? free_name(untaken_name(fmt::format("{}-unit", to_string(quantity))))
                                           : fmt::format("{}-unit", to_string(quantity)),
                                    unit);
        }
        if (unit_unclear && !everything.empty()) pairs_.emplace_back(free_name(untaken_name("units")), everything);
    }

    void rename_left(Quantity quantity) {
        if (quantity == Quantity::forces) {
            for (auto& column : frame_.columns)
                if (is_left(column.name, quantity)) column.name = free_name(untaken_name(column.name));
            return;
        }
        for (auto& pair : pairs_)
            if (is_left(pair.first, quantity)) pair.first = free_name(untaken_name(pair.first));
    }

    // The name, with a number behind it where the frame has it already.
    [[nodiscard]] std::string free_name(const std::string& name) {
        if (names_.empty()) {
            for (const auto& pair : pairs_) names_.insert(pair.first);
            for (const auto& column : frame_.columns) names_.insert(column.name);
        }
        std::string free = name;
        for (auto& number = last_number_.try_emplace(name, 1).first->second; !names_.insert(free).second;)
            free = fmt::format("{}_{}", name, ++number);
        return free;
    }

    // The first key or column that may be this label and was not taken.
    [[nodiscard]] std::optional<std::string> first_left(Quantity quantity) const {
        if (quantity == Quantity::forces) {
            for (const auto& column : frame_.columns)
                if (is_left(column.name, quantity)) return column.name;
            return std::nullopt;
        }
        for (const auto& pair : pairs_)
            if (is_left(pair.first, quantity)) return pair.first;
        return std::nullopt;
    }
    static bool is_left(const std::string& name, Quantity quantity) {
        const auto label = label_name(name);
        return label && label->quantity == quantity;
    }
    static std::size_t index(Quantity quantity) { return static_cast<std::size_t>(quantity); }

    const ReadOptions& options_;
    std::vector<KeyValue>& pairs_;
    Frame& frame_;
    FrameNotes& notes_;
    const Place& place_;
    const HeaderUnits& units_;
    std::optional<double> weights_[4];
    bool took_virial_ = false, unconverged_ = false;
    std::vector<RefusedSet> refused_sets_;
    std::set<std::string> names_;             ///< of keys and columns, also of those before they got another
    std::map<std::string, int> last_number_;  ///< given to a name
    bool set_aside_[4] = {};                  ///< not taken for a reason that is not seen in a file that is written
};

}  // namespace

std::vector<double> numbers_of(const KeyValue& pair, const Place& place) {
    std::vector<double> numbers;
    for (const auto word : array_words(pair.second)) {
        const auto value = parse_double(word);
        if (!value) place.fail(fmt::format("'{}' in {}= is not a number", word, pair.first));
        numbers.push_back(*value);
    }
    return numbers;
}

void take_labels(const ReadOptions& options, FrameParts& parts) { Taker(options, parts).take(); }

}  // namespace alkali::io
