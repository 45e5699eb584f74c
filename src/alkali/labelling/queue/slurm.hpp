#pragma once
#include "alkali/labelling/queue/slurm_commands.hpp"

namespace alkali::labelling {

struct SlurmSettings {
    slurm::Request request;
    std::vector<std::string> task;  ///< command of one task; `--list FILE --index I --owner NAME` is put behind it
    std::filesystem::path folder;   ///< for job lists, scripts and outputs; seen by all machines
    int tries = 2;                  ///< of a label whose failure is worth repeating
    int array = 1000;               ///< largest array (Slurm's MaxArraySize is 1001 by default)
    double poll = 10;               ///< seconds between looks at Slurm
};

/// Arrays of jobs; each task labels one structure and writes it into the store. This process only submits and watches: it may
/// be killed at any time, and the next one takes up the arrays from their lists.
class SlurmQueue final : public Queue {
public:
    SlurmQueue(Store& store, SlurmSettings settings) : store_(store), settings_(std::move(settings)) {}
    void run(std::span<const Job> jobs, Watch& watch, const Signals& signals) override;

private:
    Store& store_;
    SlurmSettings settings_;
};

}  // namespace alkali::labelling
