#pragma once
#include "alkali/labelling/queue/one_label.hpp"

namespace alkali::labelling {

struct LocalSettings {
    int jobs = 1;   ///< labels at a time
    int tries = 2;  ///< of a label whose failure is worth repeating
    Limits limits;
    std::filesystem::path scratch;  ///< scratch_root()
    double lease = 300;             ///< seconds, see Store::claim
    double poll = 0.5;              ///< seconds between looks at what others compute
};

/// Threads of this process, each waiting for one external calculation at a time. The programs die with this process; what
/// they had finished is found in the scratch folders by the next run.
class LocalQueue final : public Queue {
public:
    LocalQueue(const Labeller& labeller, Store& store, LocalSettings settings)
        : labeller_(labeller), store_(store), settings_(std::move(settings)) {}
    void run(std::span<const Job> jobs, Watch& watch, const Signals& signals) override;

private:
    const Labeller& labeller_;
    Store& store_;
    LocalSettings settings_;
};

}  // namespace alkali::labelling
