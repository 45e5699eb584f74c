#include "alkali/labelling/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <map>
#include <optional>
#include <system_error>

#include "alkali/base/files.hpp"
#include "alkali/base/inputs.hpp"
#include "alkali/base/lock.hpp"
#include "alkali/base/process.hpp"
#include "alkali/base/repeats.hpp"
#include "alkali/config/json.hpp"
#include "alkali/dataset/files.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/dataset/inputs.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/labelling/key.hpp"
#include "alkali/labelling/queue/scratch.hpp"

namespace alkali::labelling {
namespace {

using nlohmann::json;

/// The frames of the inputs and the different structures among them.
struct Work {
    std::vector<structure::Frame> frames;
    std::vector<std::string> keys;  ///< (frames); empty: the labeller refuses the frame
    std::map<std::size_t, Failure> refused;
    std::vector<Job> jobs;
};

std::vector<structure::Frame> read_inputs(const RunSettings& settings, base::LogSink& log) {
    std::vector<structure::Frame> frames;
    io::ReadOptions read;
    read.numbers = io::Numbers::any;  // labels of the input are not used
    for (const auto& input : settings.inputs) {
        const auto reader = dataset::open_frames(input, read, log);
        for (structure::Frame frame; reader->next(frame);) frames.push_back(std::move(frame));
    }
    return frames;
}

Failure refusal(const InputError& error) {
    Failure failure;
    failure.fault = Fault::wrong_input;
    failure.what = error.fault() + (error.where().empty() ? "" : " (" + error.where() + ")");
    failure.hint = error.hint();
    return failure;
}

Work plan(const RunSettings& settings, base::LogSink& log) {
    Work work;
    work.frames = read_inputs(settings, log);
    std::map<std::string, std::size_t> seen;
    base::Repeats unheeded;
    for (const auto& text : settings.labeller->doubts()) log.warning(text);
    for (std::size_t i = 0; i < work.frames.size(); ++i) {
        const auto& structure = work.frames[i].structure;
        try {
            Job job{{}, {settings.labeller->settings(work.frames[i]), structure}, 1};
            job.cost = settings.labeller->cost(job.subject);
            job.key = label_key(job.subject.settings, structure);
            for (const auto& text : settings.labeller->unheeded(work.frames[i])) unheeded.add(work.frames[i].where(), text);
            work.keys.push_back(job.key);
            if (seen.emplace(job.key, i).second) work.jobs.push_back(std::move(job));
        } catch (const InputError& error) {
            if (work.jobs.empty() && i + 1 == work.frames.size())  // not a single one is good: more likely the labeller's config
                throw InputError(error.fault(), work.frames[i].where() + (error.where().empty() ? "" : ", " + error.where()), error.hint());
            work.keys.emplace_back();
            work.refused.emplace(i, refusal(error));
        }
    }
    unheeded.tell(log);
    const auto cheaper = [](const Job& a, const Job& b) { return a.cost < b.cost; };
    if (settings.order == Order::cheap_first) std::stable_sort(work.jobs.begin(), work.jobs.end(), cheaper);
    if (settings.order == Order::expensive_first)
        std::stable_sort(work.jobs.begin(), work.jobs.end(), [&](const Job& a, const Job& b) { return cheaper(b, a); });
    return work;
}

/// Progress in units of cost, and when to give up.
class Progress final : public Watch {
public:
    Progress(std::span<const Job> jobs, int max_failures, base::LogSink& log, base::ProgressSink& sink)
        : jobs_(jobs.size()), max_failures_(max_failures), log_(log), sink_(sink) {
        for (const auto& job : jobs) total_ += job.cost;
        show();
    }
    void labelled(const Job& job) override {
        ++made_;
        done_ += job.cost;
        show();
    }
    void failed(const Job& job, const Failure& failure) override {
        ++failed_;
        done_ += job.cost;
        const auto place = job.key.substr(0, 16);
        const auto reason = fmt::format("{} ({})", failure.what, to_string(failure.fault));
        if (reasons_.add(place, reason)) log_.warning(place + ": " + reason);  // at once; those like it are counted
        if (failure.fault == Fault::no_program)                                // so it would be for all of them
            gave_up_ = failure.what;
        else if (max_failures_ > 0 && failed_ >= static_cast<std::size_t>(max_failures_))
            gave_up_ = fmt::format("{} structures failed", failed_);
        no_more_ = !gave_up_.empty();
        show();
    }
    void tell_repeated() const {
        for (const auto& line : reasons_.repeated()) log_.warning(line);
    }
    void note(const std::string& text) override { log_.info(text); }
    void show() {
        const auto detail = fmt::format("{} of {}{}", made_, jobs_, failed_ > 0 ? fmt::format(", {} failed", failed_) : "");
        sink_.update({"label", done_, total_, detail});
    }
    [[nodiscard]] std::size_t made() const { return made_; }
    [[nodiscard]] const std::string& gave_up() const { return gave_up_; }
    [[nodiscard]] const std::atomic<bool>& no_more() const { return no_more_; }

private:
    std::size_t jobs_, made_ = 0, failed_ = 0;
    int max_failures_;
    double done_ = 0, total_ = 0;
    std::string gave_up_;
    std::atomic<bool> no_more_{false};
    base::Repeats reasons_;
    base::LogSink& log_;
    base::ProgressSink& sink_;
};

/// Those that have no label and are worth a try in this run.
std::vector<Job> to_do(const std::vector<Job>& jobs, Store& store, bool retry_failed) {
    std::vector<Job> chosen;
    for (const auto& job : jobs) {
        if (store.has(job.key)) continue;
        const auto failure = store.failure(job.key);
        if (!failure || failure->retryable || retry_failed) chosen.push_back(job);
    }
    return chosen;
}

/// What only some labels say: left on a frame, it would tell of an earlier one.
bool tells_of_a_label(const std::string& name) { return name == "ladder" || name.starts_with("pseudopotential_"); }

/// The frame of the input with the label in place of whatever labels it had. What it says of itself stays, except for what the
/// label says better.
structure::Frame labelled_frame(const structure::Frame& input, const StoredLabel& stored, const std::string& version) {
    structure::Frame frame = input;
    const auto made = to_frame(stored);
    io::forget_labels(frame);
    std::erase_if(frame.info, [](const auto& pair) { return tells_of_a_label(pair.first); });
    frame.labels = made.labels;
    for (const auto& [name, value] : made.info) frame.info[name] = value;
    frame.info["labelled_by"] = "alkali " + version;
    return frame;
}

/// Tells what the external program warned of: texts that differ in numbers only once, with the frame they came with first.
class Warnings {
public:
    void add(const structure::Frame& frame, const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
            std::string kind = text;
            std::erase_if(kind, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; });
            auto& [first, count] = kinds_[kind];
            if (count++ == 0) first = frame.where() + ": " + text;
        }
    }
    void tell(base::LogSink& log) const {
        for (const auto& [kind, told] : kinds_)
            log.warning(told.second == 1 ? told.first : fmt::format("{} (and the like with {} more labels)", told.first, told.second - 1));
    }

private:
    std::map<std::string, std::pair<std::string, std::size_t>> kinds_;
};

