#include "alkali/models/deep_potential/tests/subjects.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/models/nequip/tests/subjects.hpp"
#include "conformance.hpp"

namespace alkali::models::testing {
namespace {

/// The suite itself is tried on a model with everything written out.
std::vector<Subject> toy_subjects() {
    return {{"toy",
             [] {
                 base::NullSink log;
                 std::shared_ptr<TrainableModel> model =
                     toy_kind().create({{"type_names", {"Li", "Na"}}, {"r_max", 4.5}, {"num_gaussians", 5}}, {}, 3, log);
                 return model;
             },
             shift_parameters}};
}

}  // namespace

std::vector<Subject> subjects() {
    std::vector<Subject> all;
    for (const auto& of_kind : {toy_subjects(), nequip::testing::nequip_subjects(), deep_potential::testing::deep_potential_subjects()})
        all.insert(all.end(), of_kind.begin(), of_kind.end());
    return all;
}

KindRegistry subject_kinds() {
    KindRegistry kinds = model_kinds();
    kinds.add(toy_kind());
    return kinds;
}

}  // namespace alkali::models::testing
