#include "golden.hpp"

#include <algorithm>
#include <fstream>

namespace alkali::models::nequip::testing {
namespace {

Vec3 vector_of(const nlohmann::json& j) { return {j[0].get<double>(), j[1].get<double>(), j[2].get<double>()}; }

Mat3 matrix_of(const nlohmann::json& j) {
    Mat3 m;
    for (int r = 0; r < 3; ++r) m.row(r) = vector_of(j[static_cast<std::size_t>(r)]).transpose();
    return m;
}

GoldenCase read_case(const nlohmann::json& j) {
    GoldenCase c;
    c.name = j["name"].get<std::string>();
    c.structure.cell = structure::Cell(matrix_of(j["cell"]), {j["pbc"][0].get<bool>(), j["pbc"][1].get<bool>(), j["pbc"][2].get<bool>()});
    for (std::size_t i = 0; i < j["numbers"].size(); ++i) c.structure.add(j["numbers"][i].get<int>(), vector_of(j["positions"][i]));
    c.energy = j["energy"].get<double>();
    c.energies = j["energies"].get<std::vector<double>>();
    for (const auto& f : j["forces"]) c.forces.push_back(vector_of(f));
    c.has_stress = !j["stress"].is_null();
    if (c.has_stress) c.stress = matrix_of(j["stress"]);
    return c;
}

}  // namespace

std::vector<GoldenModel> golden_models() {
    const std::filesystem::path folder = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/nequip";
    std::vector<GoldenModel> models;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json") continue;
        std::ifstream stream(entry.path());
        const auto json = nlohmann::json::parse(stream);
        GoldenModel model{entry.path().stem().string(), folder / json["model"].get<std::string>(), {}};
        for (const auto& c : json["structures"]) model.cases.push_back(read_case(c));
        models.push_back(std::move(model));
    }
    std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return models;
}

}  // namespace alkali::models::nequip::testing
