#pragma once
#include <map>
#include <optional>
#include <string>

#include "alkali/labelling/labeller.hpp"
#include "alkali/labelling/quantum_espresso/input.hpp"

namespace alkali::labelling::qe {

/// What to do differently after a failed attempt. Only the way to the solution changes, never what is solved: cutoffs, k-mesh,
/// smearing and functional stay. More bands are empty ones under the same smearing.
class Ladder {
public:
    explicit Ladder(Job job, int processes, int pools) : job_(std::move(job)), processes_(processes), pools_(pools) {}

    [[nodiscard]] const Job& job() const { return job_; }
    [[nodiscard]] int pools() const { return pools_; }
    /// The next rung for this fault; `bands`: those of the failed run, 0 if not known. Says what was changed, or nothing where
    /// no rung is left.
    [[nodiscard]] std::optional<std::string> climb(Fault fault, int bands);

private:
    [[nodiscard]] std::optional<std::string> climb_mixing(int rung, int bands);
    [[nodiscard]] std::optional<std::string> climb_solver(int rung, int bands);
    [[nodiscard]] std::optional<std::string> save_memory();
    [[nodiscard]] std::string more_bands(int bands);
    [[nodiscard]] std::string more_steps();

    Job job_;
    int processes_, pools_;
    std::map<Fault, int> tried_{};
};

}  // namespace alkali::labelling::qe
