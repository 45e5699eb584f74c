#include "alkali/properties/precision/precision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/models/common/model_file.hpp"
#include "calculator_options.hpp"
#include "command.hpp"
#include "output.hpp"
#include "version.hpp"

namespace alkali::app {

namespace {

namespace precision = properties::precision;

constexpr std::array<const char*, 3> names = {"float32", "mixed", "float64"};  // the reference last

constexpr double most_kelvin = 1e5;

struct PrecisionArguments {
    std::string model;
    std::filesystem::path json;
    std::vector<std::string> skip;
    properties::Settings settings;
    precision::Options options;
    bool unrelaxed = false;
    int threads = 0;

    [[nodiscard]] bool wants(const std::string& part) const { return std::find(skip.begin(), skip.end(), part) == skip.end(); }
};

/// The same file in every precision.
std::vector<std::unique_ptr<calculator::Calculator>> open_all(const PrecisionArguments& arguments, Context& context) {
    std::vector<std::unique_ptr<calculator::Calculator>> calculators;
    for (const std::string name : names) {
        calculators.push_back(context.calculators.open(arguments.model, {name, arguments.threads}, context.log));
        auto& calculator = *calculators.back();
        if (!calculator.members().empty()) throw InputError("is a committee", arguments.model, "give one model file after the other");
        const auto provenance = calculator.provenance();
        if (std::find(provenance.begin(), provenance.end(), std::pair<std::string, std::string>{"precision", name}) == provenance.end())
            throw InputError("offers no choice of precision", arguments.model, "give a model file that alkali trained or imported");
    }
    return calculators;
}

/// Errors of the tables inside the model, as trained and as refined for use; none where a model keeps no tables.
void add_tables(const PrecisionArguments& arguments, const properties::Study& study, records::Records& out) {
    const auto loaded = models::load_model(base::matching_path(arguments.model), models::model_kinds());
    const auto add = [&](const std::optional<models::Tabulation>& table, const std::string& suffix) {
        if (!table) return;
        const nlohmann::json settings = {{"intervals", table->intervals},
                                         {"reference", "exact functions in float64"},
                                         {"energy_bound", models::Tabulation::energy_bound},
                                         {"force_bound", models::Tabulation::force_bound},
                                         {"within_bounds", table->within_bounds()}};
        out.set("table_energy_error" + suffix, study.record(table->energy_error, "eV/atom", settings));
        out.set("table_force_error" + suffix, study.record(table->force_error, "eV/angstrom", settings));
    };
    add(loaded.model->tabulation(), "_trained");
    add(loaded.model->refine_tabulation(), "");
}

void print_tables(const records::Records& records) {
    for (const auto* suffix : {"_trained", ""}) {
        const std::string name = std::string("table_energy_error") + suffix;
        if (!records.has(name)) continue;
        const auto& settings = records.at(name).settings;
        print_out("tables {}: {} intervals, {:.1e} eV/atom and {:.1e} eV/angstrom from the exact functions{}\n",
                  *suffix == '\0' ? "as used" : "as trained", settings.at("intervals").get<int>(), records.number(name),
                  records.number(std::string("table_force_error") + suffix),
                  *suffix == '\0' && !settings.at("within_bounds").get<bool>() ? ": ABOVE THE BOUNDS" : "");
    }
}

void print_path(const records::Records& records) {
    if (!records.has("energy_noise_float64")) return;
    print_out("\nsmooth path         noise    |dE| most    |dF| most   (from float64)\n            eV/atom      eV/atom  eV/angstrom\n");
    for (const std::string name : names) {
        print_out("{:<10} {:>10.1e}", name, records.number("energy_noise_" + name));
        if (records.has("energy_difference_" + name))
            print_out(" {:>12.1e} {:>12.1e}", records.number("energy_difference_" + name), records.number("force_difference_" + name));
        print_out("\n");
    }
}

void print_vacancy(const records::Records& records) {
    const std::string prefix = "vacancy_formation_energy_float64_";
    std::vector<int> sizes;
    for (const auto& [name, record] : records.all())
        if (name.starts_with(prefix)) sizes.push_back(record.settings.at("atoms").get<int>());
    if (sizes.empty()) return;
    std::sort(sizes.begin(), sizes.end());
    print_out("\nvacancy      float64   less float64's, meV (in brackets: bulk reference of a single cell)\n{:<8} {:>11}", "atoms", "eV");
    for (const std::string name : {"float32", "mixed"}) print_out(" {:>28}", name);
    print_out("\n");
    for (const int atoms : sizes) {
        print_out("{:<8} {:>11.6f}", atoms, records.number(prefix + std::to_string(atoms)));
        for (const std::string name : {"float32", "mixed"}) {
            const std::string key = name + "_" + std::to_string(atoms);
            const auto& difference = records.at("vacancy_difference_" + key);
            print_out(" {:>28}", fmt::format("{:.4f} +- {:.0e} ({:.4f})", difference.value.get<double>(),
                                             difference.uncertainty.value_or(0), records.number("vacancy_difference_single_" + key)));
        }
        print_out("\n");
    }
}

void print_drift(const records::Records& records) {
    if (!records.has("nve_drift_float64")) return;
    const auto& settings = records.at("nve_drift_float64").settings;
    print_out("\nconstant energy, {} atoms, {:.0f} K, {:g} ps, {:g} fs: drift in ueV/atom/ps, fluctuation in ueV/atom\n",
              settings.at("atoms").get<int>(), settings.at("temperature").get<double>(), settings.at("time").get<double>(),
              settings.at("dt").get<double>());
    for (const std::string name : names) {
        const auto& drift = records.at("nve_drift_" + name);
        print_out("{:<10} {:>10.4f} +- {:<8.1g} {:>10.4f}\n", name, drift.value.get<double>(), drift.uncertainty.value_or(0),
                  records.number("nve_fluctuation_" + name));
    }
}

void run_precision(PrecisionArguments arguments, Context& context) {
    arguments.options.with_path = arguments.wants("path");
    arguments.options.with_vacancy = arguments.wants("vacancy");
    arguments.options.with_nve = arguments.wants("nve");
    arguments.options.vacancy.relax = !arguments.unrelaxed;
    arguments.settings.provenance["alkali"] = version;
    const auto calculators = open_all(arguments, context);
    std::vector<precision::Variant> variants;
    for (std::size_t k = 0; k < names.size(); ++k) variants.push_back({names[k], calculators[k].get()});
    properties::Study study(*calculators.back(), arguments.settings, context.log, context.progress);
    records::Records records;
    if (arguments.wants("tables")) add_tables(arguments, study, records);
    records.merge(precision::measure(study, variants, arguments.options, context.progress));
    if (!arguments.json.empty()) records.save(arguments.json);
    print_tables(records);
    print_path(records);
    print_vacancy(records);
    print_drift(records);
}

void add_options(CLI::App& command, PrecisionArguments& a, CommandPaths& paths) {
    auto& o = a.options;
    paths.reads(command.add_option("model", a.model, "Model file")->required()->type_name("MODEL"));
    paths.writes(command.add_option("-o,--json", a.json, "Write the records to this file")->type_name("FILE"));
    command.add_option("--skip", a.skip, "Leave out parts: tables, path, vacancy, nve")
        ->delimiter(',')
        ->check(CLI::IsMember({"tables", "path", "vacancy", "nve"}))
        ->type_name("PART,...");
    command.add_option("--species", a.settings.species, "Chemical symbol; needed where the model knows several")->type_name("SYMBOL");
    command.add_option("--structure", a.settings.crystal, "Crystal: sc, bcc, fcc, diamond, hcp")->capture_default_str()->type_name("NAME");
    command.add_option("--a0", o.a0, "Lattice constant, angstrom; 0: at the minimum of E(V) in float64")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command.add_option("--atoms", o.vacancy.atoms, "Sizes of the vacancy cells; the nearest cubic supercell less one atom is taken")
        ->delimiter(',')
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
    command.add_flag("--unrelaxed", a.unrelaxed, "Vacancies in the perfect lattice instead of relaxed once in float64");
    command
        .add_option("--motions", o.vacancy.motions,
                    "Copies of the perfect crystal, each shifted and turned at random, that its energy is averaged over")
        ->capture_default_str()
        ->check(CLI::Range(2, 100000));
    command.add_option("--points", o.path.points, "Points of the path")->capture_default_str()->check(CLI::PositiveNumber);
    command.add_option("--path-atoms", o.path.atoms, "Atoms on the path")->capture_default_str()->check(CLI::PositiveNumber);
    command.add_option("--nve-ps", o.nve.time, "Time at constant energy, ps")->capture_default_str()->check(CLI::PositiveNumber);
    command.add_option("--nve-atoms", o.nve.atoms, "Atoms at constant energy")->capture_default_str()->check(CLI::PositiveNumber);
    command.add_option("--settle-ps", o.nve.settling, "Time before, ps")->capture_default_str()->check(CLI::NonNegativeNumber);
    command.add_option("--temperature", o.nve.temperature, "Temperature, K")
        ->capture_default_str()
        ->check(CLI::PositiveNumber)
        ->check(CLI::Range(0.0, most_kelvin));
    command.add_option("--dt", o.nve.dt, "Time step, fs; 0: 1 fs for lithium, with the root of the mass for others")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command.add_option("--seed", o.seed, "Of everything random")->capture_default_str();
    command.add_option("--threads", a.threads, "At most so many threads, as many of them as are fastest; 0: all")
        ->capture_default_str()
        ->check(thread_count(0));
}

}  // namespace

void add_precision(CLI::App& app, Context& context) {
    auto arguments = std::make_shared<PrecisionArguments>();
    auto* command = app.add_subcommand("precision", "What float32 and mixed precision do to a model's energies, forces and dynamics");
    add_options(*command, *arguments, context.paths);
    command->footer(
        "Evaluates one model in float32, mixed and float64: error of its interpolation tables, noise of the energy along a smooth path,\n"
        "vacancy formation energy in growing cells, energy drift of molecular dynamics. Equations: docs/theory/precision.md.\n"
        "Examples:\n"
        "  alkali precision best.safetensors --json precision.json\n"
        "  alkali precision best.safetensors --skip nve --atoms 53,127\n"
        "  alkali precision best.safetensors --skip tables,path,vacancy --nve-ps 20");
    command->callback([arguments, &context] { run_precision(*arguments, context); });
}

}  // namespace alkali::app
