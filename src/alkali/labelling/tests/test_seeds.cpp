#include <gtest/gtest.h>

#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/config/config.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::labelling::seeds_tests {
namespace {

nlohmann::json config(const std::string& text) {
    base::NullSink log;
    return config::parse(text, seed_options(), "seeds.yaml", log).values;
}

std::vector<structure::Frame> seeds(const std::string& text) {
    const auto values = config(text);
    auto settings = seed_settings(values);
    settings.k_mesh = [](const structure::Structure& s) {
        return std::array{static_cast<int>(s.size()), 1, 1};  // stands for a choice that depends on the cell
    };
    return make_seeds(values, settings, nullptr, nullptr);
}

const std::string lithium = "species: Li\nstructure: bcc\na0: 3.434\n";

double nearest(const structure::Structure& s) {
    double least = 10;
    for (const Vec3& r : structure::neighbour_list(s, 5.0).vector) least = std::min(least, r.norm());
    return least;
}

TEST(Seeds, numbers_that_no_machine_could_make_are_refused) {
    EXPECT_THROW(static_cast<void>(config(lithium + "most_atoms: 4294967297\n")), InputError);
    EXPECT_THROW(static_cast<void>(config(lithium + "liquid: {count: 4294967297}\n")), InputError);
}

TEST(Seeds, are_the_same_for_the_same_config_and_others_for_another_seed) {
    const auto a = seeds(lithium), b = seeds(lithium), c = seeds(lithium + "seed: 2\n");
    ASSERT_EQ(a.size(), b.size());
    ASSERT_EQ(a.size(), c.size());
    bool differ = false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].structure.positions, b[i].structure.positions);
        differ = differ || a[i].structure.positions != c[i].structure.positions;
    }
    EXPECT_TRUE(differ);
}

TEST(Seeds, hold_every_kind_with_no_more_atoms_than_allowed_and_none_too_close) {
    for (const int most : {20, 54}) {
        std::map<std::string, int> kinds;
        for (const auto& frame : seeds(lithium + "most_atoms: " + std::to_string(most) + "\n")) {
            EXPECT_LE(frame.structure.size(), static_cast<std::size_t>(most));
            EXPECT_GT(nearest(frame.structure), 1.5) << frame.info.at("config_type");
            ++kinds[frame.info.at("config_type")];
        }
        for (const char* kind : {"bcc_volume", "bcc_strained", "fcc_strained", "hcp_strained", "diamond_strained", "vacancy",
                                 "interstitial_octahedral", "interstitial_dumbbell_110", "surface_110", "adatoms_100", "liquid"})
            EXPECT_GT(kinds[kind], 0) << kind;
    }
}

TEST(Seeds, of_one_kind_of_cell_share_one_mesh_however_deformed) {
    std::map<std::string, std::set<std::string>> meshes;
    for (const auto& frame : seeds(lithium + "crystals: {cells: [1]}\n"))
        meshes[frame.info.at("config_type")].insert(frame.info.at("k_mesh"));
    EXPECT_EQ(meshes.at("bcc_strained").size(), 1U);
    EXPECT_EQ(meshes.at("bcc_volume").size(), 1U);
    EXPECT_EQ(meshes.at("vacancy"), (std::set<std::string>{"54 1 1"})) << "that of the perfect cell";
    EXPECT_EQ(meshes.at("liquid"), (std::set<std::string>{"54 1 1"}));
}

TEST(Seeds, of_surfaces_are_open_along_the_normal_only) {
    int slabs = 0;
    for (const auto& frame : seeds(lithium))
        if (const auto& type = frame.info.at("config_type"); type.starts_with("surface") || type.starts_with("adatoms")) {
            EXPECT_EQ(frame.structure.cell.periodic(), (std::array{true, true, false}));
            ++slabs;
        }
    EXPECT_EQ(slabs, 3 * 3 + 3 * 3 * 2);
}

TEST(Seeds, of_another_element_and_crystal_are_built_the_same_way) {
    for (const auto& frame : seeds("species: Mg\nstructure: hcp\na0: 3.2\nsurfaces: {faces: ['001']}\n"))
        for (const int number : frame.structure.numbers) EXPECT_EQ(number, 12);
}

TEST(Seeds, that_cannot_be_built_are_refused_with_the_key) {
    for (const auto& [text, key] :
         std::map<std::string, std::string>{{"most_atoms: 1\n", "defects"},
                                            {"surfaces: {faces: ['11']}\n", "surfaces.faces"},
                                            {"surfaces: {faces: ['000']}\n", "Miller"},
                                            {"snapshots: {calculator: x}\n", "snapshots.calculator"},
                                            {"liquid: {closest: 1.0, volumes: [0.6, 0.6]}\n", "liquid.closest"}}) {
        try {
            static_cast<void>(seeds(lithium + text));
            ADD_FAILURE() << text;
        } catch (const InputError& error) {
            EXPECT_NE(std::string(error.what()).find(key), std::string::npos) << error.what();
        }
    }
}

}  // namespace
}  // namespace alkali::labelling::seeds_tests
