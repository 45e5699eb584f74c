#include "alkali/labelling/labeller.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace alkali::labelling {
namespace {

constexpr std::array names{
    std::pair{Fault::none, "none"},
    std::pair{Fault::not_converged, "not converged"},
    std::pair{Fault::overlap_matrix, "overlap matrix"},
    std::pair{Fault::diagonalisation, "diagonalisation"},
    std::pair{Fault::out_of_time, "out of time"},
    std::pair{Fault::out_of_memory, "out of memory"},
    std::pair{Fault::killed, "killed"},
    std::pair{Fault::disk_full, "disk full"},
    std::pair{Fault::truncated, "truncated output"},
    std::pair{Fault::no_pseudopotential, "no pseudopotential"},
    std::pair{Fault::no_program, "no program"},
    std::pair{Fault::wrong_input, "wrong input"},
    std::pair{Fault::not_finite, "not finite"},
    std::pair{Fault::stopped, "stopped"},
    std::pair{Fault::unknown, "unknown"},
};

}  // namespace

std::string to_string(Fault fault) {
    return std::find_if(names.begin(), names.end(), [&](const auto& entry) { return entry.first == fault; })->second;
}

Fault fault_from_string(const std::string& name) {
    const auto* found = std::find_if(names.begin(), names.end(), [&](const auto& entry) { return name == entry.second; });
    return found == names.end() ? Fault::unknown : found->first;
}

LabelError::LabelError(Fault fault, std::vector<Attempt> attempts, const std::string& what, const std::string& where,
                       const std::string& hint)
    : ExternalProgramError(what, where, hint), fault_(fault), attempts_(std::move(attempts)) {}

bool LabelError::retryable() const {
    constexpr std::array passing{Fault::out_of_time, Fault::out_of_memory, Fault::killed,  Fault::disk_full,
                                 Fault::truncated,   Fault::no_program,    Fault::stopped, Fault::unknown};
    return std::find(passing.begin(), passing.end(), fault_) != passing.end();
}

}  // namespace alkali::labelling
