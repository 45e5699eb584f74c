#include "alkali/training/energy_zero.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/shifts.hpp"
#include "alkali/models/common/model_calculator.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::training {
namespace {

// So many frames, evenly chosen, say where the zero of energy lies.
constexpr std::size_t enough_frames = 200;
// eV/atom: no zero differs by less than this.
constexpr double least_error = 0.002;
// Another zero explains at least this part of the errors.
constexpr double explained = 0.5;
constexpr std::size_t most_warnings = 5;

// Labels minus the model's energies, as the energies of frames without other labels.
std::vector<structure::Frame> energy_errors(models::TrainableModel& model, std::span<const structure::Frame> frames) {
    std::vector<const structure::Frame*> labelled;
    for (const auto& frame : frames)
        if (frame.labels.energy && frame.structure.size() > 0) labelled.push_back(&frame);
    const std::size_t count = std::min(enough_frames, labelled.size());
    // The calculator does not outlive the model that the caller owns.
    models::ModelCalculator calculator(std::shared_ptr<const models::Model>(std::shared_ptr<void>(), &model), "init_from");
    std::vector<structure::Frame> errors;
    for (std::size_t k = 0; k < count; ++k) {
        const auto& frame = *labelled[k * labelled.size() / count];
        try {
            const auto result = calculator.compute(frame.structure);
            auto& error = errors.emplace_back();
            error.structure = frame.structure;
            error.labels.energy = *frame.labels.energy - result.energy;
        } catch (const InputError& error) {
            throw InputError(error.fault(), frame.where(), error.hint());
        }
    }
    return errors;
}

double root_mean_square(std::span<const structure::Frame> errors) {
    double sum = 0;
    for (const auto& error : errors) {
        const double per_atom = *error.labels.energy / static_cast<double>(error.structure.size());
        sum += per_atom * per_atom;
    }
    return errors.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(errors.size()));
}

// Of a sample: frames are copied.
void check_stress_of(std::span<const structure::Frame* const> frames, std::vector<dataset::Finding>& findings) {
    constexpr std::size_t most = 2000;
    dataset::FrameSet sample;
    std::size_t with_stress = 0;
    for (const auto* frame : frames) with_stress += frame->labels.stress ? 1 : 0;
    const std::size_t stride = std::max<std::size_t>(1, (with_stress + most - 1) / most);
    std::size_t seen = 0;
    for (const auto* frame : frames) {
        if (!frame->labels.stress || seen++ % stride != 0) continue;
        sample.frames.push_back(*frame);
        sample.source.push_back(0);
    }
    if (sample.frames.empty()) return;
    sample.sources.push_back(sample.frames.front().source);
    sample.notes.emplace_back();
    dataset::check_stress(sample, {}, findings);
}

dataset::AtomEnergies no_change(const models::Model& model) {
    dataset::AtomEnergies zero;
    for (const auto& name : model.type_names()) zero[units::atomic_number(name)] = 0;
    return zero;
}

}  // namespace

const models::ParameterInfo* energy_shift_parameters(const models::TrainableModel& model, const models::ModelKind& kind) {
    for (const auto& info : model.layout())
        if (!kind.energy_shifts.empty() && info.name == kind.energy_shifts) return &info;
    return nullptr;
}

namespace {

// Whether it was moved.
bool fit_energy_zero(models::TrainableModel& model, const models::ModelKind& kind, std::span<const structure::Frame> frames,
                     EnergyShifts choice, base::LogSink& log) {
    const auto* info = energy_shift_parameters(model, kind);
    if (choice == EnergyShifts::keep || info == nullptr) return false;
    const auto errors = energy_errors(model, frames);
    if (errors.empty()) return false;
    const auto change = dataset::fit_change(errors, no_change(model));
    const double before = root_mean_square(errors);
    const bool another_zero = before > least_error && change.residual < explained * before;
    if (choice == EnergyShifts::automatic && !another_zero) return false;
    std::vector<double> parameters(model.parameters().begin(), model.parameters().end());
    std::string list;
    for (std::size_t t = 0; t < info->size; ++t) {
        double& shift = parameters[info->offset + t];
        const auto& name = model.type_names()[t];
        const double old = shift;
        if (const auto found = change.energies.find(units::atomic_number(name)); found != change.energies.end()) shift += found->second;
        list += fmt::format("{}{} {:.4f} to {:.4f}", list.empty() ? "" : ", ", name, old, shift);
    }
    model.set_parameters(parameters);
    log.info(
        fmt::format("energy shifts of the model to start from are fitted to the zero of energy of these data: {} eV ({:.4g} meV/atom "
                    "off before, {:.4g} after; training.energy_shifts: keep leaves them)",
                    list, 1000 * before, 1000 * change.residual));
    return true;
}

// Types that no frame holds, the first few by name; empty if there are none.
std::string unseen_types(const std::vector<std::string>& names, std::span<const structure::Frame> frames) {
    constexpr std::size_t most_named = 5;
    std::set<int> seen;
    for (const auto& frame : frames) seen.insert(frame.structure.numbers.begin(), frame.structure.numbers.end());
    std::string list;
    std::size_t unseen = 0;
    for (const auto& name : names)
        if (!seen.contains(units::atomic_number(name)) && ++unseen <= most_named) list += (list.empty() ? "" : ", ") + name;
    return unseen > most_named ? fmt::format("{} and {} more", list, unseen - most_named) : list;
}

}  // namespace

void move_energy_zero(models::TrainableModel& model, const models::ModelKind& kind, std::span<const structure::Frame> frames,
                      EnergyShifts choice, base::LogSink& log) {
    const bool moved = fit_energy_zero(model, kind, frames, choice, log);
    const auto unseen = unseen_types(model.type_names(), frames);
    if (unseen.empty()) return;
    log.warning(
        "no training frame holds " + unseen + ": what the model to start from knows of that is not trained on, and may be forgotten" +
        (moved ? "; energies of these atoms stay as they are, on another zero than these data, so that structures with them get wrong "
                 "energies (give model.per_type_energy_shifts)"
               : "") +
        "; add frames with them if you need them");
}

void warn_of_doubtful_labels(std::span<const structure::Frame> train, std::span<const structure::Frame> validation, base::LogSink& log) {
    std::vector<const structure::Frame*> frames;
    for (const auto part : {train, validation})
        for (const auto& frame : part) frames.push_back(&frame);
    std::vector<dataset::Finding> findings;
    dataset::check_energy_zeros(frames, {}, findings);
    for (const auto* frame : frames) dataset::check_zero_labels(*frame, findings);
    check_stress_of(frames, findings);
    base::Repeats warnings;
    for (const auto& finding : findings) warnings.add(finding.where, finding.text);
    warnings.tell(log, most_warnings, "alkali data check lists them");
}

}  // namespace alkali::training
