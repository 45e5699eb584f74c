#include "alkali/training/session.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/safetensors.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/training/tests/samples.hpp"
#include "alkali/training/validation.hpp"

namespace alkali::training {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class Memory final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override {
        text += (level == base::LogLevel::warning ? "warning: " : "") + std::string(message) + "\n";
    }
    std::string text;
};

models::KindRegistry kinds() {
    auto registry = models::model_kinds();
    registry.add(testing::toy_kind());
    return registry;
}

std::string toy_config(const fs::path& folder, const std::string& training, const std::string& data = "") {
    return "model: {type: toy, type_names: [Li, Na], r_max: 4.0, num_gaussians: 4}\n"
           "data: {train: " +
           (folder / "train.extxyz").string() + ", validation: 0.25" + data +
           "}\n"
           "training: {batch_size: 3, lr: 0.02, seed: 4, loss_coeffs: {total_energy: 1, forces: 1, stress: 10}, " +
           training + "}\n";
}

class Session : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() /
                  ("alkali_session_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_);
        io::write_frames(folder_ / "train.extxyz", testing::labelled_frames(12, 100));
    }
    void TearDown() override {
        omp_set_num_threads(omp_get_num_procs());
        fs::remove_all(folder_);
    }

    Outcome run(const std::string& config, const std::string& output, bool restart = false, bool overwrite = false) {
        base::write_file(folder_ / "c.yaml", config);
        base::NullProgress progress;
        SerialCommunicator communicator;
        return train({folder_ / "c.yaml", folder_ / output, restart, false, overwrite, 0, 0, "test", "test"}, kinds(), communicator, log_,
                     progress);
    }

    /// The run of a file of any format, whose clocks begin now.
    Outcome run_file(const std::string& name, const std::string& output, TrainingThreads threads = TrainingThreads::all) {
        base::NullProgress progress;
        SerialCommunicator communicator;
        return train({folder_ / name, folder_ / output, false, false, true, 0, base::process_cpu_seconds(), "test", "test", threads},
                     kinds(), communicator, log_, progress);
    }

    std::string failure(const std::string& config, const std::string& output, bool restart = false) {
        try {
            static_cast<void>(run(config, output, restart));
        } catch (const Error& error) {
            return error.what();
        }
        return "no failure";
    }

    /// Tensors of a model file of a run.
    [[nodiscard]] std::string tensors(const std::string& output, const std::string& name = "last") const {
        io::TensorFile file = io::TensorFile::load(folder_ / output / (name + ".safetensors"));
        file.metadata.clear();
        return file.serialised();
    }

    [[nodiscard]] std::vector<std::vector<std::string>> metrics(const std::string& output) const {
        std::istringstream text(base::read_file(folder_ / output / "metrics.csv"));
        std::vector<std::vector<std::string>> rows;
        for (std::string line; std::getline(text, line);) {
            std::istringstream cells(line);
            rows.emplace_back();
            for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
        }
        return rows;
    }

    fs::path folder_;
    Memory log_;
};

TEST_F(Session, learns_what_the_teacher_knows) {
    const auto outcome = run(toy_config(folder_, "max_epochs: 300, ema_decay: 0.9"), "out");
    const auto rows = metrics("out");
    ASSERT_EQ(rows.size(), 301U);
    EXPECT_EQ(rows[0][0], "epoch");
    EXPECT_LT(std::stod(rows[300][9]), 0.1 * std::stod(rows[1][9]));  // train_force_rmse
    EXPECT_EQ(outcome.epochs, 300);
    EXPECT_EQ(outcome.steps, 900);  // 9 frames to train on, 3 per step
    EXPECT_LT(outcome.last.errors.forces.rmse(), 0.05);
    for (const char* name : {"best.safetensors", "last.safetensors", "metrics.csv", "config.yaml", "checkpoint/state.safetensors"})
        EXPECT_TRUE(fs::exists(folder_ / "out" / name)) << name;
}

TEST_F(Session, model_file_tells_where_it_comes_from) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 3"), "out"));
    const auto loaded = models::load_model(folder_ / "out" / "best.safetensors", kinds());
    EXPECT_EQ(loaded.provenance["data_hash"].get<std::string>().size(), 64U + 1 + 64);
    EXPECT_EQ(loaded.provenance["version"], "test");
    EXPECT_TRUE(loaded.provenance["validation"].contains("energy_rmse"));
    EXPECT_EQ(loaded.provenance["frames"]["train"], 9);
}

TEST_F(Session, same_seed_same_bits_and_other_seed_other_model) {
    const auto config = toy_config(folder_, "max_epochs: 5");
    static_cast<void>(run(config, "a"));
    static_cast<void>(run(config, "b"));
    EXPECT_EQ(tensors("a"), tensors("b"));
    EXPECT_EQ(tensors("a", "best"), tensors("b", "best"));
    auto other = config;
    other.replace(other.find("seed: 4"), 7, "seed: 5");
    static_cast<void>(run(other, "c"));
    EXPECT_NE(tensors("a"), tensors("c"));
}

