#include "alkali/labelling/quantum_espresso/output.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "alkali/io/quantum_espresso_geometry.hpp"
#include "alkali/io/quantum_espresso_text.hpp"
#include "alkali/labelling/quantum_espresso/xml.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::labelling::qe {
namespace {

using units::bohr;
using units::hartree;
using units::rydberg;

constexpr double bohr3 = bohr * bohr * bohr;

/// A whole run, which the labeller expects to be of one structure.
struct Text {
    io::qe::TextParser parser;
    io::qe::Geometry geometry;
    bool of_pw = false;  ///< it has the line with which pw.x begins
};

Text parsed(std::string_view text) {
    Text all;
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        all.parser.line(line);
        all.geometry.line(line);
        if (const auto program = io::qe::program_of(line)) all.of_pw = all.of_pw || program->name == "PWSCF";
    }
    return all;
}

Output output_of(const io::qe::Run& run, const io::qe::Step& step) {
    Output out;
    out.iterations = step.iterations;
    out.accuracy = step.accuracy.value_or(0);
    out.k_points = run.k_points;
    out.bands = run.bands;
    out.dense = run.dense;
    out.smooth = run.smooth;
    out.ecutwfc = run.ecutwfc;
    out.ecutrho = run.ecutrho;
    out.version = run.version;
    out.functional = run.functional;
    out.functional_indices = run.functional_indices;
    out.dispersion = run.dispersion;
    out.cpu_seconds = run.cpu_seconds;
    out.wall_seconds = run.wall_seconds;
    out.warnings = run.warnings;
    return out;
}

void take_text(const io::qe::Step& step, Output& out) {
    out.energy = *step.energy * rydberg;
    for (const auto& f : step.forces) out.forces.emplace_back(f * (rydberg / bohr));
    for (int i = 0; i < 3; ++i) out.stress.row(i) = -step.stress[static_cast<std::size_t>(i)].transpose() * (rydberg / bohr3);
}

/// Empty if the XML holds the digits of the text's labels, otherwise why it does not.
std::string misfit(const XmlOutput& xml, double text_energy, const structure::Structure& s) {
    if (!xml.complete) return xml.fault.empty() ? "is not there" : "is damaged (" + xml.fault + ")";
    const std::size_t n = 3 * s.size();
    if (!xml.energy || xml.forces.size() != n || xml.stress.size() != 9 || xml.positions.size() != n || xml.cell.size() != 9)
        return "lacks labels";
    if (!(std::abs(2 * *xml.energy - text_energy) < 1e-7)) return "has another energy than the text";
    return {};
}

/// Empty if an XML that fits the text is of the structure.
std::string of_another(const XmlOutput& xml, const structure::Structure& s) {
    const auto differs = [](double bohrs, double angstrom) {
        return !(std::abs(bohrs * bohr - angstrom) < 1e-5 + 1e-7 * std::abs(angstrom));
    };
    const std::size_t n = 3 * s.size();
    for (std::size_t k = 0; k < n; ++k)
        if (differs(xml.positions[k], s.positions[k / 3][static_cast<Eigen::Index>(k % 3)])) return "another structure";
    for (std::size_t k = 0; k < 9; ++k)
        if (differs(xml.cell[k], s.cell.vectors()(static_cast<Eigen::Index>(k / 3), static_cast<Eigen::Index>(k % 3))))
            return "another cell";
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

/// Whether a line that could not be read has its number but not its unit.
bool in_other_units(const std::string& line) {
    const bool with_unit = line.starts_with("!") || line.starts_with("Forces acting") || line.starts_with("total   stress");
    return with_unit && line.find("Ry") == std::string::npos;
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

}  // namespace

std::string version_of(std::string_view text) {
    text = text.substr(0, 4096);
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (const auto program = io::qe::program_of(text.substr(0, end))) return program->version;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {};
}

int bands_of(std::string_view text) {
    const auto rest = io::qe::after(text, "number of Kohn-Sham states=");
    return rest ? io::qe::first_integer(rest->substr(0, rest->find('\n'))) : 0;
}

Reading read_output(std::string_view text, std::string_view xml, const structure::Structure& structure) {
    const auto said = parsed(text);
    const auto& step = said.parser.step();
    const auto& run = said.parser.run();
    const auto failed = [&](Fault fault, std::string detail) { return Reading{fault, std::move(detail), output_of(run, step)}; };
    if (step.unconverged) return failed(Fault::not_converged, "convergence NOT achieved");
    if (in_other_units(step.bad_number)) return failed(Fault::unknown, "the output is not in Ry: " + step.bad_number);
    if (!step.bad_number.empty()) return failed(Fault::not_finite, "a number of the output cannot be read: " + step.bad_number);
    if (!said.of_pw) return failed(Fault::truncated, "the output lacks the line with which pw.x begins (Program PWSCF v.... starts)");
    if (!run.done) return failed(Fault::truncated, "the output ends before JOB DONE");
    if (step.tables_of_forces > 1)
        return failed(Fault::wrong_input, fmt::format("the output is of {} structures, a label of one", step.tables_of_forces));
    if (!step.converged) return failed(Fault::truncated, "the output does not say that convergence was achieved");
    if (const auto why = io::qe::fault_of_scf(step, run); !why.empty()) return failed(Fault::not_converged, why);
    if (!step.energy) return failed(Fault::truncated, "the output has no final energy");
    if (step.forces.size() != structure.size())
        return failed(Fault::truncated, fmt::format("the output has forces on {} of {} atoms", step.forces.size(), structure.size()));
    if (step.stress.size() != 3) return failed(Fault::truncated, "the output has no stress");
    if (const auto difference = said.geometry.difference_from(structure); !difference.empty())
        return failed(Fault::unknown, "the output is of another structure: it tells of " + difference);
    Output out = output_of(run, step);
    take_text(step, out);
    const XmlOutput document = read_xml(xml);
    if (const auto fault = misfit(document, *step.energy, structure); fault.empty()) {
        if (!document.converged.value_or(false)) return failed(Fault::not_converged, "the XML is of an unconverged run");
        if (const auto other = of_another(document, structure); !other.empty())
            return failed(Fault::unknown, "the output is of another structure: the XML tells of " + other);
        take_xml(document, out);
    } else {
        out.warnings.push_back("labels have the digits of the text only: the XML " + fault);
        if (!said.geometry.begun()) out.warnings.emplace_back("the output does not say of which structure it is");
    }
    if (!sane(out, structure.size())) return failed(Fault::not_finite, "energy, forces or stress are not finite, or absurd");
    out.stress = Mat3((out.stress + out.stress.transpose()) / 2);
    return {Fault::none, {}, std::move(out)};
}

}  // namespace alkali::labelling::qe
