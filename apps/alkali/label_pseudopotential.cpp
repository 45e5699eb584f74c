#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "alkali/config/json.hpp"
#include "alkali/labelling/pseudopotential.hpp"
#include "label.hpp"
#include "output.hpp"

namespace alkali::app {
namespace {

namespace fs = std::filesystem;

struct PseudopotentialArguments {
    fs::path input;
    labelling::GenerateOptions options;
    bool json = false;
};

void print_json(const labelling::GeneratedPseudopotential& made) {
    auto levels = nlohmann::json::array();
    for (const auto& level : made.report.levels)
        levels.push_back({{"orbital", level.orbital},
                          {"occupation", level.occupation},
                          {"all_electron_ry", level.all_electron},
                          {"pseudo_ry", level.pseudo}});
    const auto& h = made.header;
    const nlohmann::json out = {{"schema", 1},
                                {"file", made.file.string()},
                                {"element", h.element},
                                {"functional", h.functional},
                                {"type", h.type},
                                {"z_valence", h.z_valence},
                                {"core_correction", h.core_correction},
                                {"ld1_version", made.report.version},
                                {"wrapped_lines", made.wrapped_lines},
                                {"levels", levels},
                                {"notes", made.report.notes}};
    print_out("{}\n", config::json_text(out, 2));
}

void print_text(const labelling::GeneratedPseudopotential& made) {
    const auto& h = made.header;
    print_out("{}\n", made.file.string());
    print_out("{} {}, {}, {:g} valence electron{}{}; ld1.x {}\n", h.element, h.type, h.functional, h.z_valence, h.z_valence == 1 ? "" : "s",
              h.core_correction ? ", core correction" : "", made.report.version);
    if (h.wfc_cutoff > 0) print_out("suggested cutoffs: {:g} Ry for wavefunctions, {:g} Ry for the density\n", h.wfc_cutoff, h.rho_cutoff);
    if (made.wrapped_lines > 0)
        print_out("{} lines wrapped: pw.x does not read more than {} characters\n", made.wrapped_lines, labelling::longest_upf_line);
    print_out("\norbital  occupation  all electrons (Ry)  pseudo (Ry)  difference (mRy)\n");
    for (const auto& level : made.report.levels)
        print_out("{:<7}  {:>10.2f}  {:>18.5f}  {:>11.5f}  {:>16.2f}\n", level.orbital, level.occupation, level.all_electron, level.pseudo,
                  1e3 * level.difference());
}

void run_pseudopotential(const PseudopotentialArguments& arguments, Context& context) {
    const auto made = labelling::generate_pseudopotential(arguments.input, arguments.options);
    for (const auto& note : made.report.notes) context.log.warning("ld1.x: " + note);
    arguments.json ? print_json(made) : print_text(made);
}

}  // namespace

void add_label_pseudopotential(CLI::App& label, Context& context) {
    auto arguments = std::make_shared<PseudopotentialArguments>();
    auto* command = label.add_subcommand("pseudopotential", "Generate a pseudopotential with ld1.x, check it, make it readable for pw.x");
    context.paths.reads(command->add_option("input", arguments->input, "Input of ld1.x")->required()->type_name("INPUT"));
    CommandPaths::named(command->add_option("-o,--output", arguments->options.folder, "Folder for the UPF file"))
        ->capture_default_str()
        ->type_name("DIR");
    command->add_option("--program", arguments->options.program, "The generator")->capture_default_str()->type_name("LD1");
    command
        ->add_option("--largest-difference", arguments->options.largest_difference,
                     "Eigenvalues with all electrons and with the pseudopotential may differ by this much (Ry)")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command->add_flag("--json", arguments->json, "The result as JSON on standard output");
    command->footer(
        "Configs of Quantum ESPRESSO may name such an input instead of a UPF file; it is then generated on first use.\n"
        "Examples:\n"
        "  alkali label pseudopotential data/pseudopotentials/Li.pbe-n-nc-alkali.ld1.in -o pseudopotentials");
    command->callback([arguments, &context] { run_pseudopotential(*arguments, context); });
}

}  // namespace alkali::app
