#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <sstream>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/base/lock.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/check.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/dataset/inputs.hpp"
#include "alkali/dataset/split.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/losses.hpp"
#include "alkali/io/text.hpp"
#include "command.hpp"
#include "output.hpp"
#include "read_options.hpp"

namespace alkali::app {
namespace {

namespace fs = std::filesystem;

struct CheckArguments {
    std::vector<fs::path> files;
    dataset::CheckOptions options;
    fs::path json;
    std::size_t show = 0;  ///< findings of each kind one by one; 0: those alike in one line
};

constexpr std::size_t most_lines = 10;  ///< of each kind, where those alike share one

const char* name_of(dataset::Severity severity) { return severity == dataset::Severity::error ? "error" : "warning"; }

void write_findings(const fs::path& path, const dataset::CheckReport& report) {
    nlohmann::json findings = nlohmann::json::array();
    for (const auto& f : report.findings)
        findings.push_back({{"severity", name_of(f.severity)}, {"check", f.check}, {"where", f.where}, {"text", f.text}});
    const auto& c = report.counts;
    const nlohmann::json json = {{"schema", 1},
                                 {"counts",
                                  {{"frames", c.frames},
                                   {"atoms", c.atoms},
                                   {"without_energy", c.without_energy},
                                   {"without_forces", c.without_forces},
                                   {"without_stress", c.without_stress}}},
                                 {"findings", findings}};
    base::write_file(path, config::json_text(json, 2) + "\n");
}

void print_each(const dataset::CheckReport& report, std::size_t most) {
    std::map<std::string, std::size_t> shown;
    for (const auto& f : report.findings)
        if (shown[f.check + " " + name_of(f.severity)]++ < most)
            print_out("{} [{}] {}: {}\n", name_of(f.severity), f.check, f.where, f.text);
    for (const auto& [kind, count] : shown)
        if (count > most) print_out("... and {} more {}s (--show 0 shows all)\n", count - most, kind);
}

/// Findings that differ in numbers and places alone share a line.
void print_kinds(const dataset::CheckReport& report) {
    std::vector<std::pair<const dataset::Finding*, base::Repeats>> kinds;
    for (const auto& f : report.findings) {
        auto at = std::find_if(kinds.begin(), kinds.end(),
                               [&](const auto& kind) { return kind.first->check == f.check && kind.first->severity == f.severity; });
        if (at == kinds.end()) at = kinds.insert(at, {&f, {}});
        at->second.add(f.where, f.text);
    }
    for (const auto& [first, findings] : kinds) {
        const auto* severity = name_of(first->severity);
        for (const auto& line : findings.lines(most_lines)) print_out("{} [{}] {}\n", severity, first->check, line);
        if (const auto more = findings.beyond(most_lines); more > 0)
            print_out("... and {} more {} {}s (--show 0 shows all)\n", more, first->check, severity);
    }
}

void run_check(const CheckArguments& arguments, Context& context) {
    const auto report = dataset::check(arguments.files, arguments.options, &context.progress);
    if (!arguments.json.empty()) write_findings(arguments.json, report);
    if (arguments.show > 0)
        print_each(report, arguments.show);
    else
        print_kinds(report);
    const auto errors = report.count(dataset::Severity::error), warnings = report.count(dataset::Severity::warning);
    print_out("{}\n{} errors, {} warnings\n", dataset::describe(report.counts), errors, warnings);
    if (errors > 0) throw InputError(fmt::format("the data have {} errors", errors), {}, "see the list above");
}

void add_check(CLI::App& parent, Context& context) {
    auto arguments = std::make_shared<CheckArguments>();
    auto* command = parent.add_subcommand("check", "Look for missing, wrong and doubtful labels and structures");
    auto* files = command->add_option("files", arguments->files, "Labelled frames: files or folders")->required()->type_name("DATA...");
    context.paths.reads_frames(files);
    add_label_options(*command, arguments->options.read);
    context.paths.writes(command->add_option("--json", arguments->json, "Write all findings as JSON to this file")->type_name("FILE"));
    command->add_option_function<std::size_t>(
        "--show", [arguments](std::size_t count) { arguments->show = count == 0 ? static_cast<std::size_t>(-1) : count; },
        "Show so many findings of each kind, one by one; 0: all; default: those alike in one line with their number and first places");
    auto& limits = arguments->options.limits;
    command->add_option("--force-sum", limits.force_sum, "Warn where forces add up to more than this (eV/angstrom per atom)")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command->add_option("--large-force", limits.large_force, "Warn about forces above this (eV/angstrom)")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command->add_option("--energy-deviation", limits.energy_deviation, "Warn about energies farther than this from the set (eV/atom)")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command->footer(
        "Exit status 1 if there is an error, 0 if there are warnings only.\nExamples:\n  alkali data check train.extxyz\n  alkali data "
        "check deepmd_folder --json findings.json");
    command->callback([arguments, &context] { run_check(*arguments, context); });
}

struct ConvertArguments {
    std::vector<fs::path> inputs;
    fs::path output;
    io::ReadOptions read;
    io::WriteOptions write;
};

/// A name without an ending is a deepmd folder here, where the output is said to be one or a file.
io::WriteOptions settled(io::WriteOptions write, const fs::path& output) {
    if (write.format.empty()) write.format = io::output_format(output);
    return write;
}

void run_convert(const ConvertArguments& arguments, Context& context) {
    const auto write = settled(arguments.write, arguments.output);
    io::Losses losses(io::format_info(arguments.output, write.format));
    const auto writer = io::open_writer(arguments.output, write);
    std::size_t count = 0;
    for (const auto& input : arguments.inputs) {
        const auto reader = dataset::open_frames(input, arguments.read, context.log);
        for (io::Frame frame; reader->next(frame); ++count) {
            writer->write(frame);
            losses.add(frame);
            const auto detail = fmt::format("{} frames", count + 1);
            context.progress.update({"converting", static_cast<double>(count + 1), 0, detail});
        }
    }
    writer->close();
    losses.tell(context.log);
    print_out("{} frames written to {}\n", count, arguments.output.string());
}

void add_convert(CLI::App& parent, Context& context) {
    auto arguments = std::make_shared<ConvertArguments>();
    auto* command = parent.add_subcommand("convert", "Read frames in one format and write them in another");
    auto* inputs = command->add_option("inputs", arguments->inputs, "Files or folders (all that is below) to read, in order")
                       ->required()
                       ->type_name("IN...");
    context.paths.reads_frames(inputs);
    context.paths.writes(
        command->add_option("-o,--output", arguments->output, "File (or deepmd folder) to write")->required()->type_name("OUT"));
    command->add_option("--to", arguments->write.format, "Format of the output; default: by name")->type_name("FORMAT");
    command
        ->add_option("--write-type-names", arguments->write.type_names,
                     "Order of the types in LAMMPS and deepmd files; default: by atomic number")
        ->delimiter(',')
        ->check(element_symbol)
        ->type_name("Li,O,...");
    add_label_options(*command, arguments->read);
    command->footer(
        "Formats:\n" + io::formats_help() +
        "Examples:\n  alkali data convert OUTCAR -o train.extxyz\n  alkali data convert train.extxyz -o train_dp (a deepmd folder)\n  "
        "alkali data convert conf.data -o conf.extxyz.gz --atom-style charge --type-names Li,Al\n  "
        "alkali data convert train_folder -o all.extxyz");
    command->callback([arguments, &context] { run_convert(*arguments, context); });
}

struct SelectArguments {
    fs::path list, root, output;
    io::ReadOptions read;
    io::WriteOptions write;
};

/// Frames of one file, as a line of a list names them.
struct Selection {
    std::string file;
    std::vector<std::size_t> frames;
};

/// Lines `FILE FRAME FRAME ...`; those that begin with # are remarks.
std::vector<Selection> read_selections(const fs::path& path) {
    const auto content = io::open_content(path);
    io::Lines lines(*content);
    std::vector<Selection> selections;
    for (std::string line; lines.next(line);) {
        const auto words = io::split(line);
        if (words.empty() || words[0].starts_with('#')) continue;
        const auto where = fmt::format("{}, line {}", path.string(), lines.number());
        Selection selection{std::string(words[0]), {}};
        for (const auto word : std::span(words).subspan(1)) {
            const auto number = io::parse_integer(word);
            if (!number || *number < 0)
                throw FileError(fmt::format("'{}' is not the number of a frame", word.substr(0, 40)), where,
                                "write FILE FRAME FRAME ..., frames counted from 0");
            const auto frame = static_cast<std::size_t>(*number);
            if (!selection.frames.empty() && frame <= selection.frames.back())
                throw FileError(fmt::format("frame {} does not follow {}", frame, selection.frames.back()), where,
                                "give frames in ascending order");
            selection.frames.push_back(frame);
        }
        if (selection.frames.empty()) throw FileError("names no frames", where, "write FILE FRAME FRAME ..., frames counted from 0");
        selections.push_back(std::move(selection));
    }
    if (selections.empty()) throw FileError("names no frames", path.string());
    return selections;
}

/// Writes the frames that are selected; gives their number. Those of one file are counted as everywhere, with what was left out; those
/// of a folder of several in the order of reading.
std::size_t write_selection(const Selection& selection, const SelectArguments& arguments, io::FrameWriter& writer, io::Losses& losses,
                            base::LogSink& log) {
    const auto path = arguments.root / selection.file;
    const bool one_file = dataset::files_of(path, arguments.read.format).size() == 1;
    const auto reader = dataset::open_frames(path, arguments.read, log);
    auto wanted = selection.frames.begin();
    std::size_t at = 0;
    for (io::Frame frame; wanted != selection.frames.end() && reader->next(frame); ++at) {
        const auto number = one_file ? frame.index : at;
        if (number > *wanted) break;
        if (number < *wanted) continue;
        writer.write(frame);
        losses.add(frame);
        ++wanted;
    }
    if (wanted != selection.frames.end())
        throw FileError(fmt::format("gives no frame {}", *wanted), path.string(),
                        one_file ? "frames are counted from 0; is it one that is left out?" : "frames are counted from 0");
    return selection.frames.size();
}

void run_select(const SelectArguments& arguments, Context& context) {
    const auto selections = read_selections(arguments.list);
    for (const auto& selection : selections) dataset::add_inputs(context.paths.inputs(), arguments.root / selection.file);
    const auto write = settled(arguments.write, arguments.output);
    io::Losses losses(io::format_info(arguments.output, write.format));
    const auto writer = io::open_writer(arguments.output, write);
    std::size_t count = 0;
    for (std::size_t s = 0; s < selections.size(); ++s) {
        count += write_selection(selections[s], arguments, *writer, losses, context.log);
        context.progress.update({"selecting", static_cast<double>(s + 1), static_cast<double>(selections.size()), {}});
    }
    writer->close();
    losses.tell(context.log);
    print_out("{} frames written to {}\n", count, arguments.output.string());
}

void add_select(CLI::App& parent, Context& context) {
    auto arguments = std::make_shared<SelectArguments>();
    auto* command = parent.add_subcommand("select", "Take the frames that a list names");
    auto* list = command->add_option("list", arguments->list, "Text with lines: FILE FRAME FRAME ..., frames counted from 0")
                     ->required()
                     ->type_name("LIST");
    context.paths.reads(list);
    command->add_option("folder", arguments->root, "Folder that the files of the list are in")->required()->type_name("FOLDER");
    context.paths.writes(
        command->add_option("-o,--output", arguments->output, "File (or deepmd folder) to write")->required()->type_name("OUT"));
    command->add_option("--to", arguments->write.format, "Format of the output; default: by name")->type_name("FORMAT");
    add_label_options(*command, arguments->read);
    command->footer("Example:\n  alkali data select examples/jiao-li/frames.txt jiao-li -o subset.extxyz");
    command->callback([arguments, &context] { run_select(*arguments, context); });
}

struct SplitArguments {
    std::vector<fs::path> inputs;
    fs::path output;
    io::ReadOptions read;
    std::string by = "group", format = "extxyz";
    std::vector<std::string> hold;
    double fraction = 0.1, test = 0;
    std::uint64_t seed = 1;
};

std::vector<io::Frame> pick(const std::vector<io::Frame>& frames, const std::vector<std::size_t>& which) {
    std::vector<io::Frame> result;
    for (const auto i : which) result.push_back(frames[i]);
    return result;
}

struct Part {
    std::string name;
    std::vector<io::Frame> frames;
};

fs::path part_path(const SplitArguments& arguments, const std::string& name) {
    return arguments.output / (arguments.format == "deepmd" ? name : name + ".extxyz");
}

// A part without frames is not written; a file of its name from an earlier split would be mistaken for it.
void refuse_stale(const SplitArguments& arguments, const std::string& name, const std::vector<io::Frame>& frames) {
    const auto path = part_path(arguments, name);
    if (frames.empty() && fs::exists(path))
        throw InputError("is there from an earlier split, this one has no such part", path.string(), "remove it or choose another folder");
}

/// All parts or none: each is opened, which refuses a target that is taken, before any is put in place.
void write_parts(const SplitArguments& arguments, const std::vector<Part>& parts) {
    std::vector<std::unique_ptr<io::FrameWriter>> writers;
    for (const auto& part : parts)
        if (!part.frames.empty()) writers.push_back(io::open_writer(part_path(arguments, part.name), {arguments.format, {}}));
    auto writer = writers.begin();
    for (const auto& part : parts) {
        if (part.frames.empty()) continue;
        for (const auto& frame : part.frames) (*writer)->write(frame);
        ++writer;
    }
    for (const auto& each : writers) each->close();
}

void tell_part(const SplitArguments& arguments, const Part& part) {
    if (part.frames.empty()) return;
    std::map<std::string, std::size_t> groups;
    const auto& frames = part.frames;
    for (const auto& frame : frames) ++groups[dataset::group_of(frame)];
    std::string text;
    for (const auto& [group, count] : groups)
        if (!group.empty()) text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", group, count);
    print_out("{}: {} frames{}\n", part_path(arguments, part.name).string(), frames.size(), text.empty() ? "" : text + ")");
}

/// GROUP,GROUP: a name of a group may hold commas itself.
std::vector<std::string> held_groups(const std::vector<std::string>& words, const std::vector<io::Frame>& frames) {
    std::set<std::string> known;
    for (const auto& frame : frames) known.insert(dataset::group_of(frame));
    std::vector<std::string> groups;
    for (const auto& word : words) {
        if (known.contains(word)) {
            groups.push_back(word);
            continue;
        }
        std::istringstream parts(word);
        for (std::string part; std::getline(parts, part, ',');) groups.push_back(part);
    }
    return groups;
}

void run_split(const SplitArguments& arguments, Context& context) {
    for (const char* part : {"train", "validation", "test"}) base::refuse_input_as_output(part_path(arguments, part));
    const base::FolderLock lock(arguments.output, "splitting", context.log);
    std::vector<io::Frame> frames;
    dataset::LoadOptions load{arguments.read, dataset::Missing::mask, {}, dataset::Keep::columns};
    io::Losses losses(io::format_info(part_path(arguments, "train"), arguments.format));
    for (auto& frame : dataset::load(arguments.inputs, load, context.log).frames) {
        losses.add(frame);
        frames.push_back(std::move(frame));
    }
    std::vector<io::Frame> test;
    const auto grouping = arguments.hold.empty() ? dataset::grouping_from(arguments.by) : dataset::Grouping::whole;
    if (arguments.test > 0) {
        // Groups held out by name are for the validation; every other group gives its share to the test then.
        const auto drawn = arguments.hold.empty() ? grouping : dataset::Grouping::stratified;
        const auto parts = dataset::split(frames, {arguments.test, arguments.seed + 1, drawn, {}});
        test = pick(frames, parts.held);
        frames = pick(frames, parts.kept);
    }
    const auto parts = dataset::split(frames, {arguments.fraction, arguments.seed, grouping, held_groups(arguments.hold, frames)});
    if (parts.kept.empty()) throw InputError("the split leaves no frame to train on", {}, "hold out less");
    if (const auto shared = dataset::shared_structures(frames, parts); !shared.empty())
        context.log.warning(fmt::format("{} frames of validation are structures of train too, such as {} and {}", shared.size(),
                                        frames[shared[0].second].where(), frames[shared[0].first].where()));
    const std::vector<Part> written{
        {"test", std::move(test)}, {"validation", pick(frames, parts.held)}, {"train", pick(frames, parts.kept)}};
    for (const auto& part : written) refuse_stale(arguments, part.name, part.frames);
    write_parts(arguments, written);
    for (const auto& part : written) tell_part(arguments, part);
    losses.tell(context.log);
}

void add_split(CLI::App& parent, Context& context) {
    auto arguments = std::make_shared<SplitArguments>();
    auto* command = parent.add_subcommand(
        "split", "Divide frames into train, validation and test; validation is what a training with the same seed and share holds out");
    auto* inputs = command->add_option("inputs", arguments->inputs, "Labelled frames: files or folders")->required()->type_name("DATA...");
    context.paths.reads_frames(inputs);
    CommandPaths::named(command->add_option("-o,--output", arguments->output, "Folder for train.extxyz, validation.extxyz and test.extxyz"))
        ->required()
        ->type_name("DIR");
    auto* fraction = command->add_option("--fraction", arguments->fraction, "Share of the frames for validation")
                         ->capture_default_str()
                         ->check(CLI::Range(0.0, 1.0));
    command->add_option("--test", arguments->test, "Share of the frames for test, taken first")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1.0));
    command->add_option("--seed", arguments->seed, "Seed of the draw")->capture_default_str();
    auto* by =
        command
            ->add_option("--by", arguments->by,
                         "none; group: every group (info `group` or `config_type`) gives its share; whole-group: groups stay together")
            ->capture_default_str()
            ->check(CLI::IsMember(dataset::grouping_names()));
    command->add_option("--hold", arguments->hold, "Hold out exactly these groups, whatever share they are")
        ->type_name("GROUP,...")
        ->excludes(fraction)
        ->excludes(by);
    command->add_option("--to", arguments->format, "extxyz or deepmd")->capture_default_str()->check(CLI::IsMember({"extxyz", "deepmd"}));
    add_label_options(*command, arguments->read);
    command->footer(
        "Examples:\n  alkali data split all.extxyz -o parts --fraction 0.1 --seed 3 --by group\n  alkali data split all.extxyz -o parts "
        "--hold surface");
    command->callback([arguments, &context] { run_split(*arguments, context); });
}

}  // namespace

void add_data(CLI::App& app, Context& context) {
    auto* command = app.add_subcommand("data", "Check, convert, select and split labelled frames");
    command->require_subcommand(1);
    command->footer("Formats:\n" + io::formats_help());
    add_check(*command, context);
    add_convert(*command, context);
    add_select(*command, context);
    add_split(*command, context);
}

}  // namespace alkali::app
