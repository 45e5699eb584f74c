// What a folder holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/io/format.hpp"
#include "alkali/structure/builders.hpp"

namespace alkali::dataset::files_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path cases = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases";

const std::string frame_text = "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1\nLi 0 0 0 0 0 0\n";

/// Keeps what it is told.
class Told final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override {
        (level == base::LogLevel::warning ? warnings : others) += std::string(message) + "\n";
    }
    std::string warnings, others;
};

class FolderFiles : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("alkali_files_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
        fs::remove_all(folder_);
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void file(const std::string& name, const std::string& content = frame_text) { base::write_file(folder_ / name, content); }
    /// A deepmd system of two frames.
    void system(const std::string& name) {
        io::Frame frame;
        frame.structure = structure::bcc("Li", 3.4);
        frame.labels.energy = -1;
        frame.labels.forces.emplace(frame.structure.size(), Vec3::Zero());
        io::write_frames(folder_ / name, std::vector<io::Frame>{frame, frame}, {"deepmd", {}});
    }
    void link(const std::string& name, const fs::path& target) { fs::create_symlink(target, folder_ / name); }
    [[nodiscard]] std::vector<std::string> names(const std::string& of = ".", const std::string& format = {}) const {
        std::vector<std::string> result;
        for (const auto& path : files_of(folder_ / of, format))
            result.push_back(fs::relative(path, fs::canonical(folder_)).generic_string());
        return result;
    }
    [[nodiscard]] FrameSet loaded(const std::string& of = ".") {
        return load(std::vector<fs::path>{folder_ / of}, {{}, Missing::mask, {}}, told_);
    }

    fs::path folder_;
    Told told_;
};

TEST_F(FolderFiles, links_to_folders_and_files_are_followed_once) {
    system("set/sysA");
    system("elsewhere/sysB");
    file("elsewhere/one.extxyz");
    link("set/sysB", "../elsewhere/sysB");
    link("set/again", "../elsewhere/sysB");
    link("set/same", "sysA");
    link("set/two.extxyz", "../elsewhere/one.extxyz");
    EXPECT_EQ(loaded("set").frames.size(), 5u);
    EXPECT_THAT(names(), ElementsAre("elsewhere/one.extxyz", "elsewhere/sysB", "set/sysA"));
}

TEST_F(FolderFiles, cycles_of_links_end) {
    file("set/a.extxyz");
    file("other/b.extxyz");
    link("set/self", ".");
    link("set/up", "..");
    link("set/root", "/");
    link("set/there", "../other");
    link("other/back", "../set");
    link("other/root", "/");
    EXPECT_EQ(loaded("set").frames.size(), 2u);
}

TEST_F(FolderFiles, a_link_that_leads_nowhere_is_named) {
    file("set/a.extxyz");
    link("set/sysB", "../gone");
    try {
        static_cast<void>(names("set"));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_THAT(error.what(), HasSubstr("sysB"));
    }
}

TEST_F(FolderFiles, extended_XYZ_beside_below_and_above_deepmd_systems_is_read) {
    file("set/above.extxyz");
    system("set/sys");
    file("set/sys/beside.extxyz");
    file("set/sys/deeper/below.extxyz");
    system("set/sys/deeper/nested");
    file("set/sys/set.000/not.extxyz", "of the system");
    file("set/.ipynb_checkpoints/above-checkpoint.extxyz");
    file("set/above.extxyz~");
    EXPECT_THAT(names(), ElementsAre("set/above.extxyz", "set/sys", "set/sys/beside.extxyz", "set/sys/deeper/below.extxyz",
                                     "set/sys/deeper/nested"));
    EXPECT_EQ(loaded().frames.size(), 7u);
    EXPECT_THAT(names(".", "deepmd"), ElementsAre("set/sys", "set/sys/deeper/nested"));
}

TEST_F(FolderFiles, one_VASP_run_is_one_set_of_frames) {
    for (const char* run : {"a", "b"})
        for (const char* name : {"vasprun.xml", "OUTCAR", "POSCAR"})
            file(std::string(run) + "/" + name, base::read_file(cases / "vasp/run" / name));
    file("a/CONTCAR", base::read_file(cases / "vasp/run/POSCAR"));
    file("c/POSCAR", base::read_file(cases / "vasp/run/POSCAR"));
    EXPECT_THAT(names(), ElementsAre("a/vasprun.xml", "b/vasprun.xml", "c/POSCAR"));
    EXPECT_THAT(names(".", "outcar"), ElementsAre("a/OUTCAR", "b/OUTCAR"));
    EXPECT_EQ(loaded("a").frames.size(), 1u);
    EXPECT_THAT(told_.warnings, HasSubstr("vasprun.xml, frame 1: left out: the electrons did not converge"));
    EXPECT_THAT(told_.others, HasSubstr("3 files are passed over"));
}

