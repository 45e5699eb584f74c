#include "alkali/training/energy_zero.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/io/format.hpp"
#include "alkali/training/session.hpp"
#include "alkali/training/tests/samples.hpp"

namespace alkali::training::energy_zero_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

class Memory final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override {
        text += std::string(message) + "\n";
        if (level == base::LogLevel::warning) warnings += std::string(message) + "\n";
    }
    std::string text, warnings;
};

models::KindRegistry kinds() {
    auto registry = models::model_kinds();
    registry.add(testing::toy_kind());
    return registry;
}

/// The same frames on another zero of energy, eV per Li and Na atom.
std::vector<structure::Frame> moved(std::vector<structure::Frame> frames, double lithium, double sodium) {
    for (auto& frame : frames)
        for (const int number : frame.structure.numbers) *frame.labels.energy += number == 3 ? lithium : sodium;
    return frames;
}

class EnergyZero : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() /
                  ("alkali_zero_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_);
        frames_ = testing::labelled_frames(16, 100);
        io::write_frames(folder_ / "train.extxyz", frames_);
        io::write_frames(folder_ / "moved.extxyz", moved(frames_, -150.0, -1200.0));
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] static std::string model_block(const std::string& kind) {
        if (kind == "toy") return "{type: toy, type_names: [Li, Na], r_max: 4.0, num_gaussians: 4}";
        if (kind == "nequip")
            return "{type: nequip, type_names: [Li, Na], r_max: 4.0, num_layers: 1, l_max: 1, num_features: 4, num_bessels: 4, "
                   "radial_mlp_depth: 1, radial_mlp_width: 8, spline_intervals: 32}";
        return "{type: deep_potential, type_names: [Li, Na], descriptor: {rcut: 4.0, sel: [40, 40], neuron: [4, 8], axis_neuron: 2}, "
               "fitting_net: {neuron: [8]}}";
    }
    [[nodiscard]] std::string config(const std::string& kind, const std::string& data, const std::string& training) const {
        return "model: " + model_block(kind) + "\ndata: {validation: 0.25, " + data + "}\ntraining: {batch_size: 3, lr: 0.01, " + training +
               "}\n";
    }
    [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }

    void run(const std::string& text, const std::string& output, bool init_only = false) {
        base::write_file(folder_ / "c.yaml", text);
        base::NullProgress progress;
        SerialCommunicator communicator;
        log_ = {};
        static_cast<void>(train({folder_ / "c.yaml", folder_ / output, false, init_only, false, 0, 0, "test", "test"}, kinds(),
                                communicator, log_, progress));
    }
    std::string failure(const std::string& text) {
        try {
            run(text, "failed");
        } catch (const Error& error) {
            return error.what();
        }
        return "no failure";
    }

    /// Energies of atoms of a model file.
    [[nodiscard]] std::vector<double> shifts(const fs::path& path) const {
        const auto registry = kinds();
        const auto loaded = models::load_model(path, registry);
        const auto* info = energy_shift_parameters(*loaded.model, registry.at(loaded.kind));
        const auto values = loaded.model->parameters().subspan(info->offset, info->size);
        return {values.begin(), values.end()};
    }
    /// RMS of what a model's energies per atom differ by from the labels, eV.
    [[nodiscard]] double error(const fs::path& path, const std::vector<structure::Frame>& frames) const {
        models::ModelCalculator calculator(models::load_model(path, kinds()).model, "model");
        double sum = 0;
        for (const auto& frame : frames) {
            const double rest =
                (calculator.compute(frame.structure).energy - *frame.labels.energy) / static_cast<double>(frame.structure.size());
            sum += rest * rest;
        }
        return std::sqrt(sum / static_cast<double>(frames.size()));
    }

    fs::path folder_;
    std::vector<structure::Frame> frames_;
    Memory log_;
};

