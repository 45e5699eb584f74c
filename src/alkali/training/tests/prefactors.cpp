#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "alkali/base/files.hpp"
#include "alkali/training/loss.hpp"
#include "alkali/training/tests/samples.hpp"

namespace alkali::training::prefactors_tests {
namespace {

nlohmann::json golden() {
    return nlohmann::json::parse(base::read_file(std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/deepmd/loss.json"));
}

/// A periodic batch whose labels differ from what the toy model says by given residuals.
class BatchWithResiduals {
public:
    explicit BatchWithResiduals(const nlohmann::json& golden) {
        const auto& labels = golden.at("labels");
        const auto& predicted = golden.at("predicted");
        const std::size_t count = labels.at("energy").size(), atoms = labels.at("force").at(0).size();
        auto frames = testing::labelled_frames(12, 41);
        std::erase_if(frames, [&](const auto& frame) { return frame.structure.size() != atoms; });
        frames.resize(count);
        base::NullSink log;
        model_ = testing::toy_kind().create(testing::toy_hyperparameters(), {}, 5, log);
        models::ModelCalculator calculator(testing::toy_kind().create(testing::toy_hyperparameters(), {}, 5, log), "same");
        const auto apart = [&](const char* key, std::size_t f) -> const nlohmann::json& { return labels.at(key).at(f); };
        for (std::size_t f = 0; f < count; ++f) {
            auto& frame = frames[f];
            const auto said = calculator.compute(frame.structure);
            frame.labels.energy = said.energy + apart("energy", f).at(0).get<double>() - predicted.at("energy").at(f).at(0).get<double>();
            frame.labels.forces = said.forces;
            Mat3 virial;
            for (std::size_t a = 0; a < atoms; ++a)
                for (std::size_t k = 0; k < 3; ++k)
                    (*frame.labels.forces)[a][static_cast<int>(k)] +=
                        apart("force", f).at(a).at(k).get<double>() - predicted.at("force").at(f).at(a).at(k).get<double>();
            for (int k = 0; k < 9; ++k) {
                const auto at = static_cast<std::size_t>(k);
                virial(k / 3, k % 3) = apart("virial", f).at(at).get<double>() - predicted.at("virial").at(f).at(at).get<double>();
            }
            frame.labels.stress = Mat3(said.stress - virial / frame.structure.cell.volume());
        }
        set_ = std::make_unique<GraphSet>(std::move(frames), std::vector<std::string>{"Li", "Na"}, 4.0);
    }

    double loss(const LossSettings& settings, double share, std::vector<double>* gradient = nullptr) {
        std::vector<std::size_t> all(set_->size());
        std::iota(all.begin(), all.end(), std::size_t{0});
        const Batch batch(*set_, all);
        LabelCounts counts;
        for (const auto& frame : set_->frames()) counts.add(frame);
        std::vector<double> energies(batch.atoms());
        std::vector<Vec3> edges(batch.edges());
        const auto pass = model_->make_training_pass();
        pass->evaluate(batch.graph(), {energies, edges});
        LossSeeds seeds;
        ErrorSums errors;
        const auto terms = evaluate_loss(settings, batch, counts, energies, edges, &seeds, errors, share);
        if (gradient != nullptr) {
            gradient->assign(model_->parameters().size(), 0.0);
            pass->accumulate_gradient({seeds.energies, seeds.edges}, *gradient);
        }
        return terms.total();
    }

private:
    std::unique_ptr<models::TrainableModel> model_;
    std::unique_ptr<GraphSet> set_;
};

LossSettings settings_for(const nlohmann::json& options) {
    LossSettings s;
    const auto value = [&](const char* key, double otherwise) { return options.value(key, otherwise); };
    s.extent = options.value("intensive_ener_virial", false) ? LossSettings::Extent::deepmd_intensive : LossSettings::Extent::deepmd;
    static_cast<LossCoefficients&>(s) = {value("limit_pref_e", 1), value("limit_pref_f", 1), value("limit_pref_v", 0), 0};
    s.start = LossCoefficients{value("start_pref_e", 0.02), value("start_pref_f", 1000), value("start_pref_v", 0), 0};
    return s;
}

/// The same loss with the coefficients of one moment for good.
LossSettings held(const LossSettings& settings, double share) {
    LossSettings fixed;
    fixed.extent = settings.extent;
    static_cast<LossCoefficients&>(fixed) = settings.at(share);
    return fixed;
}

TEST(Prefactors, loss_is_that_of_deepmd_at_every_learning_rate) {
    const auto file = golden();
    BatchWithResiduals batch(file);
    for (const auto& row : file.at("losses")) {
        const double share = row.at("lr").get<double>() / file.at("start_lr").get<double>(), expected = row.at("loss");
        EXPECT_NEAR(batch.loss(held(settings_for(row.at("options")), share), 0), expected, 1e-11 * expected)
            << row.at("name") << " " << share;
    }
}

TEST(Prefactors, gradient_is_that_of_the_loss_of_the_moment) {
    const auto file = golden();
    BatchWithResiduals batch(file);
    for (const auto& row : file.at("losses")) {
        const double share = row.at("lr").get<double>() / file.at("start_lr").get<double>();
        const auto settings = settings_for(row.at("options"));
        std::vector<double> moving, fixed;
        static_cast<void>(batch.loss(settings, share, &moving));
        static_cast<void>(batch.loss(held(settings, share), 0, &fixed));
        for (std::size_t p = 0; p < moving.size(); ++p) EXPECT_EQ(moving[p], fixed[p]) << row.at("name") << " parameter " << p;
    }
}

TEST(Prefactors, reported_loss_is_that_of_the_end_whatever_the_learning_rate) {
    const auto file = golden();
    BatchWithResiduals batch(file);
    auto settings = settings_for({{"start_pref_v", 0.02}, {"limit_pref_v", 1.0}});
    EXPECT_EQ(batch.loss(settings, 1), batch.loss(settings, 0));
    settings.start->forces = 7;
    EXPECT_EQ(batch.loss(settings, 0.5), batch.loss(held(settings, 0), 0));
}

}  // namespace
}  // namespace alkali::training::prefactors_tests
