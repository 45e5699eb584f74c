// alkali precision on a small untrained model: what it prints and writes, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::precision_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// A run of about a second: an untrained model has no crystal of its own, so a lattice constant is given.
std::vector<std::string> quick(std::vector<std::string> more = {}) {
    std::vector<std::string> words{
        "precision", "model.safetensors", "--a0", "3.5",         "--unrelaxed", "--atoms",      "15,53", "--points",  "41", "--nve-ps",
        "0.1",       "--nve-atoms",       "16",   "--settle-ps", "0",           "--path-atoms", "16",    "--motions", "8"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST(Precision, writes_noise_vacancies_drift_and_table_errors_of_all_precisions) {
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    const auto outcome = run(quick({"--json", "out.json"}), scratch.path());
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
    for (const char* part : {"float32", "mixed", "float64", "smooth path", "vacancy", "constant energy", "tables as used"})
        EXPECT_THAT(outcome.output, HasSubstr(part));
    const auto json = nlohmann::json::parse(base::read_file(scratch.path() / "out.json"));
    EXPECT_EQ(json.at("schema"), 1);
    const auto& records = json.at("records");
    const auto number = [&](const std::string& name) { return records.at(name).at("value").get<double>(); };
    for (const std::string name : {"float32", "mixed"}) {
        // float32 keeps 7 digits: noise above that of float64, and far below a meV.
        EXPECT_GT(number("energy_noise_" + name), 2 * number("energy_noise_float64")) << name;
        EXPECT_LT(number("energy_noise_" + name), 1e-4) << name;
        EXPECT_GT(number("force_difference_" + name), 0) << name;
        for (const std::string atoms : {"_15", "_53"}) {
            EXPECT_EQ(records.at("vacancy_difference_" + name + atoms).at("unit"), "meV");
            EXPECT_NEAR(number("vacancy_formation_energy_" + name + atoms) - number("vacancy_formation_energy_float64" + atoms),
                        1e-3 * number("vacancy_difference_" + name + atoms), 1e-12);
        }
    }
    EXPECT_EQ(records.at("nve_drift_float64").at("settings").at("dt"), 1.0);
    EXPECT_LT(number("table_force_error"), 1e-6);
    EXPECT_LT(number("table_energy_error"), 1e-7);
    EXPECT_GE(records.at("table_force_error").at("settings").at("intervals"),
              records.at("table_force_error_trained").at("settings").at("intervals"));
}

TEST(Precision, repeats_itself_and_leaves_out_what_is_skipped) {
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    const auto first = run(quick({"--skip", "nve,tables"}), scratch.path()), second = run(quick({"--skip", "nve,tables"}), scratch.path());
    ASSERT_EQ(first.status, 0) << first.errors;
    EXPECT_EQ(first.output, second.output);
    EXPECT_THAT(first.output, AllOf(HasSubstr("vacancy"), testing::Not(HasSubstr("constant energy")), testing::Not(HasSubstr("tables"))));
}

TEST(Precision, tells_what_it_cannot_measure) {
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    const auto committee = run({"precision", "model.safetensors,model.safetensors"}, scratch.path());
    EXPECT_EQ(committee.status, 1);
    EXPECT_THAT(committee.errors, HasSubstr("committee"));
    const auto missing = run({"precision", "nowhere.safetensors"}, scratch.path());
    EXPECT_EQ(missing.status, 1);
    EXPECT_THAT(missing.errors, HasSubstr("nowhere.safetensors"));
    EXPECT_EQ(run(quick({"--skip", "nvt"}), scratch.path()).status, 2);
    EXPECT_EQ(run(quick({"--nve-ps", "-1"}), scratch.path()).status, 2);
    EXPECT_THAT(run(quick({"--points", "5"}), scratch.path()).errors, HasSubstr("points"));
    EXPECT_THAT(scratch.content(), testing::ElementsAre("model.safetensors"));
}

TEST(Info, tells_the_error_of_the_tables_as_trained_and_as_used) {
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    const auto outcome = run({"info", "model.safetensors", "--json", "info.json"}, scratch.path());
    ASSERT_EQ(outcome.status, 0) << outcome.errors;
    const auto tables = nlohmann::json::parse(base::read_file(scratch.path() / "info.json")).at("tables");
    EXPECT_EQ(tables.at("as_trained").at("intervals"), 256);
    EXPECT_TRUE(tables.at("as_used").at("within_bounds"));
    EXPECT_LE(tables.at("as_used").at("force_error"), tables.at("as_trained").at("force_error"));
}

}  // namespace
}  // namespace alkali::cli_test::precision_tests