TEST_F(Session, one_and_two_threads_give_the_same_bits) {
    const std::string config =
        "model: {type: nequip, type_names: [Li, Na], r_max: 4.0, num_layers: 2, l_max: 1, num_features: 4, radial_mlp_depth: 1, "
        "radial_mlp_width: 8, num_bessels: 4, model_dtype: mixed}\n"
        "data: {train: " +
        (folder_ / "train.extxyz").string() +
        "}\n"
        "training: {batch_size: 3, loss_coeffs: {total_energy: 1, forces: 1, stress: 10}, max_epochs: 3}\n";
    omp_set_num_threads(1);
    static_cast<void>(run(config, "one"));
    omp_set_num_threads(2);
    static_cast<void>(run(config, "two"));
    EXPECT_EQ(tensors("one"), tensors("two"));
}

TEST_F(Session, checkpoint_of_any_step_continues_to_the_same_bits) {
    const std::string prefactors = "exponential, decay_steps: 4, loss_type: deepmd";
    for (const std::string& schedule : {std::string("cosine"), std::string("exponential"), std::string("plateau"), prefactors}) {
        const auto config = toy_config(folder_, "max_epochs: 6, checkpoint_seconds: 0, lr_schedule: " + schedule);
        static_cast<void>(run(config, "whole" + schedule));
        // The folder of a run that is still going, copied in the middle of an epoch, is what a kill would leave.
        const auto stopped = folder_ / ("cut" + schedule);
        fs::create_directories(stopped);
        bool copied = false;
        class Copy final : public base::ProgressSink {
        public:
            Copy(fs::path from, fs::path to, bool& copied) : from_(std::move(from)), to_(std::move(to)), copied_(copied) {}
            void update(const base::Progress&) override {
                if (++calls_ != 8) return;  // in the middle of the third epoch
                fs::copy(from_, to_, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
                copied_ = true;
            }

        private:
            fs::path from_, to_;
            bool& copied_;
            int calls_ = 0;
        } copy(folder_ / "going", stopped, copied);
        SerialCommunicator communicator;
        static_cast<void>(
            train({folder_ / "c.yaml", folder_ / "going", false, false, true, 0, 0, "test", "test"}, kinds(), communicator, log_, copy));
        ASSERT_TRUE(copied);
        static_cast<void>(run(config, "cut" + schedule, true));
        EXPECT_EQ(tensors("cut" + schedule), tensors("whole" + schedule)) << schedule;
        EXPECT_EQ(tensors("cut" + schedule, "best"), tensors("whole" + schedule, "best")) << schedule;
        auto a = metrics("cut" + schedule), b = metrics("whole" + schedule);
        ASSERT_EQ(a.size(), b.size());
        for (std::size_t row = 0; row < a.size(); ++row)
            for (std::size_t column = 0; column + 2 < a[row].size(); ++column)
                EXPECT_EQ(a[row][column], b[row][column]) << row << " " << column;
    }
}

TEST_F(Session, virial_is_trained_by_default_where_the_data_have_it_and_said) {
    const auto config = toy_config(folder_, "max_epochs: 1, loss_type: deepmd");
    static_cast<void>(run(config, "with"));
    EXPECT_THAT(log_.text, HasSubstr("virial 0.02 to 1, on since the data have virials"));
    EXPECT_THAT(base::read_file(folder_ / "with" / "config.yaml"), HasSubstr("start_pref_v: 0.02"));
    auto frames = testing::labelled_frames(12, 100);
    for (auto& frame : frames) frame.labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    static_cast<void>(run(config, "without"));
    EXPECT_THAT(log_.text, HasSubstr("virial off, since the data have no virials"));
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 1, loss_type: deepmd, loss_prefactors: {limit_pref_v: 1}"), "asked"),
                HasSubstr("stress"));
}

