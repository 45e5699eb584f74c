// Runs of VASP that ended badly, mixed methods, or print less than usual.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/tests/text_frames.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::io::vasp_runs_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::fault, tests::read_text, tests::with;

const std::filesystem::path golden = std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden";

std::string file(const std::string& name) { return base::read_file(golden / "cases/vasp" / name); }

/// All that a text gives.
struct Read {
    std::vector<Frame> frames;
    std::vector<LeftOut> left_out;
    std::vector<std::string> warnings;

    [[nodiscard]] std::vector<std::size_t> indices() const {
        std::vector<std::size_t> result;
        for (const auto& frame : frames) result.push_back(frame.index);
        return result;
    }
    [[nodiscard]] std::string left_out_text() const {
        std::string text;
        for (const auto& part : left_out) text += part.where + ": " + part.why + "\n";
        return text;
    }
};

Read read(const std::string& format, const std::string& text, ReadOptions options = {}) {
    options.format = format;
    const auto reader = open_reader(std::make_unique<std::istringstream>(text), "FILE", options);
    Read result;
    Frame frame;
    for (bool more = true; more;) {
        more = reader->next(frame);
        const auto notes = reader->notes();
        result.left_out.insert(result.left_out.end(), notes.left_out.begin(), notes.left_out.end());
        if (!more) break;
        result.warnings.insert(result.warnings.end(), notes.warnings.begin(), notes.warnings.end());
        result.frames.push_back(frame);
    }
    return result;
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    return text;
}

/// The text up to the n-th (from 1) occurrence of a mark.
std::string up_to(const std::string& text, const std::string& mark, int n = 1) {
    std::size_t at = text.find(mark);
    for (int i = 1; i < n; ++i) at = text.find(mark, at + 1);
    return text.substr(0, at);
}

TEST(OutcarRun, a_step_that_used_up_NELM_is_left_out_and_named) {
    const auto result = read("outcar", file("outcar-unconverged5.OUTCAR"));
    EXPECT_THAT(result.indices(), ElementsAre(0, 2));
    EXPECT_EQ(*result.frames[1].labels.energy, -1.40931479);
    EXPECT_EQ(result.left_out_text(), "FILE, frame 1: the electrons did not converge within NELM = 8 steps\n");
}

TEST(OutcarRun, the_last_step_may_be_the_unconverged_one) {
    const auto text = file("outcar-unconverged5.OUTCAR");
    const auto result = read("outcar", up_to(text, "Iteration      3(   1)"));
    EXPECT_THAT(result.indices(), ElementsAre(0));
    EXPECT_THAT(result.left_out, SizeIs(1));
}

TEST(OutcarRun, what_VASP_itself_calls_unconverged_is_left_out) {
    const auto text = with(file("outcar-unconverged5.OUTCAR"), "NELM   =      8", "NELM   =     80");
    EXPECT_THAT(read("outcar", text).indices(), ElementsAre(0, 1, 2));
    for (const char* said : {"aborting loop EDIFF was not reached (unconverged)", "aborting loop because hard stop was set"}) {
        const auto result = read("outcar", with(text, "aborting loop because EDIFF is reached", said));
        EXPECT_THAT(result.indices(), ElementsAre(1, 2)) << said;
        EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 0: the electrons did not converge")) << said;
    }
}

TEST(OutcarRun, steps_in_a_charge_density_that_is_kept_are_no_labels) {
    const auto text = file("outcar-isif1.OUTCAR");
    const auto charge = [&](const std::string& icharg) {
        return read("outcar", with(text, "   NELM ", "   ICHARG =" + icharg + "    charge: 1-file 2-atom 10-const\n   NELM "));
    };
    for (const char* kept : {"     11", "     10", "12"}) {
        const auto result = charge(kept);
        EXPECT_THAT(result.frames, IsEmpty()) << kept;
        EXPECT_THAT(result.left_out, SizeIs(3)) << kept;
        EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 0: ICHARG = ")) << kept;
    }
    for (const char* made : {"      0", "      1", "      2", "      4"}) EXPECT_THAT(charge(made).frames, SizeIs(3)) << made;
    // Of a run behind it the charge is its own.
    const auto both = read("outcar", with(file("outcar-concatenated.OUTCAR"), "   NELM ", "   ICHARG =     11\n   NELM "));
    EXPECT_THAT(both.indices(), ElementsAre(1));
}

