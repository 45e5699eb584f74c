#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alkali/structure/structure.hpp"

namespace alkali::models::nequip::testing {

/// One structure with what nequip itself computed for it.
struct GoldenCase {
    std::string name;
    structure::Structure structure;
    double energy = 0;
    std::vector<double> energies;
    std::vector<Vec3> forces;
    bool has_stress = false;
    Mat3 stress = Mat3::Zero();
};

struct GoldenModel {
    std::string name;
    std::filesystem::path model;  ///< safetensors file
    std::vector<GoldenCase> cases;
};

/// All sets of tests/golden/nequip, in the order of their names.
[[nodiscard]] std::vector<GoldenModel> golden_models();

/// A model file's hyperparameters and derived constants in the given precision, parameters filled in.
}  // namespace alkali::models::nequip::testing
