#pragma once
#include <filesystem>
#include <string>

#include "alkali/base/inputs.hpp"
#include "alkali/base/lock.hpp"
#include "alkali/base/log.hpp"
#include "alkali/models/common/registry.hpp"
#include "alkali/training/communicator.hpp"
#include "alkali/training/trainer.hpp"

namespace alkali::training {

/// What `alkali train` is asked to do.
struct SessionRequest {
    std::filesystem::path config, output;
    bool restart = false;           ///< go on from the checkpoint in `output`, if there is one
    bool init_only = false;         ///< only write init.safetensors
    bool overwrite = false;         ///< allow `output` to hold an earlier run
    std::uint64_t seed_offset = 0;  ///< added to training.seed (members of a committee)
    double cpu_before = 0;          ///< CPU seconds that this process spent on other things (earlier members of a committee)
    std::string version, command;   ///< for the provenance of the model files
    TrainingThreads threads = TrainingThreads::all;
    const base::FolderLock* lock = nullptr;  ///< of `output`, where the caller holds it already
    int members = 1;                         ///< of the committee that the run is one of
};

/// What a run reads besides what lies in its folder: the config (values: checked), the data, the model to start from.
void add_inputs(base::InputFiles& inputs, const std::filesystem::path& config, const nlohmann::json& values);

/// Config -> data -> model -> training -> files in `output`. Errors: those of its parts; InputError when `output` holds
/// a run and neither restart nor overwrite was asked for, when another process trains in it, when a file of the run would take the
/// place of the config, of data or of the model to start from, or when the members of its committee would differ by rounding only.
[[nodiscard]] Outcome train(const SessionRequest& request, const models::KindRegistry& kinds, Communicator& communicator,
                            base::LogSink& log, base::ProgressSink& progress);

}  // namespace alkali::training