TEST_F(FolderFiles, of_a_VASP_run_the_best_file_that_is_not_empty_is_read) {
    file("a/vasprun.xml", "");
    file("a/OUTCAR", "x");
    file("b/CONTCAR", "");
    file("b/POSCAR", "x");
    file("c/CONTCAR", "x");
    file("c/POSCAR", "x");
    EXPECT_THAT(names(), ElementsAre("a/OUTCAR", "b/POSCAR", "c/CONTCAR"));
}

TEST_F(FolderFiles, runs_in_one_folder_are_told_apart_by_their_names) {
    for (const char* name : {"OUTCAR.1", "OUTCAR.2", "OUTCAR", "vasprun.xml", "POSCAR", "POSCAR.orig", "vasprun.xml.relax1",
                             "OUTCAR.relax1", "vasprun.static.xml", "OUTCAR.static", "Li_OUTCAR", "Li_vasprun.xml"})
        file(name, name);
    EXPECT_THAT(names(), ElementsAre("Li_vasprun.xml", "OUTCAR.1", "OUTCAR.2", "vasprun.static.xml", "vasprun.xml", "vasprun.xml.relax1"));
}

TEST_F(FolderFiles, separators_about_the_name_of_a_run_tell_no_runs_apart) {
    for (const char* name : {"A.OUTCAR", "A_vasprun.xml", "OUTCAR_static", "vasprun.static.xml", "relax-OUTCAR", "vasprun-relax.xml"})
        file(name, name);
    EXPECT_THAT(names(), ElementsAre("A_vasprun.xml", "vasprun-relax.xml", "vasprun.static.xml"));
}

TEST_F(FolderFiles, a_vasprun_and_an_OUTCAR_of_other_names_are_of_one_run_if_they_begin_alike) {
    // The positions of both files, with the digits of each.
    const auto vasprun = base::read_file(cases / "vasp/run/vasprun.xml");
    const auto outcar = std::regex_replace(base::read_file(cases / "vasp/run/OUTCAR"), std::regex("0\\.30* +0\\.10* +0\\.20* "),
                                           "1.72000 1.72000 1.72000 ");
    file("same/OUTCAR.1", outcar);
    file("same/vasprun.xml", vasprun);
    file("other/OUTCAR.1", std::regex_replace(outcar, std::regex("free  energy   TOTEN  = +-?[0-9]"), "$&9"));
    file("other/vasprun.xml", vasprun);
    EXPECT_THAT(names("same"), ElementsAre("same/vasprun.xml"));
    EXPECT_THAT(names("other"), ElementsAre("other/OUTCAR.1", "other/vasprun.xml"));
}

TEST_F(FolderFiles, a_run_whose_files_are_compressed_is_one_run_too) {
    for (const char* name : {"OUTCAR.gz", "vasprun.xml.gz", "POSCAR.gz", "relaxed/OUTCAR.relax1.gz", "relaxed/vasprun.xml.relax1.gz"})
        file(name, name);
    EXPECT_THAT(names(), ElementsAre("relaxed/vasprun.xml.relax1.gz", "vasprun.xml.gz"));
}

TEST_F(FolderFiles, a_copy_of_a_file_of_a_run_is_no_run_of_its_own) {
    for (const char* name : {"OUTCAR", "OUTCAR.bak", "copy_of_OUTCAR"}) file(name, "one");
    file("OUTCAR.old", "two");
    file("vasprun.xml", "x");
    file("vasprun.xml.bak", "x");
    EXPECT_THAT(names(), ElementsAre("OUTCAR.old", "vasprun.xml"));
}

