#include "alkali/labelling/quantum_espresso/input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::labelling::qe::qe_input_tests {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Physics physics() {
    Physics p;
    p.ecutwfc = 20;
    p.ecutrho = 240;
    p.smearing = "methfessel-paxton";
    p.degauss = 0.01985;
    p.conv_thr = 1e-10;
    return p;
}

Job job(const Mesh& mesh) {
    Job j;
    j.mesh = mesh;
    j.electrons = {0.7, "plain", 8, 100, "david"};
    return j;
}

TEST(QeInput, of_a_cell_is_complete) {
    EXPECT_EQ(write_input(structure::bcc("Li", 3.434), physics(), job({15, 15, 15})), R"(&CONTROL
  calculation = 'scf'
  prefix = 'alkali'
  outdir = './pw/'
  pseudo_dir = './'
  tprnfor = .true.
  tstress = .true.
  disk_io = 'low'
/
&SYSTEM
  ibrav = 0
  nat = 2
  ntyp = 1
  ecutwfc = 20
  ecutrho = 240
  occupations = 'smearing'
  smearing = 'methfessel-paxton'
  degauss = 0.01985
/
&ELECTRONS
  conv_thr = 1e-10
  electron_maxstep = 100
  mixing_beta = 0.7
  mixing_mode = 'plain'
  mixing_ndim = 8
  diagonalization = 'david'
/
ATOMIC_SPECIES
 Li 6.94 Li.UPF
CELL_PARAMETERS angstrom
 3.434 0 0
 0 3.434 0
 0 0 3.434
ATOMIC_POSITIONS angstrom
 Li 0 0 0
 Li 1.717 1.717 1.717
K_POINTS automatic
 15 15 15 0 0 0
)");
}

TEST(QeInput, keeps_every_digit_and_the_order_of_atoms) {
    structure::Structure s;
    s.cell = structure::Cell::cubic(1.0 / 3 + 4);
    s.add(3, {0.1, 1.0 / 7, -2e-9});
    s.add(1, {2, 2, 2});
    s.add(3, {1, 3, 1});
    const auto text = write_input(s, physics(), job({1, 1, 1}));
    EXPECT_THAT(text, HasSubstr(" 4.333333333333333 0 0\n"));
    EXPECT_THAT(text, HasSubstr(" Li 0.1 0.1428571428571428 -2e-09\n H 2 2 2\n Li 1 3 1\n"));
    EXPECT_THAT(text, HasSubstr("ntyp = 2\n"));
    EXPECT_THAT(text, HasSubstr(" H 1.008 H.UPF\n Li 6.94 Li.UPF\n"));
    EXPECT_THAT(text, HasSubstr("K_POINTS gamma\n"));
}

TEST(QeInput, slab_of_a_series_holds_its_grids_and_starts_from_files) {
    auto p = physics();
    p.symmetry = false;
    auto j = job({15, 15, 1});
    j.dense = Mesh{36, 36, 120};
    j.smooth = Mesh{20, 20, 72};
    j.start = Start::files;
    const auto text = write_input(structure::bcc("Li", 3.434), p, j);
    for (const char* line : {"nosym = .true.", "nr1 = 36", "nr2 = 36", "nr3 = 120", "nr1s = 20", "nr3s = 72", "startingpot = 'file'",
                             "startingwfc = 'file'", " 15 15 1 0 0 0"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST(QeInput, insulators_magnets_and_corrections) {
    auto p = physics();
    p.smearing = "none";
    p.nspin = 2;
    p.starting_magnetization = {{3, 0.25}};
    p.tot_charge = -1;
    p.input_dft = "PBESOL";
    p.vdw_corr = "grimme-d3";
    auto j = job({2, 2, 2});
    j.bands = 12;
    const auto text = write_input(structure::bcc("Li", 3.434), p, j);
    for (const char* line : {"occupations = 'fixed'", "nspin = 2", "starting_magnetization(1) = 0.25", "tot_charge = -1",
                             "input_dft = 'PBESOL'", "vdw_corr = 'grimme-d3'", "nbnd = 12"})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(text, Not(HasSubstr("degauss")));
}

TEST(QeInput, no_text_sets_anything_but_its_own_value) {
    for (const char* evil : {"PBE'\n nosym = .true.\n x = '", "PBE', ecutwfc = 1, x = '", "PBE\" x", "PBE\necutwfc = 1", "PBE\recutwfc = 1",
                             "PBE / ", "PBE &end", "PBE ! remark", "PBE\t", "PBE\\n", "\xc3\xa9"}) {
        auto p = physics();
        p.input_dft = evil;
        EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), p, job({2, 2, 2}))), InputError) << evil;
        p.input_dft.clear();
        p.vdw_corr = evil;
        EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), p, job({2, 2, 2}))), InputError) << evil;
        p.vdw_corr.clear();
        p.smearing = evil;
        EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), p, job({2, 2, 2}))), InputError) << evil;
        auto j = job({2, 2, 2});
        j.electrons.mixing_mode = evil;
        EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), physics(), j)), InputError) << evil;
        j = job({2, 2, 2});
        j.disk_io = evil;
        EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), physics(), j)), InputError) << evil;
    }
    auto p = physics();
    p.degauss = std::numeric_limits<double>::infinity();
    EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), p, job({2, 2, 2}))), InputError);
    p = physics();
    p.tot_charge = std::nan("");
    EXPECT_THROW(static_cast<void>(write_input(structure::bcc("Li", 3.434), p, job({2, 2, 2}))), InputError);
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_input_tests
