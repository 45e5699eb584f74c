#include "alkali/dynamics/relax.hpp"
#include "alkali/config/json.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>

#include "alkali/base/error.hpp"
#include "alkali/calculator/frame.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/dynamics/vacuum.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/losses.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/constants.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "failed_frames.hpp"
#include "output.hpp"
#include "read_options.hpp"

namespace alkali::app {

namespace {

struct RelaxArguments {
    CalculatorChoice choice;
    std::string precision, method = "lbfgs", cell_freedom = "full";
    std::filesystem::path input, output;
    io::ReadOptions read;
    std::vector<std::size_t> fixed;  ///< counted from 1
    bool cell = false, json = false;
    double fmax = 1e-3, stress_gpa = 1e-3, pressure_gpa = 0;
    int steps = 1000, threads = 0;
};

dynamics::CellFreedom cell_freedom(const RelaxArguments& a) {
    if (!a.cell) return dynamics::CellFreedom::fixed;
    if (a.cell_freedom == "isotropic") return dynamics::CellFreedom::isotropic;
    return a.cell_freedom == "shape" ? dynamics::CellFreedom::shape : dynamics::CellFreedom::full;
}

dynamics::RelaxOptions options_for(const RelaxArguments& a, const io::Frame& frame) {
    dynamics::RelaxOptions options;
    options.method = a.method == "fire" ? dynamics::Method::fire : dynamics::Method::lbfgs;
    options.freedom.cell = cell_freedom(a);
    options.freedom.pressure = a.pressure_gpa / units::gpa_per_ev_per_angstrom3;
    options.fmax = a.fmax;
    options.stress_tolerance = a.stress_gpa / units::gpa_per_ev_per_angstrom3;
    options.max_steps = a.steps;
    if (a.fixed.empty()) return options;
    options.freedom.fixed_atoms.assign(frame.structure.size(), false);
    for (const auto atom : a.fixed) {
        if (atom > frame.structure.size())
            throw InputError(fmt::format("there is no atom {} to fix: there are {}, counted from 1", atom, frame.structure.size()),
                             frame.where());
        options.freedom.fixed_atoms[atom - 1] = true;
    }
    return options;
}

/// A slab's vacuum, or a molecule's, stays as it is: nothing holds the length of such a cell vector.
void hold_vacuum(const RelaxArguments& arguments, const io::Frame& frame, double reach, dynamics::Freedom& freedom, base::Repeats& told) {
    if (!arguments.cell) return;
    freedom.held = dynamics::vacuum_directions(frame.structure, reach);
    const auto layers = dynamics::empty_layers(frame.structure);
    std::string held;
    int free = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        if (freedom.held[axis])
            held += fmt::format("{}{} ({:.1f} angstrom)", held.empty() ? "" : ", ", "abc"[axis], layers[axis]);
        else if (frame.structure.cell.periodic()[axis])
            ++free;
    }
    if (held.empty()) return;
    if (free == 0) freedom.cell = dynamics::CellFreedom::fixed;
    told.add(frame.where(), fmt::format("vacuum along {}; {}", held,
                                        free == 0 ? "the cell is held and only the atoms are relaxed"
                                                  : "the cell is relaxed within the other directions only"));
}

io::Frame relaxed_frame(const io::Frame& start, dynamics::RelaxResult result) {
    io::Frame frame = start;
    io::forget_labels(frame);
    frame.info["geometry_converged"] = result.converged ? "T" : "F";
    frame.structure = std::move(result.structure);
    frame.labels.energy = result.result.energy;
    frame.labels.forces = std::move(result.result.forces);
    if (frame.structure.cell.fully_periodic()) frame.labels.stress = result.result.stress;
    return frame;
}

/// What the output cannot hold is told before the work.
void try_output(const std::filesystem::path& output, const std::vector<io::Frame>& frames) {
    const auto writer = io::open_writer(output);
    for (const auto& frame : frames) {
        dynamics::RelaxResult nothing;
        nothing.structure = frame.structure;
        nothing.result.forces.assign(frame.structure.size(), Vec3::Zero());
        nothing.result.stress = Mat3::Zero();
        writer->write(relaxed_frame(frame, std::move(nothing)));
    }
}

nlohmann::json entry_of(const io::Frame& frame, const dynamics::RelaxResult& result, dynamics::CellFreedom cell) {
    constexpr double gpa = units::gpa_per_ev_per_angstrom3;
    nlohmann::json left = nullptr, stress = nullptr;
    if (cell != dynamics::CellFreedom::fixed) left = gpa * result.last.max_stress;
    if (result.structure.cell.fully_periodic()) {
        stress = nlohmann::json::array();
        for (const double component : to_voigt(result.result.stress)) stress.push_back(gpa * component);
    }
    return {{"frame", frame.index},
            {"converged", result.converged},
            {"ran_away", !result.ran_away.empty()},
            {"energy", result.result.energy},
            {"evaluations", result.last.evaluations},
            {"max_force", result.last.max_force},
            {"max_stress_gpa", left},
            {"stress_gpa", stress},
            {"volume", result.structure.cell.volume()}};
}

constexpr std::size_t few = 5;
constexpr double most_pressure = 1e6;  // GPa, beyond the centre of any planet

void run_relax(const RelaxArguments& arguments, Context& context) {
    const auto calculator = context.calculators.open(arguments.choice.text(), {arguments.precision, arguments.threads}, context.log);
    io::ReadOptions read = arguments.read;
    read.numbers = io::Numbers::any;  // labels of the input are not used
    FailedFrames failed(arguments.input, context.log);
    if (!arguments.fixed.empty()) context.log.info(fmt::format("held: atoms {}, counted from 1", fmt::join(arguments.fixed, ", ")));
    std::vector<io::Frame> frames;
    const auto reader = dataset::open_frames(arguments.input, read, context.log);
    for (io::Frame frame; reader->next(frame);) frames.push_back(std::move(frame));
    try_output(arguments.output, frames);
    const auto writer = io::open_writer(arguments.output);
    const auto format = io::format_info(arguments.output);
    io::Losses losses(format);
    std::vector<io::Frame> relaxed;
    base::Repeats vacuum, unconverged;
    std::vector<std::string> not_converged;
    nlohmann::json summary = nlohmann::json::array();
    const auto relax = [&](const io::Frame& frame) {
        auto options = options_for(arguments, frame);
        hold_vacuum(arguments, frame, calculator->cutoff(), options.freedom, vacuum);
        std::string detail;
        options.observer = [&](const dynamics::RelaxStep& step) {
            detail = fmt::format("frame {}, step {}: {:.6f} eV, force {:.2e} eV/angstrom", frame.index, step.evaluations, step.energy,
                                 step.max_force);
            if (options.freedom.cell != dynamics::CellFreedom::fixed)
                detail += fmt::format(", stress {:.1e} GPa", step.max_stress * units::gpa_per_ev_per_angstrom3);
            context.progress.update({"relax", static_cast<double>(relaxed.size()), static_cast<double>(frames.size()), detail});
        };
        calculator::heed(*calculator, frame);
        auto result = dynamics::relax(*calculator, frame.structure, options);
        if (!result.converged) {
            const std::string reason = dynamics::not_converged(result, options, {}).what();
            not_converged.push_back(frame.where() + ": " + reason);
            unconverged.add(frame.where(), reason);
        }
        summary.push_back(entry_of(frame, result, options.freedom.cell));
        relaxed.push_back(relaxed_frame(frame, std::move(result)));
        calculator::describe(*calculator, relaxed.back());
    };
    for (const auto& frame : frames) failed.attempt(frame, [&] { relax(frame); });
    context.progress.update({"relax", static_cast<double>(frames.size()), static_cast<double>(frames.size()), {}});
    vacuum.tell(context.log);
    if (relaxed.empty()) failed.judge(0, arguments.output);
    for (const auto& frame : relaxed) {
        writer->write(frame);
        losses.add(frame);
    }
    writer->close();
    losses.tell(context.log);
    if (arguments.json)
        print_out("{}\n", config::json_text(summary, 1));
    else
        for (const auto& entry : summary)
            print_out(
                "frame {}: {:.6f} eV after {} evaluations, largest force {:.1e} eV/angstrom{}{}\n", entry["frame"].get<std::size_t>(),
                entry["energy"].get<double>(), entry["evaluations"].get<int>(), entry["max_force"].get<double>(),
                entry["max_stress_gpa"].is_null() ? "" : fmt::format(", largest stress {:.1e} GPa", entry["max_stress_gpa"].get<double>()),
                entry["converged"].get<bool>()  ? ""
                : entry["ran_away"].get<bool>() ? ", RAN AWAY"
                                                : ", NOT CONVERGED");
    // How far a few came is told of each.
    const auto reasons = not_converged.size() <= few ? not_converged : unconverged.lines();
    if (relaxed.size() < frames.size())
        for (const auto& reason : reasons) context.log.warning(reason);
    failed.judge(relaxed.size(), arguments.output);
    if (not_converged.empty()) return;
    throw ConvergenceError(
        fmt::format("{} of {} relaxations did not converge; their last structures are written too, {}:\n  {}", not_converged.size(),
                    relaxed.size(),
                    format.abilities.columns ? std::string("with geometry_converged=F")
                                             : fmt::format("and nothing in them says so, since {} has no place for it", format.name),
                    fmt::join(reasons, "\n  ")),
        arguments.output.string());
}

/// Negative numbers would count from the end elsewhere, and 0 is the first atom elsewhere; here they are refused. Zeros in front would
/// make an octal number.
const CLI::Validator atom_number(
    [](std::string& text) {
        if (text.find_first_not_of("0123456789") != std::string::npos || !io::parse_integer(text))
            return "'" + text + "' is no atom: give numbers, counted from 1, with commas between";
        text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
        if (text == "0") return std::string("there is no atom 0: atoms are counted from 1, as in messages");
        return std::string();
    },
    "");

}  // namespace

