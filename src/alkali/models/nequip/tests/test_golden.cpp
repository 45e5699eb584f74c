#include <gtest/gtest.h>

#include <cmath>

#include "alkali/io/safetensors.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/nequip/model.hpp"
#include "golden.hpp"

// Numbers that nequip 0.19 itself computed (tests/golden/nequip/generate.py) from the same weights.
namespace alkali::models::nequip::golden_tests {
namespace {

std::shared_ptr<NequIP> open(const std::filesystem::path& path, Precision precision, EvaluationOptions options) {
    const auto loaded = load_model(path, model_kinds(), precision);
    const auto& original = dynamic_cast<const NequIP&>(*loaded.model);
    auto model = std::make_shared<NequIP>(original.architecture().hyper, std::move(options));
    model->set_parameters(original.parameters());
    return model;
}

struct Deviation {
    double energy = 0, force = 0, stress = 0;
};

/// Largest over all structures; energy: per atom, relative to the larger of 1 eV and the energy itself.
Deviation deviation(const testing::GoldenModel& golden, const std::shared_ptr<NequIP>& model) {
    ModelCalculator calculator(model, golden.name);
    Deviation worst;
    for (const auto& c : golden.cases) {
        const auto result = calculator.compute(c.structure, {.per_atom = true});
        for (std::size_t i = 0; i < c.energies.size(); ++i) {
            worst.energy = std::max(worst.energy, std::abs(result.energies[i] - c.energies[i]) / std::max(1.0, std::abs(c.energies[i])));
            worst.force = std::max(worst.force, (result.forces[i] - c.forces[i]).cwiseAbs().maxCoeff());
        }
        if (c.has_stress) worst.stress = std::max(worst.stress, (result.stress - c.stress).cwiseAbs().maxCoeff());
    }
    return worst;
}

TEST(NequipGolden, has_at_least_eight_hyperparameter_sets) { EXPECT_GE(testing::golden_models().size(), 8u); }

TEST(NequipGolden, reference_kernels_with_the_exact_radial_network_equal_nequip) {
    for (const auto& golden : testing::golden_models()) {
        const auto d = deviation(golden, open(golden.model, Precision::float64, {RadialMode::exact, "reference"}));
        EXPECT_LT(d.energy, 1e-10) << golden.name;
        EXPECT_LT(d.force, 1e-8) << golden.name;
        EXPECT_LT(d.stress, 1e-8) << golden.name;
    }
}

TEST(NequipGolden, every_instruction_set_equals_nequip) {
    for (const auto& set : kernels::simd_kernels<double>())
        for (const auto& golden : testing::golden_models()) {
            const auto d = deviation(golden, open(golden.model, Precision::float64, {RadialMode::exact, set.name}));
            EXPECT_LT(d.energy, 1e-10) << golden.name << " " << set.name;
            EXPECT_LT(d.force, 1e-8) << golden.name << " " << set.name;
            EXPECT_LT(d.stress, 1e-8) << golden.name << " " << set.name;
        }
}

}  // namespace
}  // namespace alkali::models::nequip::golden_tests
