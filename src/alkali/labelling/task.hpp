#pragma once
#include "alkali/labelling/queue/one_label.hpp"
#include "alkali/labelling/run_settings.hpp"

namespace alkali::labelling {

/// One entry of a job list, to be labelled by this process.
struct TaskRequest {
    std::filesystem::path list;  ///< written by the queue
    std::size_t index = 0;
    std::string owner;  ///< name of the job in the batch system; empty: this process
    const std::atomic<bool>* stop = nullptr;
};

/// Labels it and writes label or failure into the store of `settings`.
/// Errors: InputError if the list has no such entry, or if the config is not the one it was submitted with.
[[nodiscard]] OneLabel run_task(const RunSettings& settings, const TaskRequest& request);

}  // namespace alkali::labelling
