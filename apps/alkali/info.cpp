#include <fmt/format.h>

#include <memory>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/io/foreign_model.hpp"
#include "alkali/models/common/model_file.hpp"
#include "alkali/units/elements.hpp"
#include "command.hpp"
#include "output.hpp"
#include "read_options.hpp"

namespace alkali::app {
namespace {

nlohmann::json table_info(const std::optional<models::Tabulation>& table) {
    if (!table) return nullptr;
    return {{"intervals", table->intervals},
            {"energy_error", table->energy_error},
            {"force_error", table->force_error},
            {"within_bounds", table->within_bounds()}};
}

nlohmann::json model_info(const std::filesystem::path& path) {
    const auto loaded = models::load_model(base::matching_path(path), models::model_kinds());
    nlohmann::json tensors = nlohmann::json::object();
    std::size_t trainable = 0;
    for (const auto& info : loaded.model->layout()) {
        tensors[info.name] = info.shape;
        if (info.trainable) trainable += info.size;
    }
    const auto hyperparameters = loaded.model->hyperparameters();
    // Errors against the exact functions in eV/atom and eV/angstrom, largest over the model's probe structures.
    const nlohmann::json tables = {{"as_trained", table_info(loaded.model->tabulation())},
                                   {"as_used", table_info(loaded.model->refine_tabulation())}};
    return {{"kind", loaded.kind},
            {"type_names", loaded.model->type_names()},
            {"cutoff", loaded.model->cutoff()},
            {"precision", models::to_string(loaded.model->precision())},
            {"parameters", loaded.model->parameters().size()},
            {"trainable_parameters", trainable},
            {"hyperparameters", hyperparameters},
            {"tables", tables},
            {"tensors", tensors},
            {"provenance", loaded.provenance}};
}

/// The formats of the files behind a path.
std::vector<std::string> formats_of(const std::filesystem::path& path, const io::ReadOptions& read) {
    std::set<std::string> names;
    for (const auto& file : dataset::files_of(path)) names.insert(io::format_info(file, read.format).name);
    return {names.begin(), names.end()};
}

/// A model of another program is called what it is, rather than a file of structures in an unknown format.
void refuse_foreign_model(const std::filesystem::path& path, const io::ReadOptions& read) {
    if (!read.format.empty() || !std::filesystem::is_regular_file(path)) return;
    try {
        static_cast<void>(io::detect_format(path));
    } catch (const InputError& unknown) {
        const auto foreign = io::foreign_model(path);
        if (foreign && foreign->importable != io::Importable::no) throw FileError(foreign->what, path.string(), foreign->hint);
        throw;
    }
}

nlohmann::json data_info(const std::filesystem::path& path, const io::ReadOptions& read, Context& context) {
    refuse_foreign_model(path, read);
    const auto set = dataset::contents(path, read, context.log);
    const auto& counts = set.counts;
    std::vector<std::string> species;
    for (const int number : set.species) species.emplace_back(units::symbol(number));
    nlohmann::json groups = nlohmann::json::object();
    for (const auto& [group, frames] : set.groups) groups[group.empty() ? "(none)" : group] = frames;
    return {{"formats", formats_of(path, read)},
            {"frames", counts.frames},
            {"atoms", counts.atoms},
            {"atoms_per_frame", {set.smallest, set.largest}},
            {"species", species},
            {"groups", groups},
            {"labels",
             {{"energy", counts.frames - counts.without_energy},
              {"forces", counts.frames - counts.without_forces},
              {"stress", counts.frames - counts.without_stress}}},
            {"notes", {set.notes}}};
}

void print_block(const nlohmann::json& block, const std::string& indent) {
    for (const auto& [key, value] : block.items()) {
        if (value.is_object() && !value.empty()) {
            print_out("{}{}:\n", indent, key);
            print_block(value, indent + "  ");
        } else {
            print_out("{}{}: {}\n", indent, key, value.is_string() ? value.get<std::string>() : config::json_text(value));
        }
    }
}

}  // namespace

void add_info(CLI::App& app, Context& context) {
    struct Arguments {
        std::filesystem::path file, json;
        io::ReadOptions read;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* command = app.add_subcommand("info", "What a model file or a set of frames holds");
    context.paths.reads_frames(command->add_option("file", arguments->file, "Model file (.safetensors) or labelled frames")
                                   ->required()
                                   ->type_name("MODEL or DATA"));
    context.paths.writes(command->add_option("--json", arguments->json, "Write it as JSON to this file")->type_name("FILE"));
    add_label_options(*command, arguments->read);
    command->footer("Examples:\n  alkali info out/nequip/best.safetensors\n  alkali info train.extxyz");
    command->callback([arguments, &context] {
        const auto info = arguments->file.extension() == ".safetensors" ? model_info(arguments->file)
                                                                        : data_info(arguments->file, arguments->read, context);
        if (!arguments->json.empty()) base::write_file(arguments->json, config::json_text(info, 2) + "\n");
        print_block(info, "");
    });
}

}  // namespace alkali::app
