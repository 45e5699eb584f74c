#include "alkali/dataset/like_frames.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/math/statistics.hpp"

namespace alkali::dataset {
namespace {

// Up to these parts of them; eV/angstrom.
constexpr double same_room = 0.02, same_forces = 0.2, least_forces = 0.02;
// eV/atom between like frames that another zero explains.
constexpr double least_offset = 0.1;
constexpr std::size_t enough_alike = 200;

}  // namespace

double room(const Frame& frame) {
    const auto& cell = frame.structure.cell;
    return cell.fully_periodic() ? cell.volume() / static_cast<double>(frame.structure.size()) : 0.0;
}

double per_atom(const Frame& frame) { return *frame.labels.energy / static_cast<double>(frame.structure.size()); }

double forces_of(const Frame& frame) {
    if (!frame.labels.forces || frame.labels.forces->empty()) return 0;
    double sum = 0;
    for (const auto& force : *frame.labels.forces) sum += force.squaredNorm();
    return std::sqrt(sum / (3 * static_cast<double>(frame.labels.forces->size())));
}

std::vector<double> distances_from(const std::vector<double>& values, double centre) {
    std::vector<double> distances;
    for (const double value : values) distances.push_back(std::abs(value - centre));
    return distances;
}

bool can_be_compared(const Point& point) { return point.room > 0 && point.forces >= least_forces; }

void LikeFrames::add(const std::vector<Point>& base, const std::vector<Point>& other) {
    const std::size_t stride = std::max<std::size_t>(1, other.size() / enough_alike);
    for (std::size_t k = 0; k < other.size(); k += stride) {
        std::vector<double> energies;
        for (const auto& point : base)
            if (std::abs(point.room - other[k].room) <= same_room * other[k].room &&
                std::abs(point.forces - other[k].forces) <= same_forces * other[k].forces)
                energies.push_back(point.energy);
        if (energies.empty()) continue;
        const double middle = math::median(energies);
        offsets.push_back(other[k].energy - middle);
        scatter.push_back(math::median(distances_from(energies, middle)));
    }
}

double LikeFrames::offset() const {
    if (offsets.size() < fewest_of_a_zero) return 0;
    const double offset = math::median(offsets);
    const double noise = math::sigma_of_mad * std::max(math::median(distances_from(offsets, offset)), math::median(scatter));
    return std::abs(offset) > std::max(least_offset, clear_gap * noise) ? offset : 0;
}

}  // namespace alkali::dataset