TEST(VasprunRun, steps_in_a_charge_density_that_is_kept_are_no_labels) {
    const auto text = base::read_file(golden / "readers/vasprun.xml");
    const auto frames = read("vasprun", text).frames.size();
    ASSERT_GT(frames, 0U);
    for (const char* part : {"incar", "parameters"}) {
        const auto charge = [&](const std::string& icharg) {
            return read("vasprun", with(text, "<atominfo>",
                                        fmt::format("<{0}><i type=\"int\" name=\"ICHARG\">{1}</i></{0}><atominfo>", part, icharg)));
        };
        const auto kept = charge("    11");
        EXPECT_THAT(kept.frames, IsEmpty()) << part;
        EXPECT_THAT(kept.left_out, SizeIs(frames)) << part;
        EXPECT_THAT(kept.left_out_text(), HasSubstr("frame 0: ICHARG = 11")) << part;
        EXPECT_THAT(charge("     2").frames, SizeIs(frames)) << part;
    }
}

TEST(OutcarRun, NELMIN_and_NELMDL_are_not_NELM) {
    const auto text =
        with(file("outcar-unconverged5.OUTCAR"), "NELM   =      8;   NELMIN=  2", "NELMIN = 3; NELMDL = 2; NELM = 8; NELMGW= 1");
    EXPECT_THAT(read("outcar", text).indices(), ElementsAre(0, 2));
}

TEST(OutcarRun, predictions_of_a_machine_learned_force_field_are_no_labels) {
    const auto result = read("outcar", file("outcar-ml-hybrid.OUTCAR"));
    EXPECT_THAT(result.indices(), ElementsAre(1, 4));
    EXPECT_EQ(*result.frames[0].labels.energy, -1.36584346);
    EXPECT_EQ(*result.frames[1].labels.energy, -1.40931479);
    EXPECT_NEAR((*result.frames[1].labels.stress)(0, 0), -58.79710 / units::kbar_per_ev_per_angstrom3, 1e-12);
    EXPECT_THAT(result.left_out, SizeIs(3));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 3: a prediction"));
}

TEST(OutcarRun, predictions_alone_give_no_frame) {
    const auto text = file("outcar-ml-hybrid.OUTCAR");
    const auto alone = up_to(text, "--------------------------------------- Iteration      1(   1)");
    EXPECT_THAT(read("outcar", alone).frames, IsEmpty());
    EXPECT_THAT(
        read("outcar", replace_all(alone, "free  energy ML TOTEN  =        -0.66584346", "free  energy ML TOTEN  =         0.00000000"))
            .frames,
        IsEmpty());
    const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_predictions" / "OUTCAR";
    base::write_file(path, alone);
    try {
        static_cast<void>(read_frames(path));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("frame 0: left out: a prediction"));
    }
    std::filesystem::remove_all(path.parent_path());
}

TEST(OutcarRun, the_stress_of_ISIF_0_and_1_is_no_label) {
    const auto text = file("outcar-isif1.OUTCAR");
    const auto one = read("outcar", text);
    ASSERT_THAT(one.frames, SizeIs(3));
    EXPECT_FALSE(one.frames[0].labels.stress);
    EXPECT_THAT(one.warnings, SizeIs(3));
    EXPECT_THAT(one.warnings[0], HasSubstr("ISIF = 1"));
    EXPECT_THAT(read("outcar", with(text, "ISIF   =      1", "ISIF   =      0")).warnings[0], HasSubstr("ISIF = 0"));
    for (const char* kind : {"ISIF   =      2", "ISIF   =      3", "ISIF   =      8"})
        EXPECT_TRUE(read("outcar", with(text, "ISIF   =      1", kind)).frames[0].labels.stress) << kind;
}

TEST(OutcarRun, without_stress_in_the_file_there_is_nothing_to_tell) {
    const auto result =
        read("outcar", replace_all(with(file("outcar-isif1.OUTCAR"), "ISIF   =      1", "ISIF   =      0"), "  in kB  ", "  -----  "));
    EXPECT_THAT(result.frames, SizeIs(3));
    EXPECT_THAT(result.warnings, IsEmpty());
}

