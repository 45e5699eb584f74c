#include <fmt/format.h>

#include <array>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/label_units.hpp"
#include "alkali/io/uncertainties.hpp"
#include "alkali/structure/neighbour_list.hpp"

namespace alkali::dataset {
namespace {

// Reach (angstrom) and size of the asymmetry of an atom's surroundings above which its force cannot vanish by symmetry.
constexpr double asymmetry_reach = 6.0;
constexpr double least_asymmetry = 0.02;

struct Label {
    std::string name;  ///< energy, forces, stress
    io::Quantity quantity;
    Severity severity;
};

void report_missing(const Label& label, const Frame& frame, const io::FrameNotes& notes, std::vector<Finding>& findings) {
    const auto near = io::likely_names(frame, label.quantity);
    std::string text = fmt::format("no {}", label.name);
    if (!near.empty() && !notes.warnings.empty() && io::is_name_of(near[0], label.quantity))
        text += fmt::format("; what the frame gives as {} is not taken, for the reason told of it", io::name_in_file(near[0]));
    else if (!near.empty())
        text += fmt::format("; is it '{}'? Rename it to {} or give --{}-key {}", near[0], label.name, label.name, near[0]);
    // A label under a wrong name is a mistake; one that was never there may be meant so.
    findings.push_back({near.empty() ? label.severity : Severity::error, "missing", frame.where(), text});
}

// True if some atom's surroundings are so lopsided that its force cannot be exactly zero.
bool symmetry_allows_forces(const structure::Structure& atoms) {
    structure::NeighbourList list;
    try {
        list = structure::neighbour_list(atoms, asymmetry_reach);
    } catch (const InputError&) {
        return false;  // the check of structures names the cell
    }
    for (std::size_t i = 0; i < list.atoms(); ++i) {
        Vec3 sum = Vec3::Zero();
        for (auto e = static_cast<std::size_t>(list.first[i]); e < static_cast<std::size_t>(list.first[i + 1]); ++e) {
            const double r = list.vector[e].norm(), fade = 1 - r / asymmetry_reach;
            if (r > 0) sum += fade * fade / r * (1 + 0.1 * atoms.numbers[static_cast<std::size_t>(list.neighbour[e])]) * list.vector[e];
        }
        if (sum.norm() > least_asymmetry) return true;
    }
    return false;
}

void check_finite(const Frame& frame, std::vector<Finding>& findings) {
    const auto report = [&](const std::string& what) {
        findings.push_back({Severity::error, "not-finite", frame.where(), what + " is not a finite number; repair or remove the frame"});
    };
    const auto& labels = frame.labels;
    if (labels.energy && !std::isfinite(*labels.energy)) report("the energy");
    if (labels.stress && !labels.stress->allFinite()) report("the stress");
    if (const auto what = io::not_finite_uncertainty(frame); !what.empty())
        findings.push_back({Severity::error, "not-finite", frame.where(), "the " + what + "; repair it, or remove it from the frame"});
    if (!labels.forces) return;
    for (std::size_t i = 0; i < labels.forces->size(); ++i)
        if (!(*labels.forces)[i].allFinite()) return report(fmt::format("the force on atom {}", i + 1));
}

}  // namespace

void check_zero_labels(const Frame& frame, std::vector<Finding>& findings) {
    const auto& labels = frame.labels;
    if (labels.energy && *labels.energy == 0)
        findings.push_back({Severity::error, "zero", frame.where(), "the energy is exactly zero: the label is probably missing"});
    if (labels.stress && labels.stress->isZero(0))
        findings.push_back({Severity::error, "zero", frame.where(), "the stress is exactly zero: the label is probably missing"});
    if (!labels.forces) return;
    for (const auto& force : *labels.forces)
        if (!force.isZero(0)) return;
    if (symmetry_allows_forces(frame.structure))
        findings.push_back({Severity::error, "zero", frame.where(),
                            "all forces are exactly zero although no symmetry asks for it: the label is probably missing"});
}

void check_labels(const Frame& frame, const io::FrameNotes& notes, std::vector<Finding>& findings) {
    static const std::array<Label, 3> labels{Label{"energy", io::Quantity::energy, Severity::error},
                                             Label{"forces", io::Quantity::forces, Severity::error},
                                             Label{"stress", io::Quantity::stress, Severity::warning}};
    const std::array<bool, 3> there{frame.labels.energy.has_value(), frame.labels.forces.has_value(),
                                    frame.labels.stress || !frame.structure.cell.fully_periodic()};
    for (std::size_t k = 0; k < labels.size(); ++k)
        if (!there[k] && !io::leaves_out(notes, labels[k].name)) report_missing(labels[k], frame, notes, findings);
    if (auto text = io::implausible_stress(frame, notes.stress_from); !text.empty())
        findings.push_back({Severity::error, "stress", frame.where(), std::move(text)});
    check_finite(frame, findings);
    check_zero_labels(frame, findings);
}

}  // namespace alkali::dataset