TEST_F(EnergyZero, of_a_model_to_start_from_is_moved_to_that_of_the_data) {
    for (const std::string kind : {"toy", "nequip", "deep_potential"}) {
        run(config(kind, "train: " + file("train.extxyz"), "max_epochs: 40"), kind);
        const auto start = folder_ / kind / "last.safetensors";
        const std::string from = "max_epochs: 1, init_from: " + start.string();
        const auto before = shifts(start);
        run(config(kind, "train: " + file("moved.extxyz"), from), kind + "_moved", true);
        EXPECT_THAT(log_.text, HasSubstr("energy shifts of the model to start from are fitted"));
        const auto after = shifts(folder_ / (kind + "_moved") / "init.safetensors");
        EXPECT_NEAR(after[0] - before[0], -150, 10) << kind;
        EXPECT_NEAR(after[1] - before[1], -1200, 10) << kind;
        EXPECT_LT(error(folder_ / (kind + "_moved") / "init.safetensors", moved(frames_, -150, -1200)), error(start, frames_) + 0.1)
            << kind;
    }
}

TEST_F(EnergyZero, of_a_model_is_kept_where_the_data_have_it_or_the_config_says_so) {
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 300"), "first");
    const auto start = folder_ / "first" / "last.safetensors";
    const std::string from = "max_epochs: 1, init_from: " + start.string();
    run(config("toy", "train: " + file("train.extxyz"), from), "same", true);
    EXPECT_EQ(shifts(folder_ / "same" / "init.safetensors"), shifts(start));
    EXPECT_THAT(log_.text, Not(HasSubstr("energy shift")));
    run(config("toy", "train: " + file("moved.extxyz"), from + ", energy_shifts: keep"), "kept", true);
    EXPECT_EQ(shifts(folder_ / "kept" / "init.safetensors"), shifts(start));
    run(config("toy", "train: " + file("train.extxyz"), from + ", energy_shifts: fit"), "fitted", true);
    EXPECT_NE(shifts(folder_ / "fitted" / "init.safetensors"), shifts(start));
}

TEST_F(EnergyZero, given_by_hand_is_taken_by_every_kind_of_model) {
    for (const std::string kind : {"nequip", "deep_potential"}) {
        run(config(kind, "train: " + file("train.extxyz"), "max_epochs: 1"), kind);
        auto text = config(kind, "train: " + file("moved.extxyz"), "init_from: " + (folder_ / kind / "last.safetensors").string());
        text.replace(text.find("type_names"), 10, "per_type_energy_shifts: {Li: -7, Na: -8}, type_names");
        run(text, kind + "_given", true);
        EXPECT_EQ(shifts(folder_ / (kind + "_given") / "init.safetensors"), (std::vector<double>{-7, -8})) << kind;
    }
}

TEST_F(EnergyZero, of_data_of_one_composition_moves_all_its_atoms_alike) {
    std::vector<structure::Frame> even;
    for (const auto& frame : frames_)
        if (frame.structure.size() % 2 == 0) even.push_back(frame);
    io::write_frames(folder_ / "even.extxyz", moved(even, -50, -50));
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 300"), "first");
    const auto start = folder_ / "first" / "last.safetensors";
    const auto before = shifts(start);
    run(config("toy", "train: " + file("even.extxyz"), "max_epochs: 1, init_from: " + start.string()), "moved", true);
    const auto after = shifts(folder_ / "moved" / "init.safetensors");
    for (std::size_t t = 0; t < 2; ++t) EXPECT_NEAR(after[t] - before[t], -50, 0.5);
}

TEST_F(EnergyZero, that_halves_the_errors_moves_a_model_however_small_it_is) {
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 400"), "first");
    const auto start = folder_ / "first" / "last.safetensors";
    const double known = error(start, frames_);
    const std::string from = "max_epochs: 1, init_from: " + start.string();
    io::write_frames(folder_ / "near.extxyz", moved(frames_, 4 * known, 4 * known));
    run(config("toy", "train: " + file("near.extxyz"), from), "near", true);
    EXPECT_THAT(log_.text, HasSubstr("energy shifts of the model to start from are fitted"));
    EXPECT_NEAR(shifts(folder_ / "near" / "init.safetensors")[0] - shifts(start)[0], 4 * known, 3 * known);
}

