#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/document.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/deep_potential/import.hpp"

// Models and numbers that deepmd-kit 3.2 itself wrote (tests/golden/deepmd).
namespace alkali::models::deep_potential::import_tests {
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

/// se_e2_r with nets for both types, as deepmd-kit's TensorFlow backend has it and its others do not: the nets of either centre are
/// those of a model with nets by the neighbour's type alone, which deepmd-kit has computed.
class TwoSidedRadial : public ::testing::Test {
protected:
    using Json = nlohmann::json;
    static constexpr const char* networks = "/model/descriptor/embeddings/networks";

    static Json document(const std::string& name) {
        const auto path = folder / (name + ".yaml");
        return config::parse_document(base::read_file(path), path.string());
    }
    static void scale(Json& net, double factor) {
        for (auto& layer : net["layers"])
            for (auto& row : layer["@variables"]["w"]["value"])
                for (auto& weight : row) weight = weight.get<double>() * factor;
    }
    static Json scaled(Json model, double factor) {
        for (auto& net : model[Json::json_pointer(networks)]) scale(net, factor);
        return model;
    }
    static Json two_sided(const Json& centre_0, const Json& centre_1) {
        const Json a = centre_0.at(Json::json_pointer(networks)), b = centre_1.at(Json::json_pointer(networks));
        Json model = centre_0;
        model["model"]["descriptor"]["type_one_side"] = false;
        model["model"]["descriptor"]["embeddings"]["ndim"] = 2;
        model[Json::json_pointer(networks)] = {a[0], b[0], a[1], b[1]};  // the first type, the centre's, runs fastest
        return model;
    }
    static calculator::Result evaluate(const Json& model, const structure::Structure& structure) {
        const auto imported = from_deepmd(io::read_deepmd_model(model, "m.yaml"), "m.yaml");
        auto exact =
            std::make_shared<DeepPotential>(imported->architecture().hyper, EvaluationOptions{.exact = true, .instruction_set = {}});
        exact->set_parameters(imported->parameters());
        return ModelCalculator(exact, "m").compute(structure, {.per_atom = true});
    }
    static std::vector<structure::Structure> structures(const std::string& name) {
        std::vector<structure::Structure> all;
        const auto golden = Json::parse(base::read_file(folder / (name + ".json")));
        for (const auto& each : golden.at("structures")) all.push_back(structure_of(each));
        return all;
    }
};

TEST_F(TwoSidedRadial, is_imported_with_the_nets_of_every_centre) {
    const auto first = document("se_e2_r_one_side"), second = scaled(first, 0.6);
    for (const auto& structure : structures("se_e2_r_one_side")) {
        const auto a = evaluate(first, structure), b = evaluate(second, structure), both = evaluate(two_sided(first, second), structure);
        double apart = 0;
        for (std::size_t i = 0; i < structure.size(); ++i) {
            EXPECT_NEAR(both.energies[i], structure.numbers[i] == 3 ? a.energies[i] : b.energies[i], 1e-12);
            apart = std::max(apart, std::abs(a.energies[i] - b.energies[i]));
        }
        EXPECT_GT(apart, 1e-3);
    }
}

TEST_F(TwoSidedRadial, hears_nothing_of_excluded_pairs) {
    const auto model = two_sided(document("se_e2_r_excluded"), document("se_e2_r_excluded"));
    auto changed = model;
    for (const int pair : {1, 2}) scale(changed[Json::json_pointer(networks)][static_cast<std::size_t>(pair)], 0.3);
    for (const auto& structure : structures("se_e2_r_excluded"))
        EXPECT_EQ(evaluate(model, structure).energy, evaluate(changed, structure).energy);
}

TEST_F(TwoSidedRadial, stays_so_in_a_model_file) {
    const auto model = document("se_e2_r_one_side");
    const auto hyper = from_deepmd(io::read_deepmd_model(two_sided(model, model), "m.yaml"), "m.yaml")->architecture().hyper;
    EXPECT_TRUE(hyper.descriptor.radial_pairs);
    EXPECT_TRUE(Hyperparameters::from_json(hyper.to_json()).descriptor.radial_pairs);
    EXPECT_FALSE(from_deepmd(io::read_deepmd_model(model, "m.yaml"), "m.yaml")
                     ->architecture()
                     .hyper.to_json()["descriptor"]
                     .contains("radial_pairs"));
}

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
}  // namespace alkali::models::deep_potential::import_tests
