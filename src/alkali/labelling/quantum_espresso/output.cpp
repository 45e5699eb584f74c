#include "alkali/labelling/quantum_espresso/output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "alkali/io/text.hpp"
#include "alkali/labelling/quantum_espresso/xml.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling::qe {
namespace {

using units::bohr;
using units::hartree;
using units::rydberg;

constexpr double bohr3 = bohr * bohr * bohr;

/// Lines of a text, one after the other.
class Cursor {
public:
    explicit Cursor(std::string_view text) : rest_(text) {}
    bool next(std::string_view& line) {
        if (rest_.empty()) return false;
        const auto end = rest_.find('\n');
        line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        return true;
    }

private:
    std::string_view rest_;
};

std::optional<std::string_view> after(std::string_view line, std::string_view mark) {
    const auto at = line.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    return line.substr(at + mark.size());
}

/// The number that the text begins with; NaN where there is none (stars of an overflow, too).
double first_number(std::string_view text) {
    const auto words = io::split(text);
    return words.empty() ? std::numeric_limits<double>::quiet_NaN()
                         : io::parse_double(words.front()).value_or(std::numeric_limits<double>::quiet_NaN());
}

int first_integer(std::string_view text) {
    const double value = first_number(text);
    return value >= 0 && value < 1e9 ? static_cast<int>(value) : 0;
}

/// "1h 2m", "2m 3.45s", "0.37s" in seconds.
double clock_seconds(std::string_view text) {
    double seconds = 0, number = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto digits = text.substr(i, text.find_first_not_of("0123456789.", i) - i);
        if (!digits.empty()) {
            number = io::parse_double(digits).value_or(0);
            i += digits.size() - 1;
            continue;
        }
        const double unit = text[i] == 'd' ? 86400 : text[i] == 'h' ? 3600 : text[i] == 'm' ? 60 : text[i] == 's' ? 1 : 0;
        seconds += unit * number;
        number = 0;
    }
    return seconds;
}

Mesh grid_of(std::string_view text) {
    Mesh grid{};
    std::string plain(text);
    std::ranges::replace_if(
        plain, [](char c) { return c == '(' || c == ')' || c == ','; }, ' ');
    const auto words = io::split(plain);
    for (std::size_t i = 0; i < 3 && i < words.size(); ++i) grid[i] = first_integer(words[i]);
    return grid;
}

/// What the text says, in units of its own; absent is absent.
struct Text {
    Output output;
    std::optional<double> energy;  ///< Ry
    std::vector<Vec3> forces;      ///< Ry/bohr
    std::vector<Vec3> stress;      ///< rows, Ry/bohr^3, positive in compression
    bool converged = false, unconverged = false, done = false, bad_number = false;
    bool in_forces = false, had_forces = false;
    int stress_rows = 0;
    bool message_follows = false;
};

void read_force(Text& t, std::string_view line) {
    if (line.find("Total force") != std::string_view::npos) {
        t.in_forces = false;
        t.had_forces = true;
        return;
    }
    const auto numbers = after(line, "force =");
    if (!numbers) return;
    const auto v = io::fixed_columns(*numbers);
    if (v.size() == 3)
        t.forces.emplace_back(v[0], v[1], v[2]);
    else
        t.bad_number = true;
}

void read_stress(Text& t, std::string_view line) {
    --t.stress_rows;
    const auto v = io::fixed_columns(line);
    if (v.size() == 6)
        t.stress.emplace_back(v[0], v[1], v[2]);
    else
        t.bad_number = true;
}

void note(Text& t, std::string_view line) {
    const std::string words(io::trim(line));
    auto& all = t.output.warnings;
    if (words.find("ibrav=0") != std::string::npos) return;  // cells are always written as vectors
    if (!words.empty() && all.size() < 20 && std::ranges::find(all, words) == all.end()) all.push_back(words);
}

