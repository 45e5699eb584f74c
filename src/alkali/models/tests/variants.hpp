#pragma once
#include "alkali/kernels/contract/kernels.hpp"
#include "alkali/models/tests/conformance.hpp"

namespace alkali::models::testing {

/// A kind's sets of hyperparameters (each with a `name`) in every precision and on every instruction set:
/// make(set, precision, instruction set) -> model.
template <class Sets, class Make, class Energies>
[[nodiscard]] std::vector<Subject> every_variant(const std::string& kind, const Sets& sets, Make make, Energies lone_energies) {
    std::vector<std::string> instruction_sets{"reference"};
    for (const auto& set : kernels::simd_kernels<float>()) instruction_sets.push_back(set.name);
    std::vector<Subject> subjects;
    for (const auto& set : sets)
        for (const auto precision : {Precision::float64, Precision::mixed, Precision::float32})
            for (const auto& instruction_set : instruction_sets)
                subjects.push_back({kind + "_" + set.name + "_" + std::string(to_string(precision)) + "_" + instruction_set,
                                    [=] { return make(set, precision, instruction_set); }, lone_energies});
    return subjects;
}

}  // namespace alkali::models::testing
