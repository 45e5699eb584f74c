#include "alkali/models/common/statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/base/threads.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/structure/isolated_atom.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {
namespace {

// Forces below this (eV/angstrom) are those of symmetry and of a calculation's noise.
constexpr double least_force_rms = 1e-3;
// A species that symmetry or rarity gives small forces in the training frames has larger ones elsewhere.
constexpr double least_share_of_force_rms = 0.1;

std::string joined(std::span<const std::string> names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// The symbol of a species given by its symbol or, as mace has it, by its atomic number.
std::string symbol_of(const std::string& name) {
    int number = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = failure == std::errc{} && end == name.data() + name.size() && number >= 1 && number <= units::max_atomic_number;
    return is_number ? std::string(units::symbol(number)) : name;
}

/// Model type by atomic number, -1 where there is none.
std::vector<int> type_table(std::span<const std::string> type_names) {
    std::vector<int> table(units::max_atomic_number + 1, -1);
    for (std::size_t t = 0; t < type_names.size(); ++t)
        table[static_cast<std::size_t>(units::atomic_number(type_names[t]))] = static_cast<int>(t);
    return table;
}

/// The fit that all of alkali shares. InputError if no frame has an energy.
dataset::Shifts labelled_shifts(std::span<const structure::Frame> frames) {
    auto shifts = dataset::fit_shifts(frames);
    if (shifts.frames == 0)
        throw InputError("no training frame has an energy", {},
                         "check data.energy_key, or give model.per_type_energy_shifts as {Symbol: value}");
    return shifts;
}

void say_what_is_shared(const dataset::Shifts& shifts, base::LogSink& log) {
    const std::string guess = "energies of other compositions are a guess (give model.per_type_energy_shifts where you know them)";
    if (!shifts.told_apart)
        log.info(
            "the compositions of the training frames do not tell all species apart: their energies per atom are shared evenly about the "
            "mean; " +
            guess);
    else if (!shifts.accurate)
        log.info(
            fmt::format("the energies of the training frames scatter too much, by {:.3g} eV/atom about the best fit, for compositions "
                        "that differ so little to say what each species contributes: their energies per atom are drawn to the mean; {}; "
                        "energies of another zero among them scatter so (alkali data check names them)",
                        shifts.scatter, guess));
}

/// A sum of squares with its count.
struct MeanSquare {
    double sum = 0;
    std::size_t count = 0;
    void add(const Vec3& v) {
        sum += v.squaredNorm();
        count += 3;
    }
    [[nodiscard]] double root() const { return count == 0 ? 0.0 : std::sqrt(sum / static_cast<double>(count)); }
};

}  // namespace

std::vector<int> types_of(const structure::Structure& structure, std::span<const std::string> type_names, const std::string& where) {
    const auto table = type_table(type_names);
    std::vector<int> types(structure.size());
    for (std::size_t i = 0; i < structure.size(); ++i) {
        const int number = structure.numbers[i];
        types[i] = number >= 0 && number <= units::max_atomic_number ? table[static_cast<std::size_t>(number)] : -1;
        if (types[i] >= 0) continue;
        const std::string symbol =
            number >= 0 && number <= units::max_atomic_number ? std::string(units::symbol(number)) : std::to_string(number);
        throw InputError(
            "atom " + std::to_string(i + 1) + " is " + symbol + ", which the model does not know (its types: " + joined(type_names) + ")",
            where, "use a model with type_names that contain " + symbol + ", or other data");
    }
    return types;
}

namespace {

/// Edges by type of their centre, and atoms.
struct NeighbourCounts {
    std::vector<double> edges, atoms;
};

NeighbourCounts count_neighbours(std::span<const structure::Frame> frames, std::span<const std::string> type_names, double r_max) {
    std::vector<NeighbourCounts> counts(frames.size());
    base::parallel_for(frames.size(), [&](std::size_t f) {
        counts[f] = {std::vector<double>(type_names.size()), std::vector<double>(type_names.size())};
        const auto list = structure::neighbour_list(frames[f].structure, r_max);
        const auto types = types_of(frames[f].structure, type_names, frames[f].where());
        for (std::size_t i = 0; i < types.size(); ++i) {
            counts[f].edges[static_cast<std::size_t>(types[i])] += static_cast<double>(list.first[i + 1] - list.first[i]);
            counts[f].atoms[static_cast<std::size_t>(types[i])] += 1;
        }
    });
    NeighbourCounts all{std::vector<double>(type_names.size()), std::vector<double>(type_names.size())};
    for (const auto& frame : counts)
        for (std::size_t t = 0; t < type_names.size(); ++t) {
            all.edges[t] += frame.edges[t];
            all.atoms[t] += frame.atoms[t];
        }
    return all;
}

}  // namespace

double average_neighbours(std::span<const structure::Frame> frames, double r_max) {
    std::vector<std::size_t> edges_of(frames.size());
    base::parallel_for(frames.size(), [&](std::size_t f) { edges_of[f] = structure::neighbour_list(frames[f].structure, r_max).edges(); });
    const auto edges = std::accumulate(edges_of.begin(), edges_of.end(), std::size_t{0});
    std::size_t atoms = 0;
    for (const auto& frame : frames) atoms += frame.structure.size();
    if (edges == 0)
        throw InputError("no atom of the training data has a neighbour within r_max", {},
                         "raise model.r_max or give model.avg_num_neighbors");
    return static_cast<double>(edges) / static_cast<double>(atoms);
}

std::vector<double> average_neighbours_per_type(std::span<const structure::Frame> frames, std::span<const std::string> type_names,
                                                double r_max) {
    const double overall = average_neighbours(frames, r_max);
    const auto counts = count_neighbours(frames, type_names, r_max);
    std::vector<double> values;
    for (std::size_t t = 0; t < type_names.size(); ++t) values.push_back(counts.edges[t] > 0 ? counts.edges[t] / counts.atoms[t] : overall);
    return values;
}

double force_rms(std::span<const structure::Frame> frames) {
    MeanSquare all;
    for (const auto& frame : frames)
        if (frame.labels.forces)
            for (const auto& force : *frame.labels.forces) all.add(force);
    return all.root();
}

std::vector<double> force_rms_per_type(std::span<const structure::Frame> frames, std::span<const std::string> type_names) {
    std::vector<MeanSquare> sums(type_names.size());
    for (const auto& frame : frames) {
        if (!frame.labels.forces) continue;
        const auto types = types_of(frame.structure, type_names, frame.where());
        for (std::size_t i = 0; i < types.size(); ++i) sums[static_cast<std::size_t>(types[i])].add((*frame.labels.forces)[i]);
    }
    const double overall = force_rms(frames);
    std::vector<double> values;
    for (const auto& sum : sums) values.push_back(sum.count > 0 ? std::max(sum.root(), least_share_of_force_rms * overall) : overall);
    return values;
}

double energy_scale_of_forces(double force_rms) { return force_rms > least_force_rms ? force_rms : 1.0; }

std::vector<double> per_type_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names,
                                           base::LogSink* log) {
    for (const auto& frame : frames) static_cast<void>(types_of(frame.structure, type_names, frame.where()));
    const auto shifts = labelled_shifts(frames);
    std::vector<double> values;
    for (const auto& name : type_names) {
        const auto found = shifts.energies.find(units::atomic_number(name));
        values.push_back(found != shifts.energies.end() ? found->second : shifts.mean);
    }
    if (log != nullptr) say_what_is_shared(shifts, *log);
    return values;
}