TEST_F(Session, deepmd_input_trains_as_it_is) {
    io::write_frames(folder_ / "systems", testing::labelled_frames(6, 100), {.format = "deepmd", .type_names = {}});
    base::write_file(folder_ / "input.json", R"({
        "model": {"type_map": ["Li", "Na"], "descriptor": {"type": "se_e2_a", "rcut": 4.0, "rcut_smth": 1.0, "neuron": [4, 8], "seed": 1},
                  "fitting_net": {"neuron": [8, 8], "precision": "float64"}},
        "learning_rate": {"type": "exp", "start_lr": 0.01, "stop_lr": 1e-5, "decay_steps": 2},
        "loss": {"start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 1000, "limit_pref_f": 1},
        "training": {"training_data": {"systems": ["systems"], "batch_size": "auto:8"}, "numb_steps": 8, "seed": 3, "disp_freq": 1}})");
    base::NullProgress progress;
    SerialCommunicator communicator;
    const auto outcome =
        train({folder_ / "input.json", folder_ / "out", false, false, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress);
    EXPECT_EQ(outcome.steps, 8);
    EXPECT_THAT(log_.text, HasSubstr("without effect here: model.descriptor.seed, training.disp_freq"));
    EXPECT_EQ(models::load_model(folder_ / "out" / "last.safetensors", kinds()).kind, "deep_potential");
    // What it became is a config that says the same.
    base::write_file(folder_ / "c.yaml", base::read_file(folder_ / "out" / "config.yaml"));
    static_cast<void>(
        train({folder_ / "c.yaml", folder_ / "again", false, false, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress));
    EXPECT_EQ(tensors("again"), tensors("out"));
}

constexpr const char* child_folder = "ALKALI_TEST_TRAIN_IN";

/// Under mpirun the ranks of MPI, else one process.
std::unique_ptr<Communicator> child_communicator() {
    if (std::getenv("ALKALI_TEST_MPI") == nullptr) return std::make_unique<SerialCommunicator>();
    void* library = ::dlopen(ALKALI_BINARY_DIR "/alkali_mpi.so", RTLD_NOW | RTLD_GLOBAL);
    if (library == nullptr) throw std::runtime_error(::dlerror());
    return std::unique_ptr<Communicator>(reinterpret_cast<Communicator* (*)()>(::dlsym(library, "alkali_make_mpi_communicator"))());
}

/// Run as a process of its own by the next test; alone it does nothing.
TEST(SessionChild, trains_where_told) {
    const char* folder = std::getenv(child_folder);
    if (folder == nullptr) GTEST_SKIP() << "only as a child of Session.killed_run_continues_to_the_same_bits";
    base::NullSink log;
    base::NullProgress progress;
    const auto communicator = child_communicator();
    static_cast<void>(train({fs::path(folder) / "c.yaml", fs::path(folder) / "killed", true, false, false, 0, 0, "test", "test"}, kinds(),
                            *communicator, log, progress));
}

/// Starts the child, lets it run for so long, kills it. True if it ended by itself before.
bool run_and_kill(const fs::path& folder, std::chrono::milliseconds after) {
    const std::string variable = std::string(child_folder) + "=" + folder.string();
    std::vector<char*> environment = {const_cast<char*>(variable.c_str()), nullptr};
    std::string filter = "--gtest_filter=SessionChild.trains_where_told", name = "test";
    std::vector<char*> arguments = {name.data(), filter.data(), nullptr};
    posix_spawn_file_actions_t quiet;
    ::posix_spawn_file_actions_init(&quiet);
    ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child = 0;
    EXPECT_EQ(::posix_spawn(&child, "/proc/self/exe", &quiet, nullptr, arguments.data(), environment.data()), 0);
    ::posix_spawn_file_actions_destroy(&quiet);
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status);
}

TEST_F(Session, killed_run_continues_to_the_same_bits) {
    const auto config = toy_config(folder_, "max_epochs: 60, checkpoint_seconds: 0");
    static_cast<void>(run(config, "whole"));
    int kills = 0;
    while (kills < 12 && !run_and_kill(folder_, std::chrono::milliseconds(60 + 40 * kills))) ++kills;
    if (kills == 0) GTEST_SKIP() << "the child was too fast to be killed";
    static_cast<void>(run(config, "killed", true));
    EXPECT_EQ(tensors("killed"), tensors("whole"));
    EXPECT_EQ(tensors("killed", "best"), tensors("whole", "best"));
    EXPECT_EQ(metrics("killed").size(), metrics("whole").size());
}

#ifdef ALKALI_MPIEXEC
TEST_F(Session, ranks_of_mpi_train_the_model_of_one_process) {
    const auto config = toy_config(folder_, "max_epochs: 5");
    static_cast<void>(run(config, "one"));
    // Open MPI leaves memory behind: no leak check of the ranks.
    const std::string start = std::string(
                                  "exec env ASAN_OPTIONS=detect_leaks=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                                  "OMPI_MCA_rmaps_base_oversubscribe=1 ALKALI_TEST_MPI=1 ") +
                              child_folder + "=" + folder_.string() + " " ALKALI_MPIEXEC " -n 2 " +
                              fs::read_symlink("/proc/self/exe").string() + " --gtest_filter=SessionChild.trains_where_told > " +
                              (folder_ / "mpi.log").string() + " 2>&1";
    ASSERT_EQ(std::system(start.c_str()), 0) << base::read_file(folder_ / "mpi.log");
    const auto one = models::load_model(folder_ / "one" / "last.safetensors", kinds()).model,
               two = models::load_model(folder_ / "killed" / "last.safetensors", kinds()).model;
    for (std::size_t k = 0; k < one->parameters().size(); ++k) EXPECT_NEAR(one->parameters()[k], two->parameters()[k], 1e-9);
    EXPECT_EQ(metrics("killed").size(), 6U);
}
#endif

TEST_F(Session, restart_refuses_a_changed_config_and_names_the_key) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2"), "out"));
    auto changed = toy_config(folder_, "max_epochs: 2");
    changed.replace(changed.find("lr: 0.02"), 8, "lr: 0.03");
    const auto text = failure(changed, "out", true);
    EXPECT_THAT(text, HasSubstr("training.lr (was 0.02, now 0.03)"));
    EXPECT_THAT(text, ::testing::Not(HasSubstr("training.seed")));
}

TEST_F(Session, a_finished_run_with_more_epochs_equals_one_that_never_stopped) {
    for (const std::string schedule :
         {"constant, warmup: 0", "plateau, patience: 1, warmup: 0", "exponential, warmup: 0, decay_rate: 0.9"}) {
        const auto config = [&](const std::string& limit) {
            return toy_config(folder_, limit + ", lr_schedule: {type: " + schedule + "}");
        };
        static_cast<void>(run(config("max_epochs: 6"), "whole", false, true));
        static_cast<void>(run(config("max_epochs: 3"), "out", false, true));
        log_.text.clear();
        EXPECT_EQ(run(config("max_epochs: 6"), "out", true).epochs, 6) << schedule;
        EXPECT_THAT(log_.text, HasSubstr("with max_epochs 6 (was 3); as if it had never stopped")) << schedule;
        EXPECT_EQ(tensors("out"), tensors("whole")) << schedule;
        EXPECT_EQ(tensors("out", "best"), tensors("whole", "best")) << schedule;
        EXPECT_EQ(metrics("out").size(), metrics("whole").size()) << schedule;
        static_cast<void>(run(config("max_epochs: 6"), "out", true));
        EXPECT_THAT(log_.text, HasSubstr("finished already")) << schedule;
    }
}

TEST_F(Session, a_run_that_ended_within_an_epoch_goes_on_in_it) {
    const std::string schedule = ", lr_schedule: {type: constant, warmup: 0}";
    static_cast<void>(run(toy_config(folder_, "numb_steps: 8" + schedule), "whole"));
    static_cast<void>(run(toy_config(folder_, "numb_steps: 4" + schedule), "out"));
    const auto outcome = run(toy_config(folder_, "numb_steps: 8" + schedule), "out", true);
    EXPECT_EQ(outcome.steps, 8);
    EXPECT_EQ(tensors("out"), tensors("whole"));
    EXPECT_EQ(metrics("out").size(), metrics("whole").size());
}

TEST_F(Session, a_finished_run_with_another_length_says_how_its_learning_rate_differs) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 3"), "out"));  // cosine
    EXPECT_EQ(run(toy_config(folder_, "max_epochs: 6"), "out", true).epochs, 6);
    EXPECT_THAT(log_.text,
                HasSubstr("warning: the run goes on from step 9 with max_epochs 6 (was 3); the learning rate had come to 0.0002"));
    EXPECT_THAT(log_.text, HasSubstr("will not be that of a run that had this length from the beginning"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 100, patience: 1, lr_schedule: {type: constant}"), "warm"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 200, patience: 1, lr_schedule: {type: constant}"), "warm", true));
    EXPECT_THAT(log_.text, HasSubstr("the learning rate rose over its first 3 steps, not 6"));
}

