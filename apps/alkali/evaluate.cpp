#include "alkali/training/evaluation.hpp"

#include <fmt/format.h>

#include <memory>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/process.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/units/elements.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "output.hpp"
#include "read_options.hpp"
#include "version.hpp"

namespace alkali::app {
namespace {

struct EvaluateArguments {
    CalculatorChoice choice;
    std::vector<std::string> committee;
    std::vector<std::filesystem::path> data;
    std::filesystem::path json, output;
    io::ReadOptions read;
    std::size_t parity_points = training::EvaluationSettings{}.parity_points;
    calculator::OpenOptions open;
};

void add_provenance(records::Records& records, const nlohmann::json& provenance) {
    for (const auto& [name, record] : std::map(records.all())) {
        records::Record known = record;
        known.provenance = provenance;
        records.set(name, std::move(known));
    }
}

/// Symbols, sorted by atomic number: what the numbers are about.
std::vector<std::string> elements_of(const std::vector<structure::Frame>& frames) {
    std::set<int> numbers;
    for (const auto& frame : frames) numbers.insert(frame.structure.numbers.begin(), frame.structure.numbers.end());
    std::vector<std::string> symbols;
    for (const int number : numbers) symbols.emplace_back(units::symbol(number));
    return symbols;
}

void print_table(const records::Records& records) {
    for (const auto& [name, record] : records.all())
        if (record.value.is_number()) print_out("{:<40} {:>12.5g} {}\n", name, record.value.get<double>(), record.unit);
}

void run_evaluate(const EvaluateArguments& arguments, Context& context) {
    const auto calculator = context.calculators.open(arguments.choice.text(), arguments.open, context.log);
    dataset::LoadOptions load;
    load.read = arguments.read;
    load.missing = dataset::Missing::mask;
    load.needs = {true, true, true};
    const auto set = dataset::load(arguments.data, load, context.log);
    std::unique_ptr<calculator::Calculator> committee;
    if (!arguments.committee.empty()) {
        committee = context.calculators.open(committee_text(arguments.committee), arguments.open, context.log);
        if (committee->members().empty())
            throw InputError("is no committee", arguments.committee[0],
                             "name several models: --committee A,B or --committee A --committee B");
    }
    auto records = training::evaluate(*calculator, set.frames, {arguments.parity_points, committee.get()}, context.progress);
    if (committee && !records.has("force_std_committee_correlation"))
        context.log.warning("--committee: " + calculator->name() +
                            " gives no expected errors of forces to compare with it; see alkali calibrate");
    nlohmann::json provenance = {
        {"calculator", calculator->name()},    {"data", set.sources}, {"data_hash", dataset::content_hash(set.frames)},
        {"elements", elements_of(set.frames)}, {"version", version},  {"date", base::utc_date()}};
    for (const auto& [key, value] : calculator->provenance()) provenance["calculator " + key] = value;
    add_provenance(records, provenance);
    print_table(records);
    if (!arguments.json.empty()) records.save(arguments.json);
    if (!arguments.output.empty()) records.save(arguments.output / "evaluation.json");
}

}  // namespace

void add_evaluate(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<EvaluateArguments>();
    auto* command = app.add_subcommand("evaluate", "Errors of a calculator on labelled frames, also by group");
    auto& paths = context.paths;
    paths.reads_calculator(
        command->add_option("calculator", arguments->choice.calculator, "Model file (several with commas: a committee), kim:MODEL_ID, ...")
            ->required()
            ->type_name("CALC"));
    paths.reads_frames(command->add_option("data", arguments->data, "Labelled frames: files or folders")->required()->type_name("DATA..."));
    paths.writes(
        command->add_option("--json", arguments->json, "Write the records, parity data included, to this file")->type_name("FILE"));
    paths.writes_into(command->add_option("-o,--output", arguments->output, "Write evaluation.json into this folder")->type_name("DIR"),
                      "evaluation.json");
    add_label_options(*command, arguments->read);
    command->add_option("--parity-points", arguments->parity_points, "Points kept for each parity plot; 0: none")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    paths.reads_calculator(add_committee_option(*command, arguments->committee,
                                                "Also compare expected errors of forces with the deviations of this committee"));
    add_open_options(*command, arguments->open);
    paths.reads_calculator(add_member_option(*command, arguments->choice.members));
    command->footer(
        "Energies in meV/atom, forces in meV/angstrom, stresses in GPa. energy_rmse_shifted: with the mean offset removed,\n"
        "for labels with another zero of energy.\n"
        "Examples:\n"
        "  alkali evaluate out/nequip/best.safetensors test.extxyz --json out/nequip/test.json\n"
        "  alkali evaluate kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000 test.extxyz");
    command->callback([arguments, &context] { run_evaluate(*arguments, context); });
}

}  // namespace alkali::app
