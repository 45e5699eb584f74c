#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/structure/neighbour_list.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::dataset::check_tests {
namespace {

namespace fs = std::filesystem;

// Labels of a Morse-like pair potential, whose stress is exact: energy, forces and stress of one physics.
void label(Frame& frame) {
    const auto list = structure::neighbour_list(frame.structure, 6.0);
    double energy = 0;
    std::vector<Vec3> forces(frame.structure.size(), Vec3::Zero());
    Mat3 virial = Mat3::Zero();
    for (std::size_t i = 0; i < list.atoms(); ++i)
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            const double r = list.vector[e].norm(), decay = std::exp(-(r - 3.0)), cut = std::pow(1 - r / 6.0, 2),
                         cut_slope = -2 * (1 - r / 6.0) / 6.0;
            const double value = decay * decay - 2 * decay, slope = -2 * decay * decay + 2 * decay;
            energy += 0.5 * 0.1 * value * cut;
            const Vec3 gradient = 0.1 * (slope * cut + value * cut_slope) / r * list.vector[e];
            forces[i] += gradient;
            virial += 0.5 * gradient * list.vector[e].transpose();
        }
    frame.labels.energy = energy - 2.0 * static_cast<double>(list.atoms());
    frame.labels.forces = forces;
    frame.labels.stress = virial / frame.structure.cell.volume();
}

// E(V) of bcc and some strained, rattled cells.
std::vector<Frame> good_frames() {
    base::Random random(3);
    std::vector<Frame> frames;
    for (int i = -4; i <= 4; ++i) frames.emplace_back().structure = structure::bcc("Li", 3.4 + 0.03 * i);
    for (int i = 0; i < 12; ++i) {
        Mat3 strain;
        for (int k = 0; k < 9; ++k) strain(k / 3, k % 3) = random.uniform(-0.03, 0.03);
        frames.emplace_back().structure =
            structure::rattled(structure::strained(structure::repeated(structure::bcc("Li", 3.4), {2, 2, 2}), strain), 0.05, random);
    }
    for (std::size_t i = 0; i < frames.size(); ++i) {
        label(frames[i]);
        frames[i].source = "set.extxyz";
        frames[i].index = i;
    }
    return frames;
}

class DataCheck : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::path(::testing::TempDir()) /
                  ("alkali_check_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::vector<Finding> findings_of(const std::vector<Frame>& frames) const {
        io::write_frames(folder_ / "set.extxyz", frames);
        return check(std::vector<fs::path>{folder_ / "set.extxyz"}, {}).findings;
    }
    // Expects exactly one finding, of this check, at this place and with these words.
    void expect_only(const std::vector<Frame>& frames, const std::string& name, const std::string& where, const std::string& words) const {
        const auto findings = findings_of(frames);
        ASSERT_EQ(findings.size(), 1u) << (findings.size() > 1 ? findings[1].text : "");
        EXPECT_EQ(findings[0].check, name);
        EXPECT_NE(findings[0].where.find(where), std::string::npos) << findings[0].where;
        EXPECT_NE(findings[0].text.find(words), std::string::npos) << findings[0].text;
    }
    fs::path folder_;
};

TEST_F(DataCheck, good_frames_give_no_finding) { EXPECT_TRUE(findings_of(good_frames()).empty()); }

TEST_F(DataCheck, a_wrong_key_is_named_with_the_right_one) {
    auto frames = good_frames();
    frames[3].info["enrgy"] = std::to_string(*frames[3].labels.energy);
    frames[3].labels.energy.reset();
    expect_only(frames, "missing", "frame 3", "is it 'enrgy'? Rename it to energy");
}

TEST_F(DataCheck, missing_forces_and_stress_are_named) {
    auto frames = good_frames();
    frames[4].labels.forces.reset();
    expect_only(frames, "missing", "frame 4", "no forces");
    frames = good_frames();
    frames[5].labels.stress.reset();
    expect_only(frames, "missing", "frame 5", "no stress");
}

