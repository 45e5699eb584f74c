#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "alkali/labelling/queue/queue.hpp"

namespace alkali::labelling {

/// One entry of a job list.
struct ListedJob {
    Job job;
    int failures = 0;  ///< recorded in the store before it was submitted: more of them afterwards are its own
    int tries = 0;     ///< submissions of this job before this one
};

/// What an array of a batch system works through. Written before the array is submitted, so that whoever comes after a kill
/// knows what may be running.
struct JobList {
    std::filesystem::path path;
    std::string name;   ///< of the array in the batch system: unique
    std::string array;  ///< its id; empty until known
    std::vector<ListedJob> jobs;
};

/// Atomically. Errors: FileError.
void save(const JobList& list);
/// Errors: FileError if it cannot be read or is not a job list.
[[nodiscard]] JobList load_job_list(const std::filesystem::path& path);
/// All in a folder, by name; none if there is no such folder.
[[nodiscard]] std::vector<JobList> load_job_lists(const std::filesystem::path& folder);

}  // namespace alkali::labelling
