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
    std::vector<std::filesystem::path> labeller_files{};  ///< with the labeller's keys, where they are not in this config
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path output, store, scratch;  ///< scratch may be empty: chosen
    std::string queue;                             ///< type
    nlohmann::json queue_values;
    bool retry_failed = false;
    int max_failures = 0;  ///< 0: none
    Order order = Order::expensive_first;
};

/// A labeller's own config, checked.
struct LabellerConfig {
    LabellerKind kind;
    config::Config config;
    std::filesystem::path folder;                ///< that its paths are relative to
    std::vector<std::filesystem::path> files{};  ///< with its keys, if they are not in the config itself
    [[nodiscard]] std::unique_ptr<Labeller> open(base::LogSink& log) const { return kind.open(config, folder, log); }
};

// The block `labeller` of configs that need one.
/// Whether its keys are in the file that `labeller.config` names, not in the block itself.
[[nodiscard]] bool labeller_in_file(const config::Tree& document);
void add_labeller(config::Options& options, std::span<const LabellerKind> kinds, bool in_file);
/// Of the checked config at `path`. Errors: as config::load.
[[nodiscard]] LabellerConfig labeller_config(const config::Config& config, const std::filesystem::path& path,
                                             std::span<const LabellerKind> kinds, base::LogSink& log);

/// A path, or a list of them.
[[nodiscard]] std::vector<std::filesystem::path> paths_of(const nlohmann::json& value);

/// The keys; `in_file` as labeller_in_file().
[[nodiscard]] config::Options run_options(std::span<const LabellerKind> kinds, bool in_file);

/// Reads the config and opens its labeller. Paths are relative to the working directory; `labeller.config` is also looked for
/// beside the config. Errors: as config::load and those of the labeller.
[[nodiscard]] RunSettings load_run(const std::filesystem::path& path, std::span<const LabellerKind> kinds, base::LogSink& log);

}  // namespace alkali::labelling