TEST_F(EnergyZero, of_a_dilute_species_alone_moves) {
    // One atom of 16 is sodium in half of the frames.
    auto frames = frames_;
    for (std::size_t k = 0; k < frames.size(); ++k)
        for (std::size_t i = 0; i < frames[k].structure.numbers.size(); ++i) frames[k].structure.numbers[i] = i == 0 && k % 2 == 0 ? 11 : 3;
    io::write_frames(folder_ / "dilute.extxyz", frames);
    io::write_frames(folder_ / "dilute_moved.extxyz", moved(frames, 0, 12));
    run(config("toy", "train: " + file("dilute.extxyz"), "max_epochs: 400"), "first");
    const auto start = folder_ / "first" / "last.safetensors";
    run(config("toy", "train: " + file("dilute_moved.extxyz"), "max_epochs: 1, init_from: " + start.string()), "moved", true);
    const auto before = shifts(start), after = shifts(folder_ / "moved" / "init.safetensors");
    EXPECT_NEAR(after[0] - before[0], 0, 0.5);
    EXPECT_NEAR(after[1] - before[1], 12, 2);
}

TEST_F(EnergyZero, of_a_species_that_the_data_lack_is_warned_of) {
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 1"), "first");
    auto frames = frames_;
    for (auto& frame : frames) std::fill(frame.structure.numbers.begin(), frame.structure.numbers.end(), 3);
    io::write_frames(folder_ / "metal.extxyz", moved(frames, -200, 0));
    const auto start = folder_ / "first" / "last.safetensors";
    const std::string from = config("toy", "train: " + file("metal.extxyz"), "max_epochs: 1, init_from: " + start.string());
    run(from, "metal", true);
    EXPECT_THAT(log_.warnings, HasSubstr("no training frame holds Na"));
    EXPECT_THAT(log_.warnings, HasSubstr("on another zero than these data"));
    EXPECT_EQ(shifts(folder_ / "metal" / "init.safetensors")[1], shifts(start)[1]);
}

TEST_F(EnergyZero, of_two_sets_in_one_training_is_warned_of) {
    const std::string both = "train: [" + file("train.extxyz") + ", " + file("moved.extxyz") + "]";
    run(config("toy", both, "max_epochs: 1"), "mixed");
    EXPECT_THAT(log_.warnings, HasSubstr("another zero of energy"));
    EXPECT_THAT(log_.warnings, HasSubstr("moved.extxyz"));
    run(config("toy", both + ", align_sources: true", "max_epochs: 1"), "aligned");
    EXPECT_THAT(log_.warnings, Not(HasSubstr("zero of energy")));
    EXPECT_THAT(log_.text, HasSubstr("energies moved to the zero of"));
    auto files = config("toy", "train: " + file("train.extxyz"), "max_epochs: 1");
    files.replace(files.find("validation: 0.25"), 16, "validation: " + file("moved.extxyz"));
    run(files, "validation");
    EXPECT_THAT(log_.warnings, HasSubstr("another zero of energy"));
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 1"), "one");
    EXPECT_THAT(log_.warnings, Not(HasSubstr("zero of energy")));
}

TEST_F(EnergyZero, labels_that_are_exactly_zero_are_warned_of) {
    auto frames = frames_;
    for (std::size_t k = 2; k < 6; ++k) frames[k].labels.energy = 0;
    for (auto& force : *frames[9].labels.forces) force.setZero();
    io::write_frames(folder_ / "zero.extxyz", frames);
    run(config("toy", "train: " + file("zero.extxyz"), "max_epochs: 1"), "out");
    EXPECT_THAT(log_.warnings, HasSubstr("energy is exactly zero"));
    EXPECT_THAT(log_.warnings, HasSubstr("all forces are exactly zero"));
}

TEST_F(EnergyZero, stress_without_shear_is_warned_of) {
    auto frames = frames_;
    for (auto& frame : frames) *frame.labels.stress = Mat3(frame.labels.stress->diagonal().asDiagonal());
    io::write_frames(folder_ / "diagonal.extxyz", frames);
    run(config("toy", "train: " + file("diagonal.extxyz"), "max_epochs: 1"), "out");
    EXPECT_THAT(log_.warnings, HasSubstr("shear stress is exactly zero"));
}

TEST_F(EnergyZero, of_a_folder_to_start_from_is_asked_for_a_model) {
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 1"), "first");
    EXPECT_THAT(failure(config("toy", "train: " + file("train.extxyz"), "init_from: " + file("first"))),
                HasSubstr("is a folder, not a model"));
}

