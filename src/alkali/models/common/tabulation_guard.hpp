#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "alkali/models/contract/model.hpp"
#include "alkali/structure/structure.hpp"

/// How far tabulated functions inside a model are from the functions themselves, in energies and forces (docs/theory/precision.md,
/// docs/decisions/0011).
namespace alkali::models {

/// Structures that sample the distances and species a model works at: rattled bcc crystals of 16 atoms, species drawn at random,
/// at the atomic volume of the elements (where one has none: of `neighbours` within the cutoff), a quarter denser and a third
/// thinner. Fixed seed.
[[nodiscard]] std::vector<structure::Structure> probe_structures(const std::vector<std::string>& type_names, double cutoff,
                                                                 double neighbours);

/// Compares evaluations over probe structures with an exact one, which is asked once.
class TabulationGuard {
public:
    using Evaluate = std::function<void(const Graph&, const Evaluation&)>;
    TabulationGuard(std::vector<structure::Structure> probes, std::vector<std::string> type_names, double cutoff, const Evaluate& exact);
    /// Largest errors over the probes. `tabulated` is called from several threads at once.
    [[nodiscard]] Tabulation measure(int intervals, const Evaluate& tabulated) const;

    /// Doubles the intervals, at most to `finest`, until measure(intervals) is within the bounds; measure is the model's own, which
    /// makes tables of so many intervals.
    [[nodiscard]] static Tabulation refine(int intervals, int finest, const std::function<Tabulation(int)>& measure);

private:
    struct Outcome {
        double energy = 0;
        std::vector<Vec3> forces;
    };
    [[nodiscard]] Outcome outcome(const structure::Structure& probe, const Evaluate& evaluate) const;
    [[nodiscard]] std::vector<Outcome> outcomes(const Evaluate& evaluate) const;

    std::vector<structure::Structure> probes_;
    std::vector<std::string> type_names_;
    double cutoff_;
    std::vector<Outcome> exact_;
};

}  // namespace alkali::models
