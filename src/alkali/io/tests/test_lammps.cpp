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

namespace alkali::io::lammps_tests {
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

class LammpsFiles : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::path(::testing::TempDir()) /
                  ("alkali_lammps_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
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

TEST(LammpsData, a_remark_behind_a_mass_is_an_element_only_if_it_is_all_of_it_or_agrees_with_the_mass) {
    const auto number = [](const std::string& mass) {
        return read_text("lammps-data", "title\n\n1 atoms\n1 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 " + mass +
                                            "\n\nAtoms # atomic\n\n1 1 0 0 0\n")
            .at(0)
            .structure.numbers.at(0);
    };
    for (const char* remark : {"No 1", "As cast", "In the bulk", "I am lithium", "lithium", "Li atoms", "Li"})
        EXPECT_EQ(number(std::string("6.94 # ") + remark), 3) << remark;
    EXPECT_EQ(number("7.016 # Li isotope"), 3);
    EXPECT_EQ(number("2.014 # H or D"), 1);
    EXPECT_EQ(number("74.92 # As cast"), 33);
}

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

// Two atoms in a box, with the columns of a style.
std::string data_of(const std::string& style, const std::string& first, const std::string& second) {
    return "title\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 6.94 # Li\n2 15.999 # O\n\nAtoms" + style +
           "\n\n" + first + "\n" + second + "\n\nVelocities\n\n1 0 0 0\n2 0 0 0\n";
}

void expect_two_atoms(const std::string& text, const ReadOptions& options = {}) {
    const auto frame = read_text("lammps-data", text, options).at(0);
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 8})) << text;
    EXPECT_EQ(frame.structure.positions[1], Vec3(1.5, 2, 2.5)) << text;
}

TEST(LammpsAtomStyles, are_taken_from_the_file) {
    expect_two_atoms(data_of(" # atomic", "1 1 0 0 0", "2 2 1.5 2 2.5"));
    expect_two_atoms(data_of(" # charge", "1 1 1 0 0 0", "2 2 1 1.5 2 2.5"));
    expect_two_atoms(data_of(" # molecular", "1 1 1 0 0 0 0 0 0", "2 1 2 1.5 2 2.5 0 0 1"));
    expect_two_atoms(data_of("  # full", "1 1 1 0.5 0 0 0", "2 1 2 0.5 1.5 2 2.5"));
    expect_two_atoms(data_of(" # electron", "1 1 0 0 0 0 0 0", "2 2 0 0 0 1.5 2 2.5"));
    expect_two_atoms(data_of(" # spin", "1 1 0 0 0 0 0 1 2.2", "2 2 1.5 2 2.5 0 0 1 2.2"));
    expect_two_atoms(data_of(" # hybrid", "1 1 0 0 0 0.5", "2 2 1.5 2 2.5 0.5"));
    EXPECT_NE(fault("lammps-data", data_of(" # smd", "1 1 0 0 0", "2 2 1.5 2 2.5")).find("'smd' is not supported"), std::string::npos);
}

TEST(LammpsAtomStyles, are_found_by_the_columns_where_only_one_fits) {
    expect_two_atoms(data_of("", "1 1 0 0 0", "2 2 1.5 2 2.5"));
    expect_two_atoms(data_of("", "1 1 0 0 0 0 0 0", "2 2 1.5 2 2.5 -1 0 1"));
    expect_two_atoms(data_of("", "1 1 0.5 0 0 0", "2 2 -0.5 1.5 2 2.5"));
    expect_two_atoms(data_of("", "1 1 0 0 0 0", "2 2 0 1.5 2 2.5"));              // a charge of 0 is no type
    expect_two_atoms(data_of("", "1 0 1 0 0 0 0 0 0", "2 0 2 1.5 2 2.5 0 0 0"));  // nor a molecule 0
    expect_two_atoms(data_of("", "1 7 1 0 0 0", "2 8 2 1.5 2 2.5"));
    expect_two_atoms(data_of("", "1 1 1 0.5 0 0 0 0 0 0", "2 1 2 0.5 1.5 2 2.5 0 0 0"));
    expect_two_atoms(data_of("", "1 1 1 0 0 0", "2 2 2 1.5 2 2.5"));  // charge and molecular give the same types
}

