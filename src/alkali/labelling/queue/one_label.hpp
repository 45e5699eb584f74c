#pragma once
#include <filesystem>
#include <optional>

#include "alkali/labelling/queue/queue.hpp"

namespace alkali::labelling {

/// Everything that one label needs besides its job.
struct Bench {
    const Labeller& labeller;
    Store& store;
    Owner owner;
    Limits limits;
    std::filesystem::path scratch;            ///< scratch_root()
    const std::atomic<bool>* stop = nullptr;  ///< ends the work
    double lease = 300;                       ///< seconds, see Store::claim
};

/// Somebody else computes a structure.
struct Waiting {
    std::string owner;
    std::string text;  ///< on whom is waited, and until when
};
[[nodiscard]] Waiting waiting_for(const Claim& claim, Store& store, double lease);

struct OneLabel {
    enum class Result {
        labelled,  ///< now or earlier, by whomever
        failed,    ///< recorded in the store
        taken,     ///< somebody alive is at it
        stopped
    } result = Result::stopped;
    std::optional<Failure> failure;
    std::optional<Waiting> waiting = std::nullopt;  ///< if taken
};

/// Claims a job, labels it in a scratch folder of its own and stores label or failure.
/// Errors: FileError of the store; the scratch folder with the finished calculation stays then for the next try.
/// base::UnsafeFolder, which is no fault of the job: its claim is given back.
[[nodiscard]] OneLabel label_one(const Job& job, const Bench& bench);

}  // namespace alkali::labelling
