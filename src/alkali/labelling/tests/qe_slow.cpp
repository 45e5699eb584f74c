#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "alkali/labelling/quantum_espresso/calculator.hpp"
#include "alkali/units/constants.hpp"
#include "qe_common.hpp"

// Consistency of the `fast` level of theory with the real pw.x: minutes.
namespace alkali::labelling::qe::qe_slow_tests {
namespace {

using structure::CellKind;

constexpr double a0 = 3.4245;
constexpr double gpa = units::gpa_per_ev_per_angstrom3;

class SlowQuantumEspresso : public Scratch {
protected:
    void SetUp() override {
        Scratch::SetUp();
        if (!on_path("pw.x") || !on_path("ld1.x")) GTEST_SKIP() << "pw.x or ld1.x is not installed";
        settings_ = load_settings(std::filesystem::path(ALKALI_SOURCE_DIR) / "examples/lithium/qe-fast.yaml", log_);
        settings_.run.scratch = folder_ / "scratch";
        settings_.run.pseudopotential_folder = folder_ / "pseudopotentials";
    }
    base::NullSink log_;
    Settings settings_;
};

TEST_F(SlowQuantumEspresso, pressure_is_minus_the_slope_of_the_energy_over_twelve_per_cent_of_volume) {
    QuantumEspressoCalculator calculator(settings_, "qe:fast", log_);
    const auto crystal = structure::bcc("Li", a0, CellKind::primitive);
    const double reference = crystal.cell.volume();
    calculator.fix_sampling(crystal);
    std::vector<double> volume, energy, pressure;
    for (int k = -6; k <= 6; ++k) {
        const auto s = structure::with_volume(crystal, reference * (1 + 0.01 * k));
        const auto result = calculator.compute(s);
        volume.push_back(s.cell.volume());
        energy.push_back(result.energy);
        pressure.push_back(-result.stress.trace() / 3);
    }
    // Simpson's rule over pairs of intervals from the middle outwards; slopes over five points, or three at the ends.
    const auto slope = [&](std::size_t k) {
        const double h = (volume[k + 1] - volume[k - 1]) / 2, near = energy[k + 1] - energy[k - 1];
        return k < 2 || k + 2 >= volume.size() ? near / (2 * h) : (8 * near - (energy[k + 2] - energy[k - 2])) / (12 * h);
    };
    double worst_energy = 0, worst_pressure = 0;
    for (std::size_t k = 1; k + 1 < volume.size(); ++k) worst_pressure = std::max(worst_pressure, std::abs(pressure[k] + slope(k)) * gpa);
    for (const std::ptrdiff_t side : {-1, 1}) {
        const std::size_t middle = volume.size() / 2;
        double work = 0;
        for (std::size_t k = 0; k < middle; k += 2) {
            const auto at = [&](std::size_t i) {
                return static_cast<std::size_t>(static_cast<std::ptrdiff_t>(middle) + side * static_cast<std::ptrdiff_t>(i));
            };
            work -= (volume[at(k + 2)] - volume[at(k)]) * (pressure[at(k)] + 4 * pressure[at(k + 1)] + pressure[at(k + 2)]) / 6;
            worst_energy = std::max(worst_energy, std::abs(energy[at(k + 2)] - energy[middle] - work) * 1e3);
        }
    }
    fmt::print("largest |P + dE/dV|: {:.4f} GPa; largest |E - integral of -P dV|: {:.4f} meV/atom\n", worst_pressure, worst_energy);
    EXPECT_LT(worst_pressure, 0.02);
    EXPECT_LT(worst_energy, 0.1);
}

TEST_F(SlowQuantumEspresso, same_crystal_in_cells_of_1_2_and_16_atoms_has_the_same_energy) {
    const auto one = structure::bcc("Li", a0, CellKind::primitive), two = structure::bcc("Li", a0);
    std::vector<double> energies;
    for (const auto& s : {one, two, structure::repeated(two, {2, 2, 2})}) {
        QuantumEspressoCalculator calculator(settings_, "qe:fast", log_);
        energies.push_back(calculator.compute(s).energy / static_cast<double>(s.size()) * 1e3);
        const auto& mesh = calculator.last()->job.mesh;
        fmt::print("{:2} atoms, mesh {}x{}x{}: {:.3f} meV/atom\n", s.size(), mesh[0], mesh[1], mesh[2], energies.back() - energies.front());
    }
    const auto [low, high] = std::ranges::minmax_element(energies);
    fmt::print("spread: {:.3f} meV/atom\n", *high - *low);
    EXPECT_LT(*high - *low, 0.7);  // the noise of the mesh: docs/results/labelling.md
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_slow_tests