bool is_warning(std::string_view line) {
    // Some 1e-5 of an electron below zero come with every pseudopotential near a vacuum.
    constexpr double negative_charge = 1e-3;
    if (line.find("negative rho") != std::string_view::npos)
        if (const auto rest = after(line, "):")) {
            const auto charges = io::fixed_columns(*rest);
            return charges.empty() || std::ranges::any_of(charges, [](double c) { return !(c < negative_charge); });
        }
    for (const std::string_view mark : {"WARNING", "Warning", "warning:", "negative rho", "SCF correction compared to forces is large"})
        if (line.find(mark) != std::string_view::npos) return true;
    return false;
}

void read_header_line(Text& t, std::string_view line) {
    if (const auto rest = after(line, "number of k points=")) t.output.k_points = first_integer(*rest);
    if (const auto rest = after(line, "number of Kohn-Sham states=")) t.output.bands = first_integer(*rest);
    if (const auto rest = after(line, "FFT dimensions:")) {
        if (line.find("Dense") != std::string_view::npos) t.output.dense = t.output.smooth = grid_of(*rest);
        if (line.find("Smooth") != std::string_view::npos) t.output.smooth = grid_of(*rest);
    }
}

void read_result_line(Text& t, std::string_view line) {
    if (line.starts_with("!"))
        if (const auto rest = after(line, "=")) t.energy = first_number(*rest);
    if (const auto rest = after(line, "estimated scf accuracy    <")) t.output.accuracy = first_number(*rest);
    if (const auto rest = after(line, "convergence has been achieved in")) {
        t.converged = true;
        t.output.iterations = first_integer(*rest);
    }
    if (line.find("convergence NOT achieved") != std::string_view::npos) t.unconverged = true;
    if (line.find("Forces acting on atoms") != std::string_view::npos && !t.had_forces) t.in_forces = true;
    if (line.find("total   stress") != std::string_view::npos) {
        t.stress.clear();
        t.stress_rows = 3;
    }
    if (line.find("JOB DONE.") != std::string_view::npos) t.done = true;
    if (const auto rest = after(line, "PWSCF        :")) {
        const auto cpu = rest->find("CPU"), wall = rest->find("WALL");
        t.output.cpu_seconds = clock_seconds(rest->substr(0, cpu));
        if (cpu != std::string_view::npos && wall != std::string_view::npos)
            t.output.wall_seconds = clock_seconds(rest->substr(cpu + 3, wall - cpu - 3));
    }
}

Text read_text(std::string_view text) {
    Text t;
    t.output.version = version_of(text);
    Cursor cursor(text);
    for (std::string_view line; cursor.next(line);) {
        if (t.stress_rows > 0) {
            read_stress(t, line);
            continue;
        }
        if (t.message_follows || is_warning(line)) note(t, line);
        t.message_follows = line.find("Message from routine") != std::string_view::npos;
        if (t.in_forces) read_force(t, line);
        read_header_line(t, line);
        read_result_line(t, line);
    }
    return t;
}

void take_text(Text& t) {
    t.output.energy = *t.energy * rydberg;
    for (const auto& f : t.forces) t.output.forces.emplace_back(f * (rydberg / bohr));
    for (int i = 0; i < 3; ++i) t.output.stress.row(i) = -t.stress[static_cast<std::size_t>(i)].transpose() * (rydberg / bohr3);
}

/// Empty if the XML belongs to the text and the structure, otherwise what is wrong with it.
std::string misfit(const XmlOutput& xml, const Text& t, const structure::Structure& s) {
    if (!xml.complete) return xml.fault.empty() ? "is not there" : "is damaged (" + xml.fault + ")";
    const std::size_t n = 3 * s.size();
    if (!xml.energy || xml.forces.size() != n || xml.stress.size() != 9 || xml.positions.size() != n || xml.cell.size() != 9)
        return "lacks labels";
    if (!xml.converged.value_or(false)) return "is of an unconverged run";
    if (!(std::abs(2 * *xml.energy - *t.energy) < 1e-7)) return "has another energy than the text";
    const auto differs = [](double bohrs, double angstrom) { return !(std::abs(bohrs * bohr - angstrom) < 1e-5); };
    for (std::size_t k = 0; k < n; ++k)
        if (differs(xml.positions[k], s.positions[k / 3][static_cast<Eigen::Index>(k % 3)])) return "is of another structure";
    for (std::size_t k = 0; k < 9; ++k)
        if (differs(xml.cell[k], s.cell.vectors()(static_cast<Eigen::Index>(k / 3), static_cast<Eigen::Index>(k % 3))))
            return "is of another cell";
    return {};
}

