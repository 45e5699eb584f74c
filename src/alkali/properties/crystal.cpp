#include "alkali/properties/crystal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::properties {
namespace {

double nearest_distance(const structure::Structure& crystal, double a) {
    const auto list = structure::neighbour_list_brute_force(crystal, 1.01 * a);
    double nearest = a;
    for (const Vec3& v : list.vector) nearest = std::min(nearest, v.norm());
    return nearest / a;
}

/// eV/atom; infinite where the calculator cannot say, far outside of what it was made for. refusal: why, if it told so.
double energy_per_atom(calculator::Calculator& calculator, const structure::Structure& s, std::string& refusal) {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    try {
        const double energy = calculator.compute(s).energy / static_cast<double>(s.size());
        return std::isfinite(energy) ? energy : infinite;
    } catch (const ExternalProgramError& error) {
        refusal = error.fault();
    } catch (const InputError& error) {
        refusal = error.fault();
    }
    return infinite;
}

/// How far the energy rises on the lower of both sides of point k.
double depth(const std::vector<double>& energy, std::size_t k) {
    const auto middle = energy.begin() + static_cast<std::ptrdiff_t>(k);
    return std::min(*std::max_element(energy.begin(), middle), *std::max_element(middle + 1, energy.end())) - energy[k];
}

}  // namespace

Crystal::Crystal(std::string name, std::string symbol) : name_(std::move(name)), symbol_(std::move(symbol)) {
    constexpr double a = 10;
    const auto cell = structure::crystal(name_, symbol_, a);
    system_ = cell.cell.vectors().isDiagonal(1e-9) ? LatticeSystem::cubic : LatticeSystem::hexagonal;
    neighbour_distance_ = nearest_distance(cell, a);
}

structure::Structure Crystal::make(double a) const { return structure::crystal(name_, symbol_, a); }

std::string element_for(const calculator::Calculator& calculator, const std::string& wanted) {
    const auto species = calculator.species();
    if (wanted.empty()) {
        if (species.size() == 1) return std::string(units::symbol(species.front()));
        throw InputError(species.empty() ? "the calculator takes any element" : "the calculator knows several elements", calculator.name(),
                         "say which one with --species");
    }
    if (!species.empty() && std::find(species.begin(), species.end(), units::atomic_number(wanted)) == species.end())
        throw InputError("the calculator does not know " + wanted, calculator.name());
    return wanted;
}

double expected_lattice_constant(const Crystal& crystal) {
    const double volume = units::atomic_volume(units::atomic_number(crystal.symbol()));
    if (volume == 0) return 0;
    const auto unit = crystal.make(1);
    return std::cbrt(volume * static_cast<double>(unit.size()) / unit.cell.volume());
}

double scan_lattice_constant(calculator::Calculator& calculator, const Crystal& crystal) {
    constexpr double farthest = 6.0, nearest = 1.0, ratio = 1.04, deep = 0.3;
    std::vector<double> a, energy;
    std::string refusal;
    for (double d = farthest; d > nearest; d /= ratio) {
        a.push_back(d / crystal.neighbour_distance());
        energy.push_back(energy_per_atom(calculator, crystal.make(a.back()), refusal));
    }
    const double expected = expected_lattice_constant(crystal);
    const auto better = [&](std::size_t k, std::size_t best) {
        if (expected > 0) return std::abs(std::log(a[k] / expected)) < std::abs(std::log(a[best] / expected));
        return depth(energy, best) < deep && depth(energy, k) > depth(energy, best);
    };
    std::size_t best = 0;
    for (std::size_t k = 1; k + 1 < a.size(); ++k)
        if (energy[k] < energy[k - 1] && energy[k] <= energy[k + 1] && (best == 0 || better(k, best))) best = k;
    if (best == 0)
        throw ConvergenceError(
            "the energy of " + crystal.name() + " " + crystal.symbol() + " has no minimum for nearest neighbours 1 to 6 angstrom apart",
            calculator.name(),
            "give a lattice constant with --set lattice.start=..., or another crystal with --structure" +
                (refusal.empty() ? "" : "; it refuses some of them (" + refusal + ")"));
    return a[best];
}

}  // namespace alkali::properties
