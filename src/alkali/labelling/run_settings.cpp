#include "alkali/labelling/run_settings.hpp"

#include <algorithm>
#include <system_error>

#include "alkali/base/files.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/labelling/queue/kinds.hpp"

namespace alkali::labelling {
namespace {

namespace fs = std::filesystem;
using config::Kind;
using config::Options;
using nlohmann::json;

/// The part of a config below one key, as a config of its own.
config::Config part(const config::Config& whole, const std::string& key) {
    config::Config block{whole.values.at(key), whole.source, {}};
    block.values.erase("type");
    const std::string prefix = key + ".";
    for (const auto& [path, line] : whole.lines)
        if (path.starts_with(prefix)) block.lines[path.substr(prefix.size())] = line;
    return block;
}

fs::path found(const fs::path& file, const fs::path& beside) {
    if (file.is_absolute() || fs::exists(file) || !fs::exists(beside.parent_path() / file)) return file;
    return beside.parent_path() / file;
}

Order order_from(const std::string& name) {
    if (name == "cheap_first") return Order::cheap_first;
    return name == "as_given" ? Order::as_given : Order::expensive_first;
}

}  // namespace

std::vector<fs::path> paths_of(const json& value) {
    if (value.is_string()) return {value.get<std::string>()};
    std::vector<fs::path> all;
    for (const auto& each : value) all.emplace_back(each.get<std::string>());
    return all;
}

bool labeller_in_file(const config::Tree& document) {
    const auto* block = document.find("labeller");
    return block != nullptr && block->find("config") != nullptr;
}

void add_labeller(Options& options, std::span<const LabellerKind> kinds, bool in_file) {
    std::vector<std::pair<std::string, Options>> labellers;
    for (const auto& kind : kinds) {
        Options keys;
        if (in_file)
            keys.text("config", "file with the labeller's keys").required();
        else
            keys = kind.options();
        labellers.emplace_back(kind.name, std::move(keys));
    }
    options.variant("labeller", "what makes the labels: its keys, or `config: FILE` with them", std::move(labellers)).required();
}

LabellerConfig labeller_config(const config::Config& config, const fs::path& path, std::span<const LabellerKind> kinds,
                               base::LogSink& log) {
    const auto& block = config.values.at("labeller");
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const LabellerKind& each) { return each.name == block.at("type"); });
    if (!block.contains("config")) return {*kind, part(config, "labeller"), fs::absolute(path).parent_path(), {}};
    const auto file = found(block.at("config").get<std::string>(), fs::absolute(path));
    return {*kind, config::load(file, kind->options(), log), fs::absolute(file).parent_path(), {file}};
}

Options run_options(std::span<const LabellerKind> kinds, bool in_file) {
    std::vector<std::pair<std::string, Options>> queues;
    for (const auto& kind : queue_kinds()) queues.emplace_back(kind.name, kind.options);
    Options o;
    add_labeller(o, kinds, in_file);
    o.text("input", "file or folder of structures, or a list of them; patterns as in a shell (~/cells/*.extxyz) are followed")
        .or_kind(Kind::texts)
        .required();
    o.text("output", "labelled frames in the order of the input (.extxyz); written anew from the store by every run").required();
    o.text("store", "SQLite file that keeps every label; several runs may share it").required();
    o.variant("queue", "where the calculations run", std::move(queues)).fallback("local");
    o.text("order", "which structures come first; the expensive ones keep the end short")
        .choices({"expensive_first", "cheap_first", "as_given"})
        .fallback("expensive_first");
    o.boolean("retry_failed", "try structures again that failed in an earlier run (those that were killed or hit a limit are in any case)")
        .fallback(false);
    o.integer("max_failures", "begin nothing new when so many structures have failed in one run; 0: no limit")
        .fallback(20)
        .at_least(0)
        .at_most(1e9);
    o.text("scratch",
           "folder for temporary files on the machine that computes; not given: that of the labeller, /dev/shm, or the system's");
    return o;
}

RunSettings load_run(const fs::path& path, std::span<const LabellerKind> kinds, base::LogSink& log) {
    const auto text = base::read_file(path);
    auto document = config::parse_tree(text, path.string());
    const bool separate = labeller_in_file(document);
    const auto config = config::check(std::move(document), run_options(kinds, separate), path.string(), log);
    const auto& v = config.values;
    RunSettings settings;
    settings.values = v;
    settings.source = config.source;
    settings.inputs = base::matching_paths(paths_of(v.at("input")));
    settings.output = v.at("output").get<std::string>();
    if (settings.output.extension() != ".extxyz" && settings.output.extension() != ".xyz")
        throw InputError("'output' must end in .extxyz: other formats do not hold how a label was made", config.where("output"),
                         "convert afterwards with `alkali data convert`");
    for (const auto& input : settings.inputs)
        if (std::error_code unknown; fs::equivalent(input, settings.output, unknown))
            throw InputError("'output' is one of the inputs", config.where("output"), "give another name");
    settings.store = v.at("store").get<std::string>();
    if (settings.store.empty()) throw InputError("'store' names no file", config.where("store"), "store: labels.sqlite");
    if (!v.at("scratch").is_null()) settings.scratch = v.at("scratch").get<std::string>();
    settings.queue = v.at("queue").at("type");
    settings.queue_values = v.at("queue");
    settings.retry_failed = v.at("retry_failed");
    settings.max_failures = v.at("max_failures");
    settings.order = order_from(v.at("order"));
    const auto labeller = labeller_config(config, path, kinds, log);
    settings.labeller_files = labeller.files;
    settings.labeller = labeller.open(log);
    return settings;
}

}  // namespace alkali::labelling
