#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "alkali/labelling/labeller.hpp"
#include "alkali/labelling/quantum_espresso/sampling.hpp"

namespace alkali::labelling::qe {

/// What a finished run of pw.x says. eV, angstrom; stress positive in tension.
struct Output {
    double energy = 0;  ///< the "!" total energy: contains -TS, so that it belongs to the forces
    std::vector<Vec3> forces;
    Mat3 stress = Mat3::Zero();
    int iterations = 0;
    double accuracy = 0;  ///< estimated, Ry
    int k_points = 0, bands = 0;
    Mesh dense{}, smooth{};
    double ecutwfc = 0, ecutrho = 0;  ///< Ry; 0: not said
    std::string version;
    std::string functional;                    ///< as pw.x names what it took
    std::vector<int> functional_indices;       ///< exchange, correlation, their gradient corrections, nonlocal, ...
    std::string dispersion;                    ///< DFT-D2, DFT-D3, XDM, TS or MBD; empty: none
    double cpu_seconds = 0, wall_seconds = 0;  ///< pw.x's own clock, first process
    std::vector<std::string> warnings;         ///< of pw.x, and where labels have fewer digits
};

/// Either an output (fault none) or why there is none.
struct Reading {
    Fault fault = Fault::none;
    std::string detail;
    Output output;
};

/// Reads a run from its text and, for the full digits, its XML (empty: not there; if it is damaged or of another run the text
/// alone is taken, with a warning). A label needs all of: the line of pw.x, convergence achieved, the "!" energy, a force on every
/// atom, a stress, the end of the job, everything in the units of pw.x, finite and of sane size. Neither text nor XML may tell of
/// another structure.
[[nodiscard]] Reading read_output(std::string_view text, std::string_view xml, const structure::Structure& structure);

/// Number of bands named in an output, 0 if it did not get that far.
[[nodiscard]] int bands_of(std::string_view text);
/// "6.7MaX" from the first lines; empty if it is not an output of pw.x or ld1.x.
[[nodiscard]] std::string version_of(std::string_view text);

}  // namespace alkali::labelling::qe
