#include "alkali/io/quantum_espresso_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "alkali/io/text.hpp"

namespace alkali::io::qe {
namespace {

/// "1h 2m", "2m 3.45s", "0.37s" in seconds.
double clock_seconds(std::string_view text) {
    double seconds = 0, number = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text.substr(i, text.find_first_not_of("0123456789.", i) - i);
        if (!digits.empty()) {
            number = parse_double(digits).value_or(0);
            i += digits.size() - 1;
            continue;
        }
        const double unit = text[i] == 'd' ? 86400 : text[i] == 'h' ? 3600 : text[i] == 'm' ? 60 : text[i] == 's' ? 1 : 0;
        seconds += unit * number;
        number = 0;
    }
    return seconds;
}

std::string without_brackets(std::string_view text) {
    std::string plain(text);
    std::ranges::replace_if(
        plain, [](char c) { return c == '(' || c == ')' || c == ','; }, ' ');
    return plain;
}

Grid grid_of(std::string_view text) {
    Grid grid{};
    const auto plain = without_brackets(text);
    const auto words = split(plain);
    for (std::size_t i = 0; i < 3 && i < words.size(); ++i) grid[i] = first_integer(words[i]);
    return grid;
}

/// Releases before 6 print the indices without blanks between them ("(1434 0 0)"): those are not taken.
std::vector<int> indices_of(std::string_view text) {
    std::vector<int> indices;
    const auto plain = without_brackets(text);
    for (const auto word : split(plain)) {
        const auto value = parse_integer(word);
        if (!value || *value < 0 || *value > 100000) return {};
        indices.push_back(static_cast<int>(*value));
    }
    return indices.size() < 4 ? std::vector<int>{} : indices;
}

bool is_warning(std::string_view line) {
    // Some 1e-5 of an electron below zero come with every pseudopotential near a vacuum.
    constexpr double negative_charge = 1e-3;
    if (contains(line, "negative rho"))
        if (const auto rest = after(line, "):")) {
            const auto charges = fixed_columns(*rest);
            return charges.empty() || std::ranges::any_of(charges, [](double c) { return !(c < negative_charge); });
        }
    for (const std::string_view mark : {"WARNING", "Warning", "warning:", "negative rho", "SCF correction compared to forces is large"})
        if (contains(line, mark)) return true;
    return false;
}

/// Namelists that a calculation does not need, cells written as vectors, where the output goes, and how the atoms are moved.
bool is_harmless(std::string_view words) {
    return contains(words, "ibrav=0") || words.starts_with("Warning: card &") || words.starts_with("Warning: card / ignored") ||
           words == "wavefunctions written to file" || contains(words, "bfgs curvature") || contains(words, "should have no symmetries");
}

std::string dispersion_of(std::string_view line) {
    constexpr std::pair<std::string_view, const char*> marks[] = {
        {"DFT-D3 Dispersion", "DFT-D3"},
        {"(Grimme-D2)", "DFT-D2"},
        {"Dispersion Correction     =", "DFT-D2"},
        {"XDM Correction", "XDM"},
        {"XDM dispersion", "XDM"},
        {"Dispersion T-S Correction", "TS"},
        {"TS-vdW initialization", "TS"},
        {"Dispersion MBD Correction", "MBD"},
        {"MBD initialization", "MBD"},
    };
    for (const auto& [mark, name] : marks)
        if (contains(line, mark)) return name;
    return {};
}

}  // namespace

std::optional<std::string_view> after(std::string_view line, std::string_view mark) {
    const auto at = line.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    return line.substr(at + mark.size());
}

bool is_line_of_pw(std::string_view line) {
    if (line.starts_with("!    total energy")) return true;
    for (const std::string_view mark : {"     bravais-lattice index     =", "     End of self-consistent calculation",
                                        "     Forces acting on atoms (cartesian axes, Ry/au)", "     PWSCF        :"})
        if (line.starts_with(mark)) return true;
    return false;
}

