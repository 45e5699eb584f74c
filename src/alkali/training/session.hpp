#pragma once
#include <filesystem>
#include <string>

#include "alkali/base/inputs.hpp"
#include "alkali/base/lock.hpp"
#include "alkali/base/log.hpp"
#include "alkali/config/config.hpp"
#include "alkali/models/common/registry.hpp"
#include "alkali/training/communicator.hpp"
#include "alkali/training/trainer.hpp"

namespace alkali::training {

/// What `alkali train` is asked to do.
struct SessionRequest {
    std::filesystem::path config, output;
    bool restart = false;           ///< go on from the checkpoint in `output`, if there is one
    bool init_only = false;         ///< only write init.safetensors
    bool overwrite = false;         ///< allow `output` to hold an earlier run: its files go when the first of the new ones is written
    std::uint64_t seed_offset = 0;  ///< added to training.seed (members of a committee)
    double cpu_before = 0;          ///< CPU seconds that this process spent on other things (earlier members of a committee)
    std::string version, command;   ///< for the provenance of the model files
    TrainingThreads threads = TrainingThreads::all;
    const base::FolderLock* lock = nullptr;  ///< of `output`, where the caller holds it already
    int members = 1;                         ///< of the committee that the run is one of
};

/// What a run reads besides what lies in its folder: the config (values: checked), the data, the model to start from.
void add_inputs(base::InputFiles& inputs, const std::filesystem::path& config, const nlohmann::json& values);

/// training.seed of a member of a committee, which count on from the config's. Errors: InputError where there is no such seed.
[[nodiscard]] std::uint64_t seed_of_member(const config::Config& config, std::uint64_t member);

/// Errors: InputError where the folder holds files of a run that this one would replace, and neither restart nor overwrite is asked for,
/// or where one of them is an input; FileError where something else lies in their place, or the checkpoint to go on from is damaged.
/// What may
/// be this run's own (after init_only, or a kill before its first checkpoint) `train` looks at.
void require_free_folder(const SessionRequest& request);

/// Config -> data -> model -> training -> files in `output`. Errors: those of its parts; InputError when `output` holds
/// files of a run and neither restart nor overwrite was asked for, when another process trains in it, when a file of the run would take
/// the place of the config, of data or of the model to start from, or when the members of its committee would differ by rounding only.
[[nodiscard]] Outcome train(const SessionRequest& request, const models::KindRegistry& kinds, Communicator& communicator,
                            base::LogSink& log, base::ProgressSink& progress);

}  // namespace alkali::training
