#include "alkali/labelling/quantum_espresso/settings.hpp"

#include <gmock/gmock.h>

#include "alkali/base/error.hpp"
#include "alkali/labelling/quantum_espresso/labeller.hpp"
#include "qe_common.hpp"

namespace alkali::labelling::qe::qe_settings_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class QeSettings : public Scratch {
protected:
    [[nodiscard]] std::string message(const std::string& text, const std::string& run = "") const {
        try {
            static_cast<void>(settings(text, run));
        } catch (const InputError& error) {
            return error.what();
        }
        return "no error";
    }
};

structure::Frame frame_of(const structure::Structure& structure) {
    structure::Frame frame;
    frame.structure = structure;
    return frame;
}

TEST_F(QeSettings, have_the_keys_and_units_of_pw_x) {
    const auto s = settings("ecutwfc: 20\necutrho: 240\nk_spacing: 0.02\nconv_thr: 1e-9\nmixing_beta: 0.4", "processes: 2, max_gb: 1.5");
    EXPECT_EQ(s.physics.level, "test");
    EXPECT_EQ(s.physics.ecutrho, 240);
    EXPECT_EQ(s.physics.smearing, "methfessel-paxton");
    EXPECT_EQ(s.physics.conv_thr, 1e-9);
    EXPECT_EQ(s.electrons.mixing_beta, 0.4);
    EXPECT_EQ(s.run.processes, 2);
    EXPECT_EQ(s.run.max_bytes, 1'500'000'000);
    EXPECT_EQ(s.run.pseudopotential_folder, s.run.scratch / "pseudopotentials");
    EXPECT_TRUE(s.physics.pseudopotentials.at(3).is_absolute());
}

TEST_F(QeSettings, density_cutoff_follows_the_wavefunctions) {
    EXPECT_EQ(settings("ecutwfc: 20\nk_mesh: [2, 2, 2]").physics.ecutrho, 80);
    EXPECT_THAT(message("ecutwfc: 20\necutrho: 60\nk_spacing: 0.1"), HasSubstr("below 4 x ecutwfc"));
}

TEST_F(QeSettings, contradictions_and_gaps_are_named) {
    EXPECT_THAT(message("k_spacing: 0.1"), HasSubstr("'ecutwfc' is missing"));
    EXPECT_THAT(message("ecutwfc: 20"), HasSubstr("one of 'k_spacing' and 'k_mesh'"));
    EXPECT_THAT(message("ecutwfc: 20\nk_spacing: 0.1\nk_mesh: [1, 1, 1]"), HasSubstr("one of 'k_spacing' and 'k_mesh'"));
    EXPECT_THAT(message("ecutwfc: 20\nk_mesh: [1, 1]"), HasSubstr("three numbers"));
    EXPECT_THAT(message("ecutwfc: 20\nk_spacing: 0.1\necutrh: 80"), HasSubstr("ecutrho"));
    EXPECT_THAT(message("ecutwfc: 20\nk_spacing: 0.1\nnspin: 2"), HasSubstr("starting_magnetization"));
    EXPECT_THAT(message("ecutwfc: 20\nk_spacing: 0.1\nstarting_magnetization: {Lx: 1}"), HasSubstr("'Lx' is not a chemical symbol"));
}

TEST_F(QeSettings, missing_pseudopotential_is_named_with_its_place) {
    base::write_file(folder_ / "c.yaml", "level: x\necutwfc: 20\nk_spacing: 0.1\ndegauss: 0.02\npseudopotentials: {Li: none.UPF}\n");
    base::NullSink log;
    try {
        static_cast<void>(load_settings(folder_ / "c.yaml", log));
        FAIL();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr((folder_ / "none.UPF").string()));
        EXPECT_THAT(error.where(), HasSubstr("line 5"));
    }
}

TEST_F(QeSettings, pseudopotential_of_another_element_is_refused) {
    base::write_file(folder_ / "x.UPF",
                     "<UPF>\n<PP_HEADER element=\"Na\" z_valence=\"1.0\" functional=\"PBE\"/>\n<PP_MESH>\n 1.0\n</PP_MESH>\n</UPF>\n");
    base::write_file(folder_ / "c.yaml", "level: x\necutwfc: 20\nk_spacing: 0.1\ndegauss: 0.02\npseudopotentials: {Li: x.UPF}\n");
    base::NullSink log;
    EXPECT_THROW(QuantumEspressoLabeller(load_settings(folder_ / "c.yaml", log)), InputError);
}

