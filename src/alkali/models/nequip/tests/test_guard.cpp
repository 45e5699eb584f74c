#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "alkali/base/random.hpp"
#include "alkali/models/committee/open.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/nequip/guard.hpp"
#include "alkali/structure/builders.hpp"

// The check of the radial splines against the network they stand for, and their refinement.
namespace alkali::models::nequip::guard_tests {
namespace {

Hyperparameters small(int intervals, std::vector<std::string> types = {"Li"}) {
    auto h = Hyperparameters::from_json({{"type_names", types},
                                         {"r_max", 5.0},
                                         {"num_layers", 2},
                                         {"l_max", 1},
                                         {"num_features", 8},
                                         {"radial_mlp_depth", 2},
                                         {"radial_mlp_width", 16},
                                         {"avg_num_neighbors", 30.0},
                                         {"spline_intervals", intervals}});
    h.model_dtype = Precision::mixed;
    return h;
}

/// Random weights with an energy scale that gives forces of metals.
std::vector<double> weights(const NequIP& model, double scale = 1.0) {
    auto parameters = initial_parameters(model.architecture(), 7);
    const auto& info = model.architecture().info(model.architecture().scales);
    for (std::size_t t = 0; t < info.size; ++t) parameters[info.offset + t] = scale;
    return parameters;
}

std::unique_ptr<NequIP> model_with(int intervals, double scale = 1.0) {
    auto model = std::make_unique<NequIP>(small(intervals));
    model->set_parameters(weights(*model, scale));
    return model;
}

TEST(SplineGuard, probes_hold_every_species_at_three_densities_and_no_overlap) {
    const auto probes = probe_structures({"Li", "Mg"}, 5.0, 30.0);
    ASSERT_EQ(probes.size(), 3u);
    for (const auto& probe : probes) {
        EXPECT_EQ(structure::species_of(probe), (std::vector<int>{3, 12}));
        EXPECT_NO_THROW(structure::check(probe, 1.5));
    }
    EXPECT_NEAR(probes[1].cell.volume() / probes[0].cell.volume(), 4.0 / 3, 1e-9);
    EXPECT_NEAR(probes[2].cell.volume() / probes[1].cell.volume(), 4.0 / 3, 1e-9);
}

TEST(SplineGuard, errors_fall_as_the_theory_of_cubic_splines_says) {
    const auto model = model_with(64);
    SplineGuard guard(model->architecture().hyper, model->parameters());
    const auto coarse = guard.measure(128), fine = guard.measure(256), finer = guard.measure(512);
    EXPECT_GT(coarse.force_error, 1e-9);
    EXPECT_GT(coarse.force_error / fine.force_error, 6) << "third power of the interval, about";
    EXPECT_GT(fine.force_error / finer.force_error, 6);
    EXPECT_GT(coarse.energy_error / finer.energy_error, 64) << "fourth power";
}

TEST(SplineGuard, measures_the_same_whatever_the_precision_of_the_model) {
    auto hyper = small(128);
    std::vector<Tabulation> all;
    for (const auto precision : {Precision::float32, Precision::mixed, Precision::float64}) {
        hyper.model_dtype = precision;
        NequIP model(hyper);
        model.set_parameters(weights(model));
        all.push_back(*model.tabulation());
    }
    for (const auto& t : all) {
        EXPECT_EQ(t.intervals, 128);
        EXPECT_EQ(t.energy_error, all[0].energy_error);
        EXPECT_EQ(t.force_error, all[0].force_error);
    }
}

TEST(SplineGuard, refines_a_coarse_grid_until_energies_and_forces_are_within_the_bounds_elsewhere_too) {
    auto model = std::make_shared<NequIP>(small(16));
    auto hyper = small(16);
    const auto parameters = weights(*model);
    model->set_parameters(parameters);
    EXPECT_FALSE(model->tabulation()->within_bounds());
    const auto table = model->refine_tabulation();
    EXPECT_TRUE(table->within_bounds());
    EXPECT_EQ(model->architecture().hyper.spline_intervals, table->intervals);
    EXPECT_EQ(table->intervals & (table->intervals - 1), 0) << "16 doubled again and again";
    SplineGuard guard(hyper, parameters);
    EXPECT_FALSE(guard.measure(table->intervals / 2).within_bounds()) << "no finer than needed";

    hyper.model_dtype = Precision::float64;
    hyper.spline_intervals = table->intervals;
    const auto spline = std::make_shared<NequIP>(hyper), exact = std::make_shared<NequIP>(hyper, EvaluationOptions{RadialMode::exact, {}});
    spline->set_parameters(parameters);
    exact->set_parameters(parameters);
    base::Random random(99);
    const auto s = structure::rattled(structure::repeated(structure::bcc("Li", 3.4), {4, 4, 4}), 0.2, random);
    const auto got = ModelCalculator(spline, "spline").compute(s), expected = ModelCalculator(exact, "exact").compute(s);
    EXPECT_LT(std::abs(got.energy - expected.energy) / static_cast<double>(s.size()), Tabulation::energy_bound);
    for (std::size_t i = 0; i < s.size(); ++i)
        EXPECT_LT((got.forces[i] - expected.forces[i]).cwiseAbs().maxCoeff(), Tabulation::force_bound) << i;
}

TEST(SplineGuard, a_grid_too_coarse_to_mean_anything_is_refused) {
    NequIP model(small(16));
    for (const int intervals : {-1, 0, 1, least_spline_intervals - 1}) EXPECT_THROW(model.set_table_intervals(intervals), InputError);
    EXPECT_NO_THROW(model.set_table_intervals(least_spline_intervals));
}

TEST(SplineGuard, leaves_a_grid_that_is_fine_enough_and_all_parameters_alone) {
    const auto model = model_with(2048);
    const std::vector<double> before(model->parameters().begin(), model->parameters().end());
    const auto table = model->refine_tabulation();
    EXPECT_TRUE(table->within_bounds());
    EXPECT_EQ(table->intervals, 2048);
    EXPECT_EQ(before, std::vector<double>(model->parameters().begin(), model->parameters().end()));
}

TEST(SplineGuard, refines_once_what_is_fine_afterwards) {
    const auto model = model_with(16);
    const auto first = model->refine_tabulation(), second = model->refine_tabulation();
    EXPECT_EQ(first->intervals, second->intervals);
    EXPECT_EQ(first->force_error, second->force_error);
}

TEST(SplineGuard, says_so_when_no_grid_is_fine_enough) {
    const auto model = model_with(64, 1e9);
    const auto table = model->refine_tabulation();
    EXPECT_FALSE(table->within_bounds());
    EXPECT_EQ(table->intervals, 4096);
}

class OpenedFile : public ::testing::Test {
protected:
    OpenedFile() { std::filesystem::create_directories(path_.parent_path()); }
    ~OpenedFile() override { std::filesystem::remove_all(path_.parent_path()); }

