#include "alkali/labelling/convergence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling {
namespace {

double per_atom(const Label& label, const structure::Structure& structure) {
    return *label.labels.energy / static_cast<double>(structure.size());
}

/// Mean of squares as it grows.
struct MeanSquare {
    double sum = 0;
    std::size_t count = 0;
    void add(double x) {
        sum += x * x;
        ++count;
    }
    [[nodiscard]] double root() const { return count == 0 ? 0 : std::sqrt(sum / static_cast<double>(count)); }
};

double pressure_error(const ConvergencePoint& point, std::span<const structure::Structure> structures,
                      std::span<const PressureTest> tests) {
    double worst = 0;
    for (const auto& t : tests) {
        const double slope = (*point.labels[t.above].labels.energy - *point.labels[t.below].labels.energy) /
                             (structures[t.above].cell.volume() - structures[t.below].cell.volume());
        // P = -trace(stress)/3, and P = -dE/dV.
        worst = std::max(worst, std::abs(point.labels[t.at].labels.stress->trace() / 3 - slope));
    }
    return worst;
}

ConvergenceFigures figures(const ConvergencePoint& point, const ConvergencePoint& densest, std::span<const structure::Structure> structures,
                           std::span<const PressureTest> tests) {
    ConvergenceFigures f;
    f.value = point.value;
    const std::size_t count = structures.size();
    double mean = 0;
    for (std::size_t s = 0; s < count; ++s)
        mean += (per_atom(point.labels[s], structures[s]) - per_atom(densest.labels[s], structures[s])) / static_cast<double>(count);
    MeanSquare energy, relative, force, stress;
    for (std::size_t s = 0; s < count; ++s) {
        const auto &a = point.labels[s].labels, &b = densest.labels[s].labels;
        const double difference = per_atom(point.labels[s], structures[s]) - per_atom(densest.labels[s], structures[s]);
        energy.add(difference);
        relative.add(difference - mean);
        for (std::size_t i = 0; i < structures[s].size(); ++i)
            for (int k = 0; k < 3; ++k) force.add((*a.forces)[i][k] - (*b.forces)[i][k]);
        if (a.stress && b.stress)
            for (int k = 0; k < 9; ++k) stress.add((*a.stress)(k / 3, k % 3) - (*b.stress)(k / 3, k % 3));
        f.seconds += point.labels[s].seconds;
    }
    f.energy = energy.root();
    f.relative_energy = relative.root();
    f.force = force.root();
    f.stress = stress.root();
    f.pressure = pressure_error(point, structures, tests);
    return f;
}

bool within(const ConvergenceFigures& f, const ConvergenceTolerance& t) {
    return f.relative_energy <= t.relative_energy && f.force <= t.force && f.stress <= t.stress && f.pressure <= t.pressure;
}

}  // namespace

ConvergenceSeries convergence_series(const std::string& parameter, const std::string& unit, std::span<const ConvergencePoint> points,
                                     std::span<const structure::Structure> structures, std::span<const PressureTest> tests,
                                     const ConvergenceTolerance& tolerance) {
    if (points.size() < 2) throw InputError("convergence needs two values at least", parameter);
    ConvergenceSeries series{parameter, unit, {}, {}};
    for (const auto& point : points) {
        if (point.labels.size() != structures.size())
            throw InputError(fmt::format("{} labels of {} structures", point.labels.size(), structures.size()), parameter);
        series.figures.push_back(figures(point, points.back(), structures, tests));
    }
    // The densest point is the yardstick: it cannot recommend itself.
    for (std::size_t k = points.size() - 1; k-- > 0 && within(series.figures[k], tolerance);) series.recommended = k;
    return series;
}

nlohmann::json to_json(std::span<const ConvergenceSeries> series, const ConvergenceTolerance& tolerance) {
    constexpr double milli = 1e3, gpa = units::gpa_per_ev_per_angstrom3;
    nlohmann::json list = nlohmann::json::array();
    for (const auto& s : series) {
        nlohmann::json points = nlohmann::json::array();
        for (const auto& f : s.figures)
            points.push_back({{"value", f.value},
                              {"energy", milli * f.energy},
                              {"relative_energy", milli * f.relative_energy},
                              {"force", milli * f.force},
                              {"stress", gpa * f.stress},
                              {"pressure", gpa * f.pressure},
                              {"seconds", f.seconds}});
        const auto recommended = s.recommended ? nlohmann::json(s.figures[*s.recommended].value) : nlohmann::json();
        list.push_back({{"parameter", s.parameter}, {"unit", s.unit}, {"points", points}, {"recommended", recommended}});
    }
    return {{"units", {{"energy", "meV/atom"}, {"force", "meV/angstrom"}, {"stress", "GPa"}, {"pressure", "GPa"}}},
            {"tolerance",
             {{"relative_energy", milli * tolerance.relative_energy},
              {"force", milli * tolerance.force},
              {"stress", gpa * tolerance.stress},
              {"pressure", gpa * tolerance.pressure}}},
            {"series", list}};
}

}  // namespace alkali::labelling
