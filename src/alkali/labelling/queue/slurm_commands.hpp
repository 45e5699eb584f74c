#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "alkali/labelling/queue/job_list.hpp"

namespace alkali::labelling::slurm {

/// What alkali's arrays ask of Slurm.
struct Request {
    int at_a_time = 1;      ///< tasks of one array that may run together
    std::string partition;  ///< empty: Slurm's default
    Limits limits;
    std::vector<std::string> extra;  ///< further arguments of sbatch
    std::string after;               ///< array that must have ended before; empty: none
};

/// A task of an array that waits, runs or ends.
struct Task {
    std::string array_name, array;
    std::size_t index = 0;
    std::string state, reason;
};

/// Submits a list whose tasks run `task`: words of a command that gets the index and an owner's name behind it. Gives the
/// array's id. Errors: ExternalProgramError with what sbatch said.
[[nodiscard]] std::string submit(const JobList& list, const std::vector<std::string>& task, const Request& request);

/// The tasks of this user that have not ended; nothing if squeue does not answer.
[[nodiscard]] std::optional<std::vector<Task>> tasks(const std::filesystem::path& folder);

/// Cancels the tasks of an array that have not begun.
void take_back(const std::string& array_name, const std::filesystem::path& folder);

/// Under which a task claims its structure.
[[nodiscard]] std::string owner_name(const std::string& array, std::size_t index);
/// What the task's output says of an end without words: time limit, memory, or killed; and its last lines.
[[nodiscard]] Failure lost_task(const JobList& list, std::size_t index);
/// Removes what a process that was killed while Slurm answered has left; the caller holds the folder's lock.
void sweep(const std::filesystem::path& folder);
/// Removes the list and what belongs to it; keeps outputs of tasks of which `keep` is true.
void forget(const JobList& list, const std::vector<bool>& keep);

}  // namespace alkali::labelling::slurm
