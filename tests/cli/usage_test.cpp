#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "program.hpp"

namespace alkali::cli_test::usage_tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// The words of a command, such as {"data", "check"}.
using Words = std::vector<std::string>;
class Help : public testing::TestWithParam<Words> {};

TEST_P(Help, is_given_with_examples_and_status_0) {
    const Scratch scratch;
    auto words = GetParam();
    words.emplace_back("--help");
    const auto outcome = run(words, scratch.path());
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr(GetParam().back()), HasSubstr("xamples:")));
}

INSTANTIATE_TEST_SUITE_P(Command, Help,
                         testing::Values(Words{"train"}, Words{"evaluate"}, Words{"predict"}, Words{"info"}, Words{"properties"},
                                         Words{"relax"}, Words{"report"}, Words{"data", "check"}, Words{"data", "convert"},
                                         Words{"data", "split"}, Words{"label", "pseudopotential"}, Words{"label", "run"},
                                         Words{"label", "task"}, Words{"import"}, Words{"benchmark"}, Words{"precision"}, Words{"doctor"}),
                         [](const auto& info) { return info.param.back(); });

TEST(Usage, the_help_lists_every_command) {
    const Scratch scratch;
    const auto outcome = run({"--help"}, scratch.path());
    EXPECT_EQ(outcome.status, 0);
    for (const char* command : {"train", "evaluate", "predict", "info", "properties", "relax", "report", "data", "import", "label",
                                "benchmark", "precision", "doctor"})
        EXPECT_THAT(outcome.output, HasSubstr(std::string("\n  ") + command + " "));
}

TEST(Usage, the_version_is_told) {
    const Scratch scratch;
    const auto outcome = run({"--version"}, scratch.path());
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, testing::ContainsRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

class WrongUsage : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WrongUsage, ends_with_status_2_and_a_message_and_no_file) {
    const Scratch scratch;
    const auto outcome = run(GetParam(), scratch.path());
    EXPECT_EQ(outcome.status, 2) << outcome.all();
    EXPECT_FALSE(outcome.all().empty());
    EXPECT_THAT(scratch.content(), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Of, WrongUsage,
                         testing::Values(std::vector<std::string>{}, std::vector<std::string>{"trian"},
                                         std::vector<std::string>{"doctor", "--jsno"}, std::vector<std::string>{"report"},
                                         std::vector<std::string>{"train"}, std::vector<std::string>{"evaluate", "model.safetensors"},
                                         std::vector<std::string>{"predict", "a", "b"},
                                         std::vector<std::string>{"relax", "a", "b", "-o", "c.extxyz", "--pressure", "5"},
                                         std::vector<std::string>{"relax", "a", "b", "-o", "c.extxyz", "--cell-freedom", "shape"},
                                         std::vector<std::string>{"properties"}));

TEST(Usage, a_mistyped_command_is_named_with_the_nearest) {
    const Scratch scratch;
    const auto outcome = run({"evalute", "model.safetensors", "data.extxyz"}, scratch.path());
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("'evalute'"), HasSubstr("did you mean evaluate?")));
    const auto nested = run({"data", "chekc", "data.extxyz"}, scratch.path());
    EXPECT_EQ(nested.status, 2);
    EXPECT_THAT(nested.errors, AllOf(HasSubstr("'chekc'"), HasSubstr("did you mean check?")));
}

TEST(Doctor, answers_in_json_what_is_there_and_how_to_get_what_is_not) {
    const Scratch scratch;
    const auto outcome = run({"doctor", "--json"}, scratch.path());
    ASSERT_EQ(outcome.status, 0);
    const auto json = nlohmann::json::parse(outcome.output);
    EXPECT_EQ(json.at("schema"), 1);
    std::vector<std::string> names;
    for (const auto& check : json.at("checks")) {
        names.push_back(check.at("name"));
        EXPECT_TRUE(check.at("found").get<bool>() || !check.at("install").get<std::string>().empty()) << check;
    }
    EXPECT_THAT(names, testing::IsSupersetOf({"cpu", "threads", "kim-api", "kim-models", "mpi", "lammps", "quantum-espresso", "python"}));
}

TEST(Doctor, without_a_path_finds_no_programs_and_says_how_to_get_them) {
    const Scratch scratch;
    const char* path = std::getenv("PATH");
    const std::string saved = path ? path : "";
    ::setenv("PATH", "/nowhere", 1);
    const auto outcome = run({"doctor"}, scratch.path());
    ::setenv("PATH", saved.c_str(), 1);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("apt-get install lammps"), HasSubstr("apt-get install openmpi-bin")));
}

}  // namespace
}  // namespace alkali::cli_test::usage_tests