TEST_F(EnergyZero, species_in_another_order_or_missing_are_named) {
    run(config("toy", "train: " + file("train.extxyz"), "max_epochs: 1"), "first");
    const std::string from = "init_from: " + (folder_ / "first" / "last.safetensors").string();
    for (const char* names : {"[Na, Li]", "[Li, Na, K]"}) {
        auto text = config("toy", "train: " + file("train.extxyz"), from);
        text.replace(text.find("[Li, Na]"), 8, names);
        EXPECT_THAT(failure(text), HasSubstr("model.type_names"));
    }
}

/// The validation frames of a run and of a split with the same seed and share are the same.
TEST_F(EnergyZero, validation_frames_are_those_of_a_split_with_the_same_seed) {
    auto frames = frames_;
    structure::Frame atom;
    atom.structure.add(3, Vec3::Zero());
    atom.labels.energy = -2;
    atom.labels.forces = std::vector<Vec3>(1, Vec3::Zero());
    frames.insert(frames.begin() + 3, atom);
    for (std::size_t k = 0; k < frames.size(); ++k) frames[k].info["config_type"] = k % 3 == 0 ? "a" : "b";
    io::write_frames(folder_ / "set.extxyz", frames);
    frames = io::read_frames(folder_ / "set.extxyz");
    for (const int seed : {1, 2, 3}) {
        const auto parts = dataset::split(frames, {.fraction = 0.25, .seed = static_cast<std::uint64_t>(seed), .held_groups = {}});
        std::vector<structure::Frame> train, held;
        for (const auto i : parts.kept) train.push_back(frames[i]);
        for (const auto i : parts.held) held.push_back(frames[i]);
        run(config("toy", "missing: mask, train: " + file("set.extxyz"), "max_epochs: 1, seed: " + std::to_string(seed)),
            "seed" + std::to_string(seed));
        const auto provenance = models::load_model(folder_ / ("seed" + std::to_string(seed)) / "best.safetensors", kinds()).provenance;
        EXPECT_EQ(provenance["data_hash"], dataset::content_hash(train) + "+" + dataset::content_hash(held));
    }
}

TEST_F(EnergyZero, structures_in_training_and_validation_are_warned_of) {
    auto frames = frames_;
    frames.insert(frames.end(), frames_.begin(), frames_.end());
    io::write_frames(folder_ / "twice.extxyz", frames);
    run(config("toy", "train: " + file("twice.extxyz"), "max_epochs: 1"), "out");
    EXPECT_THAT(log_.warnings, HasSubstr("structures that are trained on too"));
}

TEST_F(EnergyZero, whole_groups_can_be_held_out_by_the_config) {
    auto frames = frames_;
    for (std::size_t k = 0; k < frames.size(); ++k) frames[k].info["config_type"] = "run" + std::to_string(k / 4);
    io::write_frames(folder_ / "runs.extxyz", frames);
    run(config("toy", "split_by: whole-group, train: " + file("runs.extxyz"), "max_epochs: 1"), "out");
    EXPECT_THAT(log_.text, HasSubstr("12 frames to train on, 4 for validation"));
}

TEST_F(EnergyZero, stress_that_is_positive_in_compression_can_be_turned_round) {
    auto frames = frames_;
    for (auto& frame : frames) *frame.labels.stress *= -1.0;
    io::write_frames(folder_ / "turned.extxyz", frames);
    const std::string steps = "max_epochs: 2, loss_coeffs: {stress: 10}";
    run(config("toy", "train: " + file("train.extxyz"), steps), "plain");
    run(config("toy", "stress_sign: compression, train: " + file("turned.extxyz"), steps), "turned");
    const auto plain = models::load_model(folder_ / "plain" / "last.safetensors", kinds()),
               turned = models::load_model(folder_ / "turned" / "last.safetensors", kinds());
    EXPECT_EQ(plain.provenance["data_hash"], turned.provenance["data_hash"]);
}

TEST_F(EnergyZero, more_frames_than_there_are_cannot_be_used) {
    EXPECT_THAT(failure(config("toy", "use: 17, train: " + file("train.extxyz"), "max_epochs: 1")), HasSubstr("data.use"));
}

}  // namespace
}  // namespace alkali::training::energy_zero_tests
