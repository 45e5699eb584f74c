#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/npy.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

class Deepmd : public testing::Test {
protected:
    void SetUp() override {
        folder_ =
            fs::path(testing::TempDir()) / ("alkali_deepmd_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
        fs::remove_all(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    static Frame labelled(const structure::Structure& atoms, std::uint64_t seed) {
        base::Random random(seed);
        Frame frame;
        frame.structure = structure::rattled(atoms, 0.1, random);
        frame.labels.energy = random.normal();
        frame.labels.forces.emplace();
        for (std::size_t i = 0; i < atoms.size(); ++i) frame.labels.forces->emplace_back(random.normal(), random.normal(), random.normal());
        if (atoms.cell.fully_periodic()) frame.labels.stress = from_voigt({0.1, -0.2, 0.3, 0.01, random.normal(), 0.02});
        return frame;
    }

    static void expect_same(const Frame& a, const Frame& b) {
        EXPECT_EQ(a.structure.numbers, b.structure.numbers);
        EXPECT_EQ(a.structure.positions, b.structure.positions);
        EXPECT_EQ(a.structure.cell.vectors(), b.structure.cell.vectors());
        EXPECT_EQ(a.structure.cell.periodic(), b.structure.cell.periodic());
        EXPECT_EQ(a.labels.energy, b.labels.energy);
        EXPECT_EQ(a.labels.forces, b.labels.forces);
        ASSERT_EQ(a.labels.stress.has_value(), b.labels.stress.has_value());
        if (a.labels.stress) {
            EXPECT_LT((*a.labels.stress - *b.labels.stress).cwiseAbs().maxCoeff(), 1e-15);
        }
    }

    std::string fault() const {
        try {
            static_cast<void>(read_frames(folder_));
        } catch (const FileError& error) {
            return error.what();
        }
        return "no error";
    }

    fs::path folder_;
};

TEST_F(Deepmd, frames_survive_a_round_trip) {
    const std::vector<Frame> frames{labelled(structure::bcc("Li", 3.4), 1), labelled(structure::bcc("Li", 3.5), 2)};
    write_frames(folder_, frames, {"deepmd", {}});
    const auto back = read_frames(folder_);
    ASSERT_EQ(back.size(), 2u);
    expect_same(back[0], frames[0]);
    expect_same(back[1], frames[1]);
    EXPECT_EQ(base::read_file(folder_ / "type_map.raw"), "Li\n");
}

TEST_F(Deepmd, virial_is_minus_stress_times_volume) {
    auto frame = labelled(structure::bcc("Li", 2.0), 1);
    write_frames(folder_, std::vector<Frame>{frame}, {"deepmd", {}});
    NpyRows virial((folder_ / "set.000" / "virial.npy").string());
    EXPECT_NEAR(virial.row(0)[0], -0.1 * 8, 1e-15);
    EXPECT_NEAR(virial.row(0)[1], -0.02 * 8, 1e-15);
}

TEST_F(Deepmd, different_kinds_of_frames_go_to_folders_of_their_own) {
    auto mixed = structure::bcc("Li", 3.4);
    mixed.numbers[0] = 8;
    auto open = labelled(structure::dimer("Li", "Li", 2.7), 3);
    const std::vector<Frame> frames{labelled(structure::bcc("Li", 3.4), 1), labelled(mixed, 2), open};
    write_frames(folder_, frames, {"deepmd", {"O", "Li"}});
    const auto back = read_frames(folder_);
    ASSERT_EQ(back.size(), 3u);
    EXPECT_TRUE(fs::exists(folder_ / "LiO" / "set.000" / "coord.npy"));
    EXPECT_EQ(base::read_file(folder_ / "LiO" / "type.raw"), "0\n1\n");
    expect_same(back[2], frames[1]);
    EXPECT_EQ(back[2].source, (folder_ / "LiO").string());
}

TEST_F(Deepmd, frames_with_types_of_their_own_are_read) {
    base::write_file(folder_ / "type.raw", "0\n0\n");
    base::write_file(folder_ / "type_map.raw", "Li O");
    const auto save = [&](const char* name, const std::vector<std::size_t>& shape, const std::vector<double>& values) {
        base::write_file(folder_ / "set.000" / name,
                         npy_header(shape) + std::string(reinterpret_cast<const char*>(values.data()), 8 * values.size()));
    };
    save("coord.npy", {2, 6}, {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3});
    save("box.npy", {2, 9}, {4, 0, 0, 0, 4, 0, 0, 0, 4, 5, 0, 0, 0, 5, 0, 0, 0, 5});
    base::write_file(folder_ / "set.000" / "real_atom_types.npy", [] {
        std::string header = npy_header({2, 2});
        header.replace(header.find("<f8"), 3, "<i8");
        const std::int64_t types[4] = {0, 1, 1, -1};
        return header + std::string(reinterpret_cast<const char*>(types), sizeof types);
    }());
    const auto frames = read_frames(folder_);
    EXPECT_EQ(frames[0].structure.numbers, (std::vector<int>{3, 8}));
    EXPECT_EQ(frames[1].structure.numbers, (std::vector<int>{8}));
    EXPECT_EQ(frames[1].structure.positions[0], Vec3(2, 2, 2));
}

TEST_F(Deepmd, faults_are_named_by_file) {
    write_frames(folder_, std::vector<Frame>{labelled(structure::bcc("Li", 3.4), 1)}, {"deepmd", {}});
    const auto with = [&](const char* name, const std::string& content) {
        const auto path = folder_ / name;
        const std::string before = fs::exists(path) ? base::read_file(path) : "";
        base::write_file(path, content);
        const std::string message = fault();
        base::write_file(path, before);
        return message;
    };
    EXPECT_EQ(fault(), "no error");
    EXPECT_NE(with("type.raw", "0 0 0").find("coord.npy: has 6 numbers per frame instead of 9"), std::string::npos);
    EXPECT_NE(with("type.raw", "0 x").find("'x' is not a type"), std::string::npos);
    EXPECT_NE(with("type.raw", "0 1").find("type 2 has no name"), std::string::npos);
    EXPECT_NE(with("type_map.raw", "Lj").find("'Lj' is not a chemical symbol"), std::string::npos);
    EXPECT_NE(with("set.000/energy.npy", npy_header({2}) + std::string(16, '\0')).find("energy.npy: has 2 frames"), std::string::npos);
    EXPECT_NE(with("set.000/box.npy", npy_header({1, 9}) + std::string(72, '\0')).find("frame 0"), std::string::npos);
    const auto force = base::read_file(folder_ / "set.000/force.npy");
    EXPECT_NE(with("set.000/force.npy", force.substr(0, force.size() - 1)).find("force.npy"), std::string::npos);
    fs::remove(folder_ / "set.000/box.npy");
    EXPECT_NE(fault().find("nopbc"), std::string::npos);
}

TEST_F(Deepmd, never_writes_over_another_folder) {
    base::write_file(folder_ / "precious.txt", "x");
    EXPECT_THROW(static_cast<void>(open_writer(folder_, {"deepmd", {}})), FileError);
    auto slab = labelled(structure::bcc("Li", 3.4), 1);
    slab.structure.cell = structure::Cell(slab.structure.cell.vectors(), {true, true, false});
    const auto writer = open_writer(folder_ / "new", {"deepmd", {}});
    EXPECT_THROW(writer->write(slab), InputError);
    EXPECT_FALSE(fs::exists(folder_ / "new"));
}

}  // namespace
}  // namespace alkali::io
