#pragma once
#include <atomic>

#include "alkali/labelling/queue/kinds.hpp"
#include "alkali/labelling/run_settings.hpp"

namespace alkali::labelling {

struct RunRequest {
    std::string version;                    ///< of alkali, recorded on every frame
    std::vector<std::string> task_command;  ///< how a batch system starts one label, see SlurmSettings::task
    const std::atomic<bool>* stop = nullptr;
    bool gather_only = false;  ///< only write what the store has
};

/// A frame of the input that has no label.
struct Unlabelled {
    std::string where;  ///< file and frame
    Failure failure;
};

struct RunOutcome {
    std::size_t frames = 0;      ///< of the input
    std::size_t structures = 0;  ///< different ones among them
    std::size_t labelled = 0;    ///< frames in the output
    std::size_t made = 0;        ///< structures labelled in this run, by whomever
    std::vector<Unlabelled> failed;
    std::size_t left = 0;  ///< frames with neither label nor failure: the run was stopped or gave up
    bool stopped = false;
    std::string gave_up;  ///< why, if it did
};

/// Labels the frames of the inputs, each different structure once, and writes the output and `OUTPUT.provenance.json` from the
/// store, also after a stop. Errors: InputError if no frame can be labelled at all; FileError; those of the queue (the output
/// is written before they are thrown on).
[[nodiscard]] RunOutcome run_labels(const RunSettings& settings, const RunRequest& request, base::LogSink& log,
                                    base::ProgressSink& progress);

}  // namespace alkali::labelling
