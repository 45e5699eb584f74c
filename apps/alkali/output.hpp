#pragma once
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

// All text that leaves the program goes through here: made printable, since it may hold what files say.
namespace alkali::app {

/// Opens what is closed of standard input, output and error, so that no other file gets their numbers; makes a reader that has gone
/// and the limit of file sizes failures of writing rather than signals; keeps what other libraries print out of the results. Call it
/// before anything else.
void prepare_streams();
/// The word; for names of standard output and for the file that it goes to, the descriptor of the results.
[[nodiscard]] std::string results_path(const std::string& word);
[[nodiscard]] bool is_results_path(const std::filesystem::path& path);

/// A part of the results, to standard output. What it cannot take is told by output_failure().
void write_out(std::string_view text);
template <class... Values>
void print_out(fmt::format_string<Values...> text, Values&&... values) {
    write_out(fmt::format(text, std::forward<Values>(values)...));
}
/// From here on what write_out() is given goes to standard error: standard output is for a file that the command writes.
void leave_standard_output();
/// To standard error; what it cannot take is lost.
void say(std::string_view text);
/// The same as it is, for what drives a terminal.
void say_as_it_is(std::string_view text);

/// Completes standard output. Why it did not take everything; empty if it did.
[[nodiscard]] std::string output_failure();

}  // namespace alkali::app
