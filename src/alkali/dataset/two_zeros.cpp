#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <map>

#include "alkali/dataset/like_frames.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/math/statistics.hpp"

namespace alkali::dataset {
namespace {

using Frames = std::vector<const Frame*>;

// A gap between energies is one of zeros if it is so many robust standard deviations of the energies beside it, and the forces
// there are alike to this factor.
constexpr double robust_gap = 4.0, comparable_forces = 3.0;
// Looks at the energies of a file: as they are, then without what volume and forces explain, better each time.
constexpr int passes = 4;

// Frames of one composition and like volume, ascending by a value of each, eV/atom.
struct Ordered {
    Frames frames;
    std::vector<double> values;

    Ordered(const Frames& all, const std::vector<double>& of_each) {
        for (const std::size_t k : math::ascending(of_each)) {
            frames.push_back(all[k]);
            values.push_back(of_each[k]);
        }
    }
};

// Two parts of frames, ascending, with the gap between them.
struct Parts {
    std::span<const Frame*const> low, high;
    std::span<const double> low_values, high_values;

    Parts(const Ordered& all, std::size_t at)
        : low(std::span(all.frames).first(at)),
          high(std::span(all.frames).subspan(at)),
          low_values(std::span(all.values).first(at)),
          high_values(std::span(all.values).subspan(at)) {}
    [[nodiscard]] double gap() const { return high_values.front() - low_values.back(); }
    [[nodiscard]] double distance() const { return median_energy(high) - median_energy(low); }
    // The larger of the two.
    [[nodiscard]] double range() const {
        return std::max(low_values.back() - low_values.front(), high_values.back() - high_values.front());
    }
    [[nodiscard]] double robust_width() const { return std::max(robust_width_of(low_values), robust_width_of(high_values)); }
    [[nodiscard]] bool comparable_forces_or_none() const {
        const double a = median_forces(low), b = median_forces(high);
        return a == 0 || b == 0 || std::max(a, b) <= comparable_forces * std::min(a, b);
    }
    [[nodiscard]] double offset_of_like_frames() const {
        LikeFrames alike;
        alike.add(points(low, low_values), points(high, high_values));
        return alike.offset();
    }

private:
    static std::vector<Point> points(std::span<const Frame* const> frames, std::span<const double> values) {
        std::vector<Point> all;
        for (std::size_t k = 0; k < frames.size(); ++k)
            if (const Point point{room(*frames[k]), forces_of(*frames[k]), values[k]}; can_be_compared(point)) all.push_back(point);
        return all;
    }
    static double median_energy(std::span<const Frame* const> frames) {
        std::vector<double> energies;
        for (const auto* frame : frames) energies.push_back(per_atom(*frame));
        return math::median(std::move(energies));
    }
    static double median_forces(std::span<const Frame* const> frames) {
        std::vector<double> forces;
        for (const auto* frame : frames) forces.push_back(forces_of(*frame));
        return math::median(std::move(forces));
    }
    static double robust_width_of(std::span<const double> values) {
        const std::vector<double> all(values.begin(), values.end());
        return math::sigma_of_mad * math::median(distances_from(all, math::median(all)));
    }
};

// The place of the widest gap with enough frames on either side; 0 where there are too few.
std::size_t widest_gap(const std::vector<double>& values) {
    std::size_t best = 0;
    for (std::size_t k = fewest_of_a_zero; k + fewest_of_a_zero <= values.size(); ++k)
        if (best == 0 || values[k] - values[k - 1] > values[best] - values[best - 1]) best = k;
    return best;
}

// Whether only another zero explains the gap: it is wide beside all energies of either part, or beside most of them where forces
// are of one size, or like frames show it.
bool are_two_zeros(const Parts& parts, const CheckLimits& limits) {
    if (parts.gap() >= limits.energy_zero && parts.gap() >= clear_gap * parts.range()) return true;
    if (parts.gap() < robust_gap * parts.robust_width()) return false;
    const bool far = parts.gap() >= 0.5 * limits.energy_zero && parts.distance() >= limits.energy_zero;
    return (far && parts.comparable_forces_or_none()) || parts.offset_of_like_frames() != 0;
}

std::vector<double> energies_of(const Frames& frames) {
    std::vector<double> energies;
    for (const auto* frame : frames) energies.push_back(per_atom(*frame));
    return energies;
}

// What a smooth function of volume and size of the forces, which thermal and elastic energies are, leaves of the energies; an offset
// of those on the upper zero (1, others 0) is fitted beside it and stays.
std::vector<double> without_smooth_part(const Frames& frames, const Eigen::VectorXd& upper) {
    const auto rows = static_cast<Eigen::Index>(frames.size());
    Eigen::MatrixXd columns(rows, 6);
    Eigen::VectorXd energies(rows);
    const double usual_room = room(*frames.front());
    for (Eigen::Index k = 0; k < rows; ++k) {
        const auto& frame = *frames[static_cast<std::size_t>(k)];
        const double v = usual_room > 0 ? room(frame) / usual_room - 1 : 0, f = forces_of(frame);
        columns.row(k) << 1, v, v * v, f, f * f, upper[k];
        energies[k] = per_atom(frame);
    }
    Eigen::VectorXd solution = columns.colPivHouseholderQr().solve(energies);
    solution[5] = 0;
    const Eigen::VectorXd left = energies - columns * solution;
    return {left.begin(), left.end()};
}

std::string distance_of(const Parts& parts, bool upper) {
    const auto part = upper ? parts.high : parts.low, rest = upper ? parts.low : parts.high;
    return fmt::format("{} frames from this one on lie {:.3g} eV/atom {} the {} others of their composition", part.size(),
                       std::abs(parts.distance()), upper ? "above" : "below", rest.size());
}

void name_two_zeros(const Parts& parts, std::vector<Finding>& findings) {
    const bool upper = parts.high.size() <= parts.low.size();  // the smaller part is named
    const auto part = upper ? parts.high : parts.low;
    const auto* named = *std::min_element(part.begin(), part.end(), [](const Frame* a, const Frame* b) { return a->index < b->index; });
    findings.push_back({Severity::warning, "energy-zero", named->where(),
                        distance_of(parts, upper) +
                            ": energies of two zeros in one file, or of two phases; if it is the zero, split it and align the parts "
                            "(data.align_sources: true)"});
}

}  // namespace

void look_for_two_zeros(std::span<const Frame* const> file, const CheckLimits& limits, std::vector<Finding>& findings) {
    std::map<Composition, Frames> groups;
    for (const auto* frame : file) groups[composition_of(frame->structure)].push_back(frame);
    for (auto& [composition, frames] : groups) {
        std::vector<double> rooms;
        for (const auto* frame : frames) rooms.push_back(room(*frame));
        const double usual = math::median(rooms);
        std::erase_if(frames, [&](const Frame* frame) { return std::abs(room(*frame) - usual) > like_volume * usual; });
        if (frames.size() < 2 * fewest_of_a_zero) continue;
        Eigen::VectorXd upper = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(frames.size()));
        for (int pass = 0; pass < passes; ++pass) {
            const auto values = pass == 0 ? energies_of(frames) : without_smooth_part(frames, upper);
            const Ordered all(frames, values);
            const Parts parts(all, widest_gap(all.values));
            if (are_two_zeros(parts, limits)) {
                name_two_zeros(parts, findings);
                break;
            }
            if (pass == 0) continue;
            for (std::size_t k = 0; k < values.size(); ++k)
                upper[static_cast<Eigen::Index>(k)] = values[k] >= parts.high_values.front() ? 1 : 0;
        }
    }
}

}  // namespace alkali::dataset
