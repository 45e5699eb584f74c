#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/tests/text_frames.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::io::vasp_tests {
namespace {

const std::filesystem::path golden = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/readers";

using tests::fault, tests::read_text, tests::with;

const std::string poscar =
    "Li O\n2.0\n2 0 0\n0 2 0\n0 0 3\nLi_sv O\n1 2\nSelective dynamics\nDirect\n0 0 0 T T F\n0.5 0.5 0.5 T T T\n0.25 0 0 F F F\n\n0 0 0\n";

TEST(Poscar, takes_scale_selective_dynamics_and_names_of_pseudopotentials) {
    const auto frame = read_text("poscar", poscar).at(0);
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{3, 8, 8}));
    EXPECT_EQ(frame.structure.positions[1], Vec3(2, 2, 3));
    EXPECT_NEAR(frame.structure.cell.volume(), 96, 1e-12);
    EXPECT_FALSE(frame.labels.energy.has_value());
}

TEST(Poscar, a_negative_scale_is_the_volume_and_three_scale_the_axes) {
    EXPECT_NEAR(read_text("poscar", with(poscar, "2.0", "-40")).at(0).structure.cell.volume(), 40, 1e-12);
    EXPECT_EQ(read_text("poscar", with(poscar, "2.0", "1 2 3")).at(0).structure.positions[1], Vec3(1, 2, 4.5));
}

TEST(Poscar, version_4_takes_elements_from_title_or_options) {
    const auto old = with(poscar, "Li_sv O\n", "");
    EXPECT_EQ(read_text("poscar", old).at(0).structure.numbers[1], 8);
    ReadOptions options;
    options.type_names = {"Na", "Cl"};
    EXPECT_EQ(read_text("poscar", with(old, "Li O", "salt"), options).at(0).structure.numbers[1], 17);
    EXPECT_NE(fault("poscar", with(old, "Li O", "salt")).find("--type-names"), std::string::npos);
}

TEST(Poscar, isotopes_of_hydrogen_are_read_as_hydrogen_and_told) {
    ReadOptions options;
    options.format = "poscar";
    const auto reader =
        open_reader(std::make_unique<std::istringstream>("x\n1\n4 0 0\n0 4 0\n0 0 4\nD O T\n1 1 1\nDirect\n0 0 0\n.5 .5 .5\n.2 .2 .2\n"),
                    "FILE", options);
    Frame frame;
    ASSERT_TRUE(reader->next(frame));
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{1, 8, 1}));
    ASSERT_EQ(reader->notes().warnings.size(), 2U);
    EXPECT_NE(reader->notes().warnings[0].find("D is read as H"), std::string::npos);
}

TEST(Poscar, an_XDATCAR_is_called_what_it_is) {
    EXPECT_NE(fault("poscar", "x\n1\n4 0 0\n0 4 0\n0 0 4\nLi\n1\nDirect configuration=     1\n0 0 0\n").find("is of an XDATCAR"),
              std::string::npos);
    for (const char* name : {"XDATCAR", "run/XDATCAR.gz", "XDATCAR.1"}) {
        try {
            static_cast<void>(detect_format(name));
            FAIL() << name;
        } catch (const InputError& error) {
            EXPECT_NE(std::string(error.what()).find("is an XDATCAR"), std::string::npos) << name;
        }
    }
    EXPECT_EQ(detect_format("XDATCAR.extxyz"), "extxyz");
}

TEST(Poscar, faults_name_file_and_line) {
    EXPECT_NE(fault("poscar", with(poscar, "0 0 3", "0 2 0")).find("no volume"), std::string::npos);
    EXPECT_NE(fault("poscar", with(poscar, "Li_sv", "Lj")).find("'Lj'"), std::string::npos);
    EXPECT_NE(fault("poscar", with(poscar, "0.25 0 0", "0.25 0")).find("position of atom 3"), std::string::npos);
    EXPECT_NE(fault("poscar", with(poscar, "1 2\n", "1 2 3\n")).find("more numbers of atoms"), std::string::npos);
    EXPECT_NE(fault("poscar", poscar.substr(0, 60)).find("truncated"), std::string::npos);
    EXPECT_NE(fault("poscar", "").find("FILE, frame 0"), std::string::npos);
}

TEST(Poscar, keeps_structure_and_order_in_a_round_trip) {
    base::Random random(4);
    Frame frame;
    frame.structure = structure::rattled(structure::fcc("Li", 4.1), 0.1, random);
    frame.structure.numbers = {3, 8, 8, 3};
    const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_vasp" / "POSCAR";
    write_frames(path, std::vector<Frame>{frame});
    const auto back = read_frames(path).at(0);
    EXPECT_EQ(back.structure.numbers, frame.structure.numbers);
    EXPECT_EQ(back.structure.positions, frame.structure.positions);
    EXPECT_EQ(back.structure.cell.vectors(), frame.structure.cell.vectors());
    EXPECT_THROW(write_frames(path, std::vector<Frame>{frame, frame}), InputError);
    std::filesystem::remove_all(path.parent_path());
}

