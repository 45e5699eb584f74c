#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::benchmark_tests {
namespace {

nlohmann::json benchmark(const std::vector<std::string>& options) {
    const Scratch scratch;
    base::write_file(scratch.path() / "model.safetensors", good_model());
    std::vector<std::string> words = {"benchmark", "model.safetensors", "--seconds", "0.05", "--json", "speed.json"};
    words.insert(words.end(), options.begin(), options.end());
    const auto outcome = run(words, scratch.path());
    EXPECT_EQ(outcome.status, 0) << outcome.all();
    return nlohmann::json::parse(base::read_file(scratch.path() / "speed.json"));
}

TEST(Benchmark, gives_an_entry_for_every_combination_with_the_keys_of_the_contract) {
    const auto results = benchmark({"--atoms", "2,54", "--threads", "1,2", "--precision", "mixed,float64", "--no-peak"});
    ASSERT_EQ(results.size(), 8U);
    for (const auto& result : results) {
        EXPECT_TRUE(result.at("atoms") == 2 || result.at("atoms") == 54);
        EXPECT_TRUE(result.at("threads") == 1 || result.at("threads") == 2);
        EXPECT_TRUE(result.at("precision") == "mixed" || result.at("precision") == "float64");
        EXPECT_GT(result.at("us_per_atom").get<double>(), 0);
        EXPECT_GT(result.at("cpu_us_per_atom").get<double>(), 0);
        EXPECT_GT(result.at("gflops").get<double>(), 0);
        EXPECT_GT(result.at("peak_rss_bytes").get<std::int64_t>(), 1'000'000);
        EXPECT_GE(result.at("peak_rss_bytes").get<std::int64_t>(), result.at("base_rss_bytes").get<std::int64_t>());
        EXPECT_TRUE(result.at("bytes_per_atom").is_number());
        EXPECT_TRUE(result.at("peak_gflops").is_null());
        EXPECT_GE(result.at("us_per_atom_median").get<double>(), result.at("us_per_atom").get<double>());
    }
}

TEST(Benchmark, has_parts_that_add_up_to_the_whole) {
    const auto result = benchmark({"--atoms", "432", "--repeat", "5", "--no-peak"}).at(0);
    const auto& parts = result.at("parts");
    double named = 0, operations = 0;
    for (const auto& [name, part] : parts.items()) {
        if (name != "other" && part.at("us_per_atom").is_number()) named += part.at("us_per_atom").get<double>();
        if (part.at("operations_per_atom").is_number()) operations += part.at("operations_per_atom").get<double>();
    }
    for (const char* name : {"neighbour_list", "geometry", "radial", "tensor_product_forward", "tensor_product_backward", "linear", "gate",
                             "readout", "assembly"})
        EXPECT_TRUE(parts.contains(name)) << name;
    const double other = parts.at("other").at("us_per_atom").get<double>();
    EXPECT_GE(other, 0);
    EXPECT_LT(other, 0.25 * named) << parts.dump(1);
    EXPECT_NEAR(operations, result.at("operations_per_atom").get<double>(), 1e-9 * operations);
    // Runs with and without stopwatches are the same work; a shared machine makes them differ.
    EXPECT_GT(named + other, 0.5 * result.at("us_per_atom").get<double>());
}

TEST(Benchmark, puts_speed_beside_the_measured_peak) {
    const auto result = benchmark({"--atoms", "54"}).at(0);
    const double peak = result.at("peak_gflops"), share = result.at("share_of_peak");
    EXPECT_GT(peak, 0.1);
    EXPECT_NEAR(share, result.at("gflops").get<double>() / peak, 1e-9);
    EXPECT_GT(result.at("bandwidth_gb_per_s").get<double>(), 0.1);
}

TEST(Benchmark, of_a_potential_that_counts_nothing_has_no_gflops_and_no_parts) {
    const Scratch scratch;
    const auto outcome = run({"benchmark", "kim:MEAM_LAMMPS_KimJungLee_2012_LiMg__MO_427397414195_000", "--atoms", "54", "--seconds",
                              "0.01", "--no-peak", "--json", "speed.json"},
                             scratch.path());
    if (outcome.status != 0) GTEST_SKIP() << "no such KIM model here: " << outcome.errors;
    const auto result = nlohmann::json::parse(base::read_file(scratch.path() / "speed.json")).at(0);
    EXPECT_TRUE(result.at("gflops").is_null());
    EXPECT_TRUE(result.at("parts").empty());
    EXPECT_GT(result.at("us_per_atom").get<double>(), 0);
}

TEST(Benchmark, refuses_a_number_of_runs_that_is_not_positive) {
    const Scratch scratch;
    EXPECT_EQ(run({"benchmark", "model.safetensors", "--repeat", "0"}, scratch.path()).status, 2);
}

}  // namespace
}  // namespace alkali::cli_test::benchmark_tests