TEST_F(Session, a_finished_run_goes_on_when_it_is_given_more_time) {
    const auto begun = run(toy_config(folder_, "max_seconds: 0.2, numb_steps: 1000000"), "out");
    const auto more = fmt::format("{}", begun.steps + 20);
    const auto longer = run(toy_config(folder_, "max_seconds: 600, numb_steps: " + more), "out", true);
    EXPECT_EQ(longer.steps, begun.steps + 20);
    EXPECT_THAT(log_.text, HasSubstr("with numb_steps " + more + " (was 1000000), max_seconds 600 (was 0.2)"));
}

TEST_F(Session, a_shorter_length_ends_a_finished_run_where_it_is) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 4"), "out"));
    EXPECT_EQ(run(toy_config(folder_, "max_epochs: 2"), "out", true).epochs, 4);
}

TEST_F(Session, restart_refuses_changed_data) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2"), "out"));
    io::write_frames(folder_ / "train.extxyz", testing::labelled_frames(12, 101));
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 2"), "out", true), HasSubstr("training data have changed"));
}

TEST_F(Session, a_folder_with_a_run_is_not_overwritten_unasked) {
    const auto config = toy_config(folder_, "max_epochs: 2");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(failure(config, "out"), HasSubstr("holds an earlier run"));
    static_cast<void>(run(config, "out", false, true));
    static_cast<void>(run(config, "out", true));  // finished already: nothing to do
    EXPECT_THAT(log_.text, HasSubstr("finished already"));
}

TEST_F(Session, unknown_key_is_named_with_the_nearest_one) {
    auto config = toy_config(folder_, "max_epochs: 2");
    config.replace(config.find("batch_size"), 10, "batch_sise");
    const auto text = failure(config, "out");
    EXPECT_THAT(text, HasSubstr("training.batch_sise"));
    EXPECT_THAT(text, HasSubstr("did you mean batch_size?"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Session, missing_labels_stop_or_are_masked) {
    auto frames = testing::labelled_frames(12, 100);
    frames[3].labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 2"), "out"), HasSubstr("frame 3"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 2", ", missing: mask"), "masked"));
    EXPECT_TRUE(fs::exists(folder_ / "masked" / "best.safetensors"));
    for (auto& frame : frames) frame.labels.stress.reset();
    io::write_frames(folder_ / "train.extxyz", frames);
    EXPECT_THAT(failure(toy_config(folder_, "max_epochs: 2", ", missing: mask"), "none"), HasSubstr("training.loss_coeffs.stress"));
}

TEST_F(Session, species_outside_the_model_is_named) {
    auto frames = testing::labelled_frames(12, 100);
    frames[5].structure.numbers[1] = 19;
    io::write_frames(folder_ / "train.extxyz", frames);
    const auto text = failure(toy_config(folder_, "max_epochs: 2"), "out");
    EXPECT_THAT(text, HasSubstr("atom 2 is K"));
    EXPECT_THAT(text, HasSubstr("frame 5"));
}