double first_number(std::string_view text) {
    const auto words = split(text);
    return words.empty() ? std::numeric_limits<double>::quiet_NaN()
                         : parse_double(words.front()).value_or(std::numeric_limits<double>::quiet_NaN());
}

int first_integer(std::string_view text) {
    const double value = first_number(text);
    return value >= 0 && value < 1e9 ? static_cast<int>(value) : 0;
}

std::optional<Program> program_of(std::string_view line) {
    const auto words = split(line);
    if (words.size() < 4 || words[0] != "Program" || !words[2].starts_with("v.")) return std::nullopt;
    if (std::ranges::none_of(words, [](std::string_view word) { return word.starts_with("starts"); })) return std::nullopt;
    return Program{std::string(words[1]), std::string(words[2].substr(2))};
}

std::map<std::string, std::string> info_of(const Method& method) {
    std::map<std::string, std::string> info{{"program", "PWSCF " + method.version}};
    if (!method.functional.empty()) info["functional"] = method.functional;
    if (!method.dispersion.empty()) info["dispersion"] = method.dispersion;
    return info;
}

void TextParser::line(std::string_view line) {
    if (stress_rows_ > 0) return read_stress(line);
    if (message_follows_ || is_warning(line)) note(line);
    message_follows_ = contains(line, "Message from routine");
    if (in_forces_) read_force(line);
    read_header(line);
    read_result(line);
}

Step TextParser::take_step() {
    in_forces_ = false;
    stress_rows_ = 0;
    return std::exchange(step_, Step{});
}

/// The table of total forces ends with the first line of another kind; with verbosity = 'high' those of its parts follow.
void TextParser::read_force(std::string_view line) {
    const auto numbers = after(line, "force =");
    if (!numbers) {
        if (!trim(line).empty() || !step_.forces.empty()) in_forces_ = false;
        return;
    }
    const auto v = fixed_columns(*numbers);
    const auto atom = after(line, "atom");
    if (!atom || first_integer(*atom) != static_cast<int>(step_.forces.size()) + 1)
        in_forces_ = false;  // a line is missing, or outputs are mixed
    else if (v.size() == 3)
        step_.forces.emplace_back(v[0], v[1], v[2]);
    else
        step_.bad_number = trim(line);
}

void TextParser::read_stress(std::string_view line) {
    --stress_rows_;
    const auto v = fixed_columns(line);
    if (v.size() == 6)
        step_.stress.emplace_back(v[0], v[1], v[2]);
    else
        step_.bad_number = trim(line);
}

void TextParser::note(std::string_view line) {
    const auto words = trim(line);
    auto& all = run_.warnings;
    if (words.empty() || is_harmless(words)) return;
    if (all.size() < 20 && std::ranges::find(all, words) == all.end()) all.emplace_back(words);
}

void TextParser::read_header(std::string_view line) {
    if (const auto program = program_of(line)) run_.version = program->version;
    if (const auto rest = after(line, "number of k points=")) run_.k_points = first_integer(*rest);
    if (const auto rest = after(line, "number of Kohn-Sham states=")) run_.bands = first_integer(*rest);
    if (const auto rest = after(line, "kinetic-energy cutoff     =")) run_.ecutwfc = first_number(*rest);
    if (const auto rest = after(line, "charge density cutoff     =")) run_.ecutrho = first_number(*rest);
    if (const auto rest = after(line, "convergence threshold"); rest && !contains(line, "file"))
        if (const auto value = after(*rest, "=")) run_.threshold = std::isfinite(first_number(*value)) ? first_number(*value) : 0;
    if (const auto rest = after(line, "FFT dimensions:")) {
        if (contains(line, "Dense")) run_.dense = run_.smooth = grid_of(*rest);
        if (contains(line, "Smooth")) run_.smooth = grid_of(*rest);
    }
    if (auto name = dispersion_of(line); !name.empty()) run_.dispersion = std::move(name);
    read_functional(line);
}

