#include "alkali/models/committee/deviation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace alkali::models {
namespace {

/// <(x - <x>)^2> over the members, component by component.
template <class T, class Get>
T variance(std::span<const calculator::Result> members, const T& zero, Get get) {
    const auto n = static_cast<double>(members.size());
    T mean = zero, sum = zero;
    for (const auto& member : members) mean += get(member) / n;
    for (const auto& member : members) {
        const T difference = get(member) - mean;
        sum += difference.cwiseProduct(difference) / n;
    }
    return sum;
}

std::optional<Mat3> virial_variance(std::span<const calculator::Result> members, const structure::Structure& structure) {
    const double volume = structure.cell.volume();
    if (volume > 0) return variance(members, Mat3(Mat3::Zero()), [volume](const auto& member) -> Mat3 { return -volume * member.stress; });
    if (!std::all_of(members.begin(), members.end(), [&](const auto& member) { return member.virials.size() == structure.size(); }))
        return {};
    return variance(members, Mat3(Mat3::Zero()),
                    [](const auto& member) { return std::accumulate(member.virials.begin(), member.virials.end(), Mat3(Mat3::Zero())); });
}

}  // namespace

Deviation deviation(std::span<const calculator::Result> members, const structure::Structure& structure) {
    Deviation result;
    const auto atoms = static_cast<double>(std::max<std::size_t>(1, structure.size()));
    for (std::size_t i = 0; i < structure.size(); ++i)
        result.by_atom.push_back(
            std::sqrt(variance(members, Vec3(Vec3::Zero()), [i](const auto& member) { return member.forces[i]; }).sum()));
    if (!result.by_atom.empty()) {
        const auto [smallest, largest] = std::minmax_element(result.by_atom.begin(), result.by_atom.end());
        result.forces = {*largest, *smallest, std::accumulate(result.by_atom.begin(), result.by_atom.end(), 0.0) / atoms};
    }
    if (const auto squares = virial_variance(members, structure))
        result.virial = Deviation::Extremes{std::sqrt(squares->maxCoeff()) / atoms, std::sqrt(squares->minCoeff()) / atoms,
                                            std::sqrt(squares->sum() / 9) / atoms};
    using Number = Eigen::Matrix<double, 1, 1>;
    result.energy =
        std::sqrt(variance(members, Number(Number::Zero()), [](const auto& member) { return Number(member.energy); }).sum()) / atoms;
    return result;
}

}  // namespace alkali::models
