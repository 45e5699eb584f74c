#pragma once
#include <string>
#include <vector>

#include "alkali/models/common/model_calculator.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/structure/frame.hpp"

namespace alkali::training::testing {

using models::testing::random_structure;
using models::testing::toy_kind;

inline nlohmann::json toy_hyperparameters(const std::vector<std::string>& type_names = {"Li", "Na"}) {
    return {{"type_names", type_names}, {"r_max", 4.0}, {"num_gaussians", 4}, {"coupling", 0.0}};
}

/// Frames of two species and various sizes, labelled by a toy model of another seed.
inline std::vector<structure::Frame> labelled_frames(std::size_t count, std::uint64_t seed,
                                                     const std::vector<std::string>& type_names = {"Li", "Na"}) {
    base::NullSink log;
    models::ModelCalculator teacher(toy_kind().create(toy_hyperparameters(type_names), {}, 99, log), "teacher");
    const std::vector<int> numbers = type_names.size() > 1 ? std::vector<int>{3, 11} : std::vector<int>{3};
    std::vector<structure::Frame> frames;
    for (std::size_t k = 0; k < count; ++k) {
        structure::Frame frame;
        frame.structure = random_structure(3 + k % 4, 4.0 + 0.2 * static_cast<double>(k % 3), seed + k, numbers);
        auto result = teacher.compute(frame.structure);
        frame.labels.energy = result.energy - 2.0 * static_cast<double>(frame.structure.size());
        frame.labels.forces = std::move(result.forces);
        frame.labels.stress = result.stress;
        frame.source = "made";
        frame.index = k;
        frames.push_back(std::move(frame));
    }
    return frames;
}

}  // namespace alkali::training::testing
