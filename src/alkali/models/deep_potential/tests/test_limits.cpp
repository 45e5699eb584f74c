#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/limits.hpp"
#include "alkali/models/deep_potential/model.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::models::deep_potential::limits_tests {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<DeepPotential> model_with(const std::vector<int>& sel, const std::string& dtype) {
    return std::make_shared<DeepPotential>(
        Hyperparameters::from_json({{"type_names", {"Li", "Mg"}},
                                    {"descriptor", {{"type", "se_e2_a"}, {"rcut", 4.0}, {"sel", sel}, {"neuron", {4}}, {"axis_neuron", 2}}},
                                    {"fitting_net", {{"neuron", {4}}}},
                                    {"model_dtype", dtype}}));
}

/// bcc lithium with one atom of magnesium: within 4 angstrom 14 neighbours each.
structure::Structure crystal() {
    auto s = structure::repeated(structure::bcc("Li", 3.4), {3, 3, 3});
    s.numbers[10] = 12;
    return s;
}

std::string refusal(const DeepPotential& model) {
    const auto s = crystal();
    const auto graph = structure_graph(s, model.type_names(), model.cutoff(), "data.extxyz:7");
    try {
        require_within_limits(model, graph.view(), "data.extxyz:7");
    } catch (const InputError& error) {
        return error.what();
    }
    return "room";
}

TEST(Limits, neighbours_beyond_sel_are_found_without_an_evaluation_and_told_of_the_frame) {
    for (const char* dtype : {"float32", "mixed", "float64"}) {
        EXPECT_EQ(refusal(*model_with({14, 1}, dtype)), "room");
        EXPECT_THAT(refusal(*model_with({13, 1}, dtype)), AllOf(HasSubstr("data.extxyz:7, model.descriptor.sel"),
                                                                HasSubstr("has 14 neighbours of type Li"), HasSubstr("allows 13")));
        EXPECT_THAT(refusal(*model_with({20, 0}, dtype)), HasSubstr("has 1 neighbours of type Mg"));
    }
}

TEST(Limits, of_a_calculator_are_told_of_its_file) {
    ModelCalculator calculator(model_with({13, 1}, "mixed"), "run/best.safetensors");
    try {
        static_cast<void>(calculator.compute(crystal()));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(std::string(error.what()), HasSubstr("run/best.safetensors, model.descriptor.sel"));
    }
}

}  // namespace
}  // namespace alkali::models::deep_potential::limits_tests
