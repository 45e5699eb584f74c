#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "alkali/config/options.hpp"
#include "alkali/labelling/queue/queue.hpp"

namespace alkali::labelling {

/// What a queue is made with.
struct QueueContext {
    const Labeller& labeller;
    Store& store;
    std::filesystem::path scratch;          ///< scratch_root()
    std::vector<std::string> task_command;  ///< see SlurmSettings::task
};

/// A kind of queue, chosen by `type` in a config.
struct QueueKind {
    std::string name;
    config::Options options;
    Sharing sharing;  ///< what the store must be ready for
    /// From the checked block.
    std::function<std::unique_ptr<Queue>(const nlohmann::json& values, const QueueContext& context)> make;
};

[[nodiscard]] const std::vector<QueueKind>& queue_kinds();
[[nodiscard]] const QueueKind& queue_kind(const std::string& name);
/// processes, time and memory of a checked block; what it does not say is as the labeller's own config has it.
[[nodiscard]] Limits limits_from(const nlohmann::json& values, const Labeller& labeller);

}  // namespace alkali::labelling
