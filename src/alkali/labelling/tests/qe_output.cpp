#include "alkali/labelling/quantum_espresso/output.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "alkali/labelling/quantum_espresso/xml.hpp"
#include "alkali/units/constants.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::qe::qe_output_tests {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double to_force = units::rydberg / units::bohr;
constexpr double to_stress = units::rydberg / (units::bohr * units::bohr * units::bohr);

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

structure::Structure slab() {
    structure::Structure s;
    Mat3 vectors = Mat3::Zero();
    vectors.diagonal() << 3.43, 3.43, 14;
    s.cell = structure::Cell(vectors);
    s.add(3, {0, 0, 6});
    s.add(3, {1.7, 1.7, 7.8});
    return s;
}

structure::Structure lithium_hydride() {
    structure::Structure s;
    Mat3 vectors;
    vectors << 0, 2, 2, 2, 0, 2, 2, 2, 0;
    s.cell = structure::Cell(vectors);
    s.add(1, {0, 0, 0});
    s.add(3, {2.1, 2, 1.9});
    return s;
}

structure::Structure cube() {
    structure::Structure s;
    s.cell = structure::Cell::cubic(3.43);
    s.add(3, {0, 0, 0});
    return s;
}

TEST(QeOutput, text_and_xml_give_the_same_labels) {
    const std::vector<std::pair<std::string, structure::Structure>> all{
        {"displaced", displaced_pair()}, {"slab", slab()}, {"lih", lithium_hydride()}, {"spin", cube()}};
    for (const auto& [name, s] : all) {
        const auto both = read_output(golden(name + ".out"), golden(name + ".xml"), s);
        const auto text = read_output(golden(name + ".out"), "", s);
        ASSERT_EQ(both.fault, Fault::none) << name << ": " << both.detail;
        ASSERT_EQ(text.fault, Fault::none) << name << ": " << text.detail;
        EXPECT_THAT(both.output.warnings, IsEmpty()) << name;
        EXPECT_THAT(text.output.warnings, Contains(HasSubstr("digits of the text only"))) << name;
        EXPECT_NE(both.output.energy, text.output.energy) << name;  // more digits
        EXPECT_NEAR(both.output.energy, text.output.energy, 1e-8 * units::rydberg) << name;
        for (std::size_t i = 0; i < s.size(); ++i)
            EXPECT_LT((both.output.forces[i] - text.output.forces[i]).norm(), 1e-8 * to_force) << name;
        EXPECT_LT((both.output.stress - text.output.stress).cwiseAbs().maxCoeff(), 0.51e-8 * to_stress) << name;
        EXPECT_EQ(both.output.version, "6.7MaX");
    }
}

TEST(QeOutput, says_what_the_run_says) {
    const auto out = read_output(golden("displaced.out"), golden("displaced.xml"), displaced_pair()).output;
    EXPECT_NEAR(out.energy, -1.53875651 * units::rydberg, 1e-7);
    EXPECT_EQ(out.iterations, 5);
    EXPECT_EQ(out.k_points, 8);
    EXPECT_EQ(out.bands, 5);
    EXPECT_EQ(out.dense, (Mesh{15, 15, 15}));
    EXPECT_GT(out.wall_seconds, 0);
    EXPECT_LT(out.accuracy, 1e-10);
    // Printed: P = 4.13 kbar, compression positive.
    EXPECT_NEAR(-out.stress.trace() / 3 * units::kbar_per_ev_per_angstrom3, 4.13, 0.006);
    const auto held = read_output(golden("slab.out"), golden("slab.xml"), slab()).output;
    EXPECT_EQ(held.dense, (Mesh{20, 20, 75}));
    EXPECT_EQ(held.k_points, 4);
}

TEST(QeOutput, no_output_cut_at_any_line_gives_labels) {
    const std::string text = golden("displaced.out"), xml = golden("displaced.xml");
    const std::size_t end = text.find("JOB DONE.");
    for (std::size_t at = 0; at != std::string::npos && at < end; at = text.find('\n', at + 1))
        for (const auto& document : {xml, std::string{}}) {
            const auto reading = read_output(std::string_view(text).substr(0, at), document, displaced_pair());
            EXPECT_NE(reading.fault, Fault::none) << "cut at " << at;
            EXPECT_THAT(reading.detail, ::testing::Not(IsEmpty()));
        }
}

TEST(QeOutput, without_any_one_line_labels_are_the_same_or_absent) {
    const auto lines = lines_of(golden("displaced.out"));
    const auto whole = read_output(golden("displaced.out"), "", displaced_pair()).output;
    for (std::size_t without = 0; without < lines.size(); ++without) {
        std::string text;
        for (std::size_t i = 0; i < lines.size(); ++i)
            if (i != without) text += lines[i] + "\n";
        const auto reading = read_output(text, "", displaced_pair());
        if (reading.fault != Fault::none) continue;
        EXPECT_EQ(reading.output.energy, whole.energy) << lines[without];
        EXPECT_EQ(reading.output.forces, whole.forces) << lines[without];
        EXPECT_EQ(reading.output.stress, whole.stress) << lines[without];
    }
}

