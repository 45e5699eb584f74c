#pragma once
#include <optional>

#include "alkali/base/log.hpp"
#include "alkali/base/random.hpp"
#include "alkali/base/thread_choice.hpp"
#include "alkali/training/batch.hpp"
#include "alkali/training/options.hpp"
#include "alkali/training/run_folder.hpp"

namespace alkali::training {

/// OpenMP's threads of a training: all that OpenMP would take, or as many of them as train fastest.
enum class TrainingThreads { all, chosen };

/// What a trainer works on and with. Everything is the caller's and outlives the trainer.
struct TrainerInput {
    models::TrainableModel& model;
    const GraphSet& train;
    const GraphSet& validation;  ///< may be empty: then the training loss decides what is best
    RunFolder& folder;
    RunIdentity identity;
    RunOrigin origin;
    Communicator& communicator;
    base::LogSink& log;
    base::ProgressSink& progress;
    TrainingThreads threads = TrainingThreads::all;
};

/// How a run ended.
struct Outcome {
    std::int64_t epochs = 0, steps = 0, best_epoch = 0;
    double best_loss = 0;
    std::string reason;  ///< "max_epochs reached", ...
    Evaluated last;      ///< of the last validation
    ErrorSums best;      ///< of best.safetensors: on the validation frames, without them those of its epoch's training
    std::size_t validated_frames = 0, validation_frames = 0;  ///< how many decided, of how many
};
[[nodiscard]] Outcome outcome_of(const TrainerState& state, const GraphSet& validation, std::string reason);

/// Steps of a run of so many frames; 0: not known, since only time is limited.
[[nodiscard]] double planned_steps(const TrainerSettings& settings, std::size_t frames);

/// The training loop: batches, loss, gradient, optimiser, average, validation, files. Ends with the model holding the
/// averaged weights. The result does not depend on the number of threads, nor on interruptions.
class Trainer {
public:
    Trainer(const TrainerSettings& settings, TrainerInput input);
    /// Goes on from a checkpoint, also from that of a finished run of another length. The model files of the folder become those of the
    /// checkpoint where they are others or missing; the log is warned.
    void restore(const TrainerState& state);
    /// Errors: ConvergenceError when the loss is no longer finite; FileError from writing.
    [[nodiscard]] Outcome run();

private:
    /// How far the run is: the larger share, 0 to 1, of its steps and of its time, and the step that this is in a run of full length.
    struct Pace {
        double progress = 0, step = 0;
    };
    /// What is validated and saved: their average, or the present ones.
    [[nodiscard]] std::span<const double> weights() const;
    void prepare_validation();
    [[nodiscard]] double affordable_atoms();
    void begin_time();
    void start_epoch();
    void step();
    void close_epoch();
    [[nodiscard]] StepSums recent() const;
    [[nodiscard]] std::string limit_reached(const Seconds& used) const;
    [[nodiscard]] Pace pace(const Seconds& used) const;
    [[nodiscard]] Evaluated validate(std::span<const std::size_t> frames, std::span<const double> parameters);
    [[nodiscard]] Evaluated evaluate(const GraphSet& set, std::span<const std::size_t> frames, std::span<const double> parameters);
    void require_sound_weights(double epoch_loss);
    void restore_files();
    void decide_once_more();
    void reopen();
    [[nodiscard]] nlohmann::json figures_of(const ErrorSums& train, const ErrorSums& validation, std::size_t validated) const;
    void report(const Seconds& used);
    void tell_doubts();
    void save_checkpoint(bool finished);
    void sum_over_ranks(std::span<double> gradient, LossTerms& terms, ErrorSums& errors);
    LossTerms evaluate_batch(const Batch& batch, const LabelCounts& counts, LossSeeds* seeds, ErrorSums& errors);

    TrainerSettings settings_;
    TrainerInput in_;
    std::unique_ptr<models::TrainingPass> pass_;
    Adam adam_;
    Ema ema_;
    double planned_steps_;  ///< 0: as many as the time allows
    Schedule schedule_;
    base::Random random_;
    std::optional<base::ThreadChoice> threads_;
    TrainerState state_;
    RunClock clock_;
    Deadline deadline_;
    std::vector<std::size_t> validation_;  ///< frames that are looked at each time
    std::vector<std::size_t> closing_;     ///< and at the end; empty: those
    Evaluated last_validation_;
    double learning_rate_ = 0, last_checkpoint_ = 0;
    bool reopened_ = false;        ///< a finished run goes on
    bool has_checkpoint_ = false;  ///< of this run
    std::vector<double> gradient_, energies_;
    std::vector<Vec3> edge_gradient_;
    LossSeeds seeds_;
};

}  // namespace alkali::training
