#pragma once
#include <span>

#include "alkali/labelling/kinds.hpp"

namespace alkali::labelling {

enum class Order { expensive_first, cheap_first, as_given };

/// What `alkali label run` reads from its config.
struct RunSettings {
    nlohmann::json values;  ///< complete
    std::string source;     ///< the config's name for messages
    std::unique_ptr<Labeller> labeller;
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path output, store, scratch;  ///< scratch may be empty: chosen
    std::string queue;                             ///< type
    nlohmann::json queue_values;
    bool retry_failed = false;
    int max_failures = 0;  ///< 0: none
    Order order = Order::expensive_first;
};

/// The keys. `labeller_in_file`: the labeller's keys are in the file that `labeller.config` names, not in the block itself.
[[nodiscard]] config::Options run_options(std::span<const LabellerKind> kinds, bool labeller_in_file);

/// Reads the config and opens its labeller. Paths are relative to the working directory; `labeller.config` is also looked for
/// beside the config. Errors: as config::load and those of the labeller.
[[nodiscard]] RunSettings load_run(const std::filesystem::path& path, std::span<const LabellerKind> kinds, base::LogSink& log);

}  // namespace alkali::labelling
