#include "alkali/models/committee/committee.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/calculator/finite.hpp"
#include "alkali/models/common/shared_structure.hpp"
#include "alkali/models/contract/parts.hpp"

namespace alkali::models {
namespace {

/// Mean and sample variance of one quantity over the members.
template <class T, class Get>
std::pair<T, T> moments(const std::vector<calculator::Result>& results, const T& zero, Get get) {
    const auto n = static_cast<double>(results.size());
    T mean = zero, variance = zero;
    for (const auto& result : results) mean += get(result) / n;
    for (const auto& result : results) {
        const T difference = get(result) - mean;
        if constexpr (std::is_arithmetic_v<T>)
            variance += difference * difference / (n - 1);
        else
            variance += difference.cwiseProduct(difference) / (n - 1);
    }
    return {mean, variance};
}

bool all_have(const std::vector<calculator::Result>& results, std::size_t atoms, auto field) {
    return std::all_of(results.begin(), results.end(), [&](const auto& result) { return (result.*field).size() == atoms; });
}

}  // namespace

Committee::Committee(std::vector<std::unique_ptr<calculator::Calculator>> members) : members_(std::move(members)) {
    if (members_.size() < 2) throw InputError("a committee needs at least two members", members_.empty() ? "" : members_[0]->name());
    auto expected = members_[0]->species();
    std::sort(expected.begin(), expected.end());
    for (const auto& member : members_) {
        auto species = member->species();
        std::sort(species.begin(), species.end());
        if (species != expected)
            throw InputError(
                "the members of a committee must know the same species; " + member->name() + " differs from " + members_[0]->name(),
                "committee");
    }
    for (const auto& member : members_) {
        models_.push_back(dynamic_cast<ModelCalculator*>(member.get()));
        if (models_.back()) list_cutoff_ = std::max(list_cutoff_, member->cutoff());
    }
}

std::vector<calculator::Result> Committee::ask_members(const structure::Structure& structure, const calculator::Request& request) {
    std::optional<SharedStructure> shared;
    std::vector<calculator::Result> results;
    for (std::size_t m = 0; m < members_.size(); ++m) {
        if (!models_[m]) {
            results.push_back(members_[m]->compute(structure, request));
            continue;
        }
        base::Laps laps(request.profile);
        if (!shared) shared.emplace(structure, list_cutoff_, &workspaces_, std::string());
        const Graph graph = shared->graph(models_[m]->model());
        laps.end(part::neighbour_list);
        results.push_back(models_[m]->compute(structure, graph, request));
    }
    return results;
}

void Committee::choose_threads() { threads_.emplace(omp_get_max_threads()); }

calculator::Result Committee::compute(const structure::Structure& structure, const calculator::Request& request) {
    const base::ThreadTurn turn(threads_ ? &*threads_ : nullptr, static_cast<double>(structure.size()));
    const auto results = ask_members(structure, request);
    const std::size_t atoms = structure.size();
    calculator::Result mean;
    auto& spread = mean.uncertainty.emplace();

    double variance = 0;
    std::tie(mean.energy, variance) = moments(results, 0.0, [](const auto& r) { return r.energy; });
    spread.energy = std::sqrt(variance);
    Mat3 stress_variance;
    std::tie(mean.stress, stress_variance) = moments(results, Mat3(Mat3::Zero()), [](const auto& r) { return r.stress; });
    spread.stress = stress_variance.cwiseSqrt();
    for (std::size_t i = 0; i < atoms; ++i) {
        const auto [force, squares] = moments(results, Vec3(Vec3::Zero()), [i](const auto& r) { return r.forces[i]; });
        mean.forces.push_back(force);
        spread.forces.push_back(squares.cwiseSqrt());
    }
    if (request.per_atom && all_have(results, atoms, &calculator::Result::energies))
        for (std::size_t i = 0; i < atoms; ++i) {
            const auto [energy, square] = moments(results, 0.0, [i](const auto& r) { return r.energies[i]; });
            mean.energies.push_back(energy);
            spread.energies.push_back(std::sqrt(square));
        }
    if (request.per_atom && all_have(results, atoms, &calculator::Result::virials))
        for (std::size_t i = 0; i < atoms; ++i)
            mean.virials.push_back(moments(results, Mat3(Mat3::Zero()), [i](const auto& r) { return r.virials[i]; }).first);
    calculator::require_finite(mean, name());
    deviation_ = models::deviation(results, structure);
    return mean;
}

std::string Committee::name() const {
    std::string name;
    for (const auto& member : members_) name += (name.empty() ? "" : ",") + member->name();
    return name;
}

double Committee::cutoff() const {
    double cutoff = 0;
    for (const auto& member : members_) cutoff = std::max(cutoff, member->cutoff());
    return cutoff;
}

void Committee::fix_sampling(const structure::Structure& reference) {
    for (const auto& member : members_) member->fix_sampling(reference);
}

bool Committee::noisy() const {
    return std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member->noisy(); });
}

double Committee::cost_hint() const {
    double cost = 0;
    for (const auto& member : members_) cost += member->cost_hint();
    return cost;
}

std::vector<calculator::Calculator*> Committee::members() {
    std::vector<calculator::Calculator*> members;
    for (const auto& member : members_) members.push_back(member.get());
    return members;
}

std::vector<std::pair<std::string, std::string>> Committee::provenance() const {
    std::vector<std::pair<std::string, std::string>> entries;
    for (std::size_t m = 0; m < members_.size(); ++m)
        for (const auto& [key, value] : members_[m]->provenance())
            entries.emplace_back("member " + std::to_string(m + 1) + " " + key, value);
    return entries;
}

}  // namespace alkali::models
