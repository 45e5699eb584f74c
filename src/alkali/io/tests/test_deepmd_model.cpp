#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/document.hpp"
#include "alkali/io/deepmd_model.hpp"

namespace alkali::io::deepmd_model_tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json document(const std::string& name) {
    const auto path = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/deepmd" / (name + ".yaml");
    return config::parse_document(base::read_file(path), path.string());
}

std::string failure(const json& changed) {
    try {
        static_cast<void>(read_deepmd_model(changed, "m.yaml"));
    } catch (const FileError& error) {
        return error.what();
    }
    return "no failure";
}

/// What the reader says of a model with one value changed.
std::string failure_with(const std::string& pointer, json value, const std::string& name = "se_e2_a_one_side") {
    auto changed = document(name);
    changed[json::json_pointer(pointer)] = std::move(value);
    return failure(changed);
}

TEST(DeepmdModel, hyperparameters_and_tensors_get_the_names_of_alkali) {
    const auto model = read_deepmd_model(document("se_e2_a_one_side"), "m.yaml");
    const auto& h = model.hyperparameters;
    EXPECT_EQ(h.at("type_names"), json({"Li", "Al"}));
    EXPECT_EQ(h.at("model_dtype"), "float64");
    EXPECT_EQ(h.at("descriptor").at("type"), "se_e2_a");
    EXPECT_EQ(h.at("descriptor").at("sel"), json({26, 22}));
    EXPECT_EQ(h.at("descriptor").at("type_one_side"), true);
    EXPECT_EQ(h.at("descriptor").at("axis_neuron"), 4);
    EXPECT_EQ(h.at("fitting_net").at("neuron"), json({10, 10, 20}));
    EXPECT_EQ(model.tensors.at("descriptor.embedding.1.layer_2.w").shape, (std::vector<std::size_t>{6, 12}));
    EXPECT_EQ(model.tensors.at("descriptor.embedding.0.layer_1.idt").shape, (std::vector<std::size_t>{6}));
    EXPECT_EQ(model.tensors.count("descriptor.embedding.0.layer_0.idt"), 0U);
    EXPECT_EQ(model.tensors.at("fitting.1.layer_3.w").shape, (std::vector<std::size_t>{20, 1}));
    EXPECT_EQ(model.tensors.at("davg").shape, (std::vector<std::size_t>{2, 2, 4}));
    EXPECT_EQ(model.origin.at("version"), "3.2.0");
}

TEST(DeepmdModel, pairs_of_types_are_centre_first) {
    const auto source = document("se_e2_a_pairs");
    const auto model = read_deepmd_model(source, "m.yaml");
    // Number 1 of the collection: centre 1, neighbour 0.
    const auto& weights = source.at(json::json_pointer("/model/descriptor/embeddings/networks/1/layers/0/@variables/w/value/0"));
    EXPECT_EQ(model.tensors.at("descriptor.embedding.1_0.layer_0.w").values, weights.get<std::vector<double>>());
}

TEST(DeepmdModel, energy_of_a_type_is_the_sum_of_both_places) {
    auto source = document("se_e2_a_one_side");
    source[json::json_pointer("/model/@variables/out_bias/value")] = {{{1.5}, {2.5}}};
    source[json::json_pointer("/model/fitting/@variables/bias_atom_e/value")] = {{-1.0}, {10.0}};
    EXPECT_EQ(read_deepmd_model(source, "m.yaml").tensors.at("bias_atom_e").values, (std::vector<double>{0.5, 12.5}));
}

TEST(DeepmdModel, json_form_is_the_same_model) {
    const auto source = document("se_e3_two_species");
    const auto yaml = read_deepmd_model(source, "m.yaml"),
               again = read_deepmd_model(config::parse_document(source.dump(), "m.json"), "m.json");
    EXPECT_EQ(yaml.hyperparameters, again.hyperparameters);
    for (const auto& [name, tensor] : yaml.tensors) EXPECT_EQ(tensor.values, again.tensors.at(name).values) << name;
}

TEST(DeepmdModel, single_precision_networks_make_a_mixed_model) {
    auto source = document("se_e2_a_one_side");
    source["model"]["fitting"]["precision"] = "float32";
    EXPECT_EQ(read_deepmd_model(source, "m.yaml").hyperparameters.at("model_dtype"), "mixed");
}