TEST(OutcarRun, runs_one_behind_the_other_have_species_of_their_own) {
    const auto text = file("outcar-concatenated.OUTCAR");
    const auto result = read("outcar", text);
    ASSERT_THAT(result.frames, SizeIs(2));
    EXPECT_EQ(result.frames[0].structure.numbers, std::vector<int>(4, 3));
    EXPECT_EQ(result.frames[1].structure.numbers, std::vector<int>(4, 13));
    // The same without the line of the version, and with an interrupted first run.
    const auto second = text.rfind(" vasp.6");
    const auto end = text.find('\n', second);
    EXPECT_EQ(read("outcar", text.substr(0, second) + text.substr(end)).frames.at(1).structure.numbers[0], 13);
    for (const char* between : {"\n", "", "     -0.04\n", "     -0.04"}) {
        const auto broken = read("outcar", up_to(text, "1.91684     -0.04709") + between + text.substr(second));
        ASSERT_THAT(broken.frames, SizeIs(1)) << between;
        EXPECT_EQ(broken.frames[0].structure.numbers[0], 13) << between;
        EXPECT_THAT(broken.left_out_text(), HasSubstr("FILE, frame 0: the run ends")) << between;
    }
}

TEST(OutcarRun, runs_of_different_sizes_follow_each_other) {
    const auto result = read("outcar", file("outcar-concatenated.OUTCAR") + base::read_file(golden / "readers/OUTCAR"));
    ASSERT_THAT(result.frames, SizeIs(4));
    EXPECT_THAT(result.frames[3].structure.numbers, ElementsAre(3, 3, 8));
    EXPECT_EQ(result.frames[3].index, 3u);
}

TEST(OutcarRun, an_eleventh_number_of_ions_follows_from_NIONS) {
    const auto frame = read("outcar", file("types11.OUTCAR")).frames.at(0);
    EXPECT_EQ(frame.structure.size(), 11u);
    EXPECT_EQ(frame.structure.numbers.back(), 13);
}

TEST(OutcarRun, numbers_of_ions_may_go_on_in_a_further_line) {
    const auto text = file("types11.OUTCAR");
    for (const char* more : {"   ions per type =               1\n", "                                   1\n"})
        EXPECT_EQ(read("outcar", with(text, "   NELM ", more + std::string("   NELM "))).frames.at(0).structure.numbers.back(), 13);
}

TEST(OutcarRun, numbers_of_ions_that_do_not_add_up_are_refused) {
    const auto text = file("types11.OUTCAR");
    EXPECT_THAT(fault("outcar", with(text, "   VRHFIN =Al", "   VRHFIN =Al: s\n   VRHFIN =Mg")), HasSubstr("NIONS is 11"));
    EXPECT_THAT(fault("outcar", with(file("outcar-isif1.OUTCAR"), "NIONS =      4", "NIONS =      5")),
                HasSubstr("add up to 4, NIONS is 5"));
    // Without NIONS the rows tell.
    const auto counted =
        with(with(file("outcar-isif1.OUTCAR"), "NIONS =      4", "NUMBER OF IONS"), "=               2   2", "=               2   1");
    EXPECT_THAT(fault("outcar", counted), HasSubstr("more positions than the 3 atoms"));
}

TEST(OutcarRun, numbers_of_ions_that_touch_are_told_apart_by_NIONS) {
    // 10 columns of 4 digits, as VASP 5 prints them.
    std::string text =
        with(with(file("outcar-isif1.OUTCAR"), "NIONS =      4", "NIONS =   1998"), "=               2   2", "=             9991 999");
    EXPECT_THAT(fault("outcar", text), HasSubstr("add up to"));
    text = with(with(file("outcar-isif1.OUTCAR"), "NIONS =      4", "NIONS =   1999"), "=               2   2", "=             9991000");
    EXPECT_THAT(fault("outcar", text), HasSubstr("atom 5 has 0 numbers")) << "of 1999, which are not there";
}

TEST(OutcarRun, elements_of_NWRITE_0_stand_in_the_POTCAR_lines) {
    const auto text = file("outcar-nwrite0.OUTCAR");
    EXPECT_THAT(read("outcar", text).frames.at(0).structure.numbers, ElementsAre(3, 13, 13, 3));
    EXPECT_THAT(read("outcar", replace_all(text, "PAW_PBE Li 17", "PAW_PBE Li_sv_GW 17")).frames.at(0).structure.numbers,
                ElementsAre(3, 13, 13, 3));
    const auto none = replace_all(text, "POTCAR:", "potcar:");
    EXPECT_THAT(fault("outcar", none), HasSubstr("--type-names"));
    ReadOptions options;
    options.type_names = {"Na", "Cl", "K"};
    EXPECT_THAT(read("outcar", none, options).frames.at(0).structure.numbers, ElementsAre(11, 17, 17, 19));
    options.type_names = {"Na", "Cl"};
    EXPECT_THROW(static_cast<void>(read("outcar", none, options)), FileError);
}

