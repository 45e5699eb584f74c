#pragma once
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "alkali/models/common/registry.hpp"

/// What every kind of model must do, checked by test_conformance.cpp on each subject alike.
/// A new kind: write `std::vector<Subject> NAME_subjects()` in models/NAME/tests and add one line to subjects.cpp.
namespace alkali::models::testing {

/// One model to be examined. It must have two types and parameters drawn at random.
struct Subject {
    std::string name;  ///< letters, digits and underscores: part of the test's name
    std::function<std::shared_ptr<TrainableModel>()> make;
    /// (types) energy of a lone atom, eV, to the last bit.
    std::function<std::vector<double>(const TrainableModel&)> lone_energies;
};
/// Of models whose energy of a lone atom is a parameter `shifts` (types), exact in float32.
[[nodiscard]] std::vector<double> shift_parameters(const TrainableModel& model);
inline void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

[[nodiscard]] std::vector<Subject> subjects();
/// The kinds that subjects() are of.
[[nodiscard]] KindRegistry subject_kinds();

}  // namespace alkali::models::testing
