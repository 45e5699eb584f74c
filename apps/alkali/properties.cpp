#include "alkali/config/json.hpp"
#include "alkali/properties/run.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "alkali/base/error.hpp"
#include "alkali/base/lock.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "output.hpp"
#include "version.hpp"

namespace alkali::app {

namespace {

struct PropertiesArguments {
    CalculatorChoice choice;
    std::string precision;
    std::vector<std::string> only, set;
    std::filesystem::path folder = "properties";
    properties::Settings settings;
    int threads = 0;
    bool json = false;
};

/// JSON, or else a plain word.
nlohmann::json value_of(const std::string& word) {
    try {
        return config::parse_json(word, "--set");
    } catch (const FileError&) {
        return word;
    }
}

/// "vacancy.supercell=[4,4,4]" into {"vacancy": {"supercell": [4, 4, 4]}}; a plain number is also a list of one.
void apply_setting(const std::string& text, nlohmann::json& options) {
    const auto equal = text.find('='), dot = text.find('.');
    if (equal == std::string::npos || dot == std::string::npos || dot > equal)
        throw InputError("'" + text + "' is not PROPERTY.KEY=VALUE", "--set", "for example --set vacancy.supercell=4");
    const std::string property = text.substr(0, dot), key = text.substr(dot + 1, equal - dot - 1), word = text.substr(equal + 1);
    const auto value = value_of(word);
    const auto all = properties::property_options();
    const auto* block = all.find(property);
    const auto* option = block != nullptr && block->data.block ? block->data.block->find(key) : nullptr;
    const bool list = option != nullptr && option->data.fallback.is_array();
    options[property][key] = list && !value.is_array() ? nlohmann::json::array({value}) : value;
}

std::string value_text(const records::Record& record) {
    const double value = record.value.get<double>();
    return record.uncertainty ? fmt::format("{:.5g} +- {:.1g}", value, *record.uncertainty) : fmt::format("{:.6g}", value);
}

void print_table(const records::Records& records) {
    std::size_t width = 0;
    for (const auto& [name, record] : records.all())
        if (record.value.is_number()) width = std::max(width, name.size());
    for (const auto& [name, record] : records.all())
        if (record.value.is_number())
            print_out("{:<{}}  {:>18}  {}\n", name, width, value_text(record), record.unit == "1" ? "" : record.unit);
}

void run_properties(PropertiesArguments arguments, Context& context) {
    const auto chosen = properties::choose_properties(arguments.only);
    for (const auto& text : arguments.set) apply_setting(text, arguments.settings.options);
    arguments.settings.provenance["alkali"] = version;
    const base::FolderLock lock(arguments.folder, "properties", context.log);
    const auto calculator = context.calculators.open(arguments.choice.text(), {arguments.precision, arguments.threads}, context.log);
    const auto file = arguments.folder / "records.json";
    const auto save = [&](const std::string&, const records::Records& so_far) { so_far.save(file); };
    const auto outcome = properties::compute_properties(*calculator, chosen, arguments.settings, context.log, context.progress, save);
    if (arguments.json)
        print_out("{}\n", outcome.records.text());
    else
        print_table(outcome.records);
    if (outcome.failures.empty()) return;
    std::string names, messages;
    for (const auto& [name, message] : outcome.failures) {
        names += (names.empty() ? "" : ", ") + name;
        messages += "\n  " + message;
    }
    throw ConvergenceError("not computed: " + names + messages);
}

std::string property_help() {
    std::string text = "Properties (--only) and what --set changes of them:\n";
    for (const auto& property : properties::all_properties()) {
        text += fmt::format("  {}: {}\n", property.name, property.help);
        for (const auto& option : property.options.all())
            text += fmt::format("    {}.{}  {}{}\n", property.name, option.data.key, option.data.help,
                                option.data.fallback.is_null() ? "" : " [" + config::json_text(option.data.fallback) + "]");
    }
    return text;
}

}  // namespace

void add_properties(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<PropertiesArguments>();
    auto* command = app.add_subcommand("properties", "Computes bulk properties of a crystal on any calculator");
    context.paths.reads_calculator(
        command->add_option("calculator", arguments->choice.calculator, "What gives energies and forces, see below")
            ->required()
            ->type_name("CALC"));
    command->add_option("--only", arguments->only, "These properties only")->delimiter(',')->type_name("NAME,...");
    context.paths.writes_into(
        command->add_option("-o,--output", arguments->folder, "Folder for records.json")->capture_default_str()->type_name("DIR"),
        "records.json");
    command->add_option("--species", arguments->settings.species, "Chemical symbol; needed where the calculator knows several")
        ->type_name("SYMBOL");
    command->add_option("--structure", arguments->settings.crystal, "Crystal: sc, bcc, fcc, diamond, hcp")
        ->capture_default_str()
        ->type_name("NAME");
    command->add_option("--set", arguments->set, "Changes an option of a property, see below")->type_name("PROPERTY.KEY=VALUE");
    command->add_option("--precision", arguments->precision, "float32, mixed or float64, where the calculator offers a choice")
        ->type_name("NAME");
    command->add_option("--threads", arguments->threads, "At most so many threads, as many of them as are fastest; 0: all")
        ->capture_default_str()
        ->check(thread_count(0));
    context.paths.reads_calculator(add_member_option(*command, arguments->choice.members));
    command->add_flag("--json", arguments->json, "Print the records as JSON instead of a table");
    command->footer(
        "Examples:\n"
        "  alkali properties best.safetensors -o out/nequip\n"
        "  alkali properties kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000 --only lattice,elastic\n"
        "  alkali properties kim:MEAM_LAMMPS_KimJungLee_2012_LiMg__MO_427397414195_000 --species Mg --structure hcp --only lattice\n"
        "  alkali properties a.safetensors,b.safetensors,c.safetensors --set vacancy.supercell=4\n\n" +
        property_help() + "\nCalculators:\n" + context.calculators.help());
    command->callback([arguments, &context] { run_properties(*arguments, context); });
}

}  // namespace alkali::app