TEST(OutcarRun, elements_may_stand_in_TITEL_lines_alone) {
    const auto text = replace_all(file("outcar-isif1.OUTCAR"), "VRHFIN =", "-");
    EXPECT_THAT(read("outcar", text).frames.at(0).structure.numbers, ElementsAre(3, 3, 13, 13));
    for (const char* title : {"US H", "PAW_PBE H1.25 07Sep2000", "PAW H_AE", "H  1/r potential"})
        EXPECT_THAT(read("outcar", with(text, "PAW_PBE Li 17Jan2003", title)).frames.at(0).structure.numbers, ElementsAre(1, 1, 13, 13))
            << title;
}

TEST(OutcarRun, names_that_contradict_each_other_are_refused_and_cut_ones_known) {
    const auto text = file("outcar-isif1.OUTCAR");
    EXPECT_THAT(fault("outcar", with(text, "PAW_PBE Li 17", "PAW_PBE Mg 17")), HasSubstr("Li by VRHFIN and Mg by TITEL"));
    const auto zirconium = with(with(text, "VRHFIN =Li", "VRHFIN =r "), "PAW_PBE Li 17", "PAW_PBE Zr_sv 17");
    EXPECT_THAT(read("outcar", zirconium).frames.at(0).structure.numbers, ElementsAre(40, 40, 13, 13));
}

TEST(OutcarRun, steps_without_positions_are_left_out) {
    auto text = base::read_file(golden / "readers/OUTCAR");
    const auto from = text.find(" POSITION "), to = text.find("    total drift", from);
    const auto result = read("outcar", text.erase(from, to - from));
    EXPECT_THAT(result.indices(), ElementsAre(1));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 0: VASP printed no positions"));
}

TEST(OutcarRun, an_interrupted_run_keeps_its_complete_steps) {
    const auto result = read("outcar", file("outcar-interrupted.OUTCAR"));
    EXPECT_THAT(result.indices(), ElementsAre(0, 1));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 2: the file ends"));
}

TEST(OutcarRun, cut_at_any_byte_only_complete_steps_are_kept_and_right) {
    const auto text = base::read_file(golden / "readers/OUTCAR");
    const auto whole = read("outcar", text).frames;
    const auto first = text.find("in kB");
    for (std::size_t at = first; at < text.size(); at += 3) {
        Read result;
        ASSERT_NO_THROW(result = read("outcar", text.substr(0, at))) << at;
        for (std::size_t i = 0; i < result.frames.size(); ++i) {
            EXPECT_EQ(result.frames[i].labels.energy, whole[i].labels.energy) << at;
            EXPECT_EQ(result.frames[i].labels.forces, whole[i].labels.forces) << at;
        }
        EXPECT_LE(result.frames.size() + result.left_out.size(), 2u) << at;
    }
}

TEST(OutcarRun, a_step_with_a_damaged_number_is_named_and_the_next_ones_can_be_read) {
    ReadOptions options;
    const auto text = with(base::read_file(golden / "readers/OUTCAR"), "-0.138655", "*********");
    EXPECT_THAT(fault("outcar", text), HasSubstr("FILE, frame 0"));
    options.unreadable = Unreadable::left_out;
    const auto result = read("outcar", text, options);
    EXPECT_THAT(result.indices(), ElementsAre(1));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 0: line"));
}

TEST(OutcarRun, long_cells_touch_in_their_columns) {
    const auto text = replace_all(base::read_file(golden / "readers/OUTCAR"), "     0.500000000 -1.250000000  6.000000000    -0.0333",
                                  "     0.500000000100.250000000600.000000000    -0.0333");
    EXPECT_EQ(read("outcar", text).frames.at(0).structure.cell.vectors().row(2), Eigen::RowVector3d(0.5, 100.25, 600));
}

