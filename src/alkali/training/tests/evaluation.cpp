#include "alkali/training/evaluation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/training/tests/samples.hpp"

namespace alkali::training::evaluation_tests {
namespace {

/// Frames whose labels are off the toy model's numbers by known amounts, and that model.
struct Case {
    Case() {
        base::NullSink log;
        calculator =
            std::make_unique<models::ModelCalculator>(testing::toy_kind().create(testing::toy_hyperparameters(), {}, 3, log), "toy");
        for (std::size_t k = 0; k < 4; ++k) {
            structure::Frame frame;
            frame.structure = testing::random_structure(4, 5.0, k, {3, 11});
            auto result = calculator->compute(frame.structure);
            const double sign = k % 2 == 0 ? 1.0 : -1.0;
            frame.labels.energy = result.energy - 4 * (0.1 + sign * 0.002);  // predicted above the label by 100 +- 2 meV/atom
            for (auto& force : result.forces) force[1] += 0.03;
            frame.labels.forces = std::move(result.forces);
            frame.labels.stress = result.stress + Mat3::Identity() * 0.01;
            frame.info["group"] = k < 2 ? "bulk A" : "surface";
            frame.source = "f.xyz";
            frame.index = k;
            frames.push_back(std::move(frame));
        }
    }
    records::Records records(std::size_t points = 100) {
        base::NullProgress progress;
        return evaluate(*calculator, frames, {points}, progress);
    }
    std::unique_ptr<models::ModelCalculator> calculator;
    std::vector<structure::Frame> frames;
};

TEST(Evaluation, gives_the_errors_by_their_names_and_units) {
    const auto records = Case().records();
    EXPECT_NEAR(records.number("energy_mae"), 100, 1e-8);
    EXPECT_NEAR(records.number("energy_rmse"), std::sqrt(100 * 100 + 2 * 2), 1e-8);
    EXPECT_NEAR(records.number("energy_rmse_shifted"), 2, 1e-6);
    EXPECT_NEAR(records.number("energy_mean_error"), 100, 1e-8) << "predicted less label";
    EXPECT_NEAR(records.number("force_rmse"), 30 / std::sqrt(3.0), 1e-9);
    EXPECT_NEAR(records.number("force_mae"), 10, 1e-9);
    EXPECT_NEAR(records.number("stress_rmse"), 1.602176634 / std::sqrt(3.0), 1e-9);
    EXPECT_EQ(records.at("energy_rmse").unit, "meV/atom");
    EXPECT_EQ(records.at("stress_mae").unit, "GPa");
}

TEST(Evaluation, errors_that_are_no_finite_numbers_are_refused_with_their_frame) {
    const auto message = [](const std::function<void(structure::Frame&)>& change) -> std::string {
        Case one;
        change(one.frames[2]);
        try {
            static_cast<void>(one.records());
        } catch (const InputError& error) {
            return error.what();
        }
        return "evaluated";
    };
    using ::testing::HasSubstr;
    EXPECT_THAT(message([](auto& frame) { frame.labels.energy = 1e200; }),
                ::testing::AllOf(HasSubstr("f.xyz, frame 2"), HasSubstr("energy")));
    EXPECT_THAT(message([](auto& frame) { (*frame.labels.forces)[1][2] = -1e200; }), HasSubstr("f.xyz, frame 2"));
    EXPECT_THAT(message([](auto& frame) { (*frame.labels.stress)(0, 1) = 1e308; }), HasSubstr("f.xyz, frame 2"));
    EXPECT_EQ(message([](auto&) {}), "evaluated");
}

TEST(Evaluation, names_groups_with_letters_digits_and_underscores) {
    const auto records = Case().records();
    EXPECT_NEAR(records.number("force_mae_bulk_A"), 10, 1e-9);
    EXPECT_NEAR(records.number("energy_rmse_shifted_surface"), 2, 1e-6);
}

TEST(Evaluation, groups_never_share_records_nor_take_those_of_all_frames) {
    Case some;
    const auto totals = Case().records();
    const std::vector<std::string> names = {"shifted", "shifted_x", "a-b", "a_b"};
    for (std::size_t k = 0; k < names.size(); ++k) some.frames[k].info["group"] = names[k];
    const auto records = some.records();
    for (const char* total : {"energy_rmse", "energy_rmse_shifted", "energy_mae", "energy_mean_error", "force_rmse", "stress_rmse"}) {
        EXPECT_EQ(records.number(total), totals.number(total)) << total;
        EXPECT_FALSE(records.at(total).settings.contains("group")) << total;
    }
    std::map<std::string, std::string> groups;  // by the record
    for (const auto& [name, record] : records.all())
        if (name.starts_with("force_rmse_")) {
            EXPECT_EQ(record.settings.at("values"), 12) << name;
            groups[name] = record.settings.at("group").get<std::string>();
        }
    EXPECT_EQ(groups, (std::map<std::string, std::string>{{"force_rmse_a_b", "a_b"},
                                                          {"force_rmse_a_b_2", "a-b"},
                                                          {"force_rmse_group_shifted", "shifted"},
                                                          {"force_rmse_group_shifted_x", "shifted_x"}}));
}

TEST(Evaluation, a_number_behind_a_group_is_not_that_of_another) {
    Case some;
    const std::vector<std::string> names = {"a-b", "a_b", "a_b_2", "a.b"};
    for (std::size_t k = 0; k < names.size(); ++k) some.frames[k].info["group"] = names[k];
    const auto records = some.records();
    EXPECT_EQ(records.at("force_rmse_a_b_2").settings.at("group"), "a_b_2");
    std::size_t count = 0;
    for (const auto& [name, record] : records.all()) count += name.starts_with("force_rmse_") ? 1U : 0U;
    EXPECT_EQ(count, 4U);
}

TEST(Evaluation, parity_points_tell_their_frames) {
    const auto parity = Case().records().at("parity").value;
    EXPECT_EQ(parity["frames"].size(), 4U);
    EXPECT_EQ(parity["frames"][2], "f.xyz, frame 2 (surface)");
    EXPECT_EQ(parity["energy"]["frame"], (nlohmann::json{0, 1, 2, 3}));
    EXPECT_EQ(parity["force"]["reference"].size(), 48U);
    EXPECT_EQ(parity["stress"]["predicted"].size(), 24U);
    EXPECT_NEAR(parity["energy"]["predicted"][0].get<double>() - parity["energy"]["reference"][0].get<double>(), 0.102, 1e-10);
}

TEST(Evaluation, thinned_parity_keeps_the_largest_errors) {
    Case some;
    (*some.frames[1].labels.forces)[2][0] += 5;
    const auto force = some.records(20).at("parity").value["force"];
    EXPECT_EQ(force["reference"].size(), 20U);
    EXPECT_EQ(force["points"], 48);
    double largest = 0;
    for (std::size_t k = 0; k < 20; ++k)
        largest = std::max(largest, std::abs(force["reference"][k].get<double>() - force["predicted"][k].get<double>()));
    EXPECT_NEAR(largest, 5, 1e-9);
    EXPECT_FALSE(some.records(0).has("parity"));
}

TEST(Evaluation, missing_labels_are_left_out_and_their_absence_is_no_zero) {
    Case some;
    for (auto& frame : some.frames) frame.labels.stress.reset();
    some.frames[0].labels.energy.reset();
    const auto records = some.records();
    EXPECT_FALSE(records.has("stress_rmse"));
    EXPECT_EQ(records.at("energy_rmse").settings["values"], 3);
    for (auto& frame : some.frames) frame.labels = {};
    EXPECT_THROW(static_cast<void>(some.records()), InputError);
}

TEST(Evaluation, frame_that_cannot_be_computed_is_named) {
    Case some;
    some.frames[2].structure.numbers[0] = 19;
    try {
        static_cast<void>(some.records());
        FAIL() << "accepted potassium";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("f.xyz, frame 2"));
    }
}

/// The calculator of a Case with a standard deviation for everything.
class Uncertain final : public calculator::Calculator {
public:
    explicit Uncertain(calculator::Calculator& base) : base_(base) {}
    calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override {
        auto result = base_.compute(structure, request);
        auto& uncertainty = result.uncertainty.emplace();
        uncertainty.energy = 4 * 0.05;
        uncertainty.forces.assign(structure.size(), Vec3::Constant(0.02));
        uncertainty.stress = Mat3::Constant(0.02);
        return result;
    }
    std::string name() const override { return "uncertain"; }
    std::vector<int> species() const override { return base_.species(); }
    double cutoff() const override { return base_.cutoff(); }

private:
    calculator::Calculator& base_;
};

TEST(Evaluation, sets_expected_against_true_errors) {
    Case sample;
    EXPECT_FALSE(sample.records().has("reliability"));
    Uncertain calculator(*sample.calculator);
    base::NullProgress progress;
    const auto records = evaluate(calculator, sample.frames, {100}, progress);
    // Forces: 2 of 3 components have no error, the third one 1.5 standard deviations. Energies: 2 standard deviations.
    EXPECT_NEAR(records.number("force_std"), 20, 1e-9);
    EXPECT_NEAR(records.number("force_coverage_68"), 2.0 / 3, 1e-12);
    EXPECT_EQ(records.number("force_coverage_90"), 1);
    EXPECT_NEAR(records.number("energy_std"), 50, 1e-9);
    EXPECT_EQ(records.number("energy_coverage_95"), 0);
    EXPECT_NEAR(records.number("stress_std"), 0.02 * 160.2176634, 1e-9);
    const auto& table = records.at("reliability").value.at("force");
    EXPECT_EQ(table.at("points"), 48);
    EXPECT_NEAR(table.at("rmse").back().get<double>(), 30 / std::sqrt(3.0), 8);
    EXPECT_FALSE(records.has("force_std_correlation"));  // equal deviations have no rank
    EXPECT_FALSE(records.at("energy_coverage_95").settings.contains("mean_error_taken_out"));
}

TEST(Evaluation, another_zero_of_energy_is_no_error_that_a_calculator_expects) {
    Case sample;
    Uncertain calculator(*sample.calculator);
    base::NullProgress progress;
    const auto with_zero = [&](double zero) {  // of the labels, eV/atom
        auto frames = sample.frames;
        for (auto& frame : frames) *frame.labels.energy += 4 * (0.1 - zero);
        return evaluate(calculator, frames, {100}, progress);
    };
    const auto own = with_zero(0), other = with_zero(200);
    for (const int percent : {50, 68, 90, 95}) {
        const auto name = "energy_coverage_" + std::to_string(percent);
        EXPECT_EQ(own.number(name), 1) << "errors of 2 meV/atom, 50 expected";
        EXPECT_EQ(other.number(name), own.number(name));
    }
    EXPECT_NEAR(other.number("energy_rmse"), 200000, 10);
    EXPECT_NEAR(other.at("energy_coverage_68").settings.at("mean_error_taken_out").get<double>(), 200000, 1e-6);
    const auto &of_own = own.at("reliability").value.at("energy"), &of_other = other.at("reliability").value.at("energy");
    EXPECT_EQ(of_other.at("observed"), of_own.at("observed"));
    EXPECT_NEAR(of_other.at("rmse")[0].get<double>(), of_own.at("rmse")[0].get<double>(), 1e-6);
    EXPECT_NEAR(of_other.at("mean_error_taken_out").get<double>(), 200000, 1e-6);
    EXPECT_FALSE(of_own.contains("mean_error_taken_out"));
}

TEST(Evaluation, one_or_two_frames_tell_no_zero_of_energy) {
    Case sample;
    Uncertain calculator(*sample.calculator);
    base::NullProgress progress;
    sample.frames.resize(2);
    for (auto& frame : sample.frames) *frame.labels.energy -= 4 * 5.0;
    EXPECT_EQ(evaluate(calculator, sample.frames, {100}, progress).number("energy_coverage_95"), 0);
}

}  // namespace
}  // namespace alkali::training::evaluation_tests
