#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/math/statistics.hpp"
#include "alkali/models/committee/committee.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/common/structure_graph.hpp"
#include "alkali/models/contract/assemble.hpp"
#include "alkali/models/deep_potential/model.hpp"
#include "alkali/models/nequip/model.hpp"
#include "alkali/models/uncertainty/calibration.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::models::uncertainty_tests {
namespace {

/// Alloys, cold and dense or hot and thin.
std::vector<structure::Structure> structures(int count, std::uint64_t seed) {
    base::Random random(seed);
    std::vector<structure::Structure> all;
    for (int k = 0; k < count; ++k) {
        auto s = structure::repeated(structure::bcc("Li", 3.2 + 0.02 * (k % 20)), {2, 2, 2});
        for (int& number : s.numbers) number = random.uniform(0, 1) < 0.3 ? 12 : 3;
        all.push_back(structure::rattled(s, 0.02 + 0.01 * (k % 15), random));
    }
    return all;
}

/// Scales parameters that the energy is linear in until the root mean square of the forces is 0.5 eV/angstrom.
std::shared_ptr<TrainableModel> with_forces_as_in_metals(const std::shared_ptr<TrainableModel>& model,
                                                         const std::vector<std::size_t>& linear) {
    double square = 0, count = 0;
    for (const auto& structure : structures(10, 9))
        for (const Vec3& force : ModelCalculator(model, "model").compute(structure).forces) square += force.squaredNorm(), count += 3;
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    for (const std::size_t index : linear) {
        const auto& info = model->layout()[index];
        for (std::size_t k = 0; k < info.size; ++k) parameters[info.offset + k] *= 0.5 / std::sqrt(square / count);
    }
    model->set_parameters(parameters);
    return model;
}

std::shared_ptr<TrainableModel> nequip_model() {
    const auto hyper = nequip::Hyperparameters::from_json({{"type_names", {"Li", "Mg"}},
                                                           {"r_max", 4.0},
                                                           {"l_max", 1},
                                                           {"num_layers", 2},
                                                           {"num_features", 8},
                                                           {"num_bessels", 4},
                                                           {"radial_mlp_width", 8},
                                                           {"avg_num_neighbors", 12.0},
                                                           {"spline_intervals", 64}});
    auto model = std::make_shared<nequip::NequIP>(hyper);
    model->set_parameters(nequip::initial_parameters(model->architecture(), 5));
    return with_forces_as_in_metals(model, {model->architecture().scales});
}

std::shared_ptr<TrainableModel> deep_potential_model() {
    const auto hyper = deep_potential::Hyperparameters::from_json(
        {{"type_names", {"Li", "Mg"}},
         {"descriptor",
          {{"type", "se_e2_a"}, {"rcut", 4.0}, {"rcut_smth", 1.5}, {"sel", {60, 60}}, {"neuron", {4, 8}}, {"axis_neuron", 3}}},
         {"fitting_net", {{"neuron", {30, 30}}}}});
    auto model = std::make_shared<deep_potential::DeepPotential>(hyper);
    std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
    const auto& a = model->architecture();
    deep_potential::draw_weights(a, 3, parameters);
    for (std::size_t pair = 0; pair < 4; ++pair)
        for (std::size_t k = 0; k < 4; ++k) parameters[a.offset(a.dstd) + 4 * pair + k] = k == 0 ? 0.06 : 0.04;
    model->set_parameters(parameters);
    return with_forces_as_in_metals(model, {a.readout[0].w, a.readout[1].w});
}

/// What a component's errors are made of in these tests: it depends on the component and on its atom.
double true_deviation(const Vec3& force, int d) { return 0.01 + 0.2 * std::abs(force[d]) + 0.1 * force.norm(); }

/// Its deviations are the true ones.
class Oracle final : public calculator::Calculator {
public:
    explicit Oracle(std::shared_ptr<const Model> model) : model_(std::move(model), "model") {}
    [[nodiscard]] calculator::Result compute(const structure::Structure& structure, const calculator::Request& request) override {
        auto result = model_.compute(structure, request);
        auto& forces = result.uncertainty.emplace().forces;
        for (const Vec3& force : result.forces)
            forces.emplace_back(true_deviation(force, 0), true_deviation(force, 1), true_deviation(force, 2));
        return result;
    }
    using calculator::Calculator::compute;
    [[nodiscard]] std::string name() const override { return "oracle"; }
    [[nodiscard]] std::vector<int> species() const override { return model_.species(); }
    [[nodiscard]] double cutoff() const override { return model_.cutoff(); }

private:
    ModelCalculator model_;
};

/// Labels are the model's forces and normal errors of scale times the true deviation.
std::vector<structure::Frame> labelled(const std::shared_ptr<TrainableModel>& model, int count, std::uint64_t seed, double scale) {
    ModelCalculator calculator(model, "model");
    base::Random random(seed);
    std::vector<structure::Frame> frames;
    for (auto& structure : structures(count, seed)) {
        structure::Frame frame;
        auto forces = calculator.compute(structure).forces;
        for (Vec3& force : forces) {
            const Vec3 exact = force;
            for (int d = 0; d < 3; ++d) force[d] += scale * true_deviation(exact, d) * random.normal();
        }
        frame.labels.forces = forces;
        frame.structure = std::move(structure);
        frames.push_back(std::move(frame));
    }
    return frames;
}

struct Found {
    std::vector<double> expected, truth;
    double inside_90 = 0;
};

Found ask(const std::shared_ptr<TrainableModel>& model, const ForceUncertainty& uncertainty, std::span<const structure::Frame> frames) {
    ModelCalculator calculator(model, "model", {}, uncertainty);
    Found found;
    for (const auto& frame : frames) {
        const auto result = calculator.compute(frame.structure, {.uncertainty = true});
        for (std::size_t i = 0; i < frame.structure.size(); ++i)
            for (int d = 0; d < 3; ++d) {
                const double expected = result.uncertainty.value().forces[i][d];
                found.expected.push_back(expected);
                found.truth.push_back(true_deviation(result.forces[i], d));
                const double error = result.forces[i][d] - (*frame.labels.forces)[i][d];
                found.inside_90 += std::abs(error) <= math::normal_half_width(0.9) * expected ? 1 : 0;
            }
    }
    found.inside_90 /= static_cast<double>(found.expected.size());
    return found;
}

class ForceUncertaintyOf : public ::testing::TestWithParam<std::string> {
protected:
    std::shared_ptr<TrainableModel> model_ = GetParam() == "nequip" ? nequip_model() : deep_potential_model();
    base::NullProgress progress_;
};

TEST_P(ForceUncertaintyOf, learns_from_a_committee_which_components_are_uncertain_and_from_labels_by_how_much) {
    const auto frames = labelled(model_, 100, 1, 1.7), fresh = labelled(model_, 60, 2, 1.7);
    Oracle committee(model_);
    const auto calibration = calibrate_forces(*model_, &committee, frames, progress_);
    const auto found = ask(model_, calibration.uncertainty, fresh);
    EXPECT_GT(math::spearman(found.expected, found.truth), 0.97);
    EXPECT_NEAR(found.inside_90, 0.9, 0.02);
    EXPECT_NEAR(calibration.check.coverage_90, 0.9, 0.02);
    EXPECT_GT(calibration.check.rank_correlation, 0.95);
    // A few structures lie beyond those of the calibration.
    double close = 0;
    for (std::size_t k = 0; k < found.expected.size(); ++k) close += std::abs(found.expected[k] / found.truth[k] - 1.7) < 0.5 ? 1 : 0;
    EXPECT_GT(close / static_cast<double>(found.expected.size()), 0.97);
}

TEST_P(ForceUncertaintyOf, learns_from_errors_alone_where_there_is_no_committee) {
    const auto frames = labelled(model_, 300, 1, 1), fresh = labelled(model_, 60, 2, 1);
    const auto calibration = calibrate_forces(*model_, nullptr, frames, progress_);
    const auto found = ask(model_, calibration.uncertainty, fresh);
    EXPECT_GT(math::spearman(found.expected, found.truth), 0.85);
    EXPECT_NEAR(found.inside_90, 0.9, 0.02);
}

TEST_P(ForceUncertaintyOf, unlabelled_frames_teach_what_a_committee_says_of_them) {
    auto frames = labelled(model_, 60, 1, 1);
    for (std::size_t k = 6; k < frames.size(); ++k) frames[k].labels.forces.reset();
    Oracle committee(model_);
    const auto calibration = calibrate_forces(*model_, &committee, frames, progress_);
    const auto found = ask(model_, calibration.uncertainty, labelled(model_, 20, 2, 1));
    EXPECT_GT(math::spearman(found.expected, found.truth), 0.97);
    EXPECT_EQ(calibration.check.components, 6u * 16 * 3);
}

TEST_P(ForceUncertaintyOf, of_a_model_file_has_the_same_bits_on_any_number_of_threads) {
    const auto frames = labelled(model_, 12, 1, 1);
    Oracle committee(model_);
    const auto calibration = calibrate_forces(*model_, &committee, frames, progress_);
    const auto path = std::filesystem::path(::testing::TempDir()) / ("alkali_uncertainty_" + GetParam() + ".safetensors");
    save_model(path, *model_, model_kinds(), nlohmann::json::object(), calibration.uncertainty);
    const auto loaded = load_model(path, model_kinds());
    std::filesystem::remove(path);
    ASSERT_TRUE(loaded.uncertainty.has_value());
    const auto structure = structure::repeated(frames[3].structure, {2, 2, 2});
    const calculator::Request asked{.uncertainty = true};
    const int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    const auto expected = ModelCalculator(model_, "one", {}, calibration.uncertainty).compute(structure, asked);
    omp_set_num_threads(3);
    const auto got = ModelCalculator(loaded.model, "three", {}, loaded.uncertainty).compute(structure, asked);
    omp_set_num_threads(threads);
    EXPECT_EQ(got.uncertainty->forces, expected.uncertainty->forces);
    EXPECT_FALSE(ModelCalculator(model_, "not asked", {}, calibration.uncertainty).compute(structure).uncertainty.has_value());
    EXPECT_EQ(got.forces, ModelCalculator(model_, "without").compute(structure).forces);
}

TEST_P(ForceUncertaintyOf, grows_beyond_what_calibration_saw) {
    const auto frames = labelled(model_, 20, 1, 1);
    Oracle committee(model_);
    const auto u = calibrate_forces(*model_, &committee, frames, progress_).uncertainty;
    ASSERT_GT(u.num_components(), 1);
    // A lone atom whose features lie along the first principal component, by `reach` times what calibration saw.
    structure::Structure atom;
    atom.add(3, Vec3::Zero());
    const auto data = structure_graph(atom, model_->type_names(), model_->cutoff(), "");
    const Graph graph = data.view();
    const std::vector<Vec3> force{Vec3::Constant(0.1)};
    const auto at = [&](double reach) {
        std::vector<double> features(u.mean.data(), u.mean.data() + u.mean.size());
        const Eigen::VectorXd direction = u.components.row(0).transpose() / u.components.row(0).squaredNorm();
        for (std::size_t k = 0; k < features.size(); ++k)
            features[k] += reach * std::sqrt(u.reach) * direction[static_cast<Eigen::Index>(k)];
        return u.expected({graph, model_->cutoff(), features, {}, force})[0][0];
    };
    EXPECT_GT(at(100), 5 * at(10));
    EXPECT_TRUE(std::isfinite(at(1e6)));
}

INSTANTIATE_TEST_SUITE_P(Models, ForceUncertaintyOf, ::testing::Values("nequip", "deep_potential"),
                         [](const auto& info) { return info.param; });

TEST(Calibration, asks_for_frames_with_forces_and_for_a_committee_that_deviates) {
    const auto model = nequip_model();
    base::NullProgress progress;
    auto frames = labelled(model, 3, 1, 1);
    EXPECT_THROW(static_cast<void>(calibrate_forces(*model, nullptr, frames, progress)), InputError);
    frames = labelled(model, 4, 1, 1);
    ModelCalculator alone(model, "alone");
    EXPECT_THROW(static_cast<void>(calibrate_forces(*model, &alone, frames, progress)), InputError);
}

TEST(Calibration, refuses_what_nothing_can_be_learned_from) {
    const auto model = nequip_model();
    base::NullProgress progress;
    const auto message = [&](const std::vector<structure::Frame>& frames, calculator::Calculator* committee) -> std::string {
        try {
            static_cast<void>(calibrate_forces(*model, committee, frames, progress));
        } catch (const InputError& error) {
            return error.what();
        }
        return "calibrated";
    };
    using ::testing::HasSubstr;
    Oracle oracle(model);
    EXPECT_THAT(message(labelled(model, 6, 1, 0), nullptr), HasSubstr("rounding"));  // labels that are its own forces
    EXPECT_THAT(message(labelled(model, 6, 1, 0), &oracle), HasSubstr("rounding"));
    EXPECT_THAT(message(labelled(model, 6, 1, 1e-9), nullptr), HasSubstr("rounding"));
    auto frames = labelled(model, 6, 1, 1);
    frames[4].source = "far.extxyz";
    for (const double absurd : {1e200, 1e100, 1e7}) {
        (*frames[4].labels.forces)[3][1] = absurd;
        EXPECT_THAT(message(frames, nullptr), ::testing::AllOf(HasSubstr("far.extxyz"), HasSubstr("on atom 4"))) << absurd;
    }
    // Errors of one size.
    frames = labelled(model, 6, 1, 0);
    for (auto& frame : frames)
        for (Vec3& force : *frame.labels.forces) force += Vec3::Constant(0.125);
    EXPECT_THAT(message(frames, nullptr), HasSubstr("all alike"));
    // A committee of one model twice.
    std::vector<std::unique_ptr<calculator::Calculator>> twice;
    twice.reserve(2);
    for (int k = 0; k < 2; ++k) twice.push_back(std::make_unique<ModelCalculator>(model, "one"));
    Committee committee(std::move(twice));
    EXPECT_THAT(message(labelled(model, 6, 1, 1), &committee), HasSubstr("rounding"));
}

class CalibratedFile : public ::testing::Test {
protected:
    [[nodiscard]] static io::TensorFile file_of(std::uint64_t seed) {
        auto model = nequip_model();
        std::vector<double> parameters(model->parameters().begin(), model->parameters().end());
        parameters[0] += 1e-3 * static_cast<double>(seed);
        model->set_parameters(parameters);
        base::NullProgress progress;
        const auto u = calibrate_forces(*model, nullptr, labelled(model, 6, seed, 1), progress).uncertainty;
        const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_calibrated.safetensors";
        save_model(path, *model, model_kinds(), nlohmann::json::object(), u);
        auto file = io::TensorFile::load(path);
        std::filesystem::remove(path);
        return file;
    }
    [[nodiscard]] static std::string message(const io::TensorFile& file) {
        try {
            static_cast<void>(parse_model(file.serialised(), "model.file", model_kinds()));
        } catch (const FileError& error) {
            return error.what();
        }
        return "loaded";
    }
};

TEST_F(CalibratedFile, holds_the_calibration_of_its_own_model) {
    using ::testing::HasSubstr;
    const auto own = file_of(1), foreign = file_of(2);
    EXPECT_EQ(message(own), "loaded");
    auto mixed = own;
    for (const auto& [name, tensor] : foreign.tensors)
        if (name.starts_with(ForceUncertainty::prefix)) mixed.tensors[name] = tensor;
    EXPECT_THAT(message(mixed), HasSubstr("calibration of another model"));
    mixed.metadata["calibration"] = foreign.metadata.at("calibration");
    EXPECT_THAT(message(mixed), HasSubstr("calibration of another model"));
    mixed.metadata.erase("calibration");
    EXPECT_THAT(message(mixed), HasSubstr("of which model"));
    auto stripped = own;
    std::erase_if(stripped.tensors, [](const auto& entry) { return entry.first.starts_with(ForceUncertainty::prefix); });
    EXPECT_THAT(message(stripped), HasSubstr("lacks the tensors"));
}

TEST_F(CalibratedFile, with_numbers_that_no_calibration_gives_is_refused) {
    using ::testing::HasSubstr;
    const auto whole = file_of(1);
    const auto with = [&](const std::string& name, std::size_t at, double value) {
        auto file = whole;
        file.tensors.at("uncertainty." + name).values.at(at) = value;
        return message(file);
    };
    for (const auto& [at, value] : std::vector<std::pair<std::size_t, double>>{
             {0, -1e308}, {1, 1e308}, {1, 100}, {2, 0}, {3, -5}, {3, 0}, {4, -1e9}, {5, 1e308}, {5, -1}, {5, 0}})
        EXPECT_THAT(with("scale", at, value), HasSubstr("not those of a calibration")) << at << ' ' << value;
    EXPECT_THAT(with("width", 0, 1e-308), HasSubstr("not those of a calibration"));
    EXPECT_THAT(with("quadratic", 1, 1e3), HasSubstr("not symmetric"));
    EXPECT_THAT(with("linear", 0, 3.0), HasSubstr("was changed"));
    auto file = whole;
    file.tensors["uncertainty.extra"] = {{1}, {5.0}};
    EXPECT_THAT(message(file), HasSubstr("uncertainty.extra"));
}

TEST(ForceUncertaintyFile, with_a_tensor_that_is_missing_or_of_another_size_is_refused_by_name) {
    const auto model = nequip_model();
    base::NullProgress progress;
    const auto u = calibrate_forces(*model, nullptr, labelled(model, 6, 1, 1), progress).uncertainty;
    io::TensorFile file;
    u.store(file);
    EXPECT_TRUE(ForceUncertainty::from(file, model->num_features(), 2, "file").has_value());
    EXPECT_FALSE(ForceUncertainty::from({}, model->num_features(), 2, "file").has_value());
    for (const auto& entry : std::map(file.tensors)) {
        auto broken = file;
        broken.tensors.erase(entry.first);
        try {
            static_cast<void>(ForceUncertainty::from(broken, model->num_features(), 2, "file"));
            ADD_FAILURE() << entry.first;
        } catch (const FileError& error) {
            EXPECT_NE(std::string(error.what()).find(entry.first == "uncertainty.components" ? "uncertainty." : entry.first),
                      std::string::npos);
        }
    }
    EXPECT_THROW(static_cast<void>(ForceUncertainty::from(file, model->num_features() + 1, 2, "file")), FileError);
    EXPECT_THROW(static_cast<void>(ForceUncertainty::from(file, model->num_features(), 1, "file")), FileError);
    file.tensors["uncertainty.width"].values[0] = std::nan("");
    EXPECT_THROW(static_cast<void>(ForceUncertainty::from(file, model->num_features(), 2, "file")), FileError);
}

}  // namespace
}  // namespace alkali::models::uncertainty_tests