TEST_F(QeSettings, shipped_examples_load) {
    base::NullSink log;
    struct Example {
        const char *file, *level, *smearing;
        double degauss;
    };
    for (const auto& [file, level, smearing, degauss] : {Example{"qe-fast.yaml", "fast-cold", "marzari-vanderbilt", 0.03},
                                                         {"qe-fast-mp.yaml", "fast", "methfessel-paxton", 0.01985},
                                                         {"qe-paper.yaml", "paper", "methfessel-paxton", 0.01985}}) {
        const auto s = load_settings(fs::path(ALKALI_SOURCE_DIR) / "examples/lithium" / file, log);
        EXPECT_EQ(s.physics.level, level);
        EXPECT_EQ(s.physics.smearing, smearing);
        EXPECT_EQ(s.physics.degauss, degauss);
        EXPECT_GT(s.physics.k_spacing, 0);
        EXPECT_TRUE(s.physics.pseudopotentials.contains(3));
    }
}

TEST_F(QeSettings, key_of_a_label_holds_what_decides_the_numbers_and_nothing_else) {
    const auto pair = displaced_pair();
    const auto key = [&](const std::string& text, const std::string& run = "") {
        return QuantumEspressoLabeller(settings("ecutwfc: 20\n" + text, run)).settings(frame_of(pair));
    };
    const auto base = key("k_spacing: 0.1");
    EXPECT_EQ(base.at("k_mesh"), nlohmann::json({3, 3, 3}));
    EXPECT_EQ(base, key("k_mesh: [3, 3, 3]"));
    EXPECT_EQ(base,
              key("k_spacing: 0.1\nmixing_beta: 0.2\ndiagonalization: cg", "processes: 2, pools: 2, max_seconds: 9, program: other.x"));
    EXPECT_NE(base, key("k_spacing: 0.05"));
    EXPECT_NE(base, key("k_spacing: 0.1\necutrho: 100"));
    EXPECT_NE(base, key("k_spacing: 0.1\nconv_thr: 1e-6"));
    EXPECT_FALSE(base.at("pseudopotentials").contains("H"));
}

TEST_F(QeSettings, structures_that_cannot_be_computed_are_refused) {
    const QuantumEspressoLabeller labeller(settings("ecutwfc: 20\nk_spacing: 0.1"));
    const auto refuses = [&](const structure::Structure& s, const char* words) {
        try {
            static_cast<void>(labeller.settings(frame_of(s)));
            ADD_FAILURE() << words;
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr(words));
        }
    };
    auto other = displaced_pair();
    other.numbers[1] = 11;
    refuses(other, "no pseudopotential for Na");
    auto near = displaced_pair();
    near.positions[1] = {0.1, 0, 0};
    refuses(near, "0.1");
    // Nothing repeats along x for the structure, but the plane waves do.
    structure::Structure across;
    across.cell = structure::Cell(Mat3(Mat3::Identity() * 5), {false, true, true});
    across.add(3, {0.05, 0, 0});
    across.add(3, {4.95, 0, 0});
    refuses(across, "0.1");
    refuses(structure::dimer("Li", "Li", 2.7), "cell vector 1 is zero");
    structure::Structure unknown = displaced_pair();
    unknown.numbers[0] = 0;
    refuses(unknown, "no known element");
}

TEST_F(QeSettings, a_frame_may_ask_for_its_own_mesh) {
    const QuantumEspressoLabeller labeller(settings("ecutwfc: 20\nk_spacing: 0.1"));
    auto frame = frame_of(structure::bcc("Li", 3.43));
    frame.info["k_mesh"] = "3 4 5";
    const auto asked = labeller.settings(frame);
    EXPECT_EQ(asked.at("k_mesh"), (nlohmann::json{3, 4, 5}));
    EXPECT_TRUE(labeller.keeps({asked, frame.structure}));
    EXPECT_FALSE(QuantumEspressoLabeller(settings("ecutwfc: 25\nk_spacing: 0.1")).keeps({asked, frame.structure}));
    for (const char* wrong : {"3 4", "3 4 0", "3 4 5 6", "three"}) {
        frame.info["k_mesh"] = wrong;
        EXPECT_THROW(static_cast<void>(labeller.settings(frame)), InputError) << wrong;
    }
}

}  // namespace
}  // namespace alkali::labelling::qe::qe_settings_tests
