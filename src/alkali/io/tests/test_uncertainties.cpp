#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/io/label_names.hpp"
#include "alkali/io/uncertainties.hpp"
#include "text_frames.hpp"

namespace alkali::io::uncertainties_tests {
namespace {

TEST(ForgottenLabels, take_with_them_all_that_is_said_of_them) {
    structure::Frame frame;
    frame.labels.energy = 1;
    for (const char* key : {"energy_std", "stress_std",    "devi_e",        "max_devi_f",  "min_devi_f",
                            "avg_devi_f", "max_devi_v",    "min_devi_v",    "avg_devi_v",  "geometry_converged",
                            "converged",  "scf_converged", "free_energy",   "energy",      "stress",
                            "virial",     "dipole",        "energy_weight", "labelled_by", "label_key",
                            "label_date", "settings_hash", "functional",    "ecutwfc_ry",  "pseudopotential_Li",
                            "program",    "level"})
        frame.info[key] = "T";
    for (const char* key : {"config_type", "k_mesh", "REF_energy", "note"}) frame.info[key] = "1 1 1";
    for (const char* name : {"force_std", "devi_f", "forces", "stresses"}) frame.columns.push_back({name, 1, {0.0}});
    for (const char* name : {"tags", "magmoms"}) frame.columns.push_back({name, 1, {0.0}});
    forget_labels(frame);
    EXPECT_THAT(frame.info, testing::UnorderedElementsAre(testing::Key("config_type"), testing::Key("k_mesh"), testing::Key("REF_energy"),
                                                          testing::Key("note")));
    ASSERT_EQ(frame.columns.size(), 2U);
    EXPECT_EQ(frame.columns[0].name, "tags");
    EXPECT_FALSE(frame.labels.energy);
    frame.info = {{"program", "mine"}, {"level", "3"}};
    forget_labels(frame);
    EXPECT_EQ(frame.info.size(), 2U) << "words of people, where no label of pw.x stands";
}

using tests::fault;
using tests::read_text;
using tests::with;

const std::string predicted =
    "2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:force_std:R:3:devi_f:R:1 energy_std=0.1 stress_std=\"1 2 3 4 5 6 7 8 "
    "9\" max_devi_f=0.2\nLi 0 0 0 0.01 0.02 0.03 0.1\nLi 2 2 2 0.01 0.05 0.03 0.2\n";

TEST(Uncertainties, that_are_finite_are_read) { EXPECT_EQ(read_text("extxyz", predicted).at(0).columns.size(), 2U); }

TEST(Uncertainties, that_are_not_finite_are_refused_with_file_frame_and_atom) {
    for (const char* word : {"inf", "nan", "-inf", "1e999"}) {
        const auto said = fault("extxyz", with(predicted, "0.05", word));
        EXPECT_NE(said.find("force_std"), std::string::npos) << said;
        EXPECT_NE(said.find("frame 0"), std::string::npos) << said;
    }
    EXPECT_NE(fault("extxyz", with(predicted, "0.05", "inf")).find("force_std of atom 2"), std::string::npos);
    EXPECT_NE(fault("extxyz", with(predicted, "0.03 0.2", "0.03 inf")).find("devi_f of atom 2"), std::string::npos);
    EXPECT_NE(fault("extxyz", with(predicted, "energy_std=0.1", "energy_std=inf")).find("energy_std"), std::string::npos);
    EXPECT_NE(fault("extxyz", with(predicted, "6 7", "6 nan")).find("stress_std"), std::string::npos);
    EXPECT_NE(fault("extxyz", with(predicted, "max_devi_f=0.2", "max_devi_f=nan")).find("max_devi_f"), std::string::npos);
}

TEST(Uncertainties, are_left_alone_where_labels_are_not_used) {
    ReadOptions any;
    any.numbers = Numbers::any;
    EXPECT_EQ(read_text("extxyz", with(predicted, "0.05", "inf"), any).size(), 1U);
}

}  // namespace
}  // namespace alkali::io::uncertainties_tests
