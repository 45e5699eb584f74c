#include <fmt/format.h>

#include <memory>

#include "alkali/base/error.hpp"
#include "alkali/calculator/frame.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/losses.hpp"
#include "alkali/io/uncertainties.hpp"
#include "alkali/models/committee/committee.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "failed_frames.hpp"
#include "read_options.hpp"

namespace alkali::app {
namespace {

struct PredictArguments {
    CalculatorChoice choice;
    std::filesystem::path input, output;
    io::ReadOptions read;
    bool per_atom = false;
    calculator::OpenOptions open;
};

void put_number(structure::Frame& frame, const std::string& key, double value) { frame.info[key] = fmt::format("{}", value); }

void put_deviation(structure::Frame& frame, const models::Deviation& deviation) {
    const auto put = [&](const std::string& of, const models::Deviation::Extremes& extremes) {
        put_number(frame, "max_devi_" + of, extremes.largest);
        put_number(frame, "min_devi_" + of, extremes.smallest);
        put_number(frame, "avg_devi_" + of, extremes.average);
    };
    put("f", deviation.forces);
    if (deviation.virial) put("v", *deviation.virial);
    put_number(frame, "devi_e", deviation.energy);
    frame.columns.push_back({"devi_f", 1, deviation.by_atom});
}

void put_uncertainty(structure::Frame& frame, const calculator::Uncertainty& uncertainty) {
    if (uncertainty.energy) put_number(frame, "energy_std", *uncertainty.energy);
    structure::AtomColumn column;
    column.name = "force_std";
    column.width = 3;
    for (const auto& force : uncertainty.forces) column.values.insert(column.values.end(), force.begin(), force.end());
    frame.columns.push_back(std::move(column));
    if (!uncertainty.stress || !frame.structure.cell.fully_periodic()) return;
    std::string stress;
    for (int k = 0; k < 9; ++k) stress += fmt::format("{}{}", k > 0 ? " " : "", (*uncertainty.stress)(k / 3, k % 3));
    frame.info["stress_std"] = stress;
}

/// The frame with the calculator's numbers in place of whatever labels it had.
void label(io::Frame& frame, calculator::Calculator& calculator, bool per_atom) {
    calculator::Result result = calculator::compute(calculator, frame, {.per_atom = per_atom, .uncertainty = true});
    io::forget_labels(frame);
    calculator::describe(calculator, frame);
    frame.labels.energy = result.energy;
    frame.labels.forces = std::move(result.forces);
    if (frame.structure.cell.fully_periodic()) frame.labels.stress = result.stress;
    if (per_atom && !result.energies.empty()) frame.labels.energies = std::move(result.energies);
    if (result.uncertainty) put_uncertainty(frame, *result.uncertainty);
    if (const auto* committee = dynamic_cast<models::Committee*>(&calculator)) put_deviation(frame, committee->deviation());
    if (const auto what = io::not_finite_uncertainty(frame); !what.empty())
        throw InputError("the " + what, frame.where(), "is the structure far from all that the model was trained on?");
}

void require_labels(const std::filesystem::path& output) {
    const auto format = io::format_info(output);
    if (format.holds != io::Holds::labels)
        throw InputError(fmt::format("{} files do not hold energy, forces and stress", format.name), output.string(),
                         "give a name that ends in .extxyz");
}

void run_predict(const PredictArguments& arguments, Context& context) {
    require_labels(arguments.output);
    const auto calculator = context.calculators.open(arguments.choice.text(), arguments.open, context.log);
    io::ReadOptions read = arguments.read;
    read.numbers = io::Numbers::any;  // labels of the input are not used
    const auto reader = dataset::open_frames(arguments.input, read, context.log);
    const auto writer = io::open_writer(arguments.output);
    io::Losses losses(io::format_info(arguments.output));
    std::size_t count = 0, without_energies = 0;
    FailedFrames failed(arguments.input, context.log);
    for (io::Frame frame; reader->next(frame);) {
        if (!failed.attempt(frame, [&] { label(frame, *calculator, arguments.per_atom); })) continue;
        writer->write(frame);
        losses.add(frame);
        ++count;
        if (arguments.per_atom && !frame.labels.energies) ++without_energies;
        const auto detail = fmt::format("{} frames", count);
        context.progress.update({"predict", static_cast<double>(count), 0, detail});
    }
    if (count > 0) {
        writer->close();
        losses.tell(context.log);
    }
    if (without_energies > 0)
        context.log.warning(fmt::format("--per-atom: {} gives no energies of atoms; {} of {} frames are written without",
                                        calculator->name(), without_energies, count));
    failed.judge(count, arguments.output);
}

}  // namespace

void add_predict(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<PredictArguments>();
    auto* command = app.add_subcommand("predict", "Energies, forces and stresses of structures, as extended XYZ that ASE reads");
    auto& paths = context.paths;
    paths.reads_calculator(
        command->add_option("calculator", arguments->choice.calculator, "Model file (several with commas: a committee), kim:MODEL_ID, ...")
            ->required()
            ->type_name("CALC"));
    paths.reads_frames(command->add_option("input", arguments->input, "Structures; read and written frame by frame, so that any size fits")
                           ->required()
                           ->type_name("IN"));
    paths.writes(command
                     ->add_option("-o,--output", arguments->output,
                                  "File to write; energy in eV, forces in eV/angstrom, stress in eV/angstrom^3, positive in tension")
                     ->required()
                     ->type_name("OUT"));
    command->add_flag("--per-atom", arguments->per_atom, "Also the energy of every atom");
    add_structure_options(*command, arguments->read);
    add_open_options(*command, arguments->open);
    paths.reads_calculator(add_member_option(*command, arguments->choice.members));
    command->footer(
        "A committee, or a calibrated model, also gives the column force_std (per component); a committee energy_std (eV), stress_std\n"
        "and the deviations of DP-GEN: the column devi_f and max_, min_, avg_devi_f (eV/angstrom), max_, min_, avg_devi_v and\n"
        "devi_e (eV/atom).\n"
        "Examples:\n"
        "  alkali predict out/nequip/best.safetensors in.extxyz -o out.extxyz\n"
        "  alkali predict member_1/best.safetensors,member_2/best.safetensors in.extxyz -o out.extxyz");
    command->callback([arguments, &context] { run_predict(*arguments, context); });
}

}  // namespace alkali::app