    void save(int intervals, double scale = 1.0) {
        save_model(path_, *model_with(intervals, scale), model_kinds(), nlohmann::json::object());
    }
    std::map<std::string, std::string> opened(const std::string& precision) {
        const auto provenance = open_model_files(path_.string(), {precision, 1}, model_kinds(), log_)->provenance();
        return {provenance.begin(), provenance.end()};
    }

    class Warnings final : public base::LogSink {
    public:
        void write(base::LogLevel level, std::string_view message) override {
            if (level == base::LogLevel::warning) text += message;
        }
        std::string text;
    };
    Warnings log_;
    const std::filesystem::path path_ =
        std::filesystem::temp_directory_path() / ("alkali_guard_" + std::to_string(::getpid())) / "m.safetensors";
};

TEST_F(OpenedFile, is_refined_alike_in_every_precision_and_says_what_its_tables_change) {
    save(16);
    const auto mixed = opened("mixed");
    EXPECT_GT(std::stoi(mixed.at("table_intervals")), 16);
    EXPECT_LT(std::stod(mixed.at("table_force_error")), Tabulation::force_bound);
    EXPECT_LT(std::stod(mixed.at("table_energy_error")), Tabulation::energy_bound);
    for (const std::string precision : {"float32", "float64"})
        for (const std::string key : {"table_intervals", "table_force_error", "table_energy_error"})
            EXPECT_EQ(opened(precision).at(key), mixed.at(key)) << precision;
    EXPECT_TRUE(log_.text.empty()) << log_.text;
}

TEST_F(OpenedFile, warns_when_its_tables_cannot_keep_the_bounds) {
    save(64, 1e9);
    EXPECT_EQ(opened("mixed").at("table_intervals"), "4096");
    EXPECT_NE(log_.text.find("m.safetensors"), std::string::npos);
}

TEST_F(OpenedFile, keeps_its_own_grid_for_training) {
    save(16);
    EXPECT_EQ(load_model(path_, model_kinds()).model->hyperparameters().at("spline_intervals"), 16);
}

}  // namespace
}  // namespace alkali::models::nequip::guard_tests