TEST(Vasp, stress_is_positive_in_compression_and_in_kbar) {
    EXPECT_NEAR(stress_from_vasp(Mat3(Mat3::Identity() * units::kbar_per_ev_per_angstrom3))(0, 0), -1.0, 1e-15);
}

TEST(Outcar, the_order_of_the_printed_stress_is_xx_yy_zz_xy_yz_zx) {
    const auto text = base::read_file(golden / "OUTCAR");
    const auto at = text.find("in kB");
    const auto changed = text.substr(0, at) + "in kB  1. 2. 3. 4. 5. 6.\n" + text.substr(text.find('\n', at) + 1);
    const auto stress = to_voigt(*read_text("outcar", changed).at(0).labels.stress);
    const Voigt expected{1, 2, 3, 5, 6, 4};
    for (std::size_t c = 0; c < 6; ++c) EXPECT_NEAR(stress[c], -expected[c] / units::kbar_per_ev_per_angstrom3, 1e-15);
}

TEST(Outcar, numbers_that_touch_are_told_apart) {
    EXPECT_EQ(fixed_columns(" 1.5-2.25  3.0E-01-4."), (std::vector<double>{1.5, -2.25, 0.3, -4.0}));
}

TEST(Outcar, faults_name_the_frame) {
    const auto text = base::read_file(golden / "OUTCAR");
    EXPECT_NE(fault("outcar", with(text, "VRHFIN =Li", "VRHFIN =Lj")).find("'Lj'"), std::string::npos);
    EXPECT_NE(fault("outcar", with(text, "-13.50000000", "****")).find("not a number"), std::string::npos);
}

TEST(Vasprun, faults_name_the_frame) {
    const auto text = base::read_file(golden / "vasprun.xml");
    EXPECT_NE(fault("vasprun", with(text, "<c>Li</c>", "<c>Lj</c>")).find("'Lj'"), std::string::npos);
    EXPECT_NE(fault("vasprun", with(text, "<rc><c>Li</c><c>   1</c></rc>", "")).find("3 positions, atominfo 2 atoms"), std::string::npos);
    EXPECT_NE(fault("vasprun", "<a></b>").find("FILE, frame 0"), std::string::npos);
    EXPECT_TRUE(read_text("vasprun", "<modeling></modeling>").empty());
}

TEST(Numbers, of_fortran_with_three_digits_of_exponent_are_read) {
    EXPECT_DOUBLE_EQ(*parse_double("0.5-101"), 0.5e-101);
    EXPECT_DOUBLE_EQ(*parse_double("-0.5+101"), -0.5e101);
    for (const char* small : {"1e-400", "1E-400", "1D-400", "1d-400", "0.1-400"}) EXPECT_EQ(parse_double(small), 0.0) << small;
    for (const char* no_number : {"1e400", "1D+400", "1-101", "0.5-10", "0.5-1011", "0.5--101", "e-400"})
        EXPECT_FALSE(parse_double(no_number).has_value()) << no_number;
    EXPECT_EQ(fixed_columns("0.5-101 0.0 1.0"), (std::vector<double>{0.5e-101, 0, 1}));
    EXPECT_EQ(fixed_columns("0.5-101-0.5-102-1.25"), (std::vector<double>{0.5e-101, -0.5e-102, -1.25}));
    EXPECT_EQ(fixed_columns("1.000-2.000 0.250100.000"), (std::vector<double>{1, -2, 0.25, 100}));
    EXPECT_EQ(fixed_columns("1.0-101.5"), (std::vector<double>{1, -101.5}));
    EXPECT_EQ(read_text("poscar", with(poscar, "0.25 0 0 F", "0.123456789012-101 0.0 0.25 F")).at(0).structure.positions[2],
              Vec3(6 * 0, 0, 1.5) + Vec3(4 * 0.123456789012e-101, 0, 0));
}

TEST(Poscar, however_much_follows_the_atoms_is_not_kept_and_looked_at) {
    const auto empty = std::string(100000, '\n');
    EXPECT_EQ(read_text("poscar", poscar + empty).at(0).structure.size(), 3U);
    EXPECT_NE(fault("poscar", poscar + empty + poscar).find("a second structure follows"), std::string::npos);
    EXPECT_NE(fault("poscar", with(poscar, "1 2\n", "1 1000000000\n") + empty).find("the position of atom 4"), std::string::npos);
}

TEST(Vasprun, an_element_beyond_all_measure_is_passed_over_or_named) {
    const std::string long_text(200000, ' ');
    EXPECT_TRUE(read_text("vasprun", "<modeling><generator>" + long_text + "</generator></modeling>").empty());
    EXPECT_NE(
        fault("vasprun", "<modeling><calculation><energy><i name=\"e_fr_energy\">" + long_text + "-3</i></energy></calculation></modeling>")
            .find("holds more than 64 kB"),
        std::string::npos);
}

}  // namespace
}  // namespace alkali::io::vasp_tests