TEST(OutcarRun, the_forces_of_a_dispersion_correction_are_the_first_three) {
    auto text =
        with(base::read_file(golden / "readers/OUTCAR"), "TOTAL-FORCE (eV/Angst)", "TOTAL-FORCE (eV/Angst),   FORCE-w/o vdW (eV/Angst)");
    text = with(text, "0.033000\n", "0.033000  9.000000  9.000000  9.000000\n");
    text = with(text, "-13.50000000 eV", "-13.50000000 eV    w/o vdW =       -13.10000000 eV");
    const auto frame = read("outcar", text).frames.at(0);
    EXPECT_EQ(*frame.labels.energy, -13.5);
    EXPECT_EQ((*frame.labels.forces)[0], Vec3(-2.250854, -0.138655, 0.033));
}

std::string vasprun() { return base::read_file(golden / "readers/vasprun.xml"); }
std::string with_parameters(const std::string& parameters) { return with(vasprun(), "<parameters>", "<parameters>" + parameters); }

TEST(VasprunRun, a_step_that_used_up_NELM_is_left_out_and_named) {
    const auto result = read("vasprun", file("run/vasprun.xml"));
    EXPECT_THAT(result.indices(), ElementsAre(0));
    EXPECT_EQ(result.left_out_text(), "FILE, frame 1: the electrons did not converge within NELM = 60 steps\n");
    EXPECT_THAT(read("vasprun", with(file("run/vasprun.xml"), "\"NELM\">60", "\"NELM\">61")).frames, SizeIs(2));
    // The parameters hold before the INCAR.
    EXPECT_THAT(read("vasprun", with(with_parameters("<i name=\"NELM\"> 2</i>"), "<incar>", "<incar><i name=\"NELM\"> 1</i>")).frames,
                SizeIs(2));
}

TEST(VasprunRun, the_NELM_of_response_functions_is_another) {
    const auto text = with_parameters(
        "<separator name=\"electronic\"><i name=\"NELM\"> 60</i></separator><separator name=\"response functions\">"
        "<i type=\"int\" name=\"NELM\">     1</i></separator>");
    EXPECT_THAT(read("vasprun", text).frames, SizeIs(2));
}

TEST(VasprunRun, predictions_of_a_machine_learned_force_field_are_no_labels) {
    const auto learned = with_parameters("<separator name=\"ml\"><i type=\"logical\" name=\"ML_LMLFF\"> T  </i></separator>");
    EXPECT_THAT(read("vasprun", learned).frames, SizeIs(2));
    const auto begin = learned.find("<scstep>"), end = learned.find("</scstep>") + 9;
    const auto result = read("vasprun", learned.substr(0, begin) + learned.substr(end));
    EXPECT_THAT(result.indices(), ElementsAre(1));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 0: a prediction"));
}

TEST(VasprunRun, the_stress_of_ISIF_0_and_1_is_no_label) {
    for (const char* kind : {"0", "1"}) {
        const auto result = read("vasprun", with(vasprun(), "<i name=\"ISIF\">     2", std::string("<i name=\"ISIF\">     ") + kind));
        EXPECT_FALSE(result.frames.at(1).labels.stress);
        EXPECT_THAT(result.warnings.at(0), HasSubstr(std::string("ISIF = ") + kind));
    }
}

TEST(VasprunRun, an_interrupted_run_keeps_its_complete_steps) {
    const auto result = read("vasprun", file("truncated.vasprun.xml"));
    EXPECT_THAT(result.indices(), ElementsAre(0, 1));
    EXPECT_THAT(result.left_out_text(), HasSubstr("FILE, frame 2: the file ends"));
}

TEST(VasprunRun, broken_in_its_midst_it_is_an_error) {
    EXPECT_THAT(fault("vasprun", with(vasprun(), "</scstep>", "</sctep>")), HasSubstr("FILE, frame 0"));
}

