#include "alkali/labelling/queue/slurm_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <set>
#include <sstream>
#include <utility>

#include "alkali/base/child_process.hpp"
#include "alkali/base/file_ends.hpp"
#include "alkali/base/files.hpp"

namespace alkali::labelling::slurm {
namespace {

namespace fs = std::filesystem;

// sbatch and squeue answer in a second; a controller that is down lets them wait for minutes.
constexpr double answer_seconds = 60;
constexpr std::size_t longest_answer = 100'000'000;  // bytes: a million jobs

fs::path beside(const JobList& list, const std::string& ending) { return list.path.parent_path() / (list.name + ending); }
fs::path output_of(const JobList& list, std::size_t index) { return beside(list, fmt::format("-{}.out", index)); }

std::string trimmed(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
    return text;
}

/// Ending of files that nobody needs once the process that writes them is gone.
constexpr const char* passing = ".tmp";

struct Answer {
    bool good = false, in_time = true;
    std::string output, errors;
};

Answer ask(std::vector<std::string> words, const fs::path& folder) {
    base::Command command;
    command.words = std::move(words);
    const std::string stem = fmt::format("{}.{}", command.words.front(), ::getpid());
    command.output = folder / (stem + ".out" + passing);
    command.errors = folder / (stem + ".err" + passing);
    command.max_seconds = answer_seconds;
    // A person's own views and filters would hide jobs, or send them where nobody looks for them.
    command.dropped_environment = {"SQUEUE_",     "SCANCEL_",         "SBATCH_CLUSTERS",  "SBATCH_JOB_NAME",
                                   "SBATCH_WAIT", "SBATCH_ARRAY_INX", "SBATCH_TEST_ONLY", "SBATCH_OUTPUT"};
    const auto outcome = base::run_command(command);
    Answer answer{outcome.ending == base::Ending::exited && outcome.status == 0, outcome.ending != base::Ending::out_of_time,
                  trimmed(base::read_ends(command.output, longest_answer).text),
                  trimmed(base::read_ends(command.errors, longest_answer).text)};
    fs::remove(command.output);
    fs::remove(command.errors);
    return answer;
}

/// For the shell of the batch script.
std::string quoted(const std::string& word) {
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

std::string script(const std::vector<std::string>& task) {
    std::string command;
    for (const auto& word : task) command += quoted(word) + " ";
    // Paths are relative to where the run was started, wherever Slurm starts the job. exec: signals of Slurm reach the program itself.
    return "#!/bin/sh\ncd " + quoted(fs::current_path().string()) + " 2>/dev/null\nexec " + command +
           "--index \"$SLURM_ARRAY_TASK_ID\" --owner \"slurm ${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"\n";
}

/// A path within a file name pattern of sbatch, in which %a and the like stand for something else.
std::string in_pattern(const fs::path& path) {
    std::string text;
    for (const char c : path.string()) {
        // sbatch then takes no sign of the whole pattern for what it stands for.
        if (c == '\\')
            throw InputError("Slurm cannot write into a path with a backslash", path.string(), "put the store into another folder");
        text += c == '%' ? std::string("%%") : std::string(1, c);
    }
    return text;
}

std::vector<std::string> arguments(const JobList& list, const Request& request) {
    std::vector<std::string> words{"sbatch",
                                   "--parsable",
                                   "--requeue",
                                   "--open-mode=append",
                                   "--nodes=1",
                                   fmt::format("--ntasks={}", request.limits.processes),
                                   "--job-name=" + list.name,
                                   fmt::format("--array=0-{}%{}", list.jobs.size() - 1, request.at_a_time),
                                   "--output=" + in_pattern(beside(list, "")) + "-%a.out"};
    if (!request.partition.empty()) words.push_back("--partition=" + request.partition);
    // alkali keeps the limits itself and says which one was hit; Slurm's are a little wider.
    if (request.limits.max_seconds > 0) words.push_back(fmt::format("--time={}", static_cast<long>(request.limits.max_seconds / 60) + 3));
    if (request.limits.max_bytes > 0)
        words.push_back(
            fmt::format("--mem={}M", static_cast<long>(std::ceil(1.1 * static_cast<double>(request.limits.max_bytes) / 1048576)) + 200));
    if (!request.after.empty()) words.push_back("--dependency=afterany:" + request.after);
    words.insert(words.end(), request.extra.begin(), request.extra.end());
    words.push_back(beside(list, ".sh").string());
    return words;
}

bool says_any(const std::string& text, std::initializer_list<std::string_view> signs) {
    std::string lowered = text;
    std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::ranges::any_of(signs, [&](std::string_view sign) { return lowered.find(sign) != std::string::npos; });
}

/// A controller that is down, starts, or has too much to do.
bool will_pass(const Answer& answer) {
    return !answer.in_time ||
           says_any(answer.errors, {"unable to contact slurm controller", "temporarily un", "timed out", "try again", "connection refused",
                                    "connection failure", "connect failure", "unable to connect", "zero bytes", "standby mode", "slurmdbd",
                                    "unexpected message received", "communication"});
}

/// Limits on the number of jobs of a user, an account, a class, or of one array.
bool is_limit(const Answer& answer) {
    return says_any(answer.errors, {"submit limit", "submitjob", "job limit", "invalid job array", "maxjob", "too many jobs", "job count",
                                    "accounting/qos policy"});
}

bool is_number(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// "123" or "123;cluster" on a line of its own, or "Submitted batch job 123"; sites print banners around it. Empty: none, or several.
std::string array_id(const std::string& output) {
    constexpr std::string_view sentence = "Submitted batch job ";
    std::istringstream lines(output);
    std::set<std::string> ids;
    for (std::string line; std::getline(lines, line);) {
        line = trimmed(line);
        line.erase(0, std::min(line.size(), line.find_first_not_of(" \t")));
        const bool said = line.starts_with(sentence);
        if (said) line = line.substr(sentence.size(), line.find(' ', sentence.size()) - sentence.size());
        auto word = line.substr(0, line.find(';'));
        if (!is_number(word)) continue;
        if (said) return word;
        ids.insert(std::move(word));
    }
    return ids.size() == 1 ? *ids.begin() : std::string{};
}

/// By which the jobs are found again, or which let sbatch do something else than to submit.
constexpr auto ours = std::to_array<std::pair<std::string_view, char>>({{"--job-name", 'J'},
                                                                        {"--array", 'a'},
                                                                        {"--output", 'o'},
                                                                        {"--wait", 'W'},
                                                                        {"--wrap", '\0'},
                                                                        {"--test-only", '\0'},
                                                                        {"--help", 'h'},
                                                                        {"--usage", '\0'},
                                                                        {"--version", 'V'},
                                                                        {"--uid", '\0'}});

/// Whether a word of a command line is this option, with a value or without, in full or shortened as sbatch takes it.
bool is_option(const std::string& word, std::string_view name, char letter) {
    if (!word.starts_with("--")) return letter != '\0' && word.size() > 1 && word[0] == '-' && word[1] == letter;
    const auto given = std::string_view(word).substr(0, word.find('='));
    // Shorter ones are not unique.
    return given == name || (given.size() > 3 && name.starts_with(given));
}

bool is_ours(const std::string& word) {
    return std::ranges::any_of(ours, [&](const auto& option) { return is_option(word, option.first, option.second); });
}

/// The value of an option in this word, or the next.
std::optional<std::string> value_of(const std::vector<std::string>& words, std::size_t at, std::string_view name, char letter) {
    const auto& word = words[at];
    if (!is_option(word, name, letter)) return std::nullopt;
    const auto equals = word.find('=');
    if (word.starts_with("--") && equals != std::string::npos) return word.substr(equals + 1);
    if (!word.starts_with("--") && word.size() > 2) return word.substr(2);
    return at + 1 < words.size() ? std::optional(words[at + 1]) : std::nullopt;
}

std::string words_of(const Answer& answer, const std::string& program) {
    if (!answer.in_time) return fmt::format("no answer from {} within {:.0f} s", program, answer_seconds);
    if (!answer.errors.empty()) return answer.errors;
    return answer.output.empty() ? program + " failed without a word" : answer.output;
}

}  // namespace

Submission submit(const JobList& list, const std::vector<std::string>& task, const Request& request) {
    base::write_file(beside(list, ".sh"), script(task));
    const auto folder = list.path.parent_path();
    const auto answer = ask(arguments(list, request), folder);
    if (answer.good) {
        if (auto id = array_id(answer.output); !id.empty()) return {Taken::yes, std::move(id), {}};
        take_back(list.name, folder, request.clusters);
        throw ExternalProgramError("sbatch does not say one number, that of the job: '" + answer.output + "'", list.name,
                                   "it should print it with --parsable; is sbatch a script of the site?");
    }
    auto words = words_of(answer, "sbatch");
    if (is_limit(answer)) return {Taken::fewer, {}, std::move(words)};
    if (will_pass(answer)) return {Taken::later, {}, std::move(words)};
    throw ExternalProgramError("Slurm does not take the jobs: " + words, list.name,
                               "check `queue` (partition, time, memory, extra) and `sinfo`");
}

std::string clusters_of(const std::vector<std::string>& extra) {
    std::string clusters;
    for (std::size_t i = 0; i < extra.size(); ++i) {
        if (is_ours(extra[i]))
            throw InputError("'" + extra[i] + "' in 'extra' of the queue: alkali sets that itself, or would not find its jobs again",
                             "queue.extra", "leave it out");
        const auto value = value_of(extra, i, "--clusters", 'M');
        if (value) clusters = *value;
    }
    return clusters;
}

Look look(const fs::path& folder, const std::string& clusters) {
    // The number of the user: --me is not known before 20.02.
    std::vector<std::string> words{"squeue", "--noheader", "--array", fmt::format("--user={}", ::geteuid()), "--format=%j|%F|%K|%T|%r"};
    if (!clusters.empty()) words.push_back("--clusters=" + clusters);
    const auto answer = ask(std::move(words), folder);
    if (!answer.good) return {std::nullopt, words_of(answer, "squeue"), will_pass(answer)};
    std::vector<Task> found;
    std::istringstream lines(answer.output);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        Task task;
        std::string index;
        std::getline(fields, task.array_name, '|');
        std::getline(fields, task.array, '|');
        std::getline(fields, index, '|');
        std::getline(fields, task.state, '|');
        std::getline(fields, task.reason);
        if (!is_number(index) || index.size() > 9) continue;  // not of an array
        task.index = std::stoul(index);
        found.push_back(std::move(task));
    }
    return {std::move(found), {}, false};
}

void take_back(const std::string& array_name, const fs::path& folder, const std::string& clusters) {
    std::vector<std::string> words{"scancel", "--state=PENDING", "--name=" + array_name};
    if (!clusters.empty()) words.push_back("--clusters=" + clusters);
    (void)ask(std::move(words), folder);
}

std::string owner_name(const std::string& array, std::size_t index) { return fmt::format("slurm {}_{}", array, index); }

Failure lost_task(const JobList& list, std::size_t index) {
    const auto output = output_of(list, index);
    const bool began = fs::exists(output);  // Slurm makes the file when it starts the job
    std::string words = began ? trimmed(base::read_ends(output, 100'000).text) : "";
    if (words.size() > 500) words = "..." + words.substr(words.size() - 500);
    Failure failure;
    failure.retryable = true;
    const auto says = [&](const char* text) { return words.find(text) != std::string::npos; };
    if (says("DUE TO TIME LIMIT")) {
        failure.fault = Fault::out_of_time;
        failure.hint = "raise `time` of the queue";
    } else if (says("oom-kill") || says("emory limit") || says("Out Of Memory")) {
        failure.fault = Fault::out_of_memory;
        failure.hint = "raise `memory` of the queue";
    } else if (!began || says("CANCELLED AT")) {
        failure.fault = Fault::stopped;
        failure.hint = "somebody cancelled it (scancel); run again";
    } else {
        failure.fault = Fault::killed;
        failure.hint = fmt::format("`scontrol show job {}_{}` may tell why; run again", list.array, index);
    }
    failure.what = fmt::format("the Slurm job {}_{} ended {}", list.array, index, began ? "without a label" : "before it began") +
                   (words.empty() ? "" : ": " + words);
    failure.attempts = {{"", failure.fault, words, 0}};
    return failure;
}

void sweep(const fs::path& folder) {
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().extension() == passing) left.push_back(entry.path());
    for (const auto& path : left) fs::remove(path);
}

void forget(const JobList& list, const std::vector<bool>& keep) {
    std::error_code ignored;
    fs::remove(list.path, ignored);
    fs::remove(beside(list, ".sh"), ignored);
    for (std::size_t i = 0; i < list.jobs.size(); ++i)
        if (!keep[i]) fs::remove(output_of(list, i), ignored);
}

}  // namespace alkali::labelling::slurm
