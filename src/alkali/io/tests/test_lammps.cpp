#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <algorithm>
#include <filesystem>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/tests/text_frames.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::io {
namespace {

using tests::fault, tests::read_text, tests::with;

// Lengths of all edges, sorted: the same for structures that differ by rotation, mirror, cell choice and wrapping.
std::vector<double> distances(const structure::Structure& atoms) {
    std::vector<double> lengths;
    for (const auto& edge : structure::neighbour_list(atoms, 5.0).vector) lengths.push_back(edge.norm());
    std::sort(lengths.begin(), lengths.end());
    return lengths;
}

void expect_same_geometry(const structure::Structure& a, const structure::Structure& b) {
    const auto x = distances(a), y = distances(b);
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], y[i], 1e-10);
}

Frame random_frame(std::uint64_t seed) {
    base::Random random(seed);
    Frame frame;
    Mat3 vectors;
    for (int i = 0; i < 9; ++i) vectors(i / 3, i % 3) = random.uniform(-4, 4) + (i % 4 == 0 ? (seed % 2 == 0 ? 8 : -8) : 0);
    frame.structure.cell = structure::Cell(vectors);
    frame.labels.forces.emplace();
    for (int i = 0; i < 7; ++i) {
        frame.structure.add(i % 3 == 0 ? 8 : 3, frame.structure.cell.to_cartesian({random.uniform(), random.uniform(), random.uniform()}));
        frame.labels.forces->emplace_back(random.normal(), random.normal(), random.normal());
    }
    return frame;
}

class LammpsFiles : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(testing::TempDir()) /
                  ("alkali_lammps_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_;
};

TEST_F(LammpsFiles, cells_of_either_handedness_keep_their_geometry) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
        const auto frame = random_frame(seed);
        write_frames(folder_ / "a.lmp", std::vector<Frame>{frame}, {"", {"Li", "O", "Na"}});
        write_frames(folder_ / "a.dump", std::vector<Frame>{frame, frame});
        const auto data = read_frames(folder_ / "a.lmp").at(0), dump = read_frames(folder_ / "a.dump").at(1);
        EXPECT_EQ(data.structure.numbers, frame.structure.numbers);
        expect_same_geometry(data.structure, frame.structure);
        expect_same_geometry(dump.structure, frame.structure);
        const auto box = lammps_box(frame.structure);
        for (std::size_t i = 0; i < frame.structure.size(); ++i)
            EXPECT_LT(((*dump.labels.forces)[i] - box.rotation * (*frame.labels.forces)[i]).norm(), 1e-12);
        EXPECT_LE(std::abs(box.vectors(1, 0)), 0.5 * box.vectors(0, 0) * (1 + 1e-8));
        EXPECT_LE(std::abs(box.vectors(2, 0)), 0.5 * box.vectors(0, 0) * (1 + 1e-8));
        EXPECT_LE(std::abs(box.vectors(2, 1)), 0.5 * box.vectors(1, 1) * (1 + 1e-8));
    }
}

TEST_F(LammpsFiles, open_structures_get_a_box_around_their_atoms) {
    Frame frame;
    frame.structure = structure::dimer("Li", "O", 2.5);
    write_frames(folder_ / "a.dump", std::vector<Frame>{frame});
    const auto back = read_frames(folder_ / "a.dump").at(0);
    EXPECT_FALSE(back.structure.cell.any_periodic());
    EXPECT_EQ(back.structure.positions, frame.structure.positions);
    EXPECT_NEAR(back.structure.cell.vectors()(0, 0), 4.5, 1e-12);
}

const std::string data_file =
    "title\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n-1 4 ylo yhi\n0 6 zlo zhi\n\nMasses\n\n1 6.94\n2 15.999\n\nAtoms # atomic\n\n"
    "2 2 1 1 1 0 0 0\n1 1 0 0 0 0 0 1\n\nVelocities\n\n1 0 0 0\n2 0 0 0\n";

TEST(LammpsData, masses_tell_the_elements_and_ids_the_order) {
    const auto frame = read_text("lammps-data", data_file).at(0);
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 8}));
    EXPECT_NEAR(frame.structure.cell.volume(), 4 * 5 * 6, 1e-12);
    ReadOptions options;
    options.type_names = {"Na", "Cl"};
    EXPECT_EQ(read_text("lammps-data", data_file, options).at(0).structure.numbers[0], 11);
}

TEST(LammpsData, faults_are_named) {
    EXPECT_NE(fault("lammps-data", with(data_file, "2 atoms", "3 atoms")).find("header says 3"), std::string::npos);
    EXPECT_NE(fault("lammps-data", with(data_file, "# atomic", "# full")).find("'full'"), std::string::npos);
    EXPECT_NE(fault("lammps-data", with(data_file, "2 15.999", "2 15.3")).find("--type-names"), std::string::npos);
    EXPECT_NE(fault("lammps-data", with(data_file, "1 1 0 0 0 0 0 1", "2 1 0 0 0 0 0 1")).find("two atoms have the id 2"),
              std::string::npos);
    EXPECT_NE(fault("lammps-data", with(data_file, "1 1 0 0 0 0 0 1", "1 1 0 0 0 0")).find("6 columns"), std::string::npos);
    EXPECT_NE(fault("lammps-data", with(data_file, "0 6 zlo", "6 6 zlo")).find("zero"), std::string::npos);
    EXPECT_NE(fault("lammps-data", "").find("FILE, frame 0"), std::string::npos);
}

const std::string dump_file =
    "ITEM: UNITS\nmetal\nITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp ff pp\n0 4\n0 4\n0 4\nITEM: ATOMS id type x y "
    "z\n1 1 0 0 0\n";

TEST(LammpsDump, faults_are_named) {
    EXPECT_NE(fault("lammps-dump", dump_file).find("--type-names"), std::string::npos);
    ReadOptions options;
    options.type_names = {"Li"};
    const auto frame = read_text("lammps-dump", dump_file, options).at(0);
    EXPECT_EQ(frame.info.at("timestep"), "5");
    EXPECT_EQ(frame.structure.cell.periodic(), (std::array<bool, 3>{true, false, true}));
    EXPECT_NE(fault("lammps-dump", with(dump_file, "metal", "real")).find("units real"), std::string::npos);
    EXPECT_NE(fault("lammps-dump", with(dump_file, "x y z", "vx vy vz")).find("no x y z"), std::string::npos);
    EXPECT_NE(fault("lammps-dump", dump_file.substr(0, dump_file.size() - 10)).find("truncated"), std::string::npos);
    EXPECT_NE(fault("lammps-dump", with(dump_file, "type x y z\n1 1 0 0 0", "element x y z\n1 Li 0 0")).find("4 columns"),
              std::string::npos);
    EXPECT_NE(fault("lammps-dump", "hello\n").find("FILE, frame 0"), std::string::npos);
}

TEST(LammpsDump, a_general_triclinic_box_is_taken_as_it_is) {
    const auto text = with(with(with(dump_file, "pp ff pp\n0 4\n0 4\n0 4", "abc origin pp pp pp\n0 4 0 1\n4 0 0 2\n0 1 4 3"), "type x y z",
                                "element xs ys zs"),
                           "1 1 0 0 0", "1 Li 0.5 0 0");
    const auto frame = read_text("lammps-dump", text).at(0);
    EXPECT_EQ(frame.structure.cell.vector(2), Vec3(0, 1, 4));
    EXPECT_EQ(frame.structure.positions[0], Vec3(1, 4, 3));
}

}  // namespace
}  // namespace alkali::io
