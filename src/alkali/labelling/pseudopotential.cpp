#include "alkali/labelling/pseudopotential.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>

#include "alkali/base/error.hpp"
#include "alkali/base/file_ends.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/text.hpp"
#include "alkali/labelling/program_command.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::labelling {
namespace {

namespace fs = std::filesystem;

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The value of key = value or key = 'value' in Fortran namelists, whatever its case; empty if absent.
std::string namelist_value(std::string_view text, std::string_view key) {
    const std::string lowered = io::lower_case(text);
    for (auto at = lowered.find(key); at != std::string::npos; at = lowered.find(key, at + 1)) {
        if (at > 0 && is_name(lowered[at - 1])) continue;
        auto i = at + key.size();
        const auto skip = [&] {
            while (i < text.size() && std::isspace(static_cast<unsigned char>(text[i])) != 0) ++i;
        };
        skip();
        if (i >= text.size() || text[i] != '=') continue;
        ++i;
        skip();
        if (i >= text.size()) return {};
        const char quote = text[i];
        const bool quoted = quote == '\'' || quote == '"';
        const auto begin = quoted ? i + 1 : i;
        const auto end = quoted ? text.find(quote, begin) : text.find_first_of(" ,\t\r\n/", begin);
        if (end == std::string_view::npos) return std::string(quoted ? std::string_view{} : text.substr(begin));
        return std::string(text.substr(begin, end - begin));
    }
    return {};
}

struct Wanted {
    std::string element, functional, file;
};

Wanted read_input(const std::string& text, const fs::path& path) {
    Wanted wanted;
    const auto where = path.string();
    if (io::lower_case(text).find("&inputp") == std::string::npos)
        throw InputError("the input has no namelist &inputp, so it makes no pseudopotential", where, "see data/pseudopotentials");
    wanted.functional = namelist_value(text, "dft");
    wanted.file = fs::path(namelist_value(text, "file_pseudopw")).filename().string();
    if (wanted.file.empty()) throw InputError("the input does not name the file it makes", where, "file_pseudopw = 'Li.UPF' in &inputp");
    const auto zed = io::parse_double(namelist_value(text, "zed"));
    if (!zed || *zed != std::round(*zed) || *zed < 1 || *zed > units::max_atomic_number)
        throw InputError("the input gives no atomic number", where, "zed = 3 in &input");
    wanted.element = units::symbol(static_cast<int>(*zed));
    return wanted;
}

/// First words of the box with which the programs of Quantum ESPRESSO stop.
std::string error_box(const std::string& text) {
    const auto begin = text.find("Error in routine");
    if (begin == std::string::npos) return {};
    const auto box = std::string_view(text).substr(begin, text.find("%%%%", begin) - begin);
    std::string words;
    for (const auto word : io::split(box)) words += (words.empty() ? "" : " ") + std::string(word);
    return words.substr(0, 240);
}

std::string run_ld1(const fs::path& input, const fs::path& folder, const GenerateOptions& options) {
    auto command = program_command(folder, Launch::alone);
    command.words = {options.program};
    command.input = fs::absolute(input);
    command.output = command.errors = folder / "ld1.out";
    command.max_seconds = options.max_seconds;
    command.stop = options.stop;
    const auto outcome = base::run_command(command);
    const auto text = base::read_ends(folder / "ld1.out", 16'000'000).text;
    if (outcome.ending == base::Ending::out_of_time)
        throw ExternalProgramError(fmt::format("{} did not end within {:g} s", options.program, options.max_seconds), input.string());
    if (outcome.ending != base::Ending::exited || outcome.status != 0 || text.find("Error in routine") != std::string::npos) {
        const auto box = error_box(text);
        throw ExternalProgramError(options.program + " failed: " + (box.empty() ? fmt::format("status {}", outcome.status) : box),
                                   input.string());
    }
    return text;
}

/// Functionals by their components, as Quantum ESPRESSO names both (Modules/funct.f90); lower case, no blanks.
std::string components(std::string_view name) {
    std::string plain;
    for (const char c : io::lower_case(name))
        if (is_name(c)) plain += c;
    static const std::map<std::string, std::string> known{
        {"pz", "slapz"},           {"lda", "slapz"},      {"pbe", "slapwpbxpbc"},  {"pbesol", "slapwpsxpsc"}, {"revpbe", "slapwrevxpbc"},
        {"blyp", "slab88lypblyp"}, {"bp", "slapzb88p86"}, {"pw91", "slapwggxggc"}, {"wc", "slapwwcxpbc"},     {"tpss", "slapwtpsstpss"}};
    const auto found = known.find(plain);
    return found == known.end() ? plain : found->second;
}

void check(const GeneratedPseudopotential& made, const Wanted& wanted, const std::string& where, double largest_difference) {
    const auto& h = made.header;
    if (h.element != wanted.element)
        throw ExternalProgramError(fmt::format("the result is for {}, the input for {}", h.element, wanted.element), where);
    // LDA parts are written with and without the gradient corrections that are not there ("NOGX NOGC").
    if (!wanted.functional.empty() && !components(h.functional).starts_with(components(wanted.functional)))
        throw ExternalProgramError(fmt::format("the result has the functional '{}', the input '{}'", h.functional, wanted.functional),
                                   where);
    if (!made.report.finished || made.report.levels.empty())
        throw ExternalProgramError("ld1.x did not test the pseudopotential to the end", where, "iswitch = 3 in &input");
    if (std::abs(h.z_valence - made.report.valence_charge) > 0.006)  // two decimals are printed
        throw ExternalProgramError(fmt::format("the result has a valence of {:g}, the test {:g}", h.z_valence, made.report.valence_charge),
                                   where);
    for (const auto& level : made.report.levels)
        if (!(std::abs(level.difference()) <= largest_difference))
            throw ConvergenceError(
                fmt::format("the eigenvalue of {} is {:.5f} Ry with all electrons and {:.5f} Ry with the pseudopotential", level.orbital,
                            level.all_electron, level.pseudo),
                where, fmt::format("at most {:g} Ry apart is wanted: change radii or projectors", largest_difference));
}

void check_finite(const std::string& text, const std::string& where) {
    const auto numbers = text.find("<PP_MESH");
    const std::string lowered = io::lower_case(std::string_view(text).substr(numbers == std::string::npos ? 0 : numbers));
    for (const std::string_view word : {" nan", "-nan", "infinity", "***"})
        if (lowered.find(word) != std::string::npos)
            throw ExternalProgramError("the pseudopotential has numbers that are not finite", where);
}

/// "     1 0     2S   1( 1.00)       -0.21125       -0.21125        0.00000"
std::optional<LevelTest> level_of(std::string_view line) {
    std::string spaced(line);
    std::ranges::replace_if(
        spaced, [](char c) { return c == '(' || c == ')'; }, ' ');
    const auto words = io::split(spaced);
    const auto n = words.size();
    if (n < 8 || !io::parse_integer(words[0])) return std::nullopt;
    const auto orbital =
        std::ranges::find_if(words, [](std::string_view w) { return std::isalpha(static_cast<unsigned char>(w.back())) != 0; });
    const auto occupation = io::parse_double(words[n - 4]), all = io::parse_double(words[n - 3]), pseudo = io::parse_double(words[n - 2]);
    if (!occupation || orbital == words.end()) return std::nullopt;
    const double nothing = std::nan("");
    return LevelTest{std::string(*orbital), *occupation, all.value_or(nothing), pseudo.value_or(nothing)};
}

}  // namespace