TEST_F(DataCheck, numbers_that_are_not_finite_are_named) {
    auto frames = good_frames();
    (*frames[10].labels.forces)[2][1] = std::numeric_limits<double>::quiet_NaN();
    expect_only(frames, "not-finite", "frame 10", "force on atom 3");
    frames = good_frames();
    *frames[0].labels.energy = std::numeric_limits<double>::infinity();
    expect_only(frames, "not-finite", "frame 0", "the energy");
}

TEST_F(DataCheck, zero_labels_are_named_but_symmetry_is_respected) {
    auto frames = good_frames();
    for (auto& force : *frames[12].labels.forces) force.setZero();
    for (auto& force : *frames[1].labels.forces) force.setZero();  // perfect bcc
    expect_only(frames, "zero", "frame 12", "all forces are exactly zero");
    frames = good_frames();
    frames[2].labels.stress->setZero();
    expect_only(frames, "zero", "frame 2", "stress is exactly zero");
}

TEST_F(DataCheck, duplicates_are_named_with_their_first) {
    auto frames = good_frames();
    frames.push_back(frames[11]);
    expect_only(frames, "duplicate", "frame 21", "frame 11");
    *frames.back().labels.energy += 0.5;
    const auto findings = findings_of(frames);
    ASSERT_FALSE(findings.empty());
    EXPECT_NE(findings[0].text.find("differs by 31.25 meV/atom"), std::string::npos) << findings[0].text;
    EXPECT_EQ(findings[0].severity, Severity::error);
}

TEST_F(DataCheck, overlapping_atoms_are_named) {
    auto frames = good_frames();
    frames[15].structure.positions[7] = frames[15].structure.positions[3] + Vec3(0.2, 0.2, 0.1);
    const auto findings = findings_of(frames);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(findings[0].check, "overlap");
    EXPECT_NE(findings[0].text.find("atoms 4 (Li) and 8 (Li) are 0.300"), std::string::npos) << findings[0].text;
}

// Its images within reach cannot be counted: the other frames must be checked all the same.
TEST_F(DataCheck, a_cell_far_too_small_is_named_and_the_rest_is_checked) {
    auto frames = good_frames();
    const Mat3 tiny = 1e-4 * Mat3::Identity();
    frames[3].structure = {structure::Cell(tiny), {3}, {Vec3::Zero()}};
    frames[3].labels.forces = {Vec3::Zero()};
    frames[5].labels.forces.reset();
    const auto findings = findings_of(frames);
    const auto found = [&](const std::string& check, const std::string& where) {
        return std::any_of(findings.begin(), findings.end(),
                           [&](const Finding& f) { return f.check == check && f.where.ends_with(where) && f.severity == Severity::error; });
    };
    EXPECT_TRUE(found("overlap", "frame 3"));
    EXPECT_TRUE(found("missing", "frame 5"));
}

TEST_F(DataCheck, outliers_and_unbalanced_forces_are_named) {
    auto frames = good_frames();
    *frames[9].labels.energy += 60.0;
    bool found = false;
    for (const auto& finding : findings_of(frames))
        found = found || (finding.check == "outlier" && finding.where.find("frame 9") != std::string::npos);
    EXPECT_TRUE(found);
    frames = good_frames();
    (*frames[13].labels.forces)[0] += Vec3(0.5, 0, 0);
    expect_only(frames, "force-sum", "frame 13", "add up to 0.5");
}

TEST_F(DataCheck, sign_and_unit_of_the_stress_are_recognised) {
    struct Case {
        double factor;
        bool volume;
        const char* words;
    };
    for (const auto& [factor, volume, words] : {Case{-1.0, false, "wrong sign"},
                                                {-units::kbar_per_ev_per_angstrom3, false, "in kbar, positive in compression"},
                                                {units::gpa_per_ev_per_angstrom3, false, "in GPa. Expected"},
                                                {-1.0, true, "virial"}}) {
        auto frames = good_frames();
        for (auto& frame : frames) *frame.labels.stress *= factor * (volume ? frame.structure.cell.volume() : 1.0);
        auto findings = findings_of(frames);
        // Those beyond 10 eV/angstrom^3 are named one by one too.
        std::erase_if(findings, [](const Finding& f) { return f.check == "stress" && f.text.find("is beyond 10") != std::string::npos; });
        ASSERT_EQ(findings.size(), 1u) << words;
        EXPECT_EQ(findings[0].check, "stress");
        EXPECT_NE(findings[0].text.find(words), std::string::npos) << findings[0].text;
    }
}

