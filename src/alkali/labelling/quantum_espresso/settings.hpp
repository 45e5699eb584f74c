#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "alkali/base/log.hpp"
#include "alkali/config/config.hpp"

namespace alkali::labelling::qe {

/// What decides the numbers. Energies in Ry, as users of Quantum ESPRESSO write them.
struct Physics {
    std::string level;                                        ///< name of the level of theory, recorded on every label
    double ecutwfc = 0, ecutrho = 0;                          ///< Ry
    bool default_ecutrho = false;                             ///< not given: 4 x ecutwfc
    std::map<int, std::filesystem::path> pseudopotentials{};  ///< by atomic number; UPF files, or inputs of ld1.x
    double k_spacing = 0;                                     ///< 1/angstrom, no 2 pi; 0: k_mesh is given
    std::array<int, 3> k_mesh{};                              ///< zeros: by k_spacing
    std::string smearing;                                     ///< full name, or "none": fixed occupations
    double degauss = 0;                                       ///< Ry
    double conv_thr = 0;                                      ///< Ry per cell
    int nspin = 1;
    std::map<int, double> starting_magnetization{};  ///< by atomic number
    double tot_charge = 0;
    std::string input_dft{}, vdw_corr{};  ///< empty: as the pseudopotentials say; none
    bool symmetry = true;                 ///< false: nosym
    double vacuum = 0;                    ///< angstrom: directions with a wider gap get one k-point
    double min_distance = 0;              ///< angstrom: nearer atoms are refused
};

/// How the self-consistency is driven; leaves the converged numbers alone.
struct Electrons {
    double mixing_beta = 0;
    std::string mixing_mode;
    int mixing_ndim = 0;
    int electron_maxstep = 0;
    std::string diagonalization;
};

/// With what and where pw.x runs.
struct RunSettings {
    std::string program, ld1;
    std::vector<std::string> launcher{};  ///< words before the program where there are several processes; "{processes}" is replaced
    bool default_launcher = true;         ///< mpirun with the arguments that fit this machine
    int processes = 1, pools = 0;         ///< pools 0: by the k-mesh
    double max_seconds = 0;
    std::int64_t max_bytes = 0;
    std::filesystem::path scratch{};                 ///< root of scratch folders; never empty after loading
    std::filesystem::path pseudopotential_folder{};  ///< generated ones are kept here
};

struct Settings {
    Physics physics;
    Electrons electrons;
    RunSettings run;
};

/// The keys of a Quantum ESPRESSO config (examples/lithium/qe-fast.yaml).
[[nodiscard]] config::Options qe_options();
/// Of checked values; relative paths are taken from `folder`. Errors: InputError for values that contradict each other, an
/// unknown element, a pseudopotential that is not there (`where(path)` names the place in the config).
[[nodiscard]] Settings settings_from(const config::Config& config, const std::filesystem::path& folder);
/// From a file. Errors: as config::load and settings_from.
[[nodiscard]] Settings load_settings(const std::filesystem::path& path, base::LogSink& log);

}  // namespace alkali::labelling::qe
