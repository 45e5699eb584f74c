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

/// One model to be examined. It must have two types, parameters drawn at random, and in layout() an entry "shifts" (types):
/// the energy of a lone atom in eV, whose values must be exact in float32.
struct Subject {
    std::string name;  ///< letters, digits and underscores: part of the test's name
    std::function<std::shared_ptr<TrainableModel>()> make;
};
inline void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

[[nodiscard]] std::vector<Subject> subjects();
/// The kinds that subjects() are of.
[[nodiscard]] KindRegistry subject_kinds();

}  // namespace alkali::models::testing