TEST_F(FolderFiles, a_vasprun_that_is_cut_off_gives_way_to_an_OUTCAR_that_is_whole) {
    const auto outcar = base::read_file(cases / "vasp/run/OUTCAR"), vasprun = base::read_file(cases / "vasp/run/vasprun.xml");
    const std::string timing = " General timing and accounting informations for this job:\n";
    const auto first_step = vasprun.substr(0, vasprun.find("</calculation>"));
    const auto a_step = vasprun.substr(0, vasprun.rfind("</modeling>"));
    const auto begun = outcar.substr(0, outcar.find("free  energy"));
    const auto best = [&](const std::string& xml, const std::string& text) {
        file("run/vasprun.xml", xml);
        file("run/OUTCAR", text);
        file("run/POSCAR", base::read_file(cases / "vasp/run/POSCAR"));
        return names().at(0);
    };
    EXPECT_EQ(best(vasprun, outcar + timing), "run/vasprun.xml");
    EXPECT_EQ(best(first_step, outcar + timing), "run/OUTCAR");
    EXPECT_EQ(best(a_step, outcar + timing), "run/OUTCAR");
    EXPECT_EQ(best(a_step, begun), "run/vasprun.xml");
    EXPECT_EQ(best(a_step, begun + "free  energy   TOTEN  =  -1 eV\n"), "run/vasprun.xml");
    EXPECT_EQ(best(first_step, begun + "free  energy   TOTEN  =  -1 eV\n"), "run/OUTCAR");
    EXPECT_EQ(best(first_step, begun), "run/vasprun.xml");
    EXPECT_EQ(names().size(), 1U);
}

TEST_F(FolderFiles, names_that_phonopy_gives_are_of_one_run_each) {
    for (const char* name : {"vasprun.xml-001", "vasprun.xml-002", "vasprun-003.xml", "POSCAR-001", "POSCAR-002", "POSCAR-003", "SPOSCAR"})
        file(name, name);
    EXPECT_THAT(names(), ElementsAre("vasprun-003.xml", "vasprun.xml-001", "vasprun.xml-002"));
    EXPECT_EQ(io::detect_format("vasprun.xml-001"), "vasprun");
    EXPECT_EQ(io::detect_format("vasprun.xml-001.gz"), "vasprun");
}

TEST_F(FolderFiles, a_file_and_the_same_compressed_are_read_once) {
    for (const char* name : {"good.extxyz", "good.extxyz.gz", "other.extxyz.gz", "other.extxyz.xz", "deeper/good.extxyz.gz"}) file(name);
    EXPECT_THAT(names(), ElementsAre("deeper/good.extxyz.gz", "good.extxyz", "other.extxyz.gz"));
    static_cast<void>(loaded());
    EXPECT_THAT(told_.others, HasSubstr("2 files are passed over"));
}

TEST_F(FolderFiles, what_is_named_as_a_file_of_LAMMPS_and_is_none_is_passed_over_with_a_warning) {
    file("a.extxyz");
    file("in.lmp", "units metal\nread_data li.lmp\npair_style alkali\n");
    file("data.csv", "energy,volume\n1,2\n");
    file("dump.sql", "CREATE TABLE atoms;\n");
    file("li.lmp",
         "title\n\n1 atoms\n1 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 6.94\n\nAtoms # atomic\n\n1 1 0 0 0\n");
    EXPECT_THAT(names(), ElementsAre("a.extxyz", "li.lmp"));
    static_cast<void>(loaded());
    for (const char* name : {"in.lmp: is named", "data.csv: is named", "dump.sql: is named"}) EXPECT_THAT(told_.warnings, HasSubstr(name));
    // Named by itself it is an error.
    EXPECT_THROW(static_cast<void>(loaded("in.lmp")), FileError);
}

TEST_F(FolderFiles, an_output_of_pw_without_its_head_is_named) {
    file("a.extxyz");
    file("late.out", "     End of self-consistent calculation\n\n!    total energy              =     -14.5 Ry\n");
    EXPECT_THAT(names(), ElementsAre("a.extxyz", "late.out"));
    static_cast<void>(loaded());
    EXPECT_THAT(told_.warnings, HasSubstr("late.out, frame 0: left out: the head of this output of pw.x is missing"));
}

TEST_F(FolderFiles, structures_alone_are_all_read) {
    for (const char* name : {"POSCAR-1", "POSCAR-2", "a.vasp", "b.poscar"}) file(name, "x");
    EXPECT_THAT(names(), ElementsAre("POSCAR-1", "POSCAR-2", "a.vasp", "b.poscar"));
}

TEST_F(FolderFiles, a_file_without_frames_is_named_among_others) {
    file("a.extxyz");
    file("b.extxyz", "\n");
    EXPECT_EQ(loaded().frames.size(), 1u);
    EXPECT_THAT(told_.warnings, HasSubstr("b.extxyz: gives no frame"));
    const auto report = check(std::vector<fs::path>{folder_}, {});
    ASSERT_FALSE(report.findings.empty());
    EXPECT_THAT(report.findings[0].where, HasSubstr("b.extxyz"));
}

