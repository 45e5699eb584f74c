#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "alkali/io/quantum_espresso.hpp"
#include "alkali/io/quantum_espresso_geometry.hpp"
#include "alkali/io/quantum_espresso_text.hpp"
#include "alkali/io/tests/text_frames.hpp"
#include "alkali/units/constants.hpp"

// Outputs made by pw.x 6.7 (tests/golden/quantum_espresso/frames/make.sh), and own-made ones after other releases.
namespace alkali::io::quantum_espresso_tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::with;

const fs::path folder = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/quantum_espresso/frames";

std::string golden(const std::string& name) { return base::read_file(folder / name); }

/// Frames and everything that was noted on the way.
struct Read {
    std::vector<Frame> frames;
    std::vector<std::string> warnings;
    std::vector<LeftOut> left_out;
};

Read read(const std::string& text, const std::string& format = "qe-output", ReadOptions options = {}) {
    options.format = format;
    const auto reader = open_reader(std::make_unique<std::istringstream>(text), "FILE", options);
    Read all;
    for (bool more = true; more;) {
        Frame frame;
        more = reader->next(frame);
        const auto notes = reader->notes();
        all.left_out.insert(all.left_out.end(), notes.left_out.begin(), notes.left_out.end());
        all.warnings.insert(all.warnings.end(), notes.warnings.begin(), notes.warnings.end());
        if (more) all.frames.push_back(frame);
    }
    return all;
}

MATCHER_P(says, part, "") { return arg.why.find(part) != std::string::npos; }

Vec3 vector(const json& value) { return {value[0].get<double>(), value[1].get<double>(), value[2].get<double>()}; }

/// Digits printed: 1e-8 Ry, 1e-8 Ry/bohr, 1e-8 Ry/bohr^3, 1e-7 alat.
void expect_alike(const Frame& a, const Frame& b, double length = 1e-5) {
    ASSERT_EQ(a.structure.numbers, b.structure.numbers);
    EXPECT_LT((a.structure.cell.vectors() - b.structure.cell.vectors()).cwiseAbs().maxCoeff(), length);
    for (std::size_t i = 0; i < a.structure.size(); ++i)
        EXPECT_LT((a.structure.positions[i] - b.structure.positions[i]).norm(), length) << i;
    EXPECT_NEAR(*a.labels.energy, *b.labels.energy, 2e-7);
    if (a.labels.forces && b.labels.forces) {
        for (std::size_t i = 0; i < a.structure.size(); ++i) EXPECT_LT(((*a.labels.forces)[i] - (*b.labels.forces)[i]).norm(), 1e-6) << i;
    }
    if (a.labels.stress && b.labels.stress) {
        EXPECT_LT((*a.labels.stress - *b.labels.stress).cwiseAbs().maxCoeff(), 2e-6);
    }
}

bool same(const Frame& a, const Frame& b) {
    return a.structure.numbers == b.structure.numbers && a.structure.positions == b.structure.positions &&
           a.structure.cell.vectors() == b.structure.cell.vectors() && a.labels.energy == b.labels.energy &&
           a.labels.forces == b.labels.forces && a.labels.stress == b.labels.stress;
}

class QeOutputAgainstAse : public ::testing::TestWithParam<std::string> {};

