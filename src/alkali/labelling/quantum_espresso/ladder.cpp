#include "alkali/labelling/quantum_espresso/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace alkali::labelling::qe {

std::optional<std::string> Ladder::climb(Fault fault, int bands) {
    const bool restarted = job_.start == Start::files;
    switch (fault) {
        // Another attempt would meet the same end: the input, the program, or the caller has to change first.
        case Fault::none:
        case Fault::out_of_time:
        case Fault::no_pseudopotential:
        case Fault::no_program:
        case Fault::stopped: return std::nullopt;
        default: break;
    }
    // Files of the last calculation may not fit this one (another number of k-points); whatever happened, begin afresh.
    job_.start = Start::atoms;
    if (restarted) return "fresh start";
    const bool solver = fault == Fault::overlap_matrix || fault == Fault::not_finite;
    const int rung = ++tried_[solver ? Fault::diagonalisation : fault];
    switch (fault) {
        case Fault::not_converged: return climb_mixing(rung, bands);
        case Fault::overlap_matrix:
        case Fault::diagonalisation:
        case Fault::not_finite: return climb_solver(rung, bands);
        case Fault::out_of_memory: return rung == 1 ? save_memory() : std::nullopt;
        case Fault::disk_full:
            if (rung > 1) return std::nullopt;
            job_.disk_io = "none";
            return "nothing kept on disk";
        case Fault::wrong_input:
            // Pools without k-points are refused as wrong input.
            if (rung > 1 || pools_ <= 1) return std::nullopt;
            pools_ = 1;
            return "one pool";
        case Fault::killed:
        case Fault::truncated:
        case Fault::unknown: return rung == 1 ? std::optional<std::string>("once more") : std::nullopt;
        default: return std::nullopt;
    }
}

std::optional<std::string> Ladder::climb_mixing(int rung, int bands) {
    auto& e = job_.electrons;
    std::string said;
    switch (rung) {
        case 1:
            e.mixing_beta = std::min(0.3, e.mixing_beta / 2);
            said = fmt::format("mixing_beta {:g}", e.mixing_beta);
            break;
        case 2:
            e.mixing_mode = "local-TF";
            e.mixing_ndim = std::max(12, e.mixing_ndim);
            said = "local-TF mixing";
            break;
        case 3:
            e.mixing_beta = std::min(0.1, e.mixing_beta / 2);
            e.diagonalization = "cg";
            said = fmt::format("mixing_beta {:g}, diagonalization cg", e.mixing_beta) + more_bands(bands);
            break;
        default: return std::nullopt;
    }
    return said + more_steps();
}

std::optional<std::string> Ladder::climb_solver(int rung, int bands) {
    auto& e = job_.electrons;
    if (rung == 2 && bands <= 0) rung = ++tried_[Fault::diagonalisation];
    switch (rung) {
        case 1:
            e.diagonalization = e.diagonalization == "cg" ? "david" : "cg";
            return "diagonalization " + e.diagonalization + more_steps();
        case 2: return more_bands(bands).substr(2);
        case 3:
            e.mixing_beta = std::min(0.3, e.mixing_beta / 2);
            job_.david_ndim = 4;
            e.diagonalization = "david";
            return fmt::format("mixing_beta {:g}, diagonalization david with a basis of 4", e.mixing_beta) + more_steps();
        default: return std::nullopt;
    }
}

/// Pools each hold a copy of everything that is not k-dependent; plane waves are shared out instead.
std::optional<std::string> Ladder::save_memory() {
    if (pools_ <= 1 && job_.electrons.mixing_ndim <= 4) return std::nullopt;
    pools_ = 1;
    job_.electrons.mixing_ndim = std::min(4, job_.electrons.mixing_ndim);
    return processes_ > 1 ? "one pool, mixing_ndim 4" : "mixing_ndim 4";
}

std::string Ladder::more_bands(int bands) {
    if (bands <= 0) return {};
    job_.bands = std::max({bands + 4, static_cast<int>(std::ceil(1.3 * bands)), job_.bands});
    return fmt::format(", nbnd {}", job_.bands);
}

std::string Ladder::more_steps() {
    job_.electrons.electron_maxstep *= 2;
    return fmt::format(", electron_maxstep {}", job_.electrons.electron_maxstep);
}

}  // namespace alkali::labelling::qe