// Sheared one way and the other, so that the shear stress does work.
std::vector<Frame> sheared_frames() {
    base::Random random(7);
    std::vector<Frame> frames;
    const auto start = structure::rattled(structure::repeated(structure::bcc("Li", 3.4), {2, 2, 2}), 0.02, random);
    for (int i = 0; i < 40; ++i) {
        Mat3 strain = Mat3::Zero();
        for (int k = 0; k < 3; ++k) strain(k, k) = random.uniform(-0.02, 0.02);
        strain(0, 1) = random.uniform(-0.06, 0.06), strain(1, 2) = random.uniform(-0.06, 0.06), strain(0, 2) = random.uniform(-0.06, 0.06);
        auto& frame = frames.emplace_back();
        frame.structure = structure::strained(start, strain);
        label(frame);
    }
    return frames;
}

TEST_F(DataCheck, sign_and_order_of_the_shear_stress_are_recognised) {
    EXPECT_TRUE(findings_of(sheared_frames()).empty());
    auto frames = sheared_frames();
    for (auto& frame : frames)
        for (int a = 0; a < 3; ++a)
            for (int b = 0; b < 3; ++b)
                if (a != b) (*frame.labels.stress)(a, b) *= -1;
    const auto shear_finding = [&] {
        for (const auto& finding : findings_of(frames))
            if (finding.check == "stress" && finding.text.find("shear") != std::string::npos) return finding;
        return Finding{};
    };
    EXPECT_NE(shear_finding().text.find("its sign is wrong"), std::string::npos) << shear_finding().text;
    frames = sheared_frames();
    for (auto& frame : frames) {  // VASP's order read as Voigt's
        auto voigt = to_voigt(*frame.labels.stress);
        frame.labels.stress = from_voigt({voigt[0], voigt[1], voigt[2], voigt[5], voigt[3], voigt[4]});
    }
    EXPECT_NE(shear_finding().text.find("xx yy zz xy yz zx (VASP)"), std::string::npos) << shear_finding().text;
}

TEST_F(DataCheck, a_shear_stress_that_is_missing_is_named_but_symmetry_is_respected) {
    auto frames = sheared_frames();
    for (auto& frame : frames) frame.labels.stress = Mat3(frame.labels.stress->diagonal().asDiagonal());
    bool found = false;
    for (const auto& finding : findings_of(frames))
        found = found || (finding.severity == Severity::error && finding.text.find("only the diagonal was labelled") != std::string::npos);
    EXPECT_TRUE(found);
    frames = good_frames();
    frames.resize(9);  // perfect bcc crystals
    EXPECT_TRUE(findings_of(frames).empty());
}

TEST_F(DataCheck, frames_without_shear_stress_among_others_are_named_one_by_one) {
    auto frames = sheared_frames();
    const auto crystals = good_frames();
    frames.insert(frames.end(), crystals.begin(), crystals.begin() + 9);  // symmetry makes theirs vanish
    const auto named = [&] {
        std::vector<std::string> places;
        for (const auto& finding : findings_of(frames))
            if (finding.text.find("shear stress is exactly zero here") != std::string::npos) places.push_back(finding.where);
        return places;
    };
    EXPECT_TRUE(named().empty());
    std::size_t erased = 0;
    for (std::size_t f = 1; f < 40; f += 2, ++erased) frames[f].labels.stress = Mat3(frames[f].labels.stress->diagonal().asDiagonal());
    EXPECT_EQ(named().size(), erased);
    EXPECT_NE(named().at(0).find("frame 1"), std::string::npos) << named()[0];
    double largest = 0;
    for (const auto& frame : frames) largest = std::max(largest, std::abs((*frame.labels.stress)(0, 1)));
    for (auto& frame : frames)  // zero may be by rounding
        for (double& each : frame.labels.stress->reshaped()) each = 0.2 * largest * std::round(each / (0.2 * largest));
    EXPECT_TRUE(named().empty());
}

