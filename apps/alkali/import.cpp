#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/process.hpp"
#include "alkali/base/temporary.hpp"
#include "alkali/io/deepmd_model.hpp"
#include "alkali/io/foreign_model.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/models/deep_potential/import.hpp"
#include "command.hpp"
#include "output.hpp"
#include "process.hpp"
#include "version.hpp"

namespace alkali::app {

namespace {

namespace fs = std::filesystem;

// The converter's exit status when Python modules are missing (python/alkali_import/__main__.py).
constexpr int not_installed = 3;

struct ImportOptions {
    std::string model, output, python = "python3", model_key = "sole_model";
};

/// The converter beside an installed program, or that of the source tree the program was built from.
fs::path converter() {
    const std::vector<fs::path> candidates{program_folder() / "../share/alkali/python/alkali_import",
                                           fs::path(ALKALI_PYTHON_SOURCE_DIR) / "alkali_import"};
    for (const auto& candidate : candidates) {
        if (fs::exists(candidate / "__main__.py")) return candidate.lexically_normal();
    }
    throw FileError("the converter is not installed", candidates.front().lexically_normal().string(),
                    "run alkali from its build folder, or install it with cmake --install");
}

/// What the converter had to say: the last line it marked as its own, or the last line at all.
std::string reason(const std::string& output) {
    constexpr std::string_view mark = "alkali_import: ";
    const auto marked = output.rfind(mark);
    const auto trimmed = output.find_last_not_of(" \n");
    if (trimmed == std::string::npos) return "no message";
    const auto line = output.rfind('\n', trimmed);
    const auto begin = marked != std::string::npos ? marked + mark.size() : line == std::string::npos ? 0 : line + 1;
    return output.substr(begin, output.find('\n', begin) - begin);
}

/// deepmd-kit's own model form; alkali reads it itself.
bool is_deepmd_form(const fs::path& file) {
    const auto extension = file.extension();
    return extension == ".yaml" || extension == ".yml" || extension == ".json" || extension == ".dp";
}

void refuse_what_cannot_be_imported(const fs::path& file) {
    const auto foreign = io::foreign_model(file);
    if (!foreign) throw FileError("is a model file of alkali, or damaged", file.string(), "use it as it is: nothing has to be imported");
    if (foreign->importable != io::Importable::directly) throw FileError(foreign->what, file.string(), foreign->hint);
}

void import_deepmd(const ImportOptions& options, const fs::path& target) {
    const auto given = io::load_deepmd_model(options.model);
    const auto model = models::deep_potential::from_deepmd(given, options.model);
    const nlohmann::json provenance = {{"version", version},
                                       {"command", "alkali import " + options.model + " -o " + options.output},
                                       {"date", base::utc_date()},
                                       {"imported_from", given.origin}};
    models::save_model(target, *model, models::model_kinds(), provenance);
}

void import_nequip(const ImportOptions& options, const fs::path& target) {
    const auto outcome =
        run_process(options.python, {converter().string(), options.model, "-o", target.string(), "--model-key", options.model_key});
    if (outcome.status == not_installed) {
        throw ExternalProgramError(reason(outcome.output), options.python,
                                   "reading nequip's files needs nequip itself: python3 -m venv nequip-env && nequip-env/bin/pip install "
                                   "nequip, then add --python nequip-env/bin/python");
    }
    if (outcome.status != 0) {
        throw ExternalProgramError("the model was not converted: " + reason(outcome.output), options.model,
                                   "alkali imports NequIPGNNModel from checkpoints (.ckpt) of nequip-train and packages (.nequip.zip)");
    }
}

void run_import(const ImportOptions& options, Context& context) {
    if (!fs::exists(options.model)) {
        throw FileError("no such file", options.model,
                        "give a checkpoint (.ckpt) or a package (.nequip.zip) of nequip, or a model.yaml of deepmd-kit");
    }
    refuse_what_cannot_be_imported(options.model);
    // The output gets its name only once the model in it has been opened.
    base::AtomicFile output(options.output);
    const base::StagingFolder folder(options.output);
    const auto written = folder.path() / "model.safetensors";
    if (is_deepmd_form(options.model))
        import_deepmd(options, written);
    else
        import_nequip(options, written);
    const auto model = context.calculators.open(written.string(), {}, context.log);
    output.stream() << base::read_file(written);
    output.commit();
    print_out("wrote {} (cutoff {:g} angstrom, {} species)\n", options.output, model->cutoff(), model->species().size());
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
    auto* command =
        app.add_subcommand("import", "Model file from a model of nequip (needs Python with nequip, for this only) or deepmd-kit");
    command->footer(
        "Examples:\n  alkali import best.ckpt -o li.safetensors\n"
        "  alkali import li.nequip.zip -o li.safetensors --python nequip-env/bin/python\n"
        "  dp convert-backend model.pth model.yaml && alkali import model.yaml -o li.safetensors\n"
        "Checkpoints and packages of nequip are Python pickles: import files you trust only.");
    auto options = std::make_shared<ImportOptions>();
    context.paths.reads(command
                            ->add_option("model", options->model,
                                         "Checkpoint (.ckpt) or package (.nequip.zip) of nequip, or deepmd-kit's own form (.yaml, .json)")
                            ->required());
    context.paths.writes(command->add_option("-o,--output", options->output, "Model file to write")->required());
    command->add_option("--python", options->python, "Python that has nequip")->capture_default_str();
    command->add_option("--model-key", options->model_key, "Which model, if the file holds several")->capture_default_str();
    command->callback([options, &context] { run_import(*options, context); });
}

}  // namespace alkali::app
