#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alkali/math/types.hpp"

namespace alkali::labelling::qe {

/// The numbers of an XML file of pw.x that labels need, in its units (Hartree, bohr).
struct XmlOutput {
    std::optional<double> energy;          ///< total_energy/etot
    std::vector<double> forces, stress;    ///< as written, rows of three
    std::vector<double> positions, cell;   ///< of output/atomic_structure
    std::optional<bool> converged;         ///< scf_conv/convergence_achieved
    std::optional<int> k_points;           ///< band_structure/nks
    std::array<int, 3> dense{}, smooth{};  ///< basis_set/fft_grid, fft_smooth
    bool complete = false;                 ///< read to its end without a fault
    std::string fault;
};

/// Never throws: what cannot be read is absent, and `complete` false.
[[nodiscard]] XmlOutput read_xml(std::string_view xml);

}  // namespace alkali::labelling::qe