TEST(VasprunRun, runs_one_behind_the_other_have_species_of_their_own) {
    const auto other = replace_all(replace_all(vasprun(), "<c>Li</c>", "<c>Na</c>"), "<parameters>", "<parameters><i name=\"ISIF\">1</i>");
    const auto result = read("vasprun", vasprun() + other + "\n" + vasprun());
    EXPECT_THAT(result.indices(), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(result.frames[1].structure.numbers[0], 3);
    EXPECT_EQ(result.frames[3].structure.numbers[0], 11);
    EXPECT_FALSE(result.frames[3].labels.stress);
    EXPECT_TRUE(result.frames[5].labels.stress);
    EXPECT_THAT(result.left_out, IsEmpty());
    EXPECT_THAT(fault("vasprun", vasprun() + "<modeling></b>"), HasSubstr("FILE, frame 2"));
    EXPECT_THAT(read("vasprun", vasprun() + "garbage").left_out_text(), HasSubstr("FILE, frame 2"));
}

TEST(VasprunRun, names_of_elements_that_VASP_cuts_are_known) {
    EXPECT_EQ(read("vasprun", replace_all(vasprun(), "<c>Li</c>", "<c>r </c>")).frames.at(0).structure.numbers[0], 40);
    EXPECT_EQ(read("vasprun", replace_all(vasprun(), "<c>Li</c>", "<c>X </c>")).frames.at(0).structure.numbers[0], 54);
}

TEST(VasprunRun, an_outer_pressure_is_taken_out_of_the_energy) {
    // 120 angstrom^3 at 160.2 kbar are 12 eV.
    const double pressure = units::kbar_per_ev_per_angstrom3 / 10;
    const auto text = with_parameters("<i name=\"PSTRESS\"> " + std::to_string(pressure) + "</i>");
    const auto plain = read("vasprun", text);
    EXPECT_NEAR(*plain.frames.at(0).labels.energy, -13.5, 1e-5);
    const auto last =
        "<energy><i name=\"e_fr_energy\"> -13.50000000 </i><i name=\"e_wo_entrp\"> -13.30000000 </i><i name=\"e_0_energy\"> 0.0";
    const auto result = read("vasprun", with(text, last, with(last, "-13.50000000", "-1.50000000")));
    EXPECT_NEAR(*result.frames.at(0).labels.energy, -13.5, 1e-5);
    EXPECT_THAT(result.warnings.at(0), HasSubstr("PSTRESS"));
    EXPECT_FALSE(result.frames.at(0).labels.stress);
    const auto strange = read("vasprun", with(text, last, with(last, "-13.50000000", "+30.50000000")));
    EXPECT_FALSE(strange.frames.at(0).labels.energy);
}

TEST(VasprunRun, an_outer_pressure_is_taken_out_of_the_energy_with_dispersion_corrections_too) {
    const double pressure = units::kbar_per_ev_per_angstrom3 / 10;  // 12 eV
    const auto last =
        "<energy><i name=\"e_fr_energy\"> -13.50000000 </i><i name=\"e_wo_entrp\"> -13.30000000 </i><i name=\"e_0_energy\"> 0.0";
    for (const char* dispersion : {"<i type=\"int\" name=\"IVDW\"> 11</i>", "<i type=\"logical\" name=\"LVDW\"> T  </i>"}) {
        const auto text = with_parameters("<i name=\"PSTRESS\"> " + std::to_string(pressure) + "</i>" + dispersion);
        // Dispersion, -11.9 eV, hides the 12 eV of the pressure.
        const auto result = read("vasprun", with(text, last, with(last, "-13.50000000", "-13.40000000")));
        EXPECT_NEAR(*result.frames.at(0).labels.energy, -25.4, 1e-5) << dispersion;
        EXPECT_THAT(result.warnings.at(0), HasSubstr("without pressure times volume"));
    }
}

TEST(VasprunRun, of_a_thermodynamic_integration_has_no_labels) {
    const auto scaled = read("vasprun", with_parameters("<i name=\"SCALEE\"> 0.50000000</i>"));
    EXPECT_THAT(scaled.frames, IsEmpty());
    EXPECT_THAT(scaled.left_out_text(), HasSubstr("SCALEE = 0.5"));
    EXPECT_FALSE(read("vasprun", with_parameters("<i name=\"SCALEE\"> 1.00000000</i>")).frames.empty());
}

TEST(OutcarRun, of_a_thermodynamic_integration_has_no_labels) {
    const auto text = file("outcar-isif1.OUTCAR");
    const auto scale = [&](const char* value) {
        return read("outcar", with(text, "   NELM ", fmt::format("   SCALEE =  {}    scale energy and forces\n   NELM ", value)));
    };
    EXPECT_THAT(scale("0.5000").frames, IsEmpty());
    EXPECT_THAT(scale("0.5000").left_out_text(), HasSubstr("SCALEE = 0.5"));
    EXPECT_THAT(scale("1.0000").frames, SizeIs(3));
}

std::string poscar(const std::string& name) { return base::read_file(golden / "cases/poscar" / name); }

TEST(PoscarSpecies, may_stand_behind_the_positions) {
    const auto text = poscar("POSCAR_symbolsend");
    EXPECT_THAT(read("poscar", text).frames.at(0).structure.numbers, ElementsAre(3, 13));
    EXPECT_THAT(read("poscar", replace_all(text, "0 Li", "0 ! Li")).frames.size(), 1u);
    auto selective = with(with(with(text, "Direct", "Selective\nDirect"), "0 Li", "0 T T F Li"), "0.5 Al", "0.5 F F F Al");
    EXPECT_THAT(read("poscar", selective).frames.at(0).structure.numbers, ElementsAre(3, 13));
    // Flags alone are no fluorine.
    selective = with(with(with(text, "Direct", "Selective\nDirect"), "0 Li", "0 F F F"), "0.5 Al", "0.5 F F F");
    EXPECT_THAT(fault("poscar", selective), HasSubstr("does not name its elements"));
    // Atoms of one number with different symbols.
    EXPECT_THAT(fault("poscar", with(text, "1 1", "2")), HasSubstr("does not name its elements"));
}

TEST(PoscarSpecies, that_contradict_each_other_are_named) {
    const auto text = poscar("POSCAR_symbolsend");
    const auto titled = read("poscar", with(text, "some title", "Al Li"));
    EXPECT_THAT(titled.frames.at(0).structure.numbers, ElementsAre(3, 13));
    EXPECT_THAT(titled.warnings.at(0), HasSubstr("the title says Al Li"));
    const auto lined = read("poscar", with(text, "1 1", "Al Li\n1 1"));
    EXPECT_THAT(lined.frames.at(0).structure.numbers, ElementsAre(13, 3));
    EXPECT_THAT(lined.warnings.at(0), HasSubstr("the line of symbols says Al Li"));
    EXPECT_THAT(read("poscar", with(text, "1 1", "Li Al\n1 1")).warnings, IsEmpty());
}

TEST(PoscarSpecies, may_be_broken_over_lines) {
    const auto text = poscar("poscar_wrapped");
    EXPECT_THAT(read("poscar", text).frames.at(0).structure.numbers, ElementsAre(3, 11));
    EXPECT_THAT(read("poscar", with(text, "Li\nNa\n1\n1", "Li\nNa\n1 1")).frames.at(0).structure.numbers, ElementsAre(3, 11));
    EXPECT_THAT(read("poscar", with(text, "Li\nNa\n1\n1", "Li_sv Na_pv ! two\n1 1 ! one of each")).frames.at(0).structure.numbers,
                ElementsAre(3, 11));
    EXPECT_THAT(read("poscar", with(text, "Li\nNa\n1\n1", "1\n1")).frames.at(0).structure.numbers, ElementsAre(3, 11));
}

TEST(PoscarSpecies, and_numbers_of_atoms_must_fit) {
    const auto text = poscar("poscar_wrapped");
    EXPECT_THAT(fault("poscar", with(text, "1\n1", "1")), HasSubstr("fewer numbers of atoms"));
    EXPECT_THAT(fault("poscar", with(text, "1\n1", "1 1 1")), HasSubstr("more numbers of atoms"));
    EXPECT_THAT(fault("poscar", with(text, "1\n1", "2 1")), HasSubstr("position of atom 3"));
    EXPECT_THAT(fault("poscar", text + "0.2 0.2 0.2\n"), HasSubstr("more positions than the 1 + 1 atoms"));
    EXPECT_THAT(fault("poscar", with(text, "Direct\n", "")), HasSubstr("kind of coordinates"));
}

TEST(PoscarSpecies, velocities_may_follow_a_second_structure_not) {
    const auto text = poscar("poscar_wrapped");
    const std::string velocities = "\n 0.1E-02 0.2E-02 0.3E-02\n 0.1E-02 0.2E-02 0.3E-02\n";
    const std::string predictor = "\n    1\n 0.1000000E+01\n 0.0 0.0 0.0 0.0\n 0.1 0.2 0.3\n 0.1 0.2 0.3\n 0.1 0.2 0.3\n 0.1 0.2 0.3\n";
    EXPECT_THAT(read("poscar", text + velocities + predictor).frames.at(0).structure.positions, SizeIs(2));
    EXPECT_THAT(read("poscar", text + "Cartesian" + velocities).frames.at(0).structure.positions, SizeIs(2));
    EXPECT_THAT(fault("poscar", text + text), HasSubstr("a second structure follows"));
}

}  // namespace
}  // namespace alkali::io::vasp_runs_tests
