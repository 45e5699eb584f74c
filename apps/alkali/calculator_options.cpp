#include "calculator_options.hpp"

namespace alkali::app {

void add_threads_option(CLI::App& command, int& threads) {
    command.add_option("--threads", threads, "At most so many threads, as many of them as are fastest; default: all")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
}

void add_member_option(CLI::App& command, std::vector<std::string>& members) {
    command
        .add_option("--member", members,
                    "A further model file: CALC and these are a committee; once for each, commas in it separate nothing")
        ->type_name("FILE")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_committee_option(CLI::App& command, std::vector<std::string>& committee, const std::string& help) {
    command.add_option("--committee", committee, help + "; model files with commas between, or the option once for each")
        ->type_name("FILE,...")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string committee_text(const std::vector<std::string>& committee) {
    std::string text;
    for (const auto& member : committee) text += (text.empty() ? "" : "\n") + member;
    return text;
}

std::string CalculatorChoice::text() const {
    auto all = members;
    all.insert(all.begin(), calculator);
    return committee_text(all);
}

void add_open_options(CLI::App& command, calculator::OpenOptions& options) {
    command.add_option("--precision", options.precision, "float32, mixed or float64; default: as the model says");
    add_threads_option(command, options.threads);
}

}  // namespace alkali::app