TEST(DeepmdModel, what_alkali_does_not_have_is_named) {
    EXPECT_THAT(failure_with("/model/descriptor/type", "dpa1"), HasSubstr("model.descriptor is of type dpa1"));
    EXPECT_THAT(failure_with("/model/type", "zbl"), HasSubstr("model is of type zbl"));
    EXPECT_THAT(failure_with("/model/fitting/type", "dipole"), HasSubstr("model.fitting is of type dipole"));
    EXPECT_THAT(failure_with("/model/fitting/numb_fparam", 2), HasSubstr("model.fitting uses 'numb_fparam'"));
    EXPECT_THAT(failure_with("/model/fitting/numb_aparam", 1), HasSubstr("uses 'numb_aparam'"));
    EXPECT_THAT(failure_with("/model/fitting/atom_ener", {nullptr, -1.0}), HasSubstr("uses 'atom_ener'"));
    EXPECT_THAT(failure_with("/model/fitting/mixed_types", true), HasSubstr("uses 'mixed_types'"));
    EXPECT_THAT(failure_with("/model/descriptor/spin", {{"a", 1}}), HasSubstr("uses 'spin'"));
    EXPECT_THAT(failure_with("/model/descriptor/use_something_new", true), HasSubstr("uses 'use_something_new'"));
    EXPECT_THAT(failure_with("/model/descriptor/compress", {{"a", 1}}), HasSubstr("is compressed"));
    EXPECT_THAT(failure_with("/model/descriptor/env_mat/use_exp_switch", true), HasSubstr("uses 'use_exp_switch'"));
    EXPECT_THAT(failure_with("/model/pair_exclude_types", {{0, 1}}), HasSubstr("uses 'pair_exclude_types'"));
    EXPECT_THAT(failure_with("/model/atom_exclude_types", {1}), HasSubstr("uses 'atom_exclude_types'"));
}

TEST(DeepmdModel, unknown_versions_are_named) {
    EXPECT_THAT(failure_with("/model/@version", 3), HasSubstr("model is of version 3, 2 to 2 can be read"));
    EXPECT_THAT(failure_with("/model/descriptor/@version", 4), HasSubstr("model.descriptor is of version 4"));
    EXPECT_THAT(failure_with("/model/fitting/@version", 9), HasSubstr("model.fitting is of version 9"));
    EXPECT_THAT(failure_with("/model/fitting/nets/networks/0/layers/1/@version", 3), HasSubstr("layers[1] is of version 3"));
}

TEST(DeepmdModel, wrong_shapes_and_numbers_are_named) {
    const std::string layer = "/model/descriptor/embeddings/networks/1/layers/2/@variables";
    EXPECT_THAT(failure_with(layer + "/b/value", {1.0, 2.0}), HasSubstr("@variables.b has shape (2) where (12) is needed"));
    EXPECT_THAT(failure_with(layer + "/w/value/3", {1.0}), HasSubstr("rows of different lengths"));
    EXPECT_THAT(failure_with(layer + "/w/value/0/0", std::numeric_limits<double>::quiet_NaN()), HasSubstr("no finite numbers"));
    EXPECT_THAT(failure_with(layer + "/w/value/0/0", "many"), HasSubstr("no finite numbers"));
    EXPECT_THAT(failure_with(layer + "/w/dtype", "bfloat16"), HasSubstr("is bfloat16"));
    EXPECT_THAT(failure_with(layer + "/idt", nullptr), HasSubstr("has no idt"));
    EXPECT_THAT(failure_with(layer + "/b", nullptr), HasSubstr("without bias"));
    EXPECT_THAT(failure_with("/model/descriptor/sel", {26}), HasSubstr("one number for each type"));
    EXPECT_THAT(failure_with("/model/descriptor/sel", {26, 23}), HasSubstr("has shape (2, 48, 4) where (2, 49, 4)"));
    EXPECT_THAT(failure_with("/model/descriptor/@variables/davg/value/0/3/0", 7.0), HasSubstr("differs between slots"));
    EXPECT_THAT(failure_with("/model/descriptor/axis_neuron", 13), HasSubstr("axis_neuron must lie between"));
    EXPECT_THAT(failure_with("/model/descriptor/exclude_types", {{0, 2}}), HasSubstr("exclude_types[0] must be two types"));
    EXPECT_THAT(failure_with("/model/fitting/dim_descrpt", 47), HasSubstr("is not the descriptor's 48"));
    EXPECT_THAT(failure_with("/model/fitting/nets/ndim", 0), HasSubstr("ndim"));
    EXPECT_THAT(failure_with("/model/type_map", {"Li"}), HasSubstr("type_map"));
    EXPECT_THAT(failure_with("/model/descriptor/embeddings/networks/1", nullptr), HasSubstr("networks[1] must be a block"));
    EXPECT_THAT(failure_with("/model/descriptor/activation_function", "sine"), HasSubstr("unlike that of its block"));
    EXPECT_THAT(failure(json::object()), HasSubstr("has no 'model'"));
    EXPECT_THAT(failure(json(3)), HasSubstr("must be a block of keys"));
}

TEST(DeepmdModel, hdf5_form_is_told_apart) { EXPECT_THROW(static_cast<void>(load_deepmd_model("m.dp")), FileError); }

}  // namespace
}  // namespace alkali::io::deepmd_model_tests
