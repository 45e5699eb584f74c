// Committees as users run them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::committee_tests {
namespace {

/// The first frame of an extended XYZ file: pairs of its header, and rows of numbers behind the symbols.
struct FirstFrame {
    std::map<std::string, std::string> header;
    std::vector<std::vector<double>> rows;

    explicit FirstFrame(const std::string& text) {
        std::istringstream lines(text);
        std::string line;
        std::getline(lines, line);
        const int atoms = std::stoi(line);
        std::getline(lines, line);
        std::istringstream words(line);
        for (std::string word; words >> word;)
            if (const auto equal = word.find('='); equal != std::string::npos) header[word.substr(0, equal)] = word.substr(equal + 1);
        for (int i = 0; i < atoms; ++i) {
            std::getline(lines, line);
            std::istringstream row(line);
            std::string symbol;
            row >> symbol;
            rows.emplace_back();
            for (double x = 0; row >> x;) rows.back().push_back(x);
        }
    }
    [[nodiscard]] double number(const std::string& key) const { return std::stod(header.at(key)); }
};

class Committee : public ::testing::Test {
protected:
    void write(const std::string& name, const std::string& content) const { base::write_file(scratch_.path() / name, content); }
    [[nodiscard]] std::string read(const std::string& name) const { return base::read_file(scratch_.path() / name); }
    [[nodiscard]] Outcome alkali(const std::vector<std::string>& arguments) const { return run(arguments, scratch_.path()); }
    const Scratch scratch_;
};

const char* const three = "c/member_1/init.safetensors,c/member_2/init.safetensors,c/member_3/init.safetensors";

TEST_F(Committee, given_by_its_folder_is_named_with_its_members) {
    write("data.extxyz", good_frames());
    write("train.yaml", good_config());
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "c", "--init-only", "--committee", "2"}).status, 0);
    const auto outcome = alkali({"evaluate", "c", "data.extxyz"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, ::testing::HasSubstr("c/member_1/init.safetensors,c/member_2/init.safetensors"));
    EXPECT_EQ(alkali({"evaluate", "c/member_1/init.safetensors,c/member_2/init.safetensors", "data.extxyz"}).status, 0);
}

TEST_F(Committee, finds_out_before_its_first_member_is_trained_what_stops_a_later_one) {
    write("data.extxyz", good_frames());
    write("train.yaml", good_config());
    for (const char* name : {"best.safetensors", "metrics.csv", "checkpoint/state.safetensors"}) {
        write(std::string("c/member_2/") + name, "mine");
        const auto outcome = alkali({"train", "train.yaml", "-o", "c", "--committee", "2"});
        EXPECT_EQ(outcome.status, 1);
        EXPECT_THAT(outcome.errors, ::testing::HasSubstr("c/member_2"));
        EXPECT_THAT(outcome.errors, ::testing::HasSubstr("earlier run"));
        EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "c/member_1"));
        std::filesystem::remove_all(scratch_.path() / "c");
    }
    write("train.yaml", with(good_config(), "seed: 1", "seed: 9223372036854775807"));
    const auto outcome = alkali({"train", "train.yaml", "-o", "c", "--committee", "2"});
    EXPECT_THAT(outcome.errors, ::testing::HasSubstr("training.seed"));
    EXPECT_FALSE(std::filesystem::exists(scratch_.path() / "c"));
}

TEST_F(Committee, predicts_mean_and_deviations_of_its_members_predictions) {
    write("data.extxyz", good_frames());
    write("train.yaml", good_config());
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "c", "--init-only", "--committee", "3"}).status, 0);
    ASSERT_EQ(alkali({"predict", three, "data.extxyz", "-o", "all.extxyz"}).status, 0);
    const FirstFrame all(read("all.extxyz"));
    std::vector<FirstFrame> members;
    for (const std::string member : {"1", "2", "3"}) {
        ASSERT_EQ(alkali({"predict", "c/member_" + member + "/init.safetensors", "data.extxyz", "-o", "one.extxyz"}).status, 0);
        members.emplace_back(read("one.extxyz"));
        EXPECT_FALSE(members.back().header.contains("energy_std"));
    }

    double energy = 0, energy_square = 0, largest = 0, sum = 0;
    for (const auto& member : members) energy += member.number("energy") / 3;
    for (const auto& member : members) energy_square += std::pow(member.number("energy") - energy, 2);
    EXPECT_NEAR(all.number("energy"), energy, 1e-12);
    EXPECT_NEAR(all.number("energy_std"), std::sqrt(energy_square / 2), 1e-12);
    const auto atoms = static_cast<double>(all.rows.size());
    EXPECT_NEAR(all.number("devi_e"), std::sqrt(energy_square / 3) / atoms, 1e-12);
    // Columns: position, force, force_std, devi_f.
    for (std::size_t i = 0; i < all.rows.size(); ++i) {
        ASSERT_EQ(all.rows[i].size(), 10U);
        double squares = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            double mean = 0, square = 0;
            for (const auto& member : members) mean += member.rows[i][3 + k] / 3;
            for (const auto& member : members) square += std::pow(member.rows[i][3 + k] - mean, 2);
            EXPECT_NEAR(all.rows[i][3 + k], mean, 1e-12);
            EXPECT_NEAR(all.rows[i][6 + k], std::sqrt(square / 2), 1e-12);
            squares += square / 3;
        }
        EXPECT_NEAR(all.rows[i][9], std::sqrt(squares), 1e-12);
        largest = std::max(largest, std::sqrt(squares));
        sum += std::sqrt(squares);
    }
    EXPECT_GT(largest, 0);
    EXPECT_NEAR(all.number("max_devi_f"), largest, 1e-12);
    EXPECT_NEAR(all.number("avg_devi_f"), sum / atoms, 1e-12);
    EXPECT_TRUE(all.header.contains("max_devi_v") && all.header.contains("min_devi_v") && all.header.contains("avg_devi_v"));
}