std::vector<double> mean_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names) {
    return std::vector<double>(type_names.size(), labelled_shifts(frames).mean);
}

std::vector<double> isolated_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names) {
    std::vector<double> values(type_names.size(), std::nan(""));
    for (const auto& frame : frames) {
        if (!frame.labels.energy || !structure::is_isolated_atom(frame.structure)) continue;
        values[static_cast<std::size_t>(types_of(frame.structure, type_names, frame.where())[0])] = *frame.labels.energy;
    }
    for (std::size_t t = 0; t < values.size(); ++t)
        if (std::isnan(values[t]))
            throw InputError("no training frame holds an isolated atom of " + type_names[t], "model.per_type_energy_shifts",
                             "use auto, give {" + type_names[t] + ": value}, or add such a frame");
    return values;
}

std::vector<double> given_energy_shifts(const std::map<std::string, double>& given, std::span<const std::string> type_names) {
    std::map<std::string, double> by_symbol;
    for (const auto& [name, value] : given) {
        const std::string symbol = symbol_of(name);
        if (std::find(type_names.begin(), type_names.end(), symbol) == type_names.end())
            throw InputError("'" + name + "' is no type of the model (" + joined(type_names) + ")", "model.per_type_energy_shifts");
        if (!by_symbol.emplace(symbol, value).second)
            throw InputError("two values for " + symbol, "model.per_type_energy_shifts", "keep one of them");
    }
    std::vector<double> values;
    for (const auto& name : type_names) {
        const auto found = by_symbol.find(name);
        if (found == by_symbol.end()) throw InputError("no value for " + name, "model.per_type_energy_shifts", "add " + name + ": value");
        values.push_back(found->second);
    }
    return values;
}

std::vector<double> energy_shifts(const nlohmann::json& value, std::span<const structure::Frame> frames,
                                  const std::vector<std::string>& type_names, base::LogSink& log) {
    if (value.is_number()) return std::vector<double>(type_names.size(), value.get<double>());
    if (value.is_object()) return given_energy_shifts(value.get<std::map<std::string, double>>(), type_names);
    const auto word = value.get<std::string>();
    if (word == "auto" || word == "average") return per_type_energy_shifts(frames, type_names, &log);
    if (word == "mean") return mean_energy_shifts(frames, type_names);
    if (word == "isolated") return isolated_energy_shifts(frames, type_names);
    throw InputError("'" + word + "' is not known", "model.per_type_energy_shifts", "use auto, mean, isolated, a number, or one per type");
}

void warn_of_unseen_types(std::span<const structure::Frame> frames, const std::vector<std::string>& types, base::LogSink& log) {
    std::vector<bool> seen(types.size());
    for (const auto& frame : frames)
        for (const int t : types_of(frame.structure, types, frame.where())) seen[static_cast<std::size_t>(t)] = true;
    for (std::size_t t = 0; t < types.size(); ++t)
        if (!seen[t])
            log.warning("no training frame holds " + types[t] +
                        ": the model will know nothing of it; take it out of model.type_names, or add frames");
}

}  // namespace alkali::models