TEST(LammpsAtomStyles, that_do_not_follow_from_the_columns_are_asked_for) {
    const auto doubtful = data_of("", "1 1 2 0 0 0", "2 2 1 1.5 2 2.5");
    EXPECT_NE(fault("lammps-data", doubtful).find("charge and molecular"), std::string::npos);
    EXPECT_NE(fault("lammps-data", doubtful).find("--atom-style"), std::string::npos);
    ReadOptions options;
    options.atom_style = "charge";
    expect_two_atoms(doubtful, options);
    options.atom_style = "molecular";
    EXPECT_EQ(read_text("lammps-data", doubtful, options).at(0).structure.numbers, (std::vector<int>{8, 3}));
    options.atom_style = "atomik";
    EXPECT_THROW(static_cast<void>(read_text("lammps-data", doubtful, options)), FileError);
    options.atom_style = "charge";
    EXPECT_THROW(static_cast<void>(read_text("lammps-data", data_of(" # full", "1 1 1 0.5 0 0 0", "2 1 2 0.5 1.5 2 2.5"), options)),
                 FileError);
    for (const auto& [first, second] : {std::pair{"1 1 0.1 0.2 0.3 -0.6 3 1.7", "2 2 0.1 0.2 0.3 1.9 4.8 1.3"},
                                        {"1 1 0 0 0", "2 2 1.5 2 2.5 0 0 0 0"},
                                        {"1 3 0 0 0", "2 2 1.5 2 2.5"},
                                        {"1 1 0.5 1 0 0 0", "2 2 0.5 1 1.5 2 2.5"}})
        EXPECT_NE(fault("lammps-data", data_of("", first, second)).find("fit none of the atom styles"), std::string::npos) << first;
}

const std::filesystem::path lammps_cases = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/lammps";

TEST(LammpsAtomStyles, a_remark_behind_atoms_is_none_and_electrons_without_a_hint_are_refused) {
    const auto frame = read_frames(lammps_cases / "metal_comment.lmp").at(0);
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 3}));
    EXPECT_EQ(frame.structure.positions[1], Vec3(1.72, 1.72, 1.72));
    try {
        static_cast<void>(read_frames(lammps_cases / "electron_nohint.data"));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_NE(std::string(error.what()).find("8 columns of the atoms fit none"), std::string::npos) << error.what();
    }
    ReadOptions options;
    options.atom_style = "electron";
    const auto electrons = read_frames(lammps_cases / "electron_nohint.data", options).at(0);
    EXPECT_EQ(electrons.structure.numbers, (std::vector<int>{3, 3, 13, 13}));
    EXPECT_EQ(electrons.structure.positions[0], Vec3(-0.61, 3.03, 1.73));
}

TEST(LammpsData, labels_of_types_are_read_in_every_section) {
    const std::string text =
        "title\n\n2 atoms\n2 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nAtom Type Labels\n\n1 O\n2 Li\n\nMasses\n\nO 15.999\nLi "
        "6.94\n\nPair Coeffs # zero\n\n1\n2\n\nAtoms # atomic\n\n1 Li 0 0 0\n2 O 1.5 2 2.5\n";
    expect_two_atoms(text);
    expect_two_atoms(with(text, " # atomic", ""));
    expect_two_atoms(with(with(text, "1 Li 0 0 0", "1 2 0 0 0"), "2 O 1.5", "2 1 1.5"));
    ReadOptions options;
    options.type_names = {"O", "Li"};
    const auto labelled = with(with(with(with(text, "1 O", "1 OW"), "2 Li\n", "2 LI+\n"), "O 15.999", "OW 16.5"), "Li 6.94", "LI+ 7.5");
    expect_two_atoms(with(with(labelled, "1 Li 0", "1 LI+ 0"), "2 O 1.5", "2 OW 1.5"), options);
}