TEST_F(FolderFiles, the_same_structures_in_two_files_are_told) {
    file("a.extxyz");
    file("b.extxyz");
    EXPECT_EQ(loaded().frames.size(), 2u);
    EXPECT_THAT(told_.warnings, HasSubstr("1 structures are in more than one file"));
    told_ = {};
    file("b.extxyz", "1\nLattice=\"5 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1\nLi 0 0 0 0 0 0\n");
    EXPECT_EQ(loaded().frames.size(), 2u);
    EXPECT_THAT(told_.warnings, ::testing::Not(HasSubstr("more than one file")));
}

TEST_F(FolderFiles, what_a_reader_leaves_out_is_told_and_found_by_check) {
    for (const char* name :
         {"outcar-unconverged5.OUTCAR", "outcar-ml-hybrid.OUTCAR", "outcar-interrupted.OUTCAR", "truncated.vasprun.xml"}) {
        told_ = {};
        const std::vector<fs::path> paths{cases / "vasp" / name};
        const auto set = load(paths, {}, told_);
        EXPECT_EQ(set.frames.size(), 2u) << name;
        EXPECT_THAT(told_.warnings, HasSubstr(name + std::string(", frame "))) << name;
        const auto report = check(paths, {});
        EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(), [](const Finding& f) { return f.check == "left-out"; }))
            << name;
        EXPECT_EQ(report.counts.frames, 2u) << name;
    }
}

TEST_F(FolderFiles, a_warning_of_every_frame_is_told_once_and_counted) {
    static_cast<void>(load(std::vector<fs::path>{cases / "vasp/outcar-isif1.OUTCAR"}, {}, told_));
    EXPECT_THAT(told_.warnings, HasSubstr("frame 0: ISIF = 1"));
    EXPECT_THAT(told_.warnings, HasSubstr("(3 times, also in "));
    EXPECT_EQ(check(std::vector<fs::path>{cases / "vasp/outcar-isif1.OUTCAR"}, {}).count(Severity::error), 0u);
}

TEST_F(FolderFiles, truncated_frames_of_other_formats_are_left_out_on_request_only) {
    const std::string dump =
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 3\n0 3\n0 3\nITEM: ATOMS id element x y z fx fy fz\n1 "
        "Li 0 0 0 0 0 0\n";
    file("a.extxyz", frame_text + "1\nLattice=\"4 0 0 0 4");
    file("b.extxyz", frame_text + "1\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3 energy=-1\nLj 0 0 0\n" + frame_text);
    file("c.dump", dump + dump.substr(0, dump.size() - 6));
    for (const char* name : {"a.extxyz", "b.extxyz", "c.dump"}) {
        const std::vector<fs::path> paths{folder_ / name};
        LoadOptions options{{}, Missing::mask, {}};
        EXPECT_THROW(static_cast<void>(load(paths, options, told_)), FileError) << name;
        options.read.unreadable = io::Unreadable::left_out;
        told_ = {};
        EXPECT_EQ(load(paths, options, told_).frames.size(), std::string(name) == "b.extxyz" ? 2u : 1u) << name;
        EXPECT_THAT(told_.warnings, HasSubstr(name + std::string(", frame 1: left out: "))) << name;
    }
}

TEST_F(FolderFiles, a_pattern_gives_of_each_run_what_its_folder_gives) {
    fs::copy(cases / "vasp" / "run", folder_ / "run");
    file("run/other.extxyz");
    EXPECT_EQ(names("run/*"), names("run"));
    EXPECT_THAT(names("run/POSCAR*"), ElementsAre("run/POSCAR"));
    EXPECT_EQ(names("run/*").size(), 2u);
    EXPECT_EQ(names("*/OUTCAR"), std::vector<std::string>{"run/OUTCAR"});
}

TEST_F(FolderFiles, a_system_whose_list_of_types_cannot_be_opened_is_named) {
    system("set/sysA");
    fs::rename(folder_ / "set/sysA/type.raw", folder_ / "kept");
    link("set/sysA/type.raw", "nowhere");
    file("set/other.extxyz");
    EXPECT_THROW(static_cast<void>(loaded("set")), FileError);
}

}  // namespace
}  // namespace alkali::dataset::files_tests