void add_relax(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<RelaxArguments>();
    auto& a = *arguments;
    auto* command = app.add_subcommand("relax", "Relaxes every structure of a file on any calculator");
    auto& paths = context.paths;
    paths.reads_calculator(
        command->add_option("calculator", a.choice.calculator, "What gives energies and forces, see below")->required()->type_name("CALC"));
    paths.reads_frames(command->add_option("input", a.input, "Structures")->required()->type_name("IN"));
    paths.writes(
        command->add_option("-o,--output", a.output, "Relaxed structures with energy, forces, stress and geometry_converged=T or F")
            ->required()
            ->type_name("OUT"));
    command->add_flag("--cell", a.cell,
                      "Relax the cell as well; of a slab or wire only within its repeating directions, vacuum is left as it is");
    auto* freedom = command->add_option("--cell-freedom", a.cell_freedom, "full, isotropic, or shape at constant volume; with --cell")
                        ->capture_default_str()
                        ->check(CLI::IsMember({"full", "isotropic", "shape"}));
    auto* pressure = command->add_option("--pressure", a.pressure_gpa, "Pressure on the cell, GPa; with --cell")
                         ->capture_default_str()
                         ->check(CLI::Range(-most_pressure, most_pressure));
    command->add_option("--fmax", a.fmax, "Largest force left, eV/angstrom")->capture_default_str()->check(CLI::PositiveNumber);
    auto* smax = command->add_option("--smax", a.stress_gpa, "Largest stress left, GPa; with --cell")
                     ->capture_default_str()
                     ->check(CLI::PositiveNumber);
    command->add_option("--method", a.method, "lbfgs or fire")->capture_default_str()->check(CLI::IsMember({"lbfgs", "fire"}));
    command->add_option("--steps", a.steps, "Most energy evaluations of one structure")->capture_default_str()->check(CLI::PositiveNumber);
    command
        ->add_option("--fix", a.fixed, "Atoms to hold, counted from 1 as in messages; with --cell they keep their fractional coordinates")
        ->delimiter(',')
        ->transform(atom_number)
        ->type_name("NUMBER,...");
    add_structure_options(*command, a.read);
    command->add_option("--precision", a.precision, "float32, mixed or float64, where the calculator offers a choice")->type_name("NAME");
    command->add_option("--threads", a.threads, "At most so many threads, as many of them as are fastest; 0: all")
        ->capture_default_str()
        ->check(thread_count(0));
    paths.reads_calculator(add_member_option(*command, a.choice.members));
    command->add_flag("--json", a.json, "Print the summary as JSON");
    command->footer(
        "Examples:\n"
        "  alkali relax best.safetensors start.extxyz -o relaxed.extxyz\n"
        "  alkali relax kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000 POSCAR -o relaxed.extxyz --cell --pressure 1\n\n"
        "Calculators:\n" +
        context.calculators.help());
    command->callback([arguments, of_cell = std::array{freedom, pressure, smax}, &context] {
        for (const auto* option : of_cell)  // --cell=false is no --cell
            if (option->count() > 0 && !arguments->cell) throw CLI::RequiresError(option->get_name(), "--cell");
        run_relax(*arguments, context);
    });
}

}  // namespace alkali::app