TEST_F(Session, overlapping_atoms_are_named_and_nothing_is_written) {
    auto frames = testing::labelled_frames(12, 100);
    frames[7].structure.positions[2] = frames[7].structure.positions[0];
    io::write_frames(folder_ / "train.extxyz", frames);
    const auto text = failure(toy_config(folder_, "max_epochs: 2"), "out");
    EXPECT_THAT(text, HasSubstr("atoms 1 and 3"));
    EXPECT_THAT(text, HasSubstr("frame 7"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(Session, initial_model_alone_is_written_on_request) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_epochs: 2"));
    base::NullProgress progress;
    SerialCommunicator communicator;
    static_cast<void>(
        train({folder_ / "c.yaml", folder_ / "out", false, true, false, 0, 0, "test", "test"}, kinds(), communicator, log_, progress));
    EXPECT_TRUE(fs::exists(folder_ / "out" / "init.safetensors"));
    EXPECT_FALSE(fs::exists(folder_ / "out" / "best.safetensors"));
}

TEST_F(Session, starts_from_another_model_exactly) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 20, ema_decay: 0"), "first"));
    const auto start = "init_from: " + (folder_ / "first" / "last.safetensors").string();
    static_cast<void>(
        run(toy_config(folder_,
                       "max_epochs: 1, ema_decay: 0, stop_lr: 1e-300, lr_schedule: {type: constant, warmup: 0.5}, numb_steps: 1, " + start),
            "second"));
    const auto a = models::load_model(folder_ / "first" / "last.safetensors", kinds()).model,
               b = models::load_model(folder_ / "second" / "last.safetensors", kinds()).model;
    for (std::size_t k = 0; k < a->parameters().size(); ++k) EXPECT_EQ(a->parameters()[k], b->parameters()[k]);
    auto other = toy_config(folder_, "max_epochs: 1, " + start);
    other.replace(other.find("num_gaussians: 4"), 16, "num_gaussians: 5");
    EXPECT_THAT(failure(other, "third"), HasSubstr("model.num_gaussians (4 in the file, 5 in the config)"));
}

TEST_F(Session, fine_tuning_follows_the_config_or_says_where_the_model_differs) {
    const auto config = [&](const std::string& model, const std::string& training) {
        return "model: {type: nequip, type_names: [Li, Na], r_max: 4.0, num_layers: 1, l_max: 1, num_features: 2, num_bessels: 4, "
               "radial_mlp_depth: 1, radial_mlp_width: 4, spline_intervals: 16" +
               model + "}\ndata: {train: " + (folder_ / "train.extxyz").string() + "}\ntraining: {max_epochs: 1, " + training + "}\n";
    };
    static_cast<void>(run(config("", "seed: 1"), "first"));
    const auto start = "seed: 2, init_from: " + (folder_ / "first" / "last.safetensors").string();
    EXPECT_THAT(failure(config(", polynomial_cutoff_p: 4", start), "second"),
                HasSubstr("model.polynomial_cutoff_p (6 in the file, 4 in the config)"));
    log_.text.clear();
    static_cast<void>(run(config(", per_type_energy_shifts: {Li: -7, Na: -8}, per_type_energy_scales_trainable: true", start), "third"));
    EXPECT_THAT(log_.text, HasSubstr("but for the config's per_type_energy_shifts"));
    const auto model = models::load_model(folder_ / "third" / "last.safetensors", kinds()).model;
    EXPECT_EQ(model->hyperparameters()["per_type_energy_scales_trainable"], true);
    const auto& layout = model->layout();
    const auto at = std::find_if(layout.begin(), layout.end(), [](const auto& info) { return info.name == "shifts"; });
    EXPECT_EQ(model->parameters()[at->offset], -7);
    EXPECT_EQ(model->parameters()[at->offset + 1], -8);
    log_.text.clear();
    static_cast<void>(run(config("", start), "fourth"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("energy shift")));  // those of the data are not used
}

TEST_F(Session, fine_tuning_of_a_deep_potential_leaves_auto_to_its_file_and_names_the_one_key_that_differs) {
    const auto config = [&](const std::string& descriptor, const std::string& data, const std::string& training) {
        return "model: {type: deep_potential, type_names: [Li, Na], descriptor: {rcut: 4.0, rcut_smth: 1.0, neuron: [2, 4], axis_neuron: "
               "2" +
               descriptor + "}, fitting_net: {neuron: [4]}, table_intervals: 64}\ndata: {train: " + (folder_ / data).string() +
               "}\ntraining: {max_epochs: 1, " + training + "}\n";
    };
    auto dilute = testing::labelled_frames(6, 77);
    for (auto& frame : dilute) frame.structure = structure::with_volume(frame.structure, 1.5 * frame.structure.cell.volume());
    io::write_frames(folder_ / "dilute.extxyz", dilute);
    static_cast<void>(run(config("", "train.extxyz", "seed: 1"), "first"));
    const auto path = folder_ / "first" / "last.safetensors";
    const auto start = "seed: 2, init_from: " + path.string();
    const auto sel = models::load_model(path, kinds()).model->hyperparameters()["descriptor"]["sel"];
    for (const std::string given : {"", ", sel: auto", ", sel: 'auto:1.3'", ", trainable: false"}) {
        static_cast<void>(run(config(given, "dilute.extxyz", start), "tuned"));
        EXPECT_EQ(models::load_model(folder_ / "tuned" / "last.safetensors", kinds()).model->hyperparameters()["descriptor"]["sel"], sel);
        fs::remove_all(folder_ / "tuned");
    }
    const auto message = failure(config(", set_davg_zero: true, sel: [90, 90]", "dilute.extxyz", start), "other");
    EXPECT_THAT(message, HasSubstr("model.descriptor.sel (" + sel.dump() + " in the file, [90,90] in the config)"));
    EXPECT_THAT(message, HasSubstr("model.descriptor.set_davg_zero (false in the file, true in the config)"));
    EXPECT_THAT(message, ::testing::Not(HasSubstr("axis_neuron")));
}

TEST_F(Session, early_stopping_ends_the_run) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0");
    config.replace(config.find("lr: 0.02"), 8, "lr: 0.30");  // too large to settle
    const auto outcome = run(config, "out");
    EXPECT_LT(outcome.epochs, 500);
    EXPECT_EQ(outcome.epochs, outcome.best_epoch + 3);
}

