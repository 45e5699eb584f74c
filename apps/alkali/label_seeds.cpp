#include <fmt/format.h>

#include <map>

#include "alkali/config/config.hpp"
#include "alkali/config/write.hpp"
#include "alkali/io/format.hpp"
#include "alkali/labelling/quantum_espresso/sampling.hpp"
#include "alkali/labelling/seeds/seeds.hpp"
#include "label.hpp"
#include "output.hpp"

namespace alkali::app {
namespace {

struct SeedArguments {
    std::filesystem::path config, output;
    bool keys = false;
};

void run_seeds(const SeedArguments& arguments, Context& context) {
    const auto config = config::load(arguments.config, labelling::seed_options(), context.log);
    auto settings = labelling::seed_settings(config.values);
    if (!config.values.at("k_spacing").is_null()) {
        labelling::qe::Physics sampling;
        sampling.k_spacing = config.values.at("k_spacing").get<double>();
        sampling.vacuum = config.values.at("surfaces").at("vacuum").get<double>() / 2;
        settings.k_mesh = [sampling](const structure::Structure& structure) { return labelling::qe::k_mesh(structure, sampling); };
    }
    std::unique_ptr<calculator::Calculator> calculator;
    if (const auto& name = config.values.at("snapshots").at("calculator"); !name.is_null()) {
        context.paths.inputs().add(name.get<std::string>());
        base::refuse_input_as_output(arguments.output);
        calculator = context.calculators.open(name.get<std::string>(), {}, context.log);
    }
    const auto seeds = labelling::make_seeds(config.values, settings, calculator.get(), &context.progress);
    io::write_frames(arguments.output, seeds, {"extxyz", {}});
    std::map<std::string, int> counts;
    for (const auto& frame : seeds) ++counts[frame.info.at("config_type")];
    for (const auto& [type, count] : counts) print_out("{:6} {}\n", count, type);
    print_out("{:6} structures in {}\n", seeds.size(), arguments.output.string());
}

}  // namespace

void add_label_seeds(CLI::App& label, Context& context) {
    auto arguments = std::make_shared<SeedArguments>();
    auto* command = label.add_subcommand("seeds", "Structures to begin a data set with: crystals, defects, surfaces, liquid, snapshots");
    auto* config = context.paths.reads(command->add_option("config", arguments->config, "Config (YAML)")->type_name("CONFIG"));
    auto* output = context.paths.writes(command->add_option("-o,--output", arguments->output, "Extended XYZ to write")->type_name("FILE"));
    command->add_flag("--keys", arguments->keys, "Print every key of the config with meaning and default");
    command->footer(
        "The same config gives the same structures. Each kind of cell keeps one k-mesh, written onto its frames.\n"
        "Examples:\n"
        "  alkali label seeds examples/lithium/seeds.yaml -o seeds.extxyz\n"
        "  alkali label seeds --keys");
    command->callback([=, &context] {
        if (arguments->keys)
            print_out("{}", config::help_text(labelling::seed_options()));
        else if (config->count() == 0)
            throw CLI::RequiredError("config");
        else if (output->count() == 0)
            throw CLI::RequiredError("--output");
        else
            run_seeds(*arguments, context);
    });
}

}  // namespace alkali::app