TEST(QeOutput, xml_cut_at_any_line_leaves_the_digits_of_the_text) {
    const std::string text = golden("displaced.out"), xml = golden("displaced.xml");
    const auto plain = read_output(text, "", displaced_pair()).output;
    const std::size_t end = xml.rfind("</qes:espresso>");
    for (std::size_t at = 0; at < end; at = xml.find('\n', at + 1)) {
        const auto reading = read_output(text, std::string_view(xml).substr(0, at), displaced_pair());
        ASSERT_EQ(reading.fault, Fault::none);
        EXPECT_EQ(reading.output.energy, plain.energy);
        EXPECT_EQ(reading.output.forces, plain.forces);
    }
}

TEST(QeOutput, xml_of_another_run_is_not_taken) {
    const std::string text = golden("displaced.out"), xml = golden("displaced.xml");
    auto moved = displaced_pair();
    moved.positions[1][0] += 1e-3;
    auto reading = read_output(text, golden("lih.xml"), displaced_pair());
    EXPECT_THAT(reading.output.warnings, Contains(HasSubstr("another energy")));
    // With the energy of the text it is of the same run, of which then nothing is believed.
    reading = read_output(text, xml, moved);
    EXPECT_NE(reading.fault, Fault::none);
    EXPECT_THAT(reading.detail, HasSubstr("another structure"));
    reading = read_output(text, replaced(xml, "<convergence_achieved>true", "<convergence_achieved>false"), displaced_pair());
    EXPECT_EQ(reading.fault, Fault::not_converged);
}

TEST(QeOutput, of_another_structure_gives_no_labels_with_xml_or_without) {
    const std::string text = golden("displaced.out");
    const auto refused = [&](const structure::Structure& s, const std::string& words) {
        for (const auto& xml : {std::string{}, golden("displaced.xml")}) {
            const auto reading = read_output(text, xml, s);
            EXPECT_NE(reading.fault, Fault::none) << words;
            EXPECT_THAT(reading.detail, HasSubstr(words));
        }
    };
    auto s = displaced_pair();
    s.positions[1][2] += 0.01;
    refused(s, "atom 2 elsewhere");
    s = displaced_pair();
    s.cell = structure::Cell::cubic(3.9);
    refused(s, "a volume of 272.3196 bohr^3");
    Mat3 vectors = displaced_pair().cell.vectors();
    vectors(0, 1) = 0.1;  // the volume stays
    s.cell = structure::Cell(vectors);
    refused(s, "another cell");
    s = displaced_pair();
    s.numbers[0] = 11;
    refused(s, "a Li as atom 1 instead of Na");
    // An image of an atom is the same atom.
    s = displaced_pair();
    s.positions[1][0] -= 3.43;
    EXPECT_EQ(read_output(text, "", s).fault, Fault::none);
}

TEST(QeOutput, without_the_line_of_pw_x_or_in_other_units_there_are_no_labels) {
    const std::string text = golden("displaced.out");
    const auto reading = read_output(replaced(text, "Program PWSCF", "Programme"), golden("displaced.xml"), displaced_pair());
    EXPECT_EQ(reading.fault, Fault::truncated);
    EXPECT_THAT(reading.detail, HasSubstr("Program PWSCF"));
    const auto at = text.find("!    total energy");
    ASSERT_NE(at, std::string::npos);
    auto hartree = text;
    hartree.replace(text.find("Ry", at), 2, "Ha");
    EXPECT_NE(read_output(hartree, "", displaced_pair()).fault, Fault::none);
    EXPECT_NE(read_output(replaced(text, "Ry/au", "Ha/au"), "", displaced_pair()).fault, Fault::none);
    EXPECT_NE(read_output(replaced(text, "Ry/bohr**3", "Ha/bohr**3"), "", displaced_pair()).fault, Fault::none);
}

TEST(QeOutput, unconverged_run_gives_no_labels_though_the_job_is_done) {
    const auto text = golden("unconverged.out");
    EXPECT_THAT(text, HasSubstr("JOB DONE."));
    EXPECT_EQ(read_output(text, "", displaced_pair()).fault, Fault::not_converged);
    // Nor with everything of a good run behind it.
    EXPECT_EQ(read_output(text + golden("displaced.out"), golden("displaced.xml"), displaced_pair()).fault, Fault::not_converged);
}

TEST(QeOutput, numbers_that_are_none_give_no_labels) {
    const std::string text = golden("displaced.out"), xml = golden("displaced.xml");
    const auto fault = [&](const std::string& from, const std::string& to) {
        return read_output(replaced(text, from, to), "", displaced_pair()).fault;
    };
    const auto lines = lines_of(text);
    const auto line = [&](const std::string& words) {
        for (const auto& each : lines)
            if (each.find(words) != std::string::npos) return each;
        return std::string("no such line");
    };
    const auto energy = line("!    total energy"), force = line("atom    1 type  1   force");
    EXPECT_EQ(fault(energy, "!    total energy              =              NaN Ry"), Fault::not_finite);
    EXPECT_EQ(fault(energy, "!    total energy              =   ************** Ry"), Fault::not_finite);
    EXPECT_EQ(fault(force, "     atom    1 type  1   force =            NaN            NaN            NaN"), Fault::not_finite);
    EXPECT_EQ(fault(force, "     atom    1 type  1   force =  ************** -0.00092621    0.00179482"), Fault::not_finite);
    EXPECT_EQ(fault(force, "     atom    1 type  1   force =   4700.00447531   -0.00092621    0.00179482"), Fault::not_finite);
    EXPECT_EQ(fault(force, ""), Fault::truncated);
    const auto number = xml.find("<forces rank");
    ASSERT_NE(number, std::string::npos);
    const auto digits = xml.find("e-", number);
    auto broken = xml;
    broken.replace(digits, 2, "??");
    EXPECT_THAT(read_output(text, broken, displaced_pair()).output.warnings, Contains(HasSubstr("lacks labels")));
}