TEST_F(Committee, is_evaluated_with_its_expected_errors_and_reported) {
    write("data.extxyz", good_frames());
    write("train.yaml", good_config());
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "c", "--init-only", "--committee", "3"}).status, 0);
    const auto outcome = alkali({"evaluate", three, "data.extxyz", "-o", "results"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(outcome.output, ::testing::HasSubstr("force_coverage_90"));
    const auto records = nlohmann::json::parse(read("results/evaluation.json")).at("records");
    EXPECT_GT(records.at("force_std").at("value").get<double>(), 0);
    EXPECT_EQ(records.at("reliability").at("value").at("force").at("points"), 24);
    ASSERT_EQ(alkali({"report", "results", "-o", "report.html"}).status, 0);
    EXPECT_THAT(read("report.html"), ::testing::HasSubstr("id=\"reliability\""));
}

TEST_F(Committee, calibrates_one_of_its_members_which_then_expects_errors_alone) {
    write("data.extxyz", good_frames() + good_frames());
    write("train.yaml", good_config());
    ASSERT_EQ(alkali({"train", "train.yaml", "-o", "c", "--init-only", "--committee", "3"}).status, 0);
    const std::string member = "c/member_1/init.safetensors";
    auto outcome = alkali({"calibrate", member, "data.extxyz", "-o", "calibrated.safetensors", "--committee", three});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    EXPECT_THAT(outcome.output, ::testing::HasSubstr("rank correlation with the committee"));
    outcome = alkali({"evaluate", "calibrated.safetensors", "data.extxyz", "--committee", three});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    for (const char* name : {"force_coverage_90", "force_std_committee_correlation"})
        EXPECT_THAT(outcome.output, ::testing::HasSubstr(name));
    EXPECT_THAT(outcome.output, ::testing::Not(::testing::HasSubstr("energy_std")));
    ASSERT_EQ(alkali({"predict", "calibrated.safetensors", "data.extxyz", "-o", "expected.extxyz"}).status, 0);
    const FirstFrame expected(read("expected.extxyz"));
    EXPECT_EQ(expected.rows[0].size(), 9U) << "position, force, force_std";
    for (const auto& row : expected.rows) EXPECT_GT(row[6], 0);
    EXPECT_FALSE(expected.header.contains("energy_std"));
    // The potential is the member's.
    ASSERT_EQ(alkali({"predict", member, "data.extxyz", "-o", "plain.extxyz"}).status, 0);
    EXPECT_EQ(FirstFrame(read("plain.extxyz")).number("energy"), expected.number("energy"));

    outcome = alkali({"evaluate", "calibrated.safetensors", "data.extxyz", "--committee", member});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, ::testing::HasSubstr("no committee"));
    write("data.extxyz", good_frames());
    outcome = alkali({"calibrate", member, "data.extxyz", "-o", "few.safetensors"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, ::testing::HasSubstr("four frames"));
}

/// Small models trained on the shipped lithium labels.
class SlowCommittee : public Committee {};

TEST_F(SlowCommittee, gives_an_uncertainty_on_bulk_properties_and_the_vacancy) {
    write("train.yaml",
          "model: {type: nequip, type_names: [Li], r_max: 5.0, num_layers: 2, l_max: 1, num_features: 8, radial_mlp_depth: 1, "
          "radial_mlp_width: 16, num_bessels: 6}\n"
          "data: {train: " +
              std::string(ALKALI_SOURCE_DIR) +
              "/data/li-qe/train.extxyz, validation: 0.1}\n"
              "training: {batch_size: 5, lr: 0.01, ema_decay: 0.99, loss_coeffs: {total_energy: 10, forces: 1, stress: 100}, "
              "max_epochs: 1500, seed: 1}\n");
    const auto trained = alkali({"train", "train.yaml", "-o", "c", "--committee", "3"});
    ASSERT_EQ(trained.status, 0) << trained.all();
    const auto outcome = alkali({"properties", "c/member_1/best.safetensors,c/member_2/best.safetensors,c/member_3/best.safetensors",
                                 "--only", "lattice,equation_of_state,elastic,vacancy", "--set", "vacancy.supercell=4", "-o", "p"});
    ASSERT_EQ(outcome.status, 0) << outcome.all();
    const auto records = nlohmann::json::parse(read("p/records.json")).at("records");
    for (const char* name : {"a0", "bulk_modulus", "C11", "C12", "C44", "vacancy_formation_energy"}) {
        const auto& record = records.at(name);
        const auto members = record.at("settings").at("members").get<std::vector<double>>();
        ASSERT_EQ(members.size(), 3U) << name;
        double mean = 0, square = 0;
        for (const double member : members) mean += member / 3;
        for (const double member : members) square += std::pow(member - mean, 2) / 2;
        EXPECT_NEAR(record.at("value").get<double>(), mean, 1e-9 * std::abs(mean)) << name;
        EXPECT_NEAR(record.at("uncertainty").get<double>(), std::sqrt(square), 1e-9 * std::abs(mean)) << name;
        EXPECT_GT(record.at("uncertainty").get<double>(), 0) << name;
        // Members trained on the same labels agree roughly.
        EXPECT_LT(record.at("uncertainty").get<double>(), 0.3 * std::abs(mean)) << name;
    }
    EXPECT_NEAR(records.at("a0").at("value").get<double>(), 3.43, 0.03);
}

}  // namespace
}  // namespace alkali::cli_test::committee_tests
