#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/training/clock.hpp"
#include "alkali/training/errors.hpp"
#include "alkali/training/loss.hpp"
#include "alkali/training/optimiser.hpp"

namespace alkali::training {

/// Losses and errors of steps, summed up.
struct StepSums {
    LossTerms terms;
    ErrorSums errors;
    std::int64_t steps = 0;
    void add(const StepSums& other);
    static constexpr std::size_t size = ErrorSums::size + 5;
    /// As numbers in a fixed order, for checkpoints.
    [[nodiscard]] std::vector<double> numbers() const;
    [[nodiscard]] static StepSums from(std::span<const double, size> numbers);
};

/// All that a run carries from one step to the next: a run continued from it ends with the same bits.
struct TrainerState {
    std::vector<double> parameters;
    AdamState adam;
    std::vector<double> ema;
    std::vector<std::size_t> order;  ///< frames of the present epoch
    std::size_t position = 0;        ///< how many of them are done
    std::int64_t epoch = 0;          ///< epochs completed
    std::int64_t step = 0;
    std::string random;  ///< state of the generator behind the order
    nlohmann::json schedule;
    double time_share = 0;  ///< of the time from the first step to the deadline
    StepSums present;       ///< of the present epoch
    StepSums previous;      ///< of the one before
    double best_loss = std::numeric_limits<double>::infinity();
    std::int64_t best_epoch = 0;
    ErrorSums best_errors;             ///< of the best model: what decided that it is
    ErrorSums best_train_errors;       ///< of the training frames then
    std::int64_t waited = 0;           ///< validations since the best one
    std::size_t validated_frames = 0;  ///< how many each time; 0: not chosen yet
    std::size_t closing_frames = 0;    ///< how many at the end, where more than each time
    std::vector<double> best_weights;  ///< those of best.safetensors
    double validation_seconds = 0;     ///< wall time of all validations
    Seconds used;
    bool finished = false;
    nlohmann::json earlier_config;  ///< of the run that wrote it, where the config now gives it another length; else null
};

/// Who wrote a checkpoint: it is only continued with the same config, but for its length, and the same data.
struct RunIdentity {
    nlohmann::json config;  ///< resolved
    std::string data_hash;
    std::string start_hash = {};  ///< of the file of training.init_from; empty: there is none
};

/// What the checkpoint of a run must fit besides.
struct RunSizes {
    std::size_t parameters = 0, train_frames = 0, validation_frames = 0;
    bool amsgrad = false, averages = false;
};

/// Keys of a config that say how long a run is: they may be others when it goes on.
inline constexpr std::array<const char*, 6> length_keys{"training.max_epochs",      "training.numb_steps", "training.max_seconds",
                                                        "training.max_cpu_seconds", "training.patience",   "training.checkpoint_seconds"};

/// One safetensors file, written atomically, with a checksum over all it holds.
void save_state(const std::filesystem::path& path, const TrainerState& state, const RunIdentity& identity);
/// Errors: FileError when it is no checkpoint or a damaged one; InputError naming every key that differs from `identity` and is none of
/// length_keys.
[[nodiscard]] TrainerState load_state(const std::filesystem::path& path, const RunIdentity& identity);
/// The same of a file's bytes, whoever wrote it. What it gives is sound in itself: lengths agree, all numbers are finite, none is negative
/// that counts, each frame comes once. Errors: FileError naming `where`. Files of earlier versions have no checksum.
[[nodiscard]] TrainerState parse_state(std::string_view bytes, const std::string& where);
/// Errors: FileError where the state belongs to a run of other sizes.
void require_fit(const TrainerState& state, const RunSizes& sizes, const std::string& where);

}  // namespace alkali::training