TEST_F(Session, time_limits_are_kept_and_the_schedule_ends_with_them) {
    const double begin = base::process_cpu_seconds();
    static_cast<void>(run(toy_config(folder_, "max_cpu_seconds: " + std::to_string(begin + 2)), "out"));
    const double end = base::process_cpu_seconds();
    EXPECT_LT(end, begin + 2.3);
    EXPECT_GT(end, begin + 1.3);
    const auto rows = metrics("out");
    EXPECT_LT(std::stod(rows.back()[2]), 0.1 * 0.02);  // lr has nearly reached its end
}

TEST_F(Session, diverging_training_says_so) {
    auto config = toy_config(folder_, "max_epochs: 50, lr_schedule: {type: constant, warmup: 0}");
    config.replace(config.find("lr: 0.02"), 8, "lr: 1e300");
    EXPECT_THAT(failure(config, "out"), HasSubstr("no longer finite"));
}

TEST_F(Session, without_validation_frames_the_training_loss_decides) {
    auto config = toy_config(folder_, "max_epochs: 3");
    config.replace(config.find("validation: 0.25"), 16, "validation: 0");
    const auto outcome = run(config, "out");
    EXPECT_GT(outcome.best_epoch, 0);
    EXPECT_TRUE(fs::exists(folder_ / "out" / "best.safetensors"));
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_TRUE(provenance["train"].contains("energy_rmse"));  // errors on frames that were trained on are no validation
    EXPECT_FALSE(provenance.contains("validation"));
}

TEST_F(Session, validation_frames_without_any_label_that_counts_are_refused) {
    auto frames = testing::labelled_frames(2, 7);
    for (auto& frame : frames) frame.labels = {};
    io::write_frames(folder_ / "bare.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 2", ", missing: mask");
    config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "bare.extxyz").string());
    EXPECT_THAT(failure(config, "out"), HasSubstr("data.validation"));
}

TEST_F(Session, outcome_has_the_errors_of_the_best_model_and_not_of_the_last_epoch) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0");
    config.replace(config.find("lr: 0.02"), 8, "lr: 0.30");
    const auto outcome = run(config, "out");
    ASSERT_LT(outcome.best_epoch, outcome.epochs);
    const auto rows = metrics("out");
    const auto& best = rows[static_cast<std::size_t>(outcome.best_epoch)];
    EXPECT_NEAR(1e3 * outcome.best.energy.rmse(), std::stod(best[12]), 1e-6 * std::stod(best[12]));
    EXPECT_NE(best[12], rows.back()[12]);
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_EQ(provenance["validation"]["energy_rmse"].get<double>(), figures(outcome.best)["energy_rmse"].get<double>());
    EXPECT_EQ(outcome.validated_frames, 3U);
    EXPECT_EQ(outcome.validation_frames, 3U);
    // A run that is over tells the same.
    const auto again = run(config, "out", true);
    EXPECT_EQ(again.best.energy.rmse(), outcome.best.energy.rmse());
    EXPECT_EQ(again.best_epoch, outcome.best_epoch);
}

TEST_F(Session, average_of_a_short_run_is_as_good_as_its_weights) {
    // 60 steps with an average over 1000: its errors were those of the first weights.
    static_cast<void>(run(toy_config(folder_, "max_epochs: 20, ema_decay: 0.999"), "averaged"));
    static_cast<void>(run(toy_config(folder_, "max_epochs: 20, ema_decay: 0"), "plain"));
    const auto averaged = metrics("averaged"), plain = metrics("plain");
    EXPECT_LT(std::stod(averaged[20][11]), 1.3 * std::stod(plain[20][11]));
    EXPECT_EQ(averaged[20][3], plain[20][3]);  // the training itself is the same
}

