#include "alkali/models/common/statistics.hpp"

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/base/threads.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::models {
namespace {

std::string joined(std::span<const std::string> names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

/// Model type by atomic number, -1 where there is none.
std::vector<int> type_table(std::span<const std::string> type_names) {
    std::vector<int> table(units::max_atomic_number + 1, -1);
    for (std::size_t t = 0; t < type_names.size(); ++t)
        table[static_cast<std::size_t>(units::atomic_number(type_names[t]))] = static_cast<int>(t);
    return table;
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
    for (const auto& sum : sums) values.push_back(sum.count > 0 ? sum.root() : overall);
    return values;
}

std::vector<double> per_type_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names) {
    const auto types = static_cast<Eigen::Index>(type_names.size());
    std::vector<const structure::Frame*> labelled;
    for (const auto& frame : frames)
        if (frame.labels.energy && frame.structure.size() > 0) labelled.push_back(&frame);
    if (labelled.empty())
        throw InputError("no training frame has an energy", {},
                         "check data.energy_key, or give model.per_type_energy_shifts as {Symbol: value}");
    Eigen::MatrixXd composition = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(labelled.size()), types);
    Eigen::VectorXd energy(composition.rows());
    for (Eigen::Index f = 0; f < composition.rows(); ++f) {
        const auto& frame = *labelled[static_cast<std::size_t>(f)];
        const double share = 1.0 / static_cast<double>(frame.structure.size());
        for (const int t : types_of(frame.structure, type_names, frame.where())) composition(f, t) += share;
        energy[f] = *frame.labels.energy * share;
    }
    // Fractions sum to one, so a constant taken off the energies is the same constant added to every shift.
    const double mean = energy.mean();
    const Eigen::VectorXd rest = energy.array() - mean;
    const Eigen::VectorXd shifts = composition.completeOrthogonalDecomposition().solve(rest);
    std::vector<double> values(type_names.size());
    for (Eigen::Index t = 0; t < types; ++t) values[static_cast<std::size_t>(t)] = mean + shifts[t];
    return values;
}

std::vector<double> isolated_energy_shifts(std::span<const structure::Frame> frames, std::span<const std::string> type_names) {
    std::vector<double> values(type_names.size(), std::nan(""));
    for (const auto& frame : frames) {
        if (frame.structure.size() != 1 || !frame.labels.energy) continue;
        // A lone atom in a periodic cell is a crystal unless its images are far away.
        if (structure::neighbour_list(frame.structure, 8.0).edges() > 0) continue;
        values[static_cast<std::size_t>(types_of(frame.structure, type_names, frame.where())[0])] = *frame.labels.energy;
    }
    for (std::size_t t = 0; t < values.size(); ++t)
        if (std::isnan(values[t]))
            throw InputError("no training frame holds an isolated atom of " + type_names[t], "model.per_type_energy_shifts",
                             "use auto, give {" + type_names[t] + ": value}, or add such a frame");
    return values;
}

std::vector<double> given_energy_shifts(const std::map<std::string, double>& given, std::span<const std::string> type_names) {
    for (const auto& [name, value] : given)
        if (std::find(type_names.begin(), type_names.end(), name) == type_names.end())
            throw InputError("'" + name + "' is no type of the model (" + joined(type_names) + ")", "model.per_type_energy_shifts");
    std::vector<double> values;
    for (const auto& name : type_names) {
        const auto found = given.find(name);
        if (found == given.end()) throw InputError("no value for " + name, "model.per_type_energy_shifts", "add " + name + ": value");
        values.push_back(found->second);
    }
    return values;
}

std::vector<double> energy_shifts(const nlohmann::json& value, std::span<const structure::Frame> frames,
                                  const std::vector<std::string>& type_names) {
    if (value.is_number()) return std::vector<double>(type_names.size(), value.get<double>());
    if (value.is_object()) return given_energy_shifts(value.get<std::map<std::string, double>>(), type_names);
    const auto word = value.get<std::string>();
    if (word == "auto") return per_type_energy_shifts(frames, type_names);
    if (word == "isolated") return isolated_energy_shifts(frames, type_names);
    throw InputError("'" + word + "' is not known", "model.per_type_energy_shifts", "use auto, isolated, a number, or one per type");
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