void write_output(const RunSettings& settings, const RunRequest& request, const Work& work, Store& store, RunOutcome& outcome,
                  base::LogSink& log) {
    std::vector<structure::Frame> frames;
    Warnings warnings;
    for (std::size_t i = 0; i < work.frames.size(); ++i) {
        const auto& frame = work.frames[i];
        if (work.keys[i].empty())
            outcome.failed.push_back({frame.where(), work.refused.at(i)});
        else if (store.has(work.keys[i])) {
            const auto stored = store.find(work.keys[i]);
            frames.push_back(labelled_frame(frame, *stored, request.version));
            warnings.add(frame, stored->label.warnings);
        } else if (const auto failure = store.failure(work.keys[i]))
            outcome.failed.push_back({frame.where(), *failure});
        else
            ++outcome.left;
    }
    outcome.labelled = frames.size();
    warnings.tell(log);
    if (!frames.empty()) io::write_frames(settings.output, frames, {"extxyz", {}});
}

std::filesystem::path provenance_file(const RunSettings& settings) { return settings.output.string() + ".provenance.json"; }

void add_inputs(base::InputFiles& inputs, const RunSettings& settings) {
    inputs.add(settings.source);
    inputs.add(settings.store);
    for (const auto& file : settings.labeller_files) inputs.add(file);
    for (const auto& path : settings.inputs) dataset::add_inputs(inputs, path);
}