void take_xml(const XmlOutput& xml, Output& out) {
    out.energy = *xml.energy * hartree;
    const double* f = xml.forces.data();
    for (std::size_t i = 0; i < out.forces.size(); ++i, f += 3) out.forces[i] = Vec3(f[0], f[1], f[2]) * (hartree / bohr);
    // Symmetric, so that the order of its axes does not matter.
    out.stress = -Eigen::Map<const Mat3>(xml.stress.data()) * (hartree / bohr3);
    if (xml.k_points) out.k_points = *xml.k_points;
}

bool sane(const Output& out, std::size_t atoms) {
    constexpr double largest_energy = 1e6, largest_force = 1e3, largest_stress = 1e2;  // eV/atom, eV/angstrom, eV/angstrom^3
    const auto within = [](double x, double limit) { return std::abs(x) < limit; };    // false for NaN
    if (!within(out.energy, largest_energy * static_cast<double>(atoms)) || !std::isfinite(out.accuracy)) return false;
    for (const auto& f : out.forces)
        if (!within(f[0], largest_force) || !within(f[1], largest_force) || !within(f[2], largest_force)) return false;
    for (int i = 0; i < 9; ++i)
        if (!within(out.stress.data()[i], largest_stress)) return false;
    return true;
}

Reading failed(Fault fault, std::string detail, Text& t) { return {fault, std::move(detail), std::move(t.output)}; }

}  // namespace

std::string version_of(std::string_view text) {
    const auto rest = after(text.substr(0, 4096), " v.");
    if (!rest) return {};
    const auto words = io::split(rest->substr(0, rest->find('\n')));
    return words.size() > 1 && words[1] == "starts" ? std::string(words[0]) : std::string{};
}

int bands_of(std::string_view text) {
    const auto rest = after(text, "number of Kohn-Sham states=");
    return rest ? first_integer(rest->substr(0, rest->find('\n'))) : 0;
}

Reading read_output(std::string_view text, std::string_view xml, const structure::Structure& structure) {
    Text t = read_text(text);
    if (t.unconverged) return failed(Fault::not_converged, "convergence NOT achieved", t);
    if (t.bad_number || (t.energy && !std::isfinite(*t.energy)))
        return failed(Fault::not_finite, "a number of the output cannot be read", t);
    if (!t.done) return failed(Fault::truncated, "the output ends before JOB DONE", t);
    if (!t.converged) return failed(Fault::truncated, "the output does not say that convergence was achieved", t);
    if (!t.energy) return failed(Fault::truncated, "the output has no final energy", t);
    if (t.forces.size() != structure.size())
        return failed(Fault::truncated, fmt::format("the output has forces on {} of {} atoms", t.forces.size(), structure.size()), t);
    if (t.stress.size() != 3) return failed(Fault::truncated, "the output has no stress", t);
    take_text(t);
    const XmlOutput document = read_xml(xml);
    if (const auto fault = misfit(document, t, structure); fault.empty())
        take_xml(document, t.output);
    else
        t.output.warnings.push_back("labels have the digits of the text only: the XML " + fault);
    if (!sane(t.output, structure.size())) return failed(Fault::not_finite, "energy, forces or stress are not finite, or absurd", t);
    t.output.stress = Mat3((t.output.stress + t.output.stress.transpose()) / 2);
    return {Fault::none, {}, std::move(t.output)};
}

}  // namespace alkali::labelling::qe
