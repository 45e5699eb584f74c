#include "calculator_options.hpp"

#include "alkali/base/error.hpp"
#include "alkali/base/thread_limit.hpp"

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
    command.add_option("--threads", threads, "Threads; default: as many as are fastest, up to all")->type_name("N")->check(thread_count(1));
}

void add_open_options(CLI::App& command, calculator::OpenOptions& options) {
    command.add_option("--precision", options.precision, "float32, mixed or float64; default: as the model says");
    add_threads_option(command, options.threads);
}

}  // namespace alkali::app
