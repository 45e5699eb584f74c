#include "alkali/dataset/check.hpp"

#include <algorithm>

#include "alkali/base/error.hpp"

namespace alkali::dataset {
namespace {

// A file with more unreadable frames than this in a row is not worth going on with.
constexpr int most_faults = 100;

void report_left_out(const io::FrameNotes& notes, std::vector<Finding>& findings) {
    for (const auto& part : notes.left_out) findings.push_back({Severity::warning, "left-out", part.where, part.why});
}

void read_all(const std::filesystem::path& file, const io::ReadOptions& options, CheckedSet& checked, std::vector<Finding>& findings) {
    const auto reader = io::open_reader(file, options);
    int faults = 0;
    for (Frame frame; faults < most_faults;) {
        try {
            const bool more = reader->next(frame);
            const auto notes = reader->notes();
            report_left_out(notes, findings);
            if (!more) return;
            for (const auto& text : notes.warnings) findings.push_back({Severity::warning, "reader", frame.where(), text});
            checked.set.frames.push_back(std::move(frame));
            checked.set.source.push_back(checked.set.sources.size());
            checked.notes.push_back(notes);
            faults = 0;
        } catch (const FileError& error) {
            ++faults;
            // A reader that cannot go on repeats itself.
            if (!findings.empty() && findings.back().where == error.where() && findings.back().check == "unreadable") return;
            findings.push_back(
                {Severity::error, "unreadable", error.where(), error.fault() + (error.hint().empty() ? "" : "; " + error.hint())});
        }
    }
}

}  // namespace

std::size_t CheckReport::count(Severity severity) const {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.severity == severity; }));
}

CheckReport check(std::span<const std::filesystem::path> paths, const CheckOptions& options, base::ProgressSink* progress) {
    CheckReport report;
    CheckedSet checked;
    io::ReadOptions read = options.read;
    read.numbers = io::Numbers::any;
    const auto say = [&](double done, std::string_view what) {
        if (progress != nullptr) progress->update({"checking", done, static_cast<double>(paths.size()) + 4, what});
    };
    double done = 0;
    for (const auto& path : paths) {
        if (!std::filesystem::exists(path)) throw FileError("there is no such file or folder", path.string(), "check the name");
        say(done++, "reading");
        for (const auto& file : files_of(path)) read_all(file, read, checked, report.findings);
        checked.set.sources.push_back(path.string());
        checked.set.notes.emplace_back();
    }
    if (checked.set.frames.empty() && report.count(Severity::error) == 0)
        report.findings.push_back({Severity::error, "unreadable", paths.empty() ? "" : paths[0].string(), "the file has no frames"});
    check_labels(checked, options, report.findings);
    say(done++, "structures");
    check_structures(checked.set, options.limits, report.findings);
    check_duplicates(checked.set, report.findings);
    say(done++, "outliers");
    check_outliers(checked.set, options.limits, report.findings);
    say(done++, "stress");
    check_stress(checked.set, options.limits, report.findings);
    report.counts = checked.set.counts();
    return report;
}

}  // namespace alkali::dataset