TEST(QeOutput, forces_that_touch_are_told_apart) {
    const auto lines = lines_of(golden("displaced.out"));
    std::string text;
    for (const auto& line : lines)
        text += (line.find("atom    1 type  1   force") != std::string::npos
                     ? "     atom    1 type  1   force =    -0.10000000-10.20000000-11.30000000"
                     : line) +
                "\n";
    const auto reading = read_output(text, "", displaced_pair());
    ASSERT_EQ(reading.fault, Fault::none) << reading.detail;
    EXPECT_LT((reading.output.forces[0] / to_force - Vec3(-0.1, -10.2, -11.3)).norm(), 1e-12);
}

TEST(QeOutput, with_high_verbosity_only_the_total_forces_count) {
    const auto text = golden("frames/high.out"), plain = golden("displaced.out");
    EXPECT_THAT(text, HasSubstr("contrib"));
    const auto reading = read_output(text, "", displaced_pair());
    ASSERT_EQ(reading.fault, Fault::none) << reading.detail;
    EXPECT_EQ(reading.output.forces.size(), 2U);
    EXPECT_LT((reading.output.forces[0] + reading.output.forces[1]).norm(), 1e-12);
}

TEST(QeOutput, of_several_ionic_steps_there_is_no_label_of_one_structure) {
    const auto reading = read_output(golden("frames/relax.out"), "", displaced_pair());
    EXPECT_NE(reading.fault, Fault::none);
    EXPECT_THAT(reading.detail, HasSubstr("3 structures"));
}

TEST(QeOutput, iterations_used_up_are_no_convergence_though_pw_says_so) {
    const auto text = replaced(golden("displaced.out"), "     estimated scf accuracy    <          1.3E-11 Ry",
                               "     estimated scf accuracy    <       0.00001557 Ry");
    EXPECT_EQ(read_output(text, "", displaced_pair()).fault, Fault::not_converged);
}

TEST(QeOutput, versions_of_all_kinds_of_builds_are_found) {
    const auto version = [](const std::string& words) {
        return version_of("\n     Program " + words + " starts on  1Jan2022 at 10: 0: 0\n");
    };
    EXPECT_EQ(version("PWSCF v.6.7MaX"), "6.7MaX");
    EXPECT_EQ(version("PWSCF v.6.1 (svn rev. 13369)"), "6.1");
    EXPECT_EQ(version("PWSCF v.7.3.1"), "7.3.1");
    EXPECT_EQ(version("PWSCF v.6.7GPU"), "6.7GPU");
    EXPECT_EQ(version("LD1 v.6.1 (svn rev. 13369)"), "6.1");
    EXPECT_EQ(version_of("see v. 2 of this text starts\n"), "");
}

TEST(QeOutput, wrong_number_of_atoms_gives_no_labels) {
    EXPECT_EQ(read_output(golden("displaced.out"), golden("displaced.xml"), cube()).fault, Fault::truncated);
}

TEST(QeOutput, warnings_are_kept) {
    const auto text = replaced(golden("displaced.out"), "     convergence has been achieved",
                               "     negative rho (up, down):  1.2E-02 0.0E+00\n\n     Message from routine stress:\n     something odd\n"
                               "     convergence has been achieved");
    const auto warnings = read_output(text, golden("displaced.xml"), displaced_pair()).output.warnings;
    EXPECT_THAT(warnings, Contains("negative rho (up, down):  1.2E-02 0.0E+00"));
    EXPECT_THAT(warnings, Contains("something odd"));
}

TEST(QeOutput, random_damage_never_crashes_the_readers) {
    const std::string text = golden("lih.out"), xml = golden("lih.xml");
    std::uint64_t state = 1;
    const auto random = [&](std::size_t n) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::size_t>(state >> 33U) % n;
    };
    for (int k = 0; k < 300; ++k) {
        std::string a = text, b = xml;
        for (int hits = 0; hits < 20; ++hits) {
            a[random(a.size())] = static_cast<char>(random(256));
            b[random(b.size())] = static_cast<char>(random(256));
        }
        const auto reading = read_output(a, b, lithium_hydride());
        if (reading.fault != Fault::none) continue;
        EXPECT_TRUE(std::isfinite(reading.output.energy));
        EXPECT_EQ(reading.output.forces.size(), 2U);
    }
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_output_tests