TEST_F(Session, input_of_deepmd_with_a_time_limit_anneals_to_the_deadline) {
    io::write_frames(folder_ / "systems", testing::labelled_frames(6, 100), {.format = "deepmd", .type_names = {}});
    const auto input = [&](const std::string& rate, const std::string& limits) {
        base::write_file(folder_ / "input.json", R"({
            "model": {"type_map": ["Li", "Na"], "descriptor": {"type": "se_e2_a", "rcut": 4.0, "rcut_smth": 1.0, "neuron": [4, 8]},
                      "fitting_net": {"neuron": [8, 8]}},
            "learning_rate": {"type": "exp", "start_lr": 0.001, "decay_steps": 5000)" +
                                                     rate + R"(},
            "loss": {}, "training": {"training_data": {"systems": ["systems"]}, )" +
                                                     limits + "}}");
    };
    for (const std::string& limits :
         {std::string(R"("numb_steps": 1000000, "max_cpu_seconds": 0.8)"), std::string(R"("max_cpu_seconds": 0.8)"),
          std::string(R"("numb_steps": 1000000, "max_seconds": 1.5)")})
        for (const std::string& rate : {std::string(R"(, "stop_lr": 3.51e-8)"), std::string(R"(, "decay_rate": 0.95)"), std::string()}) {
            input(rate, limits);
            static_cast<void>(run_file("input.json", "out"));
            const auto rows = metrics("out");
            EXPECT_GT(std::stod(rows[1][2]), 0.7e-3) << limits << rate;
            EXPECT_LT(std::stod(rows.back()[2]), 0.1e-3) << limits << rate;
            if (rate.find("stop_lr") != std::string::npos) {
                EXPECT_LT(std::stod(rows.back()[2]), 3.51e-7) << limits << rate;
            }
        }
}

TEST_F(Session, schedule_begins_with_the_first_step_and_not_with_set_up) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_cpu_seconds: 4, lr_schedule: {type: cosine, warmup: 0}"));
    base::NullProgress progress;
    SerialCommunicator communicator;
    // Half of the limit is used when the run begins, as by a long set-up.
    static_cast<void>(train({folder_ / "c.yaml", folder_ / "out", false, false, true, 0, base::process_cpu_seconds() - 2.2, "test", "test"},
                            kinds(), communicator, log_, progress));
    const auto rows = metrics("out");
    EXPECT_GT(std::stod(rows[1][2]), 0.98 * 0.02);
    EXPECT_LT(std::stod(rows.back()[2]), 0.1 * 0.02);
    EXPECT_THAT(log_.text, HasSubstr("warning: reading, set-up and a first validation took"));
}

TEST_F(Session, batches_of_validation_are_heeded_and_said) {
    auto frames = testing::labelled_frames(40, 300);
    io::write_frames(folder_ / "validation.extxyz", frames);
    const auto with = [&](const std::string& training) {
        auto config = toy_config(folder_, "max_epochs: 4" + training);
        return config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "validation.extxyz").string());
    };
    const auto asked = run(with(", validation_batches: 4, validation_batch_size: 2"), "asked");
    EXPECT_EQ(asked.validation_frames, 40U);
    EXPECT_THAT(log_.text, HasSubstr("validation: 8 of the 40 frames, the same each time"));
    EXPECT_THAT(log_.text, HasSubstr("validation took"));
    static_cast<void>(run(with(", validation_batches: 3, validation_batch_size: \"auto:9\""), "rule"));
    EXPECT_THAT(log_.text, HasSubstr("validation: 6 of the 40 frames"));
    // 12 frames train: all 40 would take more than a quarter of the time.
    const auto bounded = run(with(""), "bounded");
    EXPECT_LE(bounded.validated_frames, 13U);
    EXPECT_GE(bounded.validated_frames, 10U);
    EXPECT_THAT(log_.text, HasSubstr("so that it takes no more than a quarter of the time"));
}

TEST_F(Session, validation_of_a_part_continues_to_the_same_bits) {
    io::write_frames(folder_ / "validation.extxyz", testing::labelled_frames(40, 300));
    for (const std::string& part : {std::string(), std::string(", validation_batches: 2, validation_batch_size: 1")}) {
        auto config = toy_config(folder_, "max_epochs: 6, checkpoint_seconds: 0, patience: 4, ema_decay: 0.999" + part);
        config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "validation.extxyz").string());
        const auto whole = run(config, "whole", false, true);
        const auto stopped = folder_ / "cut";
        class Copy final : public base::ProgressSink {
        public:
            Copy(fs::path from, fs::path to) : from_(std::move(from)), to_(std::move(to)) {}
            void update(const base::Progress&) override {
                if (++calls_ == 10) fs::copy(from_, to_, fs::copy_options::recursive);
            }

        private:
            fs::path from_, to_;
            int calls_ = 0;
        } copy(folder_ / "going", stopped);
        SerialCommunicator communicator;
        fs::remove_all(stopped);
        static_cast<void>(
            train({folder_ / "c.yaml", folder_ / "going", false, false, true, 0, 0, "test", "test"}, kinds(), communicator, log_, copy));
        ASSERT_TRUE(fs::exists(stopped));
        const auto cut = run(config, "cut", true);
        EXPECT_EQ(tensors("cut"), tensors("whole"));
        EXPECT_EQ(tensors("cut", "best"), tensors("whole", "best"));
        EXPECT_EQ(cut.best.forces.squares, whole.best.forces.squares);
        EXPECT_EQ(cut.validated_frames, whole.validated_frames);
    }
}

