#include "alkali/dynamics/relax.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "alkali/base/error.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/units/constants.hpp"
#include "command.hpp"
#include "read_options.hpp"

namespace alkali::app {

namespace {

struct RelaxArguments {
    std::string calculator, precision, method = "lbfgs", cell_freedom = "full";
    std::filesystem::path input, output;
    io::ReadOptions read;
    std::vector<std::size_t> fixed;
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
        if (atom >= frame.structure.size())
            throw InputError("there is no atom " + std::to_string(atom) + " to fix (atoms count from 0)", frame.where());
        options.freedom.fixed_atoms[atom] = true;
    }
    return options;
}

io::Frame relaxed_frame(const io::Frame& start, dynamics::RelaxResult result) {
    io::Frame frame = start;
    io::forget_labels(frame);
    frame.structure = std::move(result.structure);
    frame.labels.energy = result.result.energy;
    frame.labels.forces = std::move(result.result.forces);
    if (frame.structure.cell.fully_periodic()) frame.labels.stress = result.result.stress;
    return frame;
}

void run_relax(const RelaxArguments& arguments, Context& context) {
    const auto calculator = context.calculators.open(arguments.calculator, {arguments.precision, arguments.threads}, context.log);
    io::ReadOptions read = arguments.read;
    read.numbers = io::Numbers::any;  // labels of the input are not used
    const auto frames = io::read_frames(arguments.input, read, &context.log);
    std::vector<io::Frame> relaxed;
    nlohmann::json summary = nlohmann::json::array();
    for (const auto& frame : frames) {
        auto options = options_for(arguments, frame);
        std::string detail;
        options.observer = [&](const dynamics::RelaxStep& step) {
            detail = fmt::format("frame {}, step {}: {:.6f} eV, force {:.2e} eV/angstrom, stress {:.1e} GPa", frame.index, step.evaluations,
                                 step.energy, step.max_force, step.max_stress * units::gpa_per_ev_per_angstrom3);
            context.progress.update({"relax", static_cast<double>(relaxed.size()), static_cast<double>(frames.size()), detail});
        };
        auto result = dynamics::relax_or_throw(*calculator, frame.structure, options, frame.where());
        summary.push_back({{"frame", frame.index},
                           {"energy", result.result.energy},
                           {"evaluations", result.last.evaluations},
                           {"max_force", result.last.max_force},
                           {"max_stress_gpa", result.last.max_stress * units::gpa_per_ev_per_angstrom3},
                           {"volume", result.structure.cell.volume()}});
        relaxed.push_back(relaxed_frame(frame, std::move(result)));
    }
    context.progress.update({"relax", static_cast<double>(frames.size()), static_cast<double>(frames.size()), {}});
    io::write_frames(arguments.output, relaxed);
    if (arguments.json)
        fmt::print("{}\n", summary.dump(1));
    else
        for (const auto& entry : summary)
            fmt::print("frame {}: {:.6f} eV after {} evaluations, largest force {:.1e} eV/angstrom\n", entry["frame"].get<std::size_t>(),
                       entry["energy"].get<double>(), entry["evaluations"].get<int>(), entry["max_force"].get<double>());
}

}  // namespace

void add_relax(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<RelaxArguments>();
    auto& a = *arguments;
    auto* command = app.add_subcommand("relax", "Relaxes every structure of a file on any calculator");
    command->add_option("calculator", a.calculator, "What gives energies and forces, see below")->required()->type_name("CALC");
    command->add_option("input", a.input, "Structures")->required()->type_name("IN");
    command->add_option("-o,--output", a.output, "Relaxed structures with energy, forces and stress")->required()->type_name("OUT");
    auto* cell = command->add_flag("--cell", a.cell, "Relax the cell as well");
    command->add_option("--cell-freedom", a.cell_freedom, "full, isotropic, or shape at constant volume; with --cell")
        ->capture_default_str()
        ->check(CLI::IsMember({"full", "isotropic", "shape"}))
        ->needs(cell);
    command->add_option("--pressure", a.pressure_gpa, "Pressure on the cell, GPa; with --cell")->capture_default_str()->needs(cell);
    command->add_option("--fmax", a.fmax, "Largest force left, eV/angstrom")->capture_default_str()->check(CLI::PositiveNumber);
    command->add_option("--smax", a.stress_gpa, "Largest stress left, GPa")->capture_default_str()->check(CLI::PositiveNumber);
    command->add_option("--method", a.method, "lbfgs or fire")->capture_default_str()->check(CLI::IsMember({"lbfgs", "fire"}));
    command->add_option("--steps", a.steps, "Most energy evaluations of one structure")->capture_default_str()->check(CLI::PositiveNumber);
    command->add_option("--fix", a.fixed, "Atoms to hold, counted from 0")->delimiter(',')->type_name("INDEX,...");
    add_structure_options(*command, a.read);
    command->add_option("--precision", a.precision, "float32, mixed or float64, where the calculator offers a choice")->type_name("NAME");
    command->add_option("--threads", a.threads, "Threads; 0: all")->capture_default_str();
    command->add_flag("--json", a.json, "Print the summary as JSON");
    command->footer(
        "Examples:\n"
        "  alkali relax best.safetensors start.extxyz -o relaxed.extxyz\n"
        "  alkali relax kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000 POSCAR -o relaxed.extxyz --cell --pressure 1\n\n"
        "Calculators:\n" +
        context.calculators.help());
    command->callback([arguments, &context] { run_relax(*arguments, context); });
}

}  // namespace alkali::app
