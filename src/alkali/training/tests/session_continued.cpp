// Runs that go on from what an earlier one left: checkpoints, kills, models to start from.
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "alkali/structure/builders.hpp"
#include "alkali/training/tests/session_fixture.hpp"

namespace alkali::training::session_continued_tests {
namespace {

using ::testing::HasSubstr;
using testing::kinds;
using testing::Session;
using testing::toy_config;
namespace fs = std::filesystem;

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

TEST_F(Session, validation_of_a_part_continues_to_the_same_bits) {
    io::write_frames(folder_ / "validation.extxyz", testing::labelled_frames(40, 300));
    for (const std::string& part : {std::string(), std::string(", validation_batches: 2, validation_batch_size: 1")}) {
        auto config = toy_config(folder_, "max_epochs: 6, checkpoint_seconds: 0, patience: 4, ema_decay: 0.999" + part);
        config = testing::replaced(config, "validation: 0.25", "validation: " + (folder_ / "validation.extxyz").string());
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

}  // namespace
}  // namespace alkali::training::session_continued_tests