Ld1Report read_ld1_output(std::string_view text) {
    Ld1Report report;
    bool table = false;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto says = [&](std::string_view what) { return line.find(what) != std::string_view::npos; };
        if (const auto at = line.find("Program LD1 v."); at != std::string_view::npos)
            report.version = io::split(line.substr(at + 14)).front();
        if (const auto at = line.find("valence charge is"); at != std::string_view::npos) {
            const auto words = io::split(line.substr(at + 17));
            report.valence_charge = words.empty() ? 0 : io::parse_double(words[0]).value_or(0);
        }
        if (says("Warning") || says("WARNING") || says("ghost")) report.notes.emplace_back(io::trim(line));
        if (says("End of pseudopotential test")) report.finished = true;
        if (says("e AE (Ry)")) {
            table = true;
            continue;
        }
        if (!table) continue;
        const auto level = level_of(line);
        table = level.has_value();
        if (level) report.levels.push_back(*level);
    }
    return report;
}

GeneratedPseudopotential generate_pseudopotential(const fs::path& input, const GenerateOptions& options) {
    const auto where = input.string();
    const auto wanted = read_input(base::read_file(input), input);
    const base::TemporaryFolder work(options.scratch.empty() ? base::private_folder(base::temporary_home()) : options.scratch, "ld1-");
    GeneratedPseudopotential made;
    made.report = read_ld1_output(run_ld1(input, work.path(), options));
    const auto raw = work.path() / wanted.file;
    if (!fs::is_regular_file(raw))
        throw ExternalProgramError(options.program + " made no file " + wanted.file, where, "iswitch = 3 in &input");
    const auto wrapped = wrap_long_lines(base::read_file(raw), raw.filename().string());
    made.wrapped_lines = wrapped.lines;
    made.header = read_upf_header(wrapped.text, wanted.file);
    check_finite(wrapped.text, where);
    (void)check_upf(wrapped.text, wanted.file);
    check(made, wanted, where, options.largest_difference);
    made.file = options.folder / (options.name.empty() ? wanted.file : options.name);
    base::write_file(made.file, wrapped.text);
    return made;
}

}  // namespace alkali::labelling
