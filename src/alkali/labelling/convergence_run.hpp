#pragma once
#include <atomic>

#include "alkali/labelling/convergence.hpp"
#include "alkali/labelling/run_settings.hpp"

namespace alkali::labelling {

/// What `alkali label converge` reads from its config.
struct ConvergenceSettings {
    nlohmann::json values;  ///< complete
    std::string source;     ///< the config's name for messages
    LabellerConfig labeller;
    std::vector<std::filesystem::path> inputs;
    std::filesystem::path store, scratch;  ///< scratch may be empty: chosen
    struct Variation {
        std::string parameter, unit;
        std::vector<double> values;  ///< from coarse to dense
    };
    std::vector<Variation> vary;
    double volume_step = 0;
    ConvergenceTolerance tolerance;
};

/// The keys. Every number of the labeller's own config may be varied.
[[nodiscard]] config::Options convergence_options(std::span<const LabellerKind> kinds, bool in_file);
/// Errors: as config::load; InputError for nothing to vary or fewer than two values.
[[nodiscard]] ConvergenceSettings load_convergence(const std::filesystem::path& path, std::span<const LabellerKind> kinds,
                                                   base::LogSink& log);

/// Labels the structures, and each periodic one at V(1 +- volume_step), with every value of every varied setting, on this machine.
/// What the store has is not computed again. Errors: those of labeller and store; LabelError for the first label that cannot be
/// made; Error when stopped.
[[nodiscard]] std::vector<ConvergenceSeries> run_convergence(const ConvergenceSettings& settings, const std::atomic<bool>& stop,
                                                             base::LogSink& log, base::ProgressSink& progress);

}  // namespace alkali::labelling