TEST(LammpsData, symbols_in_the_file_win_over_the_names_given) {
    const auto text = data_of("", "1 1 0 0 0", "2 2 1.5 2 2.5");
    ReadOptions options;
    options.type_names = {"O", "Li"};
    expect_two_atoms(text, options);
    options.type_names = {"Na", "Cl"};
    try {
        static_cast<void>(read_text("lammps-data", text, options));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_NE(std::string(error.what()).find("type 1 is Li in the file, and the type names given are Na, Cl"), std::string::npos);
    }
    EXPECT_NE(fault("lammps-data", with(text, "title", "LAMMPS data file via write_data, version 2 Aug 2023, units = electron"))
                  .find("units electron"),
              std::string::npos);
}

TEST(LammpsDump, an_element_in_the_file_wins_over_the_names_given) {
    const auto file = lammps_cases / "allAl.dump";
    EXPECT_EQ(read_frames(file).at(0).structure.numbers, (std::vector<int>(4, 13)));
    ReadOptions options;
    options.type_names = {"Li"};
    try {
        static_cast<void>(read_frames(file, options));
        FAIL();
    } catch (const FileError& error) {
        const std::string message = error.what();
        EXPECT_NE(message.find("allAl.dump, frame 0"), std::string::npos) << message;
        EXPECT_NE(message.find("type 1 is Al in the file, and the type names given are Li"), std::string::npos) << message;
    }
    options.type_names = {"Li", "Al"};  // the names of a model: no contradiction, the file's elements
    const auto reader = open_reader(file, options);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>(4, 13)));
    EXPECT_EQ(reader->notes().warnings.size(), 1U);
}

const std::string two_types =
    "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\nITEM: ATOMS id type element x y z\n"
    "2 2 C 2 2 2\n1 1 C 0 0 0\n";

TEST(LammpsDump, the_element_that_lammps_writes_for_want_of_another_names_nothing) {
    ReadOptions options;
    options.type_names = {"Li", "Al"};
    EXPECT_EQ(read_text("lammps-dump", two_types, options).at(0).structure.numbers, (std::vector<int>{3, 13}));
    EXPECT_EQ(read_text("lammps-dump", two_types).at(0).structure.numbers, (std::vector<int>{6, 6}));
    const auto labels = with(with(with(two_types, " element", " typelabel"), "2 2 C", "2 2 Al"), "1 1 C", "1 1 Li");
    EXPECT_EQ(read_text("lammps-dump", labels).at(0).structure.numbers, (std::vector<int>{3, 13}));
    EXPECT_NE(fault("lammps-dump", with(two_types, "2 2 C", "2 2 X7")).find("'X7' is not a chemical symbol"), std::string::npos);
}

std::vector<int> elements_of(const std::string& text, const std::vector<std::string>& type_names = {}) {
    ReadOptions options;
    options.type_names = type_names;
    return read_text("lammps-dump", text, options).at(0).structure.numbers;
}

TEST(LammpsDump, masses_tell_the_elements_where_nothing_else_does) {
    const auto masses = with(with(with(two_types, " element", " mass"), "2 2 C", "2 2 26.98"), "1 1 C", "1 1 6.94");
    EXPECT_EQ(elements_of(masses), (std::vector<int>{3, 13}));
    EXPECT_EQ(elements_of(masses, {"Li", "Al"}), (std::vector<int>{3, 13}));
    EXPECT_NE(fault("lammps-dump", with(masses, "6.94", "20")).find("--type-names"), std::string::npos);
    EXPECT_EQ(elements_of(with(masses, "6.94", "20"), {"Li", "Al"}), (std::vector<int>{3, 13}));
    EXPECT_NE(fault("lammps-dump", with(masses, "6.94", "heavy")).find("'heavy' is not a number"), std::string::npos);
    const auto untyped = with(with(with(masses, " type", ""), "2 2 26.98", "2 26.98"), "1 1 6.94", "1 6.94");
    EXPECT_EQ(elements_of(untyped), (std::vector<int>{3, 13}));
    // Of the element that LAMMPS writes for want of another too.
    const auto both = with(with(with(two_types, " element", " element mass"), "2 2 C", "2 2 C 26.98"), "1 1 C", "1 1 C 6.94");
    EXPECT_EQ(elements_of(both), (std::vector<int>{3, 13}));
}