TEST_F(Session, few_validation_frames_do_not_decide_alone) {
    // One frame whose forces are wrongly zero: by it an early model is the best, by all frames the last.
    auto frames = testing::labelled_frames(12, 300);
    const auto first = validation_order(frames.size()).front();
    for (Vec3& force : *frames[first].labels.forces) force.setZero();
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 60, validation_batches: 1, validation_batch_size: 1");
    config.replace(config.find("total_energy: 1, forces: 1, stress: 10"), 38, "total_energy: 0, forces: 1, stress: 0");
    config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "validation.extxyz").string());
    const auto outcome = run(config, "out");
    EXPECT_THAT(log_.text, HasSubstr("validation: 1 of the 12 frames, the same each time; at the end"));
    const auto rows = metrics("out");
    std::size_t by_one = 1;
    for (std::size_t row = 1; row < rows.size(); ++row)
        if (std::stod(rows[row][11]) < std::stod(rows[by_one][11])) by_one = row;
    EXPECT_LT(by_one, 60U);
    EXPECT_EQ(outcome.best_epoch, 60);
    EXPECT_GT(outcome.validated_frames, 9U);
    EXPECT_EQ(tensors("out", "best"), tensors("out", "last"));
    const auto provenance = models::load_model(folder_ / "out" / "best.safetensors", kinds()).provenance;
    EXPECT_EQ(provenance["validation"]["force_rmse"].get<double>(), figures(outcome.best)["force_rmse"].get<double>());
}

TEST_F(Session, threads_that_are_chosen_give_the_same_bits) {
    base::write_file(folder_ / "c.yaml", toy_config(folder_, "max_epochs: 10, ema_decay: 0.999"));
    omp_set_num_threads(1);
    static_cast<void>(run_file("c.yaml", "one"));
    omp_set_num_threads(4);
    static_cast<void>(run_file("c.yaml", "chosen", TrainingThreads::chosen));
    EXPECT_EQ(omp_get_max_threads(), 4);
    EXPECT_EQ(tensors("chosen"), tensors("one"));
    EXPECT_EQ(tensors("chosen", "best"), tensors("one", "best"));
}

TEST_F(Session, checkpoint_of_an_earlier_version_is_refused_by_name) {
    const auto config = toy_config(folder_, "max_epochs: 2");
    static_cast<void>(run(config, "out"));
    const auto path = folder_ / "out" / "checkpoint" / "state.safetensors";
    auto file = io::TensorFile::load(path);
    file.metadata["format_version"] = "1";
    file.save(path);
    EXPECT_THAT(failure(config, "out", true), HasSubstr("checkpoint of another version of alkali (format 1"));
    EXPECT_THAT(failure(config, "out", true), HasSubstr("training.init_from"));
}

TEST_F(Session, validation_far_above_training_is_warned_of_with_its_likely_reason) {
    static_cast<void>(run(toy_config(folder_, "max_epochs: 60"), "fine"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("hardly learned")));
    auto frames = testing::labelled_frames(6, 400);
    for (auto& frame : frames) *frame.labels.energy += 0.3 * static_cast<double>(frame.structure.size());
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 60");
    config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "validation.extxyz").string());
    static_cast<void>(run(config, "shifted"));
    EXPECT_THAT(log_.text, HasSubstr("warning: validation errors lie far above those of the training: energy"));
    EXPECT_THAT(log_.text, HasSubstr("may have another zero of energy"));
}

TEST_F(Session, model_that_has_hardly_learned_is_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 3, stop_lr: 1e-12");
    config.replace(config.find("lr: 0.02"), 8, "lr: 1e-9");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: the model has hardly learned anything: force errors of"));
}

TEST_F(Session, batch_larger_than_the_set_and_a_run_shorter_than_an_epoch_are_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 2");
    config.replace(config.find("batch_size: 3"), 13, "batch_size: 99");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: training.batch_size is 99, more than the 9 training frames"));
    static_cast<void>(run(toy_config(folder_, "numb_steps: 2"), "short"));
    EXPECT_THAT(log_.text, HasSubstr("warning: the run ended after 2 steps, before it had seen all 9 training frames once"));
}

TEST_F(Session, patience_counts_validations) {
    auto config = toy_config(folder_, "max_epochs: 500, patience: 3, lr_schedule: constant, ema_decay: 0, checkpoint_seconds: 0");
    config.replace(config.find("lr: 0.02"), 8, "lr: 0.30");
    const auto outcome = run(config, "out");
    EXPECT_EQ(outcome.epochs, outcome.best_epoch + 3);
    EXPECT_THAT(outcome.reason, HasSubstr("no better validation loss for 3 epochs"));
    EXPECT_THAT(log_.text, ::testing::Not(HasSubstr("training.patience ended")));  // a constant rate falls to nothing
}

TEST_F(Session, stopping_before_the_rate_has_fallen_is_warned_of) {
    auto config = toy_config(folder_, "max_epochs: 5000, patience: 2, ema_decay: 0");
    config.replace(config.find("lr: 0.02"), 8, "lr: 0.30");
    static_cast<void>(run(config, "out"));
    EXPECT_THAT(log_.text, HasSubstr("warning: training.patience ended the run at a learning rate of"));
}

TEST_F(Session, validation_that_is_no_longer_finite_says_so) {
    auto frames = testing::labelled_frames(2, 7);
    for (auto& frame : frames) frame.labels.energy = 1e200;  // its square is infinite
    io::write_frames(folder_ / "validation.extxyz", frames);
    auto config = toy_config(folder_, "max_epochs: 2");
    config.replace(config.find("validation: 0.25"), 16, "validation: " + (folder_ / "validation.extxyz").string());
    EXPECT_THAT(failure(config, "out"), HasSubstr("the validation loss is no longer finite"));
}

}  // namespace
}  // namespace alkali::training
