#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/deep_potential/model.hpp"
#include "alkali/models/nequip/model.hpp"

/// What a file says of itself is read as it stands, or the file is refused.
namespace alkali::models::model_files_tests {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

std::shared_ptr<TrainableModel> nequip_model() {
    const auto hyper = nequip::Hyperparameters::from_json({{"type_names", {"Li", "Mg"}},
                                                           {"r_max", 4.0},
                                                           {"l_max", 1},
                                                           {"num_layers", 1},
                                                           {"num_features", 4},
                                                           {"num_bessels", 4},
                                                           {"radial_mlp_width", 4},
                                                           {"avg_num_neighbors", {{"Li", 12.0}, {"Mg", 14.0}}},
                                                           {"per_edge_type_cutoff", {{"Li", 3.5}, {"Mg", {{"Li", 3.0}}}}},
                                                           {"pair_potential", {{"type", "zbl"}}},
                                                           {"spline_intervals", 64}});
    auto model = std::make_shared<nequip::NequIP>(hyper);
    model->set_parameters(nequip::initial_parameters(model->architecture(), 5));
    return model;
}

std::shared_ptr<TrainableModel> deep_potential_model() {
    auto model = std::make_shared<deep_potential::DeepPotential>(deep_potential::Hyperparameters::from_json(
        {{"type_names", {"Li", "Mg"}},
         {"descriptor", {{"type", "se_e2_a"}, {"rcut", 4.0}, {"sel", {20, 20}}, {"neuron", {4, 8}}, {"axis_neuron", 3}}},
         {"fitting_net", {{"neuron", {4}}}}}));
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    deep_potential::draw_weights(model->architecture(), 3, parameters);
    model->set_parameters(parameters);
    return model;
}

class ModelFileOf : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        const auto path = std::filesystem::path(::testing::TempDir()) / ("alkali_model_file_of_" + std::string(GetParam()));
        save_model(path, *(std::string_view(GetParam()) == "nequip" ? nequip_model() : deep_potential_model()), kinds_, json::object());
        file_ = io::TensorFile::load(path);
        std::filesystem::remove(path);
    }
    /// The message of a file whose metadata `key` is this.
    [[nodiscard]] std::string with(const std::string& key, const json& value) const {
        auto file = file_;
        file.metadata[key] = config::json_text(value);
        try {
            static_cast<void>(parse_model(file.serialised(), "model.file", kinds_));
        } catch (const Error& error) {
            return error.what();
        }
        return "loaded";
    }
    [[nodiscard]] json stated(const std::string& key) const { return config::parse_json(file_.metadata.at(key), key); }

    KindRegistry kinds_ = model_kinds();
    io::TensorFile file_;
};

/// Every place of a key, at any depth.
void each_key(const json& table, const json::json_pointer& at, std::vector<json::json_pointer>& places) {
    for (const auto& [key, value] : table.items()) {
        places.push_back(at / key);
        if (value.is_object()) each_key(value, at / key, places);
    }
}

TEST_P(ModelFileOf, lacks_no_key_that_is_always_written) {
    for (const std::string block : {"hyperparameters", "derived"}) {
        const json whole = stated(block);
        std::vector<json::json_pointer> places;
        each_key(whole, json::json_pointer(), places);
        for (const auto& place : places) {
            if (place.back() == "spline_intervals") continue;  // imported models have none
            json less = whole;
            less.at(place.parent_pointer()).erase(place.back());
            EXPECT_THAT(with(block, less), HasSubstr("model.file")) << place.to_string();
            if (whole.at(place).is_null() || place.back() == "pair_potential" || place.back() == "per_edge_type_cutoff") continue;
            json none = whole;
            none.at(place) = nullptr;
            EXPECT_THAT(with(block, none), HasSubstr("model.file")) << place.to_string() << " null";
        }
        EXPECT_EQ(with(block, whole), "loaded");
    }
}

TEST_P(ModelFileOf, has_no_key_that_would_be_passed_over_and_none_of_another_type) {
    for (const std::string block : {"hyperparameters", "derived"}) {
        const json whole = stated(block);
        std::vector<json::json_pointer> places;
        each_key(whole, json::json_pointer(), places);
        places.push_back(json::json_pointer("/none"));
        for (const auto& place : places) {
            json more = whole;
            more.at(place.parent_pointer())["foo"] = 1;
            EXPECT_THAT(with(block, more), AllOf(HasSubstr("model.file"), HasSubstr("foo"))) << place.to_string();
            if (place.back() == "none") continue;
            for (const json& wrong : {json("a word"), json(-1), json(true), json{1, 2, "x"}, json{{"a", 1}}}) {
                json other = whole;
                if (wrong.is_boolean() && other.at(place).is_boolean()) continue;
                other.at(place) = wrong;
                EXPECT_THAT(with(block, other), HasSubstr("model.file")) << place.to_string() << ' ' << wrong;
            }
        }
    }
}

TEST_P(ModelFileOf, states_the_species_and_units_of_its_model) {
    EXPECT_THAT(with("species", {"Mg", "Li"}), AllOf(HasSubstr("model.file"), HasSubstr("species")));
    EXPECT_THAT(with("species", {"Li"}), HasSubstr("species"));
    EXPECT_THAT(with("species", "Li"), HasSubstr("species"));
    EXPECT_THAT(with("units", {{"energy", "Ha"}, {"length", "bohr"}}), AllOf(HasSubstr("model.file"), HasSubstr("units")));
    auto units = stated("units");
    units["length"] = "nm";
    EXPECT_THAT(with("units", units), HasSubstr("units"));
    EXPECT_THAT(with("hyperparameters",
                     [&] {
                         auto hyper = stated("hyperparameters");
                         hyper["type"] = "another";
                         return hyper;
                     }()),
                HasSubstr("another"));
    EXPECT_EQ(with("species", {"Li", "Mg"}), "loaded");
}

INSTANTIATE_TEST_SUITE_P(Kinds, ModelFileOf, ::testing::Values("nequip", "deep_potential"), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace alkali::models::model_files_tests