TEST(LammpsDump, masses_that_contradict_the_names_given_are_refused) {
    const auto masses = with(with(with(two_types, " element", " mass"), "2 2 C", "2 2 26.98"), "1 1 C", "1 1 6.94");
    for (const auto& names : {std::vector<std::string>{"Al", "Li"}, {"Li", "O"}}) {
        try {
            static_cast<void>(elements_of(masses, names));
            FAIL() << names[1];
        } catch (const FileError& error) {
            EXPECT_NE(std::string(error.what()).find("by its mass"), std::string::npos) << error.what();
            EXPECT_NE(std::string(error.what()).find("by type_names"), std::string::npos) << error.what();
        }
    }
}

TEST(LammpsDump, columns_may_stand_in_any_order) {
    auto text = with(with(with(two_types, "id type element x y z", "y fz id fx x element z fy"), "2 2 C 2 2 2", "2 9 2 7 1 Li 3 8"),
                     "1 1 C 0 0 0", "0 6 1 4 0 Al 0 5");
    const auto frame = read_text("lammps-dump", text).at(0);
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{13, 3}));
    EXPECT_EQ(frame.structure.positions[1], Vec3(1, 2, 3));
    EXPECT_EQ((*frame.labels.forces)[1], Vec3(7, 8, 9));
    EXPECT_NE(fault("lammps-dump", with(text, "fy\n", "vy\n")).find("only some of fx fy fz"), std::string::npos);
    EXPECT_NE(fault("lammps-dump", with(text, "fy\n", "fx\n")).find("two columns are called fx"), std::string::npos);
}

TEST(LammpsDump, ids_that_appear_twice_are_named_with_file_and_frame) {
    const auto second = with(two_types, "2 2 C", "1 2 C");
    const auto said = fault("lammps-dump", std::string(two_types) + second);
    EXPECT_NE(said.find("two atoms have the id 1"), std::string::npos) << said;
    EXPECT_NE(said.find("frame 1"), std::string::npos) << said;
}

TEST(LammpsData, a_type_with_two_masses_is_named) {
    const std::string text =
        "title\n\n1 atoms\n1 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 6.94\n1 "
        "22.99\n\nAtoms # atomic\n\n1 1 0 0 0\n";
    EXPECT_NE(fault("lammps-data", text).find("type 1 has a second mass"), std::string::npos);
}

