#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/deep_potential/import.hpp"

// Models and numbers that deepmd-kit 3.2 itself wrote (tests/golden/deepmd).
namespace alkali::models::deep_potential {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/deepmd";

std::vector<std::string> sets() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

structure::Structure structure_of(const nlohmann::json& json) {
    structure::Structure s;
    Mat3 cell;
    for (std::size_t a = 0; a < 3; ++a)
        for (std::size_t b = 0; b < 3; ++b) cell(static_cast<int>(a), static_cast<int>(b)) = json.at("cell").at(a).at(b);
    if (json.at("pbc").at(0)) s.cell = structure::Cell(cell, {true, true, true});
    const auto& positions = json.at("positions");
    for (std::size_t i = 0; i < positions.size(); ++i)
        s.add(json.at("numbers").at(i), Vec3(positions.at(i).at(0), positions.at(i).at(1), positions.at(i).at(2)));
    return s;
}

class DeepmdImport : public ::testing::TestWithParam<std::string> {};

TEST_P(DeepmdImport, energies_forces_and_virials_are_those_of_deepmd) {
    const auto golden = nlohmann::json::parse(base::read_file(folder / (GetParam() + ".json")));
    const auto given = io::load_deepmd_model(folder / (GetParam() + ".yaml"));
    auto imported = from_deepmd(given, GetParam());
    EXPECT_EQ(imported->precision(), Precision::float64);
    auto exact = std::make_shared<DeepPotential>(imported->architecture().hyper, EvaluationOptions{.exact = true, .instruction_set = {}});
    exact->set_parameters(imported->parameters());
    ModelCalculator calculator(exact, GetParam());
    for (const auto& each : golden.at("structures")) {
        SCOPED_TRACE(each.at("name"));
        const auto structure = structure_of(each);
        const auto result = calculator.compute(structure, {.per_atom = true});
        EXPECT_NEAR(result.energy, each.at("energy").get<double>(), 1e-10 * std::abs(each.at("energy").get<double>()));
        Mat3 virial = Mat3::Zero();
        for (std::size_t i = 0; i < structure.size(); ++i) {
            const double energy = each.at("energies").at(i);
            EXPECT_NEAR(result.energies[i], energy, 1e-10 * std::max(1.0, std::abs(energy))) << "atom " << i;
            for (std::size_t k = 0; k < 3; ++k)
                EXPECT_NEAR(result.forces[i][static_cast<int>(k)], each.at("forces").at(i).at(k).get<double>(), 1e-8) << "atom " << i;
            virial += result.virials[i];
        }
        for (std::size_t k = 0; k < 9; ++k)
            EXPECT_NEAR(virial(static_cast<int>(k / 3), static_cast<int>(k % 3)), each.at("virial").at(k / 3).at(k % 3).get<double>(),
                        1e-8);
    }
}

INSTANTIATE_TEST_SUITE_P(Golden, DeepmdImport, ::testing::ValuesIn(sets()), [](const auto& info) { return info.param; });

TEST(DeepmdImportErrors, a_tensor_that_does_not_fit_is_named) {
    auto given = io::load_deepmd_model(folder / "se_e2_a_one_species.yaml");
    auto lacking = given;
    lacking.tensors.erase("fitting.0.layer_1.idt");
    auto other = given;
    other.tensors["bias_atom_e"] = {{2}, {0, 0}};
    auto unknown = given;
    unknown.hyperparameters["descriptor"]["activation_function"] = "sine";
    for (const auto& [broken, word] :
         {std::pair{lacking, "fitting.0.layer_1.idt"}, std::pair{other, "bias_atom_e"}, std::pair{unknown, "sine"}}) {
        try {
            static_cast<void>(from_deepmd(broken, "m.yaml"));
            FAIL() << word;
        } catch (const FileError& error) {
            EXPECT_THAT(error.what(), ::testing::AllOf(::testing::HasSubstr(word), ::testing::HasSubstr("m.yaml")));
        }
    }
}

}  // namespace
}  // namespace alkali::models::deep_potential
