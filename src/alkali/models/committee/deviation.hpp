#pragma once
#include <optional>
#include <span>
#include <vector>

#include "alkali/calculator/calculator.hpp"

namespace alkali::models {

/// How far the members of a committee lie apart on one structure: the model deviations of DP-GEN (Zhang et al., Comput. Phys.
/// Commun. 253, 107206, 2020), with the names and definitions of deepmd-kit's `dp model-devi`. All averages <> are over the
/// members and divide by their number. Formulas: docs/theory/uncertainty.md.
struct Deviation {
    struct Extremes {
        double largest = 0, smallest = 0, average = 0;
    };
    std::vector<double> by_atom;     ///< (N) eV/angstrom: sqrt(<|F_i - <F_i>|^2>)
    Extremes forces;                 ///< max_devi_f, min_devi_f, avg_devi_f: of by_atom, average the arithmetic mean
    std::optional<Extremes> virial;  ///< max_devi_v, min_devi_v, avg_devi_v, eV/atom: of the 9 components of sqrt(<(W - <W>)^2>)
                                     ///< / N, average the root of their mean square; nothing where no member gives a virial
    double energy = 0;               ///< devi_e, eV/atom: sqrt(<(E - <E>)^2>) / N
};

/// members: what at least one calculator says of this structure. The virial is -stress x volume, or the sum of the
/// per-atom virials where the cell has no volume and all members give these.
[[nodiscard]] Deviation deviation(std::span<const calculator::Result> members, const structure::Structure& structure);

}  // namespace alkali::models
