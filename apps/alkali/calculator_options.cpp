#include "calculator_options.hpp"

#include "alkali/base/error.hpp"
#include "alkali/base/thread_limit.hpp"
#include "number_options.hpp"

namespace alkali::app {

CLI::Validator thread_count(int least) {
    const auto fault = [least](std::string& text) -> std::string {
        long long asked = 0;
        if (!CLI::detail::lexical_cast(text, asked)) return "'" + text + "' is no number of threads";
        if (asked == 0 && least == 0) return {};
        try {
            base::require_threads(asked, {});
        } catch (const InputError& error) {
            return error.what();
        }
        return {};
    };
    return {fault, "", "threads"};
}

void add_threads_option(CLI::App& command, int& threads) {
    command.add_option("--threads", threads, "At most so many threads, as many of them as are fastest; default: all")
        ->type_name(count)
        ->check(thread_count(1));
}

CLI::Option* add_member_option(CLI::App& command, std::vector<std::string>& members) {
    return command
        .add_option("--member", members,
                    "A further model file: CALC and these are a committee; once for each, commas in it separate nothing")
        ->type_name("FILE")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* add_committee_option(CLI::App& command, std::vector<std::string>& committee, const std::string& help) {
    return command.add_option("--committee", committee, help + "; model files with commas between, or the option once for each")
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
