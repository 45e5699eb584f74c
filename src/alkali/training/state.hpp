#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/training/clock.hpp"
#include "alkali/training/errors.hpp"
#include "alkali/training/loss.hpp"
#include "alkali/training/optimiser.hpp"

namespace alkali::training {

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
    LossTerms terms;  ///< summed over the steps of the present epoch
    std::int64_t epoch_steps = 0;
    ErrorSums errors;  ///< of the present epoch
    double best_loss = std::numeric_limits<double>::infinity();
    std::int64_t best_epoch = 0;
    Seconds used;
    bool finished = false;
};

/// Who wrote a checkpoint: it is only continued with the same config and data.
struct RunIdentity {
    nlohmann::json config;  ///< resolved
    std::string data_hash;
};

/// One safetensors file, written atomically.
void save_state(const std::filesystem::path& path, const TrainerState& state, const RunIdentity& identity);
/// Errors: FileError when it is no checkpoint; InputError naming every key that differs from `identity`.
[[nodiscard]] TrainerState load_state(const std::filesystem::path& path, const RunIdentity& identity);

}  // namespace alkali::training
