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
    std::string clusters{};          ///< that squeue and scancel are to be asked of, too; empty: this one
};

/// The clusters that further arguments of sbatch name (--clusters=big, -M big); empty: none. Errors: InputError for arguments by which
/// jobs would not be found again (--job-name, --array, --output, ...).
[[nodiscard]] std::string clusters_of(const std::vector<std::string>& extra);

/// A task of an array that waits, runs or ends.
struct Task {
    std::string array_name, array;
    std::size_t index = 0;
    std::string state, reason;
};

/// What sbatch made of an array: taken; not now (the controller is away or busy); not so many (a limit of jobs).
enum class Taken { yes, later, fewer };

struct Submission {
    Taken taken = Taken::yes;
    std::string array;  ///< id, if taken
    std::string words;  ///< of sbatch, if not
};

/// Submits a list whose tasks run `task`: words of a command that gets the index and an owner's name behind it.
/// Errors: ExternalProgramError with what sbatch said, where waiting would not help.
[[nodiscard]] Submission submit(const JobList& list, const std::vector<std::string>& task, const Request& request);

/// What squeue says.
struct Look {
    std::optional<std::vector<Task>> tasks;  ///< of this user, those that have not ended; nothing without an answer
    std::string words;                       ///< of squeue, if it does not answer
    bool passing = false;                    ///< whether an answer may come with time
};
[[nodiscard]] Look look(const std::filesystem::path& folder, const std::string& clusters = {});

/// Cancels the tasks of an array that have not begun.
void take_back(const std::string& array_name, const std::filesystem::path& folder, const std::string& clusters = {});

/// Under which a task claims its structure.
[[nodiscard]] std::string owner_name(const std::string& array, std::size_t index);
/// What the task's output says of an end without words: time limit, memory, or killed; and its last lines.
[[nodiscard]] Failure lost_task(const JobList& list, std::size_t index);
/// Removes what a process that was killed while Slurm answered has left; the caller holds the folder's lock.
void sweep(const std::filesystem::path& folder);
/// Removes the list and what belongs to it; keeps outputs of tasks of which `keep` is true.
void forget(const JobList& list, const std::vector<bool>& keep);

}  // namespace alkali::labelling::slurm
