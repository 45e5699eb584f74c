#include <fmt/format.h>

#include "alkali/base/process.hpp"
#include "alkali/config/write.hpp"
#include "alkali/dataset/inputs.hpp"
#include "alkali/labelling/convergence_run.hpp"
#include "alkali/records/record.hpp"
#include "alkali/units/constants.hpp"
#include "interrupt.hpp"
#include "label.hpp"
#include "labellers.hpp"
#include "output.hpp"
#include "version.hpp"

namespace alkali::app {
namespace {

struct ConvergeArguments {
    std::filesystem::path config, output;
    bool keys = false;
};

void say(const labelling::ConvergenceSeries& series) {
    constexpr double milli = 1e3, gpa = units::gpa_per_ev_per_angstrom3;
    print_out("{:>12} {:>12} {:>12} {:>12} {:>12} {:>10}\n", series.parameter, "energy", "force", "stress", "P + dE/dV", "time");
    print_out("{:>12} {:>12} {:>12} {:>12} {:>12} {:>10}\n", series.unit, "meV/atom", "meV/A", "GPa", "GPa", "s");
    for (std::size_t k = 0; k < series.figures.size(); ++k) {
        const auto& f = series.figures[k];
        print_out("{:12g} {:12.3f} {:12.3f} {:12.4f} {:12.4f} {:10.0f}{}\n", f.value, milli * f.relative_energy, milli * f.force,
                  gpa * f.stress, gpa * f.pressure, f.seconds, series.recommended == k ? "  recommended" : "");
    }
    if (!series.recommended) print_out("{:>12} no value but the last is within the tolerance\n", "");
    print_out("\n");
}

void run_converge(const ConvergeArguments& arguments, Context& context) {
    const auto settings = labelling::load_convergence(arguments.config, labeller_kinds(), context.log);
    for (const auto& input : settings.inputs) dataset::add_inputs(context.paths.inputs(), input);
    for (const auto& file : settings.labeller.files) context.paths.inputs().add(file);
    context.paths.inputs().add(settings.store);
    context.paths.refuse_inputs_as_outputs();
    const auto series = labelling::run_convergence(settings, catch_interrupts(), context.log, context.progress);
    for (const auto& each : series) say(each);
    if (arguments.output.empty()) return;
    records::Records records;
    records.set("convergence", {labelling::to_json(series, settings.tolerance),
                                "1",
                                std::nullopt,
                                settings.values,
                                {{"version", version}, {"date", base::utc_date()}, {"labeller", settings.labeller.config.values}}});
    records.save(arguments.output / "records.json");
    print_out("{}\n", (arguments.output / "records.json").string());
}

}  // namespace

void add_label_converge(CLI::App& label, Context& context) {
    auto arguments = std::make_shared<ConvergeArguments>();
    auto* command = label.add_subcommand("converge", "Energies, forces, stress against cutoffs, k-mesh and smearing; P = -dE/dV");
    auto* config = context.paths.reads(command->add_option("config", arguments->config, "Config (YAML)")->type_name("CONFIG"));
    context.paths.writes_into(
        command->add_option("-o,--output", arguments->output, "Write records.json into this folder, for alkali report")->type_name("DIR"),
        "records.json");
    command->add_flag("--keys", arguments->keys, "Print every key of the config with meaning and default");
    command->footer(
        "One setting is varied at a time; errors are root mean squares against its last value, energies without their common shift\n"
        "(docs/theory/convergence.md). Labels are kept in the store: a run goes on where it was interrupted.\n"
        "Examples:\n"
        "  alkali label converge examples/lithium/converge.yaml -o out/convergence\n"
        "  alkali report out/convergence -o report.html");
    command->callback([=, &context] {
        if (arguments->keys)
            print_out("{}", config::help_text(labelling::convergence_options(labeller_kinds(), false)));
        else if (config->count() == 0)
            throw CLI::RequiredError("config");
        else
            run_converge(*arguments, context);
    });
}

}  // namespace alkali::app
