#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"

// Files written by ASE (or typed in VASP's layout) and what ASE reads from them: tests/golden/readers/generate.py.
namespace alkali::io::against_ase_tests {
namespace {

using Json = nlohmann::json;
const std::filesystem::path folder = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/readers";
constexpr double exact = 1e-12;
// ASE still converts kbar with an older value of the elementary charge.
constexpr double relative_stress = 1e-7;

const Json& expected() {
    static const Json json = Json::parse(base::read_file(folder / "expected.json"));
    return json;
}

Vec3 vector(const Json& json) { return {json[0].get<double>(), json[1].get<double>(), json[2].get<double>()}; }

void expect_structure(const Frame& frame, const Json& json, bool moved) {
    EXPECT_EQ(frame.structure.numbers, json["numbers"].get<std::vector<int>>());
    EXPECT_EQ(frame.structure.cell.periodic(), (json["pbc"].get<std::array<bool, 3>>()));
    for (int i = 0; i < 3; ++i)
        EXPECT_LT((frame.structure.cell.vector(i) - vector(json["cell"][static_cast<std::size_t>(i)])).norm(), exact);
    const Vec3 origin = moved ? Vec3(frame.structure.positions[0] - vector(json["positions"][0])) : Vec3(Vec3::Zero());
    for (std::size_t i = 0; i < frame.structure.size(); ++i)
        EXPECT_LT((frame.structure.positions[i] - origin - vector(json["positions"][i])).norm(), exact) << i;
}

void expect_labels(const Frame& frame, const Json& json) {
    const auto& energy = json["free_energy"].is_null() ? json["energy"] : json["free_energy"];
    ASSERT_EQ(frame.labels.energy.has_value(), !energy.is_null());
    if (frame.labels.energy) {
        EXPECT_NEAR(*frame.labels.energy, energy.get<double>(), exact);
    }
    ASSERT_EQ(frame.labels.stress.has_value(), !json["stress"].is_null());
    if (frame.labels.stress)
        for (std::size_t c = 0; c < 6; ++c) {
            const double value = json["stress"][c];
            EXPECT_NEAR(to_voigt(*frame.labels.stress)[c], value, relative_stress * std::abs(value)) << c;
        }
}

void expect_forces(const Frame& frame, const Json& json) {
    ASSERT_EQ(frame.labels.forces.has_value(), !json["forces"].is_null());
    if (!frame.labels.forces) return;
    for (std::size_t i = 0; i < frame.structure.size(); ++i)
        EXPECT_LT(((*frame.labels.forces)[i] - vector(json["forces"][i])).norm(), exact) << i;
}

class AgainstAse : public ::testing::TestWithParam<std::string> {};

TEST_P(AgainstAse, frames_are_what_ase_reads) {
    const auto& json = expected()[GetParam()];
    const auto frames = read_frames(folder / GetParam());
    ASSERT_EQ(frames.size(), json.size());
    // ASE drops the corner of a LAMMPS box and invents an energy of zero there.
    const bool dump = GetParam() == "scaled.dump";
    for (std::size_t i = 0; i < frames.size(); ++i) {
        SCOPED_TRACE(frames[i].where());
        expect_structure(frames[i], json[i], dump);
        if (!dump) expect_labels(frames[i], json[i]);
        expect_forces(frames[i], json[i]);
    }
}

INSTANTIATE_TEST_SUITE_P(Files, AgainstAse,
                         ::testing::Values("all.extxyz", "POSCAR", "cartesian.poscar", "triclinic.lmp", "scaled.dump", "OUTCAR",
                                           "vasprun.xml"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '.', '_');
                             return name;
                         });

TEST(ExtxyzOfAse, info_of_any_kind_is_kept_as_text) {
    const auto frame = read_frames(folder / "all.extxyz")[0];
    EXPECT_EQ(frame.info.at("config_type"), "bulk md");
    EXPECT_EQ(frame.info.at("number"), "7");
    EXPECT_EQ(frame.info.at("yes"), "T");
    EXPECT_EQ(frame.info.at("array"), "1 2 3");
    EXPECT_EQ(frame.info.at("quote"), "say \"hi\"");
    EXPECT_EQ(frame.info.at("nested"), "_JSON {\"a\": [1, \"x\"]}");
    EXPECT_EQ(frame.info.at("energy_extrapolated"), "-7.6");
}

}  // namespace
}  // namespace alkali::io::against_ase_tests
