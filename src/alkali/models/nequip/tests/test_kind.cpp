#include "alkali/models/nequip/kind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "alkali/base/error.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/common/tests/toy_model.hpp"

namespace alkali::models::nequip::kind_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Memory final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override {
        if (level == base::LogLevel::warning) warnings += std::string(message) + "\n";
    }
    std::string warnings;
};

nlohmann::json small() {
    return {{"type_names", {"Li"}},  {"r_max", 4.0},     {"num_layers", 1},       {"l_max", 1},
            {"num_features", 2},     {"num_bessels", 4}, {"radial_mlp_depth", 1}, {"radial_mlp_width", 4},
            {"spline_intervals", 16}};
}

std::vector<structure::Frame> lithium_frames() {
    structure::Frame frame;
    frame.structure = models::testing::random_structure(4, 6.0, 1);
    frame.labels.energy = -4.0;
    return {frame};
}

/// What creating the model complains about.
std::string failure(const nlohmann::json& hyperparameters) {
    base::NullSink log;
    try {
        static_cast<void>(nequip_kind().create(hyperparameters, lithium_frames(), 1, log));
    } catch (const Error& error) {
        return error.what();
    }
    return "created";
}

nlohmann::json with(const std::string& key, nlohmann::json value) {
    auto json = small();
    json[key] = std::move(value);
    return json;
}

TEST(NequipKind, refuses_a_type_that_is_named_twice) { EXPECT_THAT(failure(with("type_names", {"Li", "Li"})), HasSubstr("'Li' twice")); }

TEST(NequipKind, values_per_type_name_their_own_key_and_every_symbol_that_is_no_type) {
    EXPECT_THAT(failure(with("per_type_energy_scales", {{"Li", 1.0}, {"Na", 2.0}})), HasSubstr("model.per_type_energy_scales: 'Na'"));
    EXPECT_THAT(failure(with("per_type_energy_scales", {{"Na", 2.0}})), Not(HasSubstr("shifts")));
    EXPECT_THAT(failure(with("avg_num_neighbors", {{"Li", 12.0}, {"Na", 2.0}})), HasSubstr("model.avg_num_neighbors: 'Na'"));
    EXPECT_EQ(failure(with("avg_num_neighbors", {{"Li", 12.0}})), "created");
}

TEST(NequipKind, refuses_more_spline_intervals_than_fit_into_memory) {
    EXPECT_THAT(failure(with("spline_intervals", 2000000000)), HasSubstr("model.spline_intervals"));
}

TEST(NequipKind, refuses_hyperparameters_that_no_model_has_before_it_makes_one) {
    for (const char* key : {"num_layers", "num_features", "num_bessels", "radial_mlp_depth", "radial_mlp_width", "type_embed_num_features",
                            "readout_mlp_hidden_layers_depth", "readout_mlp_hidden_layers_width", "polynomial_cutoff_p", "l_max"})
        for (const nlohmann::json& value : {nlohmann::json(1000000), nlohmann::json(1000000000), nlohmann::json(4294967297LL),
                                            nlohmann::json(18446744073709551615ULL), nlohmann::json(-1), nlohmann::json(1e300)})
            EXPECT_THAT(failure(with(key, value)), HasSubstr(std::string("model.") + key)) << value;
    for (const nlohmann::json& value :
         {nlohmann::json(60), nlohmann::json(1e300), nlohmann::json(0), nlohmann::json(-4), nlohmann::json(true)})
        EXPECT_THAT(failure(with("r_max", value)), HasSubstr("model.r_max")) << value;
    EXPECT_THAT(failure(with("num_features", {2, 1000000})), HasSubstr("model.num_features"));
    EXPECT_THAT(failure(with("num_features", {2, 2.5})), HasSubstr("model.num_features"));
}

TEST(NequipKind, refuses_a_model_that_this_machine_cannot_hold) {
    auto json = small();
    json["num_features"] = 8192;
    json["num_layers"] = 64;
    json["l_max"] = 4;
    json["type_embed_num_features"] = 8192;
    json["radial_mlp_width"] = 8192;
    const auto message = failure(json);
    EXPECT_THAT(message, ::testing::AnyOf(HasSubstr("of memory"), HasSubstr("the most is"))) << message;
}

TEST(NequipKind, shapes_of_a_file_are_looked_at_before_a_model_is_made) {
    const auto path = std::filesystem::temp_directory_path() / ("alkali_nequip_shapes_" + std::to_string(::getpid()) + ".safetensors");
    KindRegistry kinds = model_kinds();
    base::NullSink log;
    save_model(path, *nequip_kind().create(small(), lithium_frames(), 1, log), kinds, {});
    const auto good = io::TensorFile::load(path);
    for (const auto& [key, value] : std::vector<std::pair<std::string, nlohmann::json>>{{"num_layers", 60},
                                                                                        {"num_features", 8000},
                                                                                        {"num_bessels", 1000},
                                                                                        {"num_layers", 1000000},
                                                                                        {"r_max", 60},
                                                                                        {"num_features", 1000000000},
                                                                                        {"radial_mlp_width", 8000}}) {
        auto file = good;
        auto hyperparameters = nlohmann::json::parse(file.metadata["hyperparameters"]);
        hyperparameters[key] = value;
        file.metadata["hyperparameters"] = hyperparameters.dump();
        file.save(path);
        try {
            static_cast<void>(load_model(path, kinds));
            ADD_FAILURE() << key;
        } catch (const FileError& error) {
            EXPECT_EQ(error.where(), path.string());
        }
    }
    for (const char* text : {"[]", "3", "\"x\"", "{\"normalize2mom\": 3}", "{\"normalize2mom\": {\"silu\": 1e308}}"}) {
        auto file = good;
        file.metadata["derived"] = text;
        file.save(path);
        EXPECT_THROW(static_cast<void>(load_model(path, kinds)), FileError) << text;
    }
    std::filesystem::remove(path);
}

TEST(NequipKind, warns_of_types_without_training_frames) {
    Memory log;
    static_cast<void>(nequip_kind().create(with("type_names", {"Li", "Na"}), lithium_frames(), 1, log));
    EXPECT_THAT(log.warnings, HasSubstr("Na"));
    Memory quiet;
    static_cast<void>(nequip_kind().create(small(), lithium_frames(), 1, quiet));
    EXPECT_EQ(quiet.warnings, "");
}

TEST(NequipKind, file_with_a_hyperparameter_of_a_newer_program_is_refused_by_its_name) {
    const auto path = std::filesystem::temp_directory_path() / ("alkali_nequip_kind_" + std::to_string(::getpid()) + ".safetensors");
    KindRegistry kinds = model_kinds();
    base::NullSink log;
    save_model(path, *nequip_kind().create(small(), lithium_frames(), 1, log), kinds, {});
    EXPECT_EQ(load_model(path, kinds).kind, "nequip");
    auto file = io::TensorFile::load(path);
    auto hyperparameters = nlohmann::json::parse(file.metadata["hyperparameters"]);
    hyperparameters["charge_embedding"] = true;
    file.metadata["hyperparameters"] = hyperparameters.dump();
    file.save(path);
    std::string message = "loaded";
    try {
        static_cast<void>(load_model(path, kinds));
    } catch (const FileError& error) {
        message = error.what();
    }
    std::filesystem::remove(path);
    EXPECT_THAT(message, HasSubstr("model.charge_embedding: is no hyperparameter"));
    EXPECT_THAT(message, HasSubstr(path.string()));
}

}  // namespace
}  // namespace alkali::models::nequip::kind_tests
