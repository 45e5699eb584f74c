#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "alkali/labelling/store.hpp"

namespace alkali::labelling {

/// A structure to be labelled.
struct Job {
    std::string key;
    Subject subject;
    double cost = 1;  ///< Labeller::cost
};

/// Of one label.
struct Limits {
    int processes = 1;
    double max_seconds = 0;      ///< 0: no limit
    std::int64_t max_bytes = 0;  ///< 0: no limit
};

/// Told by a queue while it works, one call at a time.
class Watch {
public:
    virtual ~Watch() = default;
    /// The store has a label now, whoever made it.
    virtual void labelled(const Job& job) = 0;
    /// The job is given up in this run.
    virtual void failed(const Job& job, const Failure& failure) = 0;
    /// Something a person may want to know: a repetition, a queue that does not answer.
    virtual void note(const std::string& text) = 0;
};

/// Set from elsewhere while a queue works.
struct Signals {
    const std::atomic<bool>* stop = nullptr;     ///< end soon, leave everything so that another run goes on
    const std::atomic<bool>* no_more = nullptr;  ///< begin nothing new
    [[nodiscard]] bool stopped() const { return stop != nullptr && *stop; }
    [[nodiscard]] bool draining() const { return no_more != nullptr && *no_more; }
};

/// Gets jobs labelled, in their order. Whatever it needs to go on after a kill is in the store and in files.
class Queue {
public:
    virtual ~Queue() = default;
    /// Returns when every job was told to the watch, or after a signal. Errors: FileError of the store;
    /// ExternalProgramError if the batch system cannot be used.
    virtual void run(std::span<const Job> jobs, Watch& watch, const Signals& signals) = 0;
};

/// Whether a failure may well not come again at once: killed from elsewhere, disk full while others wrote.
[[nodiscard]] bool worth_repeating(Fault fault);

}  // namespace alkali::labelling
