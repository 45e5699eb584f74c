#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "alkali/calculator/registry.hpp"

namespace alkali::app {

/// Refuses more threads than this machine bears, of one option or each of several.
[[nodiscard]] CLI::Validator thread_count(int least);
/// --threads of commands that take all by default.
void add_threads_option(CLI::App& command, int& threads);
/// CALC and the further members of --member.
struct CalculatorChoice {
    std::string calculator;
    std::vector<std::string> members = {};
    /// As the registry takes it.
    [[nodiscard]] std::string text() const;
};

/// --member: further model files of a committee.
CLI::Option* add_member_option(CLI::App& command, std::vector<std::string>& members);
/// --committee, of models that say how uncertain another's results are: one text, or the option several times.
CLI::Option* add_committee_option(CLI::App& command, std::vector<std::string>& committee, const std::string& help);
/// What that option names, as the registry takes it.
[[nodiscard]] std::string committee_text(const std::vector<std::string>& committee);
/// The same and --precision.
void add_open_options(CLI::App& command, calculator::OpenOptions& options);

}  // namespace alkali::app