TEST_F(DataCheck, energies_that_are_all_zero_are_named) {
    auto frames = good_frames();
    for (auto& frame : frames) frame.labels.energy = 0.0;
    std::size_t named = 0;
    for (const auto& finding : findings_of(frames)) named += finding.check == "zero" && finding.text.find("energy") != std::string::npos;
    EXPECT_EQ(named, frames.size());
}

// What the reader doubts makes an error here: the label is not there.
TEST_F(DataCheck, doubtful_extended_xyz_is_named_with_file_and_frame) {
    const auto folder = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/cases/extxyz";
    for (const auto& [file, words] : std::vector<std::pair<std::string, std::string>>{{"two_labels.xyz", "energy= and REF_energy= differ"},
                                                                                      {"stress_bar.xyz", "unit bar"},
                                                                                      {"stress_vs_virial.xyz", "contradict"},
                                                                                      {"apostrophe.xyz", "not closed"}}) {
        const auto report = check(std::vector<fs::path>{folder / file}, {});
        EXPECT_GT(report.count(Severity::error), 0u) << file;
        EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(), [&, &words = words, &file = file](const Finding& f) {
            return f.text.find(words) != std::string::npos && f.where.find(file + ", frame 0") != std::string::npos;
        })) << file;
    }
    for (const char* file : {"config_energy_weight.xyz", "dft_force.xyz", "gpumd_upper.xyz", "json_stress.extxyz", "units.xyz"}) {
        const auto report = check(std::vector<fs::path>{folder / file}, {});
        for (const auto& finding : report.findings) EXPECT_NE(finding.check, "missing") << file << finding.text;
    }
}

TEST_F(DataCheck, another_zero_of_energy_is_noticed_between_files) {
    auto frames = good_frames();
    io::write_frames(folder_ / "a.extxyz", frames);
    for (auto& frame : frames) {
        *frame.labels.energy -= 8.0 * static_cast<double>(frame.structure.size());
        for (auto& position : frame.structure.positions) position += Vec3(0.1, 0, 0);  // no duplicates
    }
    io::write_frames(folder_ / "b.extxyz", frames);
    const auto findings = check(std::vector<fs::path>{folder_ / "a.extxyz", folder_ / "b.extxyz"}, {}).findings;
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].check, "energy-zero");
    EXPECT_NE(findings[0].text.find("-8 eV per Li atom"), std::string::npos) << findings[0].text;
}

TEST_F(DataCheck, unreadable_frames_are_listed_and_the_rest_is_checked) {
    const std::string good =
        "1\nLattice=\"3 0 0 0 3 0 0 0 3\" Properties=species:S:1:pos:R:3:forces:R:3 energy=-2 stress=\"1 1 1 0 0 0\"\nLi 0 0 0 0 0 0\n";
    base::write_file(folder_ / "x.extxyz", "1\n\nXq 0 0 0\n" + good + "1\nLattice=\"3 0 0 0 3 0 3 3 0\"\nLi 0 0 0\n" + "5\n\nLi 0 0 0\n");
    const auto report = check(std::vector<fs::path>{folder_ / "x.extxyz"}, {});
    ASSERT_EQ(report.findings.size(), 3u);
    EXPECT_NE(report.findings[0].where.find("frame 0"), std::string::npos);
    EXPECT_NE(report.findings[1].text.find("no volume"), std::string::npos);
    EXPECT_NE(report.findings[2].text.find("truncated"), std::string::npos);
    EXPECT_EQ(report.counts.frames, 1u);
    EXPECT_EQ(report.count(Severity::error), 3u);
    EXPECT_THROW(static_cast<void>(check(std::vector<fs::path>{folder_ / "none.extxyz"}, {})), FileError);
}

TEST_F(DataCheck, the_shipped_lithium_labels_are_good) {
    const auto report = check(std::vector<fs::path>{fs::path(ALKALI_SOURCE_DIR) / "data/li-qe/train.extxyz"}, {});
    EXPECT_GT(report.counts.frames, 80u);
    for (const auto& finding : report.findings) EXPECT_NE(finding.severity, Severity::error) << finding.where << ": " << finding.text;
}

}  // namespace
}  // namespace alkali::dataset::check_tests
