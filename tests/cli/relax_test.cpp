// alkali relax: what is written, what is said, what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "program.hpp"

namespace alkali::cli_test::relax_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Relax : public testing::Test {
protected:
    void SetUp() override {
        write("model.safetensors", good_model());
        write("data.extxyz", good_frames());
    }
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] Outcome relax(const std::string& input, std::vector<std::string> more = {}) const {
        std::vector<std::string> words{"relax", "model.safetensors", input, "-o", "out.extxyz"};
        words.insert(words.end(), more.begin(), more.end());
        return run(words, scratch_.path());
    }
    [[nodiscard]] std::vector<io::Frame> written() const { return io::read_frames(scratch_.path() / "out.extxyz"); }

    const Scratch scratch_;
};

/// A lithium slab of two layers; PBC and the third vector are the caller's.
std::string slab(const std::string& height, const std::string& pbc) {
    return "2\nLattice=\"3.4 0 0 0 3.4 0 0 0 " + height + "\" Properties=species:S:1:pos:R:3 pbc=\"" + pbc +
           "\"\nLi 0 0 5\nLi 1.7 1.7 6.6\n";
}

TEST_F(Relax, that_runs_out_of_steps_writes_the_last_structures_marks_them_and_fails) {
    const auto outcome = relax("data.extxyz", {"--steps", "1", "--fmax", "1e-9"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("2 of 2"), HasSubstr("data.extxyz, frame 1"), HasSubstr("eV/angstrom")));
    EXPECT_THAT(outcome.errors, Not(HasSubstr("angstrom^3")));
    EXPECT_THAT(outcome.output, HasSubstr("NOT CONVERGED"));
    const auto frames = written();
    ASSERT_EQ(frames.size(), 2u);
    for (const auto& frame : frames) {
        EXPECT_EQ(frame.info.at("geometry_converged"), "F");
        EXPECT_TRUE(frame.labels.energy && frame.labels.forces);
    }
    ASSERT_EQ(relax("data.extxyz", {"--fmax", "100"}).status, 0);
    EXPECT_EQ(written()[0].info.at("geometry_converged"), "T");
}

TEST_F(Relax, that_runs_away_is_named_with_its_frame_and_leaves_the_last_sane_structure) {
    const auto outcome = relax("data.extxyz", {"--cell", "--pressure", "1e6"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("data.extxyz, frame 0"), HasSubstr("the relaxation ran away: after"),
                                      HasSubstr("times that of the start"), Not(HasSubstr("check the cell and the cutoff"))));
    EXPECT_THAT(outcome.output, HasSubstr("RAN AWAY"));
    const auto start = io::read_frames(scratch_.path() / "data.extxyz"), last = written();
    ASSERT_EQ(last.size(), start.size());
    for (std::size_t f = 0; f < last.size(); ++f) {
        EXPECT_EQ(last[f].info.at("geometry_converged"), "F");
        EXPECT_GT(last[f].structure.cell.volume(), start[f].structure.cell.volume() / 3);
    }
}

TEST_F(Relax, tells_of_those_that_did_not_converge_beside_frames_that_failed) {
    write("mixed.extxyz", good_frames() + "1\nProperties=species:S:1:pos:R:3\nXe 0 0 0\n");
    const auto outcome = relax("mixed.extxyz", {"--steps", "1", "--fmax", "1e-9"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("1 of 3 frames failed"), HasSubstr("mixed.extxyz, frame 1: the relaxation stopped after")));
}

TEST_F(Relax, tells_reached_and_wanted_stress_in_the_unit_of_smax) {
    const auto outcome = relax("data.extxyz", {"--cell", "--steps", "1", "--fmax", "100", "--smax", "1e-7"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("GPa; wanted: "), HasSubstr("1.0e-07 GPa"), Not(HasSubstr("angstrom^3"))));
}

TEST_F(Relax, refuses_atoms_that_are_no_numbers_from_1) {
    for (const char* atoms : {"-1", "0", "1,00", "1,-2", "1.5", "a", "1-2", "+1", "99999999999999999999"}) {
        const auto outcome = relax("data.extxyz", {std::string("--fix=") + atoms});
        EXPECT_NE(outcome.status, 0) << atoms;
        EXPECT_THAT(outcome.errors, HasSubstr("counted from 1")) << atoms;
        EXPECT_THAT(outcome.errors, Not(HasSubstr("1844674407"))) << atoms;
    }
    const auto separate = relax("data.extxyz", {"--fix", "-1"});
    EXPECT_NE(separate.status, 0);
    EXPECT_THAT(separate.errors, Not(HasSubstr("1844674407")));
    EXPECT_EQ(relax("data.extxyz", {"--fix", "01,003", "--fmax", "100"}).status, 0) << "no octal numbers";
    EXPECT_THAT(relax("data.extxyz", {"--fix", "010"}).errors, HasSubstr("no atom 10"));
    const auto beyond = relax("data.extxyz", {"--fix", "1,5"});
    EXPECT_EQ(beyond.status, 1);
    EXPECT_THAT(beyond.errors, AllOf(HasSubstr("no atom 5"), HasSubstr("there are 4, counted from 1"), HasSubstr("frame 0")));
}

TEST_F(Relax, leaves_the_vacuum_of_a_slab_alone_and_says_so) {
    write("slab.extxyz", slab("20", "T T T"));
    const auto outcome = relax("slab.extxyz", {"--cell", "--steps", "5", "--fmax", "1e-12", "--smax", "1e-12"});
    EXPECT_THAT(outcome.errors,
                AllOf(HasSubstr("slab.extxyz, frame 0: vacuum along c (18.4 angstrom)"), HasSubstr("other directions only")));
    const auto relaxed = written().at(0).structure.cell.vectors();
    EXPECT_EQ(relaxed.row(2), Vec3(0, 0, 20).transpose());
    EXPECT_NE(relaxed(0, 0), 3.4);
    write("slab.extxyz", slab("0", "T T F"));
    (void)relax("slab.extxyz", {"--cell", "--steps", "5", "--fmax", "1e-12", "--smax", "1e-12"});
    EXPECT_EQ(written().at(0).structure.cell.vectors().row(2), Vec3(0, 0, 0).transpose());
    EXPECT_NEAR(written().at(0).structure.cell.vectors()(0, 0), relaxed(0, 0), 1e-3);
}

TEST_F(Relax, holds_the_cell_of_an_isolated_atom) {
    write("atom.extxyz", "1\nLattice=\"20 0 0 0 20 0 0 0 20\" Properties=species:S:1:pos:R:3 pbc=\"T T T\"\nLi 0 0 0\n");
    const auto outcome = relax("atom.extxyz", {"--cell"});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("the cell is held"));
    EXPECT_EQ(written().at(0).structure.cell.vectors(), Mat3(20 * Mat3::Identity()));
}

}  // namespace
}  // namespace alkali::cli_test::relax_tests