TEST(LammpsDump, ids_that_appear_twice_are_named) {
    EXPECT_NE(fault("lammps-dump", with(two_types, "2 2 C", "1 2 C")).find("two atoms have the id 1"), std::string::npos);
    EXPECT_NE(fault("lammps-dump", with(two_types, "2 2 C", "x 2 C")).find("the id is not a whole number"), std::string::npos);
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

TEST(LammpsDump, a_frame_that_cannot_be_read_costs_that_frame_alone_where_such_are_left_out) {
    const auto frame_of = [](const std::string& x) {
        return "ITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\nITEM: ATOMS id element x y z\n1 "
               "Li " +
               x + " 0 0\n2 Li 2 2 2\n";
    };
    const auto read = [](const std::string& text) {
        ReadOptions options;
        options.unreadable = Unreadable::left_out;
        std::vector<double> x;
        for (const auto& frame : read_text("lammps-dump", text, options)) x.push_back(frame.structure.positions[0][0]);
        return x;
    };
    const std::vector<double> others{0, 2, 3};
    for (const auto& broken : {with(frame_of("1"), "2 Li 2 2 2\n", ""), frame_of("x"), with(frame_of("1"), "ITEM: NUMBER", "NUMBER"),
                               with(frame_of("1"), "0 4\n", "")})
        EXPECT_EQ(read(frame_of("0") + broken + frame_of("2") + frame_of("3")), others) << broken;
    // An atom line too many is found behind its frame, whose number of atoms is its own.
    EXPECT_EQ(read(frame_of("0") + "3 Li 3 3 3\n" + frame_of("2") + frame_of("3")), others);
    EXPECT_TRUE(read("ITEM: UNITS\nreal\n" + frame_of("0") + frame_of("1")).empty());
}

TEST(LammpsDump, a_general_triclinic_box_is_taken_as_it_is) {
    const auto text = with(with(with(dump_file, "pp ff pp\n0 4\n0 4\n0 4", "abc origin pp pp pp\n0 4 0 1\n4 0 0 2\n0 1 4 3"), "type x y z",
                                "element xs ys zs"),
                           "1 1 0 0 0", "1 Li 0.5 0 0");
    const auto frame = read_text("lammps-dump", text).at(0);
    EXPECT_EQ(frame.structure.cell.vector(2), Vec3(0, 1, 4));
    EXPECT_EQ(frame.structure.positions[0], Vec3(1, 4, 3));
}

TEST(LammpsDump, boundaries_are_three_words_behind_those_of_the_box) {
    const std::string atoms = "ITEM: ATOMS id element x y z\n1 Li 0 0 0\n";
    const auto dump = [&](const std::string& words, bool tilted) {
        const std::string row = tilted ? "0 4 0\n" : "0 4\n";
        return "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS" + words + "\n" + row + row + row + atoms;
    };
    const auto periodic = [&](const std::string& words, bool tilted) {
        return read_text("lammps-dump", dump(words, tilted)).at(0).structure.cell.periodic();
    };
    using Flags = std::array<bool, 3>;
    EXPECT_EQ(periodic("", false), (Flags{true, true, true}));
    EXPECT_EQ(periodic(" xy xz yz", true), (Flags{true, true, true}));
    EXPECT_EQ(periodic(" xy xz yz pp ff pp", true), (Flags{true, false, true}));
    EXPECT_EQ(periodic(" ss fm pp", false), (Flags{false, false, true}));
    for (const char* words : {" p p p", " PP PP PP", " pp", " pp pp", " pp pp pf", " ff ff ff ff", " xy xz yz"})
        EXPECT_NE(fault("lammps-dump", dump(words, false)), "no error") << words;
    EXPECT_NE(fault("lammps-dump", dump(" xy xz yz pp", true)), "no error");
}

TEST_F(LammpsFiles, a_type_stands_for_one_element_in_all_frames_of_a_dump) {
    std::vector<Frame> frames(3);
    const std::vector<std::vector<int>> species{{3, 3}, {13, 3}, {1}};
    for (std::size_t i = 0; i < frames.size(); ++i)
        for (const int number : species[i])
            frames[i].structure.add(number, Vec3(static_cast<double>(frames[i].structure.size()) * 3, 0, 0));
    write_frames(folder_ / "a.dump", frames);
    const auto text = base::read_file(folder_ / "a.dump");
    for (const char* atom : {"1 1 Li", "1 2 Al", "2 1 Li", "1 3 H"}) EXPECT_NE(text.find(atom), std::string::npos) << atom;
}

TEST_F(LammpsFiles, an_open_vector_without_a_direction_of_its_own_is_stretched_over_the_atoms) {
    for (const Vec3& open : {Vec3(0, 0, 0), Vec3(0, 0, 1e-7), Vec3(8, 0, 0)}) {
        Frame frame;
        Mat3 vectors = 4 * Mat3::Identity();
        vectors.row(2) = open.transpose();
        frame.structure.cell = structure::Cell(vectors, {true, true, false});
        frame.structure.add(3, Vec3(0, 0, 0));
        frame.structure.add(3, Vec3(0, 0, 7));
        for (const char* name : {"a.lmp", "a.dump"}) {
            write_frames(folder_ / name, std::vector<Frame>{frame});
            const auto back = read_frames(folder_ / name).at(0).structure;
            EXPECT_NEAR(back.cell.heights()[2], 9, 1e-9) << name << " " << open.transpose();
            EXPECT_NEAR((back.positions[1] - back.positions[0]).norm(), 7, 1e-12);
        }
    }
}

TEST(LammpsData, what_the_header_says_twice_is_named) {
    for (const char* line : {"0 4 xlo xhi\n", "-1 4 ylo yhi\n", "2 atoms\n", "2 atom types\n"})
        EXPECT_NE(fault("lammps-data", with(data_file, line, std::string(line) + line)).find("is given twice"), std::string::npos) << line;
    EXPECT_NE(fault("lammps-data", with(data_file, "2 atoms\n", "1 atoms\n")).find("more atoms than the 1"), std::string::npos);
    EXPECT_EQ(fault("lammps-data", with(data_file, "2 atom types\n", "2 atom types\n0 bond types\n0 bonds\n")), "no error");
}

}  // namespace
}  // namespace alkali::io::lammps_tests
