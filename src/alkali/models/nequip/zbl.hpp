#pragma once
#include <vector>

#include "alkali/models/nequip/hyperparameters.hpp"

namespace alkali::models::nequip {

/// Ziegler-Biersack-Littmark screened nuclear repulsion times the polynomial cutoff; half of a pair's energy to each of
/// its two directed edges. Constants as in LAMMPS' pair_style zbl (metal units), which nequip also uses.
class Zbl {
public:
    explicit Zbl(const Hyperparameters& hyperparameters);
    struct Value {
        double energy = 0, slope = 0;
    };  ///< eV, eV/angstrom (d/dr)
    /// Of one directed edge of length r (angstrom), cutoff in angstrom.
    [[nodiscard]] Value evaluate(int centre_type, int neighbour_type, double r, double cutoff) const;

private:
    std::vector<double> charge_;
    int p_;
};

}  // namespace alkali::models::nequip