TEST_P(QeOutputAgainstAse, every_ionic_step_is_what_ase_reads) {
    static const json expected = json::parse(golden("expected.json"))["frames"];
    const auto& all = expected[GetParam()];
    const auto frames = read_frames(folder / (GetParam() + ".out"));
    ASSERT_EQ(frames.size(), all.size());
    for (std::size_t k = 0; k < frames.size(); ++k) {
        SCOPED_TRACE(frames[k].where());
        const auto& f = frames[k];
        // ASE has constants of 2006, and takes alat with four decimals.
        EXPECT_NEAR(*f.labels.energy, all[k]["energy"].get<double>(), 1e-6 * std::abs(*f.labels.energy));
        for (int c = 0; c < 3; ++c) {
            EXPECT_LT((f.structure.cell.vector(c) - vector(all[k]["cell"][static_cast<std::size_t>(c)])).norm(), 5e-5);
            for (int d = 0; d < 3; ++d)
                EXPECT_NEAR((*f.labels.stress)(c, d),
                            all[k]["stress"][static_cast<std::size_t>(c)][static_cast<std::size_t>(d)].get<double>(), 1e-8);
        }
        ASSERT_EQ(f.structure.size(), all[k]["species"].size());
        for (std::size_t i = 0; i < f.structure.size(); ++i) {
            EXPECT_LT((f.structure.positions[i] - vector(all[k]["positions"][i])).norm(), 5e-5);
            EXPECT_LT(((*f.labels.forces)[i] - vector(all[k]["forces"][i])).norm(), 1e-6);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Files, QeOutputAgainstAse,
                         ::testing::Values("high", "relax", "vc_relax", "md", "vc_md", "noncollinear", "grimme"));

TEST(QeOutputFile, high_verbosity_counts_the_total_forces_only) {
    const auto text = golden("high.out");
    ASSERT_THAT(text, HasSubstr("The non-local contrib.  to forces"));
    const auto frame = read(text).frames.at(0);
    EXPECT_EQ(frame.labels.forces->size(), 2U);
    // Parts do not add up to zero over the atoms, the total does.
    EXPECT_LT(((*frame.labels.forces)[0] + (*frame.labels.forces)[1]).norm(), 1e-12);
}

TEST(QeOutputFile, every_ionic_step_has_its_own_energy_forces_and_stress) {
    const auto frames = read(golden("relax.out")).frames;
    ASSERT_EQ(frames.size(), 3U);
    for (std::size_t k = 1; k < 3; ++k) {
        EXPECT_NE(frames[k].labels.energy, frames[k - 1].labels.energy);
        EXPECT_NE(frames[k].labels.forces, frames[k - 1].labels.forces);
        EXPECT_NE(*frames[k].labels.stress, *frames[k - 1].labels.stress);
        EXPECT_NE(frames[k].structure.positions, frames[k - 1].structure.positions);
        // A step against the force lowers the energy by about the work done.
        const auto moved = frames[k].structure.positions[1] - frames[k - 1].structure.positions[1];
        const double work = moved.dot((*frames[k].labels.forces)[1] + (*frames[k - 1].labels.forces)[1]) / 2;
        EXPECT_NEAR(*frames[k - 1].labels.energy - *frames[k].labels.energy, work, 0.02 * work);
    }
}

TEST(QeOutputFile, the_final_scf_of_a_relaxed_cell_is_a_frame_of_its_own) {
    const auto frames = read(golden("vc_relax.out")).frames;
    ASSERT_EQ(frames.size(), 7U);
    EXPECT_NE(frames[6].labels.energy, frames[5].labels.energy);
    EXPECT_LT((frames[6].structure.cell.vectors() - frames[5].structure.cell.vectors()).norm(), 1e-5);
    EXPECT_GT((frames[5].structure.cell.vectors() - frames[0].structure.cell.vectors()).norm(), 1e-3);
}

TEST(QeOutputFile, an_exact_exchange_run_gives_the_last_energy_of_each_structure) {
    const auto frames = read(golden("hybrid.out")).frames;
    ASSERT_EQ(frames.size(), 2U);
    const auto text = golden("hybrid.out");
    const auto last = text.rfind("\n!!   total energy");
    const double energy = qe::first_number(*qe::after(std::string_view(text).substr(last), "="));
    EXPECT_NEAR(*frames[1].labels.energy, energy * units::rydberg, 1e-12);
    EXPECT_EQ(frames[1].info.at("functional"), "PBE0");
}

TEST(QeOutputFile, an_scf_that_used_up_its_iterations_is_left_out_though_pw_calls_it_converged) {
    const auto text = golden("loose.out");
    ASSERT_EQ(text.find("NOT achieved"), std::string::npos);
    const auto all = read(text);
    EXPECT_EQ(all.left_out.size(), 1U);
    ASSERT_EQ(all.frames.size(), 2U);
    EXPECT_THAT(all.left_out, Contains(says("not within conv_thr")));
    EXPECT_EQ(all.frames[0].index, 1U);  // what is left out counts
}

TEST(QeOutputFile, an_unconverged_scf_gives_no_frame_and_is_named) {
    const auto all = read(golden("stopped.out"));
    EXPECT_THAT(all.frames, IsEmpty());
    EXPECT_THAT(all.left_out, Contains(says("convergence NOT achieved")));
    EXPECT_THROW((void)read_frames(folder / "stopped.out"), FileError);
}

TEST(QeOutputFile, one_unconverged_step_of_many_is_left_out) {
    auto text = golden("md.out");
    const auto second = text.find("convergence has been achieved", text.find("iteration =     1"));
    text.replace(second, std::string("convergence has been achieved in").size(), "convergence NOT achieved after  ");
    const auto all = read(text), whole = read(golden("md.out"));
    ASSERT_EQ(all.frames.size(), 2U);
    EXPECT_TRUE(same(all.frames[0], whole.frames[0]));
    EXPECT_TRUE(same(all.frames[1], whole.frames[2]));
    EXPECT_THAT(all.left_out, Contains(Field(&LeftOut::where, "FILE, frame 1")));
}

TEST(QeOutputFile, cut_anywhere_it_keeps_complete_steps_and_says_that_it_ends_early) {
    for (const std::string name : {"relax.out", "vc_md.out"}) {
        const auto text = golden(name);
        const auto whole = read(text).frames;
        const auto end = text.find("JOB DONE.");
        for (std::size_t at = text.find('\n', text.find("Program PWSCF")); at < end; at = text.find('\n', at + 1)) {
            const auto cut = read(text.substr(0, at));
            ASSERT_LE(cut.frames.size(), whole.size());
            for (std::size_t k = 0; k < cut.frames.size(); ++k) ASSERT_TRUE(same(cut.frames[k], whole[k])) << name << " cut at " << at;
            ASSERT_FALSE(cut.left_out.empty());
            EXPECT_THAT(cut.left_out.back().why, ::testing::AnyOf(HasSubstr("no JOB DONE"), HasSubstr("no total energy")));
        }
    }
}

TEST(QeOutputFile, without_any_one_line_labels_are_the_same_or_absent) {
    const auto text = golden("relax.out");
    const auto whole = read(text).frames;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = text.find('\n', begin) + 1;
        const auto line = text.substr(begin, end - begin);
        const auto rest = text.substr(0, begin) + text.substr(end);
        begin = end;
        if (line.find("Program PWSCF") != std::string::npos) continue;  // then it is refused as a whole
        const auto all = read(rest);
        for (const auto& frame : all.frames) {
            SCOPED_TRACE(line);
            const auto origin = std::ranges::find_if(whole, [&](const Frame& f) { return f.labels.energy == frame.labels.energy; });
            ASSERT_NE(origin, whole.end());
            expect_alike(frame, *origin, 5e-5);  // without celldm the lattice parameter has four decimals
        }
    }
}

TEST(QeOutputFile, a_run_out_of_time_keeps_its_steps_and_says_so) {
    const auto all = read(golden("late.out"));
    EXPECT_EQ(all.frames.size(), 2U);
    EXPECT_THAT(all.left_out, Contains(says("time limit")));
}

TEST(QeOutputFile, a_run_that_died_of_an_error_is_named_with_its_words) {
    auto text = golden("relax.out");
    text =
        text.substr(0, text.find("convergence has been achieved", text.find("number of scf cycles"))) +
        "\n %%%%%%%%%%%%\n     Error in routine c_bands (1):\n     too many bands are not converged\n %%%%%%%%%%%%\n\n     stopping ...\n";
    const auto all = read(text);
    EXPECT_EQ(all.frames.size(), 1U);
    EXPECT_THAT(all.left_out, Contains(says("too many bands are not converged")));
}

TEST(QeOutputFile, a_band_structure_run_has_no_label_and_is_named) {
    const auto all = read(golden("bands.out"));
    EXPECT_EQ(all.frames.size(), 1U);
    EXPECT_THAT(all.left_out, Contains(says("band structure")));
    const auto text = golden("bands.out");
    EXPECT_THAT(read(text.substr(text.find("JOB DONE."))).left_out, Contains(says("band structure")));
}

TEST(QeOutputFile, an_output_without_its_head_is_named_also_before_a_whole_one) {
    const auto text = golden("grimme.out");
    const auto rest = text.substr(text.find("     bravais-lattice index"));
    ASSERT_LT(rest.size(), text.size());
    const auto alone = read(rest), before = read(rest + text);
    EXPECT_THAT(alone.frames, IsEmpty());
    EXPECT_THAT(alone.left_out, Contains(says("the head of this output of pw.x is missing")));
    EXPECT_EQ(before.frames.size(), read(text).frames.size());
    EXPECT_THAT(before.left_out, Contains(says("the head of this output of pw.x is missing")));
}

TEST(QeOutputFile, several_runs_in_one_file_have_their_own_species_and_functionals) {
    const auto all = read(golden("md.out") + golden("grimme.out") + golden("hybrid.out"));
    ASSERT_EQ(all.frames.size(), 6U);
    EXPECT_EQ(all.frames[2].structure.numbers, (std::vector<int>{3, 3}));
    EXPECT_EQ(all.frames[3].structure.numbers, (std::vector<int>{1, 1}));
    EXPECT_FALSE(all.frames[2].info.contains("dispersion"));
    EXPECT_EQ(all.frames[3].info.at("dispersion"), "DFT-D2");
    EXPECT_EQ(all.frames[3].info.at("functional"), "PBE");
    EXPECT_FALSE(all.frames[4].info.contains("dispersion"));
    // A killed one before it.
    const auto killed = golden("md.out").substr(0, 9000);
    EXPECT_EQ(read(killed + golden("grimme.out")).frames.back().structure.numbers[0], 1);
}

TEST(QeOutputFile, outputs_of_several_processes_mixed_line_by_line_give_no_label) {
    std::istringstream lines(golden("high.out"));
    std::string twice;
    for (std::string line; std::getline(lines, line);) twice += line + "\n" + line + "\n";
    const auto all = read(twice);
    EXPECT_THAT(all.frames, IsEmpty());
    EXPECT_THAT(all.left_out, ::testing::Not(IsEmpty()));
}

TEST(QeOutputFile, outputs_of_other_programs_are_refused_by_name) {
    const auto refusal = [](const std::string& program) {
        return read("\n     Program " + program + " v.7.2 starts on  1Jan2026 at 10: 0: 0\n     unit-cell volume = 3\n JOB DONE.\n")
            .left_out.at(0)
            .why;
    };
    EXPECT_THAT(refusal("PHONON"), HasSubstr("ph.x"));
    EXPECT_THAT(refusal("NEB"), HasSubstr("neb.x"));
    EXPECT_THAT(refusal("CP"), HasSubstr("cp.x"));
    EXPECT_THAT(refusal("NEW"), HasSubstr("NEW"));
    EXPECT_THAT(tests::fault("qe-output", "nothing\n"), HasSubstr("no output of pw.x"));
    // Theirs between two of pw.x is passed over.
    EXPECT_EQ(
        read(golden("grimme.out") + "     Program PHONON v.6.7 starts on 1Jan2026\n!    total energy = -1.0 Ry\n" + golden("grimme.out"))
            .frames.size(),
        2U);
}

TEST(QeOutputFile, numbers_that_cannot_be_read_leave_the_step_out) {
    const auto force = "     atom    2 type  1   force =";
    auto text = golden("high.out");
    const auto at = text.find(force);
    text.replace(at, text.find('\n', at) - at, std::string(force) + "  **************  0.00000000  0.00000000");
    EXPECT_THAT(read(text).left_out, Contains(says("atom    2")));
    auto energy = golden("high.out");
    const auto bang = energy.find("\n!    total energy");
    energy.replace(bang, energy.find('\n', bang + 1) - bang, "\n!    total energy              = ************* Ry");
    EXPECT_THAT(read(energy).left_out, Contains(says("total energy")));
    EXPECT_THAT(read(energy).frames, IsEmpty());
}

TEST(QeOutputFile, warnings_of_pw_reach_the_reader) {
    const auto text =
        with(golden("md.out"), "     Exchange-correlation=",
             "     Message from routine set_vdw_corr:\n     WARNING: unknown vdw correction (vdw_corr): d3. No vdw correction used.\n"
             "     Exchange-correlation=");
    EXPECT_THAT(read(text).warnings, Contains(HasSubstr("No vdw correction used")));
    EXPECT_THAT(read(golden("md.out")).warnings, IsEmpty());
}

TEST(QeOutputFile, a_functional_that_pw_made_up_of_an_unknown_name_is_named) {
    const auto text = with(with(golden("high.out"), "Exchange-correlation= PBE", "Exchange-correlation= PBE-D3"), "(   1   4   3   4",
                           "(   0   0   3   4");
    EXPECT_THAT(read(text).warnings, Contains(HasSubstr("PBE-D3")));
}

// After pw.x 7.2 and, in parts that differ, 5.4: only what the reader looks at.
std::string own_output(const std::string& version, const std::string& label, const std::string& pseudopotential, const std::string& mass) {
    return "\n     Program PWSCF v." + version + " starts on 12Aug2024 at 13:58:39 \n\n" +
           "     bravais-lattice index     =            0\n     lattice parameter (alat)  =      10.0000  a.u.\n"
           "     unit-cell volume          =    1000.0000 (a.u.)^3\n     number of atoms/cell      =            2\n"
           "     number of Kohn-Sham states=            8\n     scf convergence threshold =      1.0E-06\n"
           "     Exchange-correlation= SLA PW PBX PBC\n                           (   1   4   3   4   0   0   0)\n\n"
           "     celldm(1)=  10.000000  celldm(2)=   0.000000  celldm(3)=   0.000000\n\n"
           "     crystal axes: (cart. coord. in units of alat)\n               a(1) = (   1.000000   0.000000   0.000000 )  \n"
           "               a(2) = (   0.000000   1.000000   0.000000 )  \n               a(3) = (   0.000000   0.000000   1.000000 )  \n\n"
           "     atomic species   valence    mass     pseudopotential\n        " +
           label + "             8.00    " + mass + "     " + pseudopotential +
           "( 1.00)\n        O              6.00    15.99900     O ( 1.00)\n\n" +
           "   Cartesian axes\n\n     site n.     atom                  positions (alat units)\n         1        " + label +
           "    tau(   1) = (   0.0000000   0.0000000   0.0000000  )\n"
           "         2        O      tau(   2) = (   0.2500000  -0.1000000  -0.0000001  )\n\n     number of k points=     1\n\n"
           "     End of self-consistent calculation\n\n!    total energy              =     -65.45703298 Ry\n"
           "     estimated scf accuracy    <          4.2E-08 Ry\n\n     convergence has been achieved in   9 iterations\n\n"
           "     Forces acting on atoms (cartesian axes, Ry/au):\n\n     atom    1 type  1   force =    -0.10000000-10.00000000    "
           "0.00000000\n"
           "     atom    2 type  2   force =     0.10000000   10.00000000    0.00000000\n\n     Total force =     0.1     Total SCF "
           "correction =  0.0\n\n"
           "          total   stress  (Ry/bohr**3)                   (kbar)     P=       -3.45\n"
           "  -0.00000100   0.00000000   0.00000000           -0.15        0.00        0.00\n"
           "   0.00000000  -0.00000200   0.00000000            0.00       -0.29        0.00\n"
           "   0.00000000   0.00000000  -0.00000300            0.00        0.00       -0.44\n\n";
}

std::string second_step(const std::string& cards, const std::string& energy) {
    return "     BFGS Geometry Optimization\n\n" + cards +
           "\n     Self-consistent Calculation\n\n!    total energy              =     " + energy +
           " Ry\n     estimated scf accuracy    <          4.2E-08 Ry\n\n     convergence has been achieved in   4 iterations\n\n"
           "     Forces acting on atoms (cartesian axes, Ry/au):\n\n     atom    1 type  1   force =     0.00000000    0.00000000    "
           "0.00000000\n"
           "     atom    2 type  2   force =     0.00000000    0.00000000    0.00000000\n\n     Total force =     0.0\n\n";
}

const std::string end_of_job = "     PWSCF        :      0.06s CPU      0.07s WALL\n\n   JOB DONE.\n";

TEST(QeOutputFile, release_7_is_read) {
    const auto all = read(own_output("7.3.1", "Fe1", "Fe", "55.84500") + end_of_job);
    EXPECT_THAT(all.left_out, IsEmpty());
    ASSERT_EQ(all.frames.size(), 1U);
    const auto& frame = all.frames[0];
    EXPECT_EQ(frame.structure.numbers, (std::vector<int>{26, 8}));
    EXPECT_EQ(frame.info.at("program"), "PWSCF 7.3.1");
    EXPECT_EQ(frame.info.at("functional"), "SLA PW PBX PBC");
    EXPECT_LT((frame.structure.positions[1] / units::bohr - Vec3(2.5, -1, -1e-6)).norm(), 1e-12);
    EXPECT_LT(((*frame.labels.forces)[0] * units::bohr / units::rydberg - Vec3(-0.1, -10, 0)).norm(), 1e-12);  // columns touch
    EXPECT_NEAR((*frame.labels.stress)(2, 2), 3e-6 * units::rydberg / std::pow(units::bohr, 3), 1e-15);        // positive in tension
    EXPECT_NEAR(*frame.labels.energy, -65.45703298 * units::rydberg, 1e-12);
}

TEST(QeOutputFile, cells_and_positions_are_read_in_every_unit) {
    const double b = units::bohr;
    struct Case {
        std::string cards;
        double edge;    // angstrom
        Vec3 position;  // angstrom
    };
    const std::vector<Case> cases{
        {"     new unit-cell volume =   1331.00000 a.u.^3 (   197.23492 Ang^3 )\nCELL_PARAMETERS (alat= 10.00000000)\n   1.1 0 0\n   0 1.1 "
         "0\n   0 0 1.1\n\n"
         "ATOMIC_POSITIONS (crystal)\nFe1 0 0 0 0 0 0\nO 0.5 0.25 -0.1\n",
         11 * b, Vec3(5.5, 2.75, -1.1) * b},
        {"CELL_PARAMETERS (angstrom)\n   5.0 0 0\n   0 5.0 0\n   0 0 5.0\n\nATOMIC_POSITIONS (angstrom)\nFe1 0 0 0\nO 1.0 2.0-3.0\n",
         5,
         {1, 2, -3}},
        {"CELL_PARAMETERS (bohr)\n   9.0 0 0\n   0 9.0 0\n   0 0 9.0\n\nATOMIC_POSITIONS (bohr)\nFe1 0 0 0\nO 1 2 3\n", 9 * b,
         Vec3(1, 2, 3) * b},
        {"ATOMIC_POSITIONS (alat)\nFe1 0 0 0\nO 0.1 0.2 0.3   1   1   0\n", 10 * b, Vec3(1, 2, 3) * b},
        {"ATOMIC_POSITIONS {bohr}\nFe1 0 0 0\nO 1 2 3\n", 10 * b, Vec3(1, 2, 3) * b},
    };
    for (const auto& each : cases) {
        SCOPED_TRACE(each.cards);
        auto text = own_output("7.2", "Fe1", "Fe", "55.84500") + second_step(each.cards, "-65.5");
        // The header's volume is not that of these cells: pw.x tells the new one.
        if (each.cards.find("volume") == std::string::npos && each.edge != 10 * b)
            text.insert(text.find("CELL_PARAMETERS"),
                        "     new unit-cell volume = " + std::to_string(std::pow(each.edge / b, 3)) + " a.u.^3\n");
        const auto all = read(text + end_of_job);
        ASSERT_EQ(all.frames.size(), 2U);
        EXPECT_NEAR(all.frames[1].structure.cell.vector(1)[1], each.edge, 1e-12);
        EXPECT_LT((all.frames[1].structure.positions[1] - each.position).norm(), 1e-12);
        EXPECT_NEAR(*all.frames[1].labels.energy, -65.5 * units::rydberg, 1e-12);
        EXPECT_NEAR(all.frames[0].structure.cell.vector(1)[1], 10 * b, 1e-12);
    }
}

TEST(QeOutputFile, releases_5_and_svn_builds_are_read) {
    EXPECT_EQ(read(own_output("6.1 (svn rev. 13369)", "Li", "Li", "6.94000") + end_of_job).frames.at(0).info.at("program"), "PWSCF 6.1");
    auto old = own_output("5.4.0", "Li", "Li", "6.94000") + end_of_job;
    old = with(old, "Exchange-correlation= SLA PW PBX PBC\n                           (   1   4   3   4   0   0   0)",
               "Exchange-correlation      =  SLA  PW   PBX  PBC ( 1  4  3  4 0 0)");
    old = with(old, "scf convergence threshold =", "convergence threshold     =");
    old = with(old, "Forces acting on atoms (cartesian axes, Ry/au):", "Forces acting on atoms (Ry/au):");
    const auto all = read(old);
    ASSERT_EQ(all.frames.size(), 1U);
    EXPECT_EQ(all.frames[0].info.at("functional"), "SLA PW PBX PBC");
    EXPECT_EQ(all.frames[0].labels.forces->size(), 2U);
}

TEST(QeOutputFile, a_cell_of_another_volume_than_printed_is_left_out) {
    const auto text = with(own_output("7.2", "Li", "Li", "6.94000"), "1000.0000 (a.u.)^3", "2000.0000 (a.u.)^3") + end_of_job;
    EXPECT_THAT(read(text).left_out, Contains(says("volume")));
}

TEST(QeOutputFile, species_are_known_by_pseudopotential_label_or_mass) {
    const auto number = [](const std::string& label, const std::string& pseudopotential, const std::string& mass) {
        const auto all = read(own_output("7.2", label, pseudopotential, mass) + end_of_job);
        return all.frames.empty() ? 0 : all.frames[0].structure.numbers[0];
    };
    EXPECT_EQ(number("Fe1", "Fe", "55.84500"), 26);
    EXPECT_EQ(number("H_up", "H", "1.00800"), 1);
    EXPECT_EQ(number("Li-2", "Li", "6.94000"), 3);
    EXPECT_EQ(number("Fe2", "??", "55.84500"), 26);
    EXPECT_EQ(number("X1", "Ni", "58.69300"), 28);
    EXPECT_EQ(number("X1", "??", "207.20000"), 82);
    EXPECT_EQ(number("X1", "??", "999.00000"), 0);
    ReadOptions named;
    named.type_names = {"Li", "O"};
    EXPECT_EQ(read(own_output("7.2", "X1", "??", "1.5") + end_of_job, "qe-output", named).frames.at(0).structure.numbers[0], 3);
    const auto other = read(own_output("7.2", "Fe", "Co", "55.84500") + end_of_job);
    EXPECT_EQ(other.frames.at(0).structure.numbers[0], 27);
    EXPECT_THAT(other.warnings, Contains(HasSubstr("pseudopotential of Co")));
}

TEST(QeOutputFile, parts_that_are_missing_are_named) {
    const auto text = own_output("7.2", "Li", "Li", "6.94000") + end_of_job;
    EXPECT_THAT(read(with(text, "a(2) = (", "")).left_out, Contains(says("no cell")));
    EXPECT_THAT(read(with(text, "tau(   2) =", "")).left_out, Contains(says("1 of 2 atoms")));
    EXPECT_THAT(read(with(text, "atom    2 type", "")).left_out, Contains(says("forces on 1 of 2")));
    const auto energy_only = text.substr(0, text.find("     Forces acting")) + end_of_job;
    const auto all = read(energy_only);
    ASSERT_EQ(all.frames.size(), 1U);
    EXPECT_FALSE(all.frames[0].labels.forces.has_value());
}

TEST(QeXmlFile, steps_are_those_of_the_text) {
    const auto text = read(golden("vc_relax.out")).frames;
    const auto all = read(golden("vc_relax.xml"), "qe-xml");
    ASSERT_EQ(all.frames.size(), text.size());
    for (std::size_t k = 0; k < text.size(); ++k) {
        SCOPED_TRACE(k);
        expect_alike(all.frames[k], text[k]);
        EXPECT_TRUE(all.frames[k].labels.forces.has_value());
    }
    EXPECT_TRUE(all.frames.back().labels.stress.has_value());
    EXPECT_FALSE(all.frames.front().labels.stress.has_value());
    EXPECT_EQ(all.frames[0].info.at("program"), "PWSCF 6.7MaX");
    EXPECT_EQ(all.frames[0].info.at("functional"), "PBE");
}

TEST(QeXmlFile, forces_on_held_atoms_are_zeros_there_and_left_out) {
    const auto all = read(golden("relax.xml"), "qe-xml");
    const auto text = read(golden("relax.out")).frames;
    // <output> has the energy of the third step beside positions of a fourth that was never computed.
    ASSERT_EQ(all.frames.size(), 3U);
    for (std::size_t k = 0; k < 3; ++k) {
        expect_alike(all.frames[k], text[k]);
        EXPECT_FALSE(all.frames[k].labels.forces.has_value());
    }
    EXPECT_THAT(all.warnings, Contains(HasSubstr("held")));
    EXPECT_GT((*text[0].labels.forces)[0].norm(), 0.01);
    EXPECT_TRUE(all.frames[2].labels.stress.has_value());
}

TEST(QeXmlFile, unconverged_band_and_damaged_ones_are_named) {
    const auto loose = read(golden("loose.xml"), "qe-xml");
    EXPECT_EQ(loose.frames.size(), 2U);
    EXPECT_THAT(loose.left_out, Contains(says("conv_thr")));
    const auto xml = golden("vc_relax.xml");
    EXPECT_THAT(read(with(xml, "<convergence_achieved>true", "<convergence_achieved>false"), "qe-xml").left_out,
                Contains(says("NOT achieved")));
    const auto bands = read(with(xml, "<calculation>vc-relax", "<calculation>bands"), "qe-xml");
    EXPECT_THAT(bands.frames, IsEmpty());
    EXPECT_THAT(bands.left_out, Contains(says("band structure")));
    const auto cut = read(xml.substr(0, xml.find("<step n_step=\"3\">") + 200), "qe-xml");
    EXPECT_EQ(cut.frames.size(), 2U);
    EXPECT_THAT(cut.left_out, Contains(says("damaged")));
    EXPECT_THAT(tests::fault("qe-xml", "<a/>"), HasSubstr("no XML file of pw.x"));
}

TEST(QeXmlFile, single_points_of_the_labeller_are_read) {
    const auto all = read(base::read_file(folder.parent_path() / "lih.xml"), "qe-xml");
    ASSERT_EQ(all.frames.size(), 1U);
    EXPECT_EQ(all.frames[0].structure.numbers, (std::vector<int>{1, 3}));
    EXPECT_TRUE(all.frames[0].labels.stress.has_value());
    EXPECT_EQ(all.frames[0].labels.forces->size(), 2U);
}

TEST(QeFormats, common_names_are_recognised_by_content) {
    const auto place = fs::path(::testing::TempDir()) / "alkali_qe_formats";
    fs::create_directories(place);
    base::write_file(place / "slurm-12.out", "hello\n\n" + golden("md.out"));
    base::write_file(place / "train.log", "epoch 1\n");
    base::write_file(place / "other.xml", "<a/>\n");
    base::write_file(place / "data-file-schema.xml", golden("vc_relax.xml"));
    EXPECT_EQ(detect_format(place / "slurm-12.out"), "qe-output");
    EXPECT_EQ(detect_format(place / "data-file-schema.xml"), "qe-xml");
    EXPECT_THROW((void)detect_format(place / "train.log"), InputError);
    EXPECT_THROW((void)detect_format(place / "other.xml"), InputError);
    EXPECT_THROW((void)detect_format(place / "to_be_written.out"), InputError);
    EXPECT_EQ(read_frames(place / "slurm-12.out").size(), 3U);
    fs::remove_all(place);
}

TEST(QeXmlFile, label_mass_and_pseudopotential_that_contradict_each_other_are_named) {
    const auto text = base::read_file(folder.parent_path() / "lih.xml");
    const auto lithium = [&](std::string label, const std::string& mass, const std::string& file) {
        auto changed = text;
        for (std::size_t at = 0; (at = changed.find("name=\"Li\"", at)) != std::string::npos; ++at)
            changed.replace(at, 9, "name=\"" + label + "\"");
        const auto begin = changed.find("<species name=\"" + label + "\"");
        const auto species = changed.find("<mass>", begin);
        changed.replace(species, changed.find("</mass>", species) - species, "<mass>" + mass);
        const auto pseudo = changed.find("<pseudo_file>", begin);
        changed.replace(pseudo, changed.find("</pseudo_file>", pseudo) - pseudo, "<pseudo_file>" + file);
        const auto all = read(changed, "qe-xml");
        return std::pair(all.frames.at(0).structure.numbers[1], all.warnings.size());
    };
    EXPECT_EQ(lithium("Li", "6.94", "Li.UPF"), std::pair(3, std::size_t{0}));
    EXPECT_EQ(lithium("Li", "6.94", "pbe-n.UPF"), std::pair(3, std::size_t{0}));
    EXPECT_EQ(lithium("Li", "6.94", "Pbesol.UPF"), std::pair(3, std::size_t{0}));
    EXPECT_EQ(lithium("B", "6.94", "Li.UPF"), std::pair(3, std::size_t{1}));
    EXPECT_EQ(lithium("Li", "6.94", "na_pbe_v1.uspp.F.UPF"), std::pair(11, std::size_t{1}));
    EXPECT_EQ(lithium("B", "6.94", "potential.UPF"), std::pair(5, std::size_t{1}));
    EXPECT_EQ(lithium("X1", "6.94", "potential.UPF"), std::pair(3, std::size_t{0}));
}

TEST(QeXmlFile, what_nobody_asks_for_may_be_of_any_size) {
    const auto text = with(base::read_file(folder.parent_path() / "lih.xml"), "</output>",
                           "<eigenvalues>" + std::string(1 << 20, ' ') + "</eigenvalues></output>");
    EXPECT_EQ(read(text, "qe-xml").frames.size(), 1U);
}

}  // namespace
}  // namespace alkali::io::quantum_espresso_tests