std::filesystem::path lock_of(const std::filesystem::path& output) {
    return output.parent_path() / ("." + output.filename().string().substr(0, 200) + ".lock");
}

void refuse_inputs_as_outputs(const RunSettings& settings) {
    for (const auto& output : {settings.output, provenance_file(settings), lock_of(settings.output)}) base::refuse_input_as_output(output);
}

/// Several runs may share a store and their output: labels and provenance are to be of the same one.
std::optional<base::LockFile> lock_output(const RunSettings& settings, base::LogSink& log) {
    const auto& output = settings.output;
    std::error_code failure;
    if (std::filesystem::is_other(output, failure)) return std::nullopt;  // a pipe or device
    if (output.has_parent_path()) std::filesystem::create_directories(output.parent_path(), failure);
    return std::make_optional<base::LockFile>(
        lock_of(output), base::LockFile::Purpose{"writing labels", output.string(), "run the same command again", std::chrono::minutes(10)},
        log);
}

void write_provenance(const RunSettings& settings, const RunRequest& request, const RunOutcome& outcome) {
    json inputs = json::array(), failed = json::array();
    for (const auto& input : settings.inputs)
        for (const auto& file : dataset::files_of(input)) {
            dataset::Sha256 hash;
            if (std::filesystem::is_regular_file(file)) hash.add(base::read_file(file));
            inputs.push_back({{"file", file.string()}, {"sha256", hash.hex()}});
        }
    for (const auto& [where, failure] : outcome.failed)
        failed.push_back({{"frame", where}, {"fault", to_string(failure.fault)}, {"what", failure.what}, {"hint", failure.hint}});
    dataset::Sha256 hash;
    hash.add(base::read_file(settings.output));
    const json document{{"schema", 1},
                        {"program", "alkali " + request.version},
                        {"date", base::utc_date()},
                        {"config", settings.values},
                        {"inputs", inputs},
                        {"output", {{"file", settings.output.string()}, {"sha256", hash.hex()}, {"frames", outcome.labelled}}},
                        {"frames", outcome.frames},
                        {"structures", outcome.structures},
                        {"failed", failed},
                        {"left", outcome.left}};
    base::write_file(provenance_file(settings), config::json_text(document, 2) + "\n");
}

}  // namespace

RunOutcome run_labels(const RunSettings& settings, const RunRequest& request, base::LogSink& log, base::ProgressSink& sink) {
    const auto& kind = queue_kind(settings.queue);
    const Work work = plan(settings, log);
    base::InputFiles inputs;
    add_inputs(inputs, settings);
    refuse_inputs_as_outputs(settings);
    Store store(settings.store, kind.sharing);
    refuse_inputs_as_outputs(settings);  // the store is there now
    const auto jobs = request.gather_only ? std::vector<Job>{} : to_do(work.jobs, store, settings.retry_failed);
    RunOutcome outcome;
    outcome.frames = work.frames.size();
    outcome.structures = work.jobs.size();
    log.info(fmt::format("{} frames, {} different structures, {} to label", outcome.frames, outcome.structures, jobs.size()));
    std::exception_ptr failure;
    if (!jobs.empty()) {
        const auto scratch = scratch_root(settings.scratch, *settings.labeller, settings.store);
        Progress progress(jobs, settings.max_failures, log, sink);
        try {
            const auto queue = kind.make(settings.queue_values, {*settings.labeller, store, scratch, request.task_command});
            queue->run(jobs, progress, {request.stop, &progress.no_more()});
        } catch (...) {  // of whatever kind: what has been labelled is written first
            failure = std::current_exception();
        }
        std::error_code not_empty;
        std::filesystem::remove(scratch, not_empty);
        outcome.made = progress.made();
        outcome.gave_up = progress.gave_up();
        progress.tell_repeated();
    }
    outcome.stopped = request.stop != nullptr && *request.stop;
    try {
        const auto lock = lock_output(settings, log);
        write_output(settings, request, work, store, outcome, log);
        if (outcome.labelled > 0) write_provenance(settings, request, outcome);
        store.require_in_place();
    } catch (const Error& error) {
        if (!failure) throw;
        log.warning(error.what());  // the first failure counts
    }
    if (failure) std::rethrow_exception(failure);
    return outcome;
}

}  // namespace alkali::labelling