/// "Exchange-correlation= PBE" with the indices on the next line, or (before 6.5) "Exchange-correlation      = PBE ( 1  4  3  4 0 0)".
void TextParser::read_functional(std::string_view line) {
    if (indices_follow_ && run_.functional_indices.empty()) run_.functional_indices = indices_of(line);
    indices_follow_ = false;
    const auto rest = after(line, "Exchange-correlation");
    const auto value = rest ? after(*rest, "=") : std::nullopt;
    if (!value) return;
    const auto bracket = value->find('(');
    std::string name;
    for (const auto word : split(value->substr(0, bracket))) name += (name.empty() ? "" : " ") + std::string(word);
    run_.functional = std::move(name);
    run_.functional_indices = bracket == std::string_view::npos ? std::vector<int>{} : indices_of(value->substr(bracket));
    indices_follow_ = bracket == std::string_view::npos;
}

void TextParser::read_result(std::string_view line) {
    if (line.starts_with("!") && contains(line, "total energy"))
        if (const auto rest = after(line, "=")) {
            step_.energy = first_number(*rest);
            if (!std::isfinite(*step_.energy) || !contains(*rest, "Ry")) step_.bad_number = trim(line);
        }
    if (const auto rest = after(line, "estimated scf accuracy    <")) step_.accuracy = first_number(*rest);
    if (const auto rest = after(line, "convergence has been achieved in")) {
        step_.converged = true;
        step_.iterations = first_integer(*rest);
    }
    if (contains(line, "convergence NOT achieved")) step_.unconverged = true;
    if (contains(line, "EXX")) step_.exact_exchange = true;
    if (contains(line, "Forces acting on atoms")) {
        in_forces_ = ++step_.tables_of_forces == 1;
        if (!contains(line, "Ry/au") && !contains(line, "Ry/bohr")) step_.bad_number = trim(line);
    }
    if (contains(line, "total   stress")) {
        step_.stress.clear();
        stress_rows_ = 3;
        if (!contains(line, "Ry/bohr**3")) step_.bad_number = trim(line);
    }
    if (contains(line, "JOB DONE.")) run_.done = true;
    if (const auto rest = after(line, "PWSCF        :")) {
        const auto cpu = rest->find("CPU"), wall = rest->find("WALL");
        run_.cpu_seconds = clock_seconds(rest->substr(0, cpu));
        if (cpu != std::string_view::npos && wall != std::string_view::npos)
            run_.wall_seconds = clock_seconds(rest->substr(cpu + 3, wall - cpu - 3));
    }
}

std::string doubt_of_functional(const Run& run) {
    const auto& i = run.functional_indices;
    const bool gradients_of_nothing = i.size() >= 4 && i[0] == 0 && i[1] == 0 && (i[2] != 0 || i[3] != 0);
    if (!gradients_of_nothing) return {};
    return fmt::format(
        "the functional '{}' has gradient corrections without exchange and correlation of the density itself: pw.x does "
        "not know this name and made something else of it",
        run.functional);
}

std::string fault_of_scf(const Step& step, const Run& run) {
    if (step.unconverged) return "convergence NOT achieved";
    if (!step.converged) return "the output does not say that convergence was achieved";
    if (!step.accuracy || run.threshold <= 0 || step.exact_exchange) return {};
    // With scf_must_converge = .false. pw.x calls "achieved" what used up its iterations. Accuracies from 1e-8 on are printed
    // with eight decimals.
    const double least = *step.accuracy - (*step.accuracy >= 1e-8 ? 6e-9 : 0);
    if (least > 1.1 * run.threshold)
        return fmt::format("the estimated accuracy of {:.1e} Ry is not within conv_thr, {:.1e} Ry: the iterations were used up",
                           *step.accuracy, run.threshold);
    return {};
}

}  // namespace alkali::io::qe
