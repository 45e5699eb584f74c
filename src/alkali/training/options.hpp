#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "alkali/config/config.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/models/common/registry.hpp"
#include "alkali/training/energy_zero.hpp"
#include "alkali/training/loss.hpp"
#include "alkali/training/optimiser.hpp"
#include "alkali/training/schedule.hpp"

namespace alkali::training {

/// How a model is fitted. Limits that are 0 do not apply; if none is given, max_epochs is 100.
struct TrainerSettings {
    std::size_t batch_size = 5;
    std::uint64_t seed = 1;
    LossSettings loss;
    AdamSettings adam;
    ScheduleSettings schedule;
    double gradient_clip = 0;  ///< largest norm of the gradient; 0: none
    double ema_decay = 0;
    std::int64_t max_epochs = 0, max_steps = 0;
    double max_seconds = 0, max_cpu_seconds = 0;
    int patience = 0;                   ///< epochs without a better validation loss; 0: never stop early
    std::size_t validation_frames = 0;  ///< so many are looked at each time; 0: as many as a share of the time allows
    double checkpoint_seconds = 10;
};

/// Where the labelled frames come from.
struct DataSettings {
    std::vector<std::filesystem::path> train, validation;
    double use = 1;                    ///< share (up to 1) or number of the frames of train
    double validation_fraction = 0.1;  ///< of those, when no validation files are given
    std::uint64_t split_seed = 1;
    dataset::Grouping grouping = dataset::Grouping::stratified;
    bool align_sources = false;
    bool compression_is_positive = false;  ///< in the stress of the files
    dataset::LoadOptions load;
};

/// The description of a training config: blocks model, data, training.
[[nodiscard]] config::Options training_options(const models::KindRegistry& kinds);

[[nodiscard]] TrainerSettings trainer_settings(const nlohmann::json& values);
/// Errors: InputError where data.train or data.validation is a list without files.
[[nodiscard]] DataSettings data_settings(const nlohmann::json& values);
/// Fills in the loss where the config does not say which: DeePMD-kit's for a Deep Potential, mean squares for others and where
/// loss_coeffs are given. Errors: InputError for prefactors of DeePMD-kit's loss where that is not the loss.
void settle_loss(config::Config& config, base::LogSink& log);
/// Warns of keys that are given and belong to a choice that the config does not make, such as the weights of another loss (settle_loss
/// comes before). Errors: InputError for a stop_lr or warmup_start above lr, and those of data_settings.
void check_choices(const config::Config& config, base::LogSink& log);
/// Fills in what is left to the training frames and says it in the log: a batch size given as a rule, the prefactors of the
/// virial. Errors: InputError for a rule that is none.
void settle_by_data(nlohmann::json& values, std::span<const structure::Frame> frames, base::LogSink& log);
/// The same for a validation batch size given as a rule: the frames of training.validation_batches batches become a number.
void settle_validation(nlohmann::json& values, std::span<const structure::Frame> frames);
/// training.init_from, if given.
[[nodiscard]] std::optional<std::filesystem::path> init_from(const nlohmann::json& values);
/// training.energy_shifts.
[[nodiscard]] EnergyShifts energy_shifts(const nlohmann::json& values);

}  // namespace alkali::training
