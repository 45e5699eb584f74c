#include "alkali/dataset/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/dataset/check_parts.hpp"

namespace alkali::dataset {
namespace {

// A file with more unreadable frames than this in a row is not worth going on with.
constexpr int most_faults = 100;

// The order in which findings are told.
enum class Stage { reading, labels, structures, duplicates, outliers, stress };
constexpr std::size_t stages = 6;

/// Gathers findings by stage, of each kind only so many.
class Gathered {
public:
    void take(Stage stage, std::vector<Finding>& found) {
        for (auto& finding : found) {
            (finding.severity == Severity::error ? errors_ : warnings_) += 1;
            auto& kind = kinds_[{finding.check, finding.severity}];
            if (++kind.count <= most_of_a_kind)
                by_stage_[static_cast<std::size_t>(stage)].push_back(std::move(finding));
            else
                kind.stage = stage;
        }
        found.clear();
    }
    [[nodiscard]] bool any_error() const { return errors_ > 0; }

    void report(CheckReport& report, const std::string& where) {
        for (const auto& [kind, tally] : kinds_)
            if (tally.count > most_of_a_kind)
                by_stage_[static_cast<std::size_t>(tally.stage)].push_back(
                    {kind.second, kind.first, where, fmt::format("and {} more of this kind", tally.count - most_of_a_kind)});
        for (auto& findings : by_stage_)
            for (auto& finding : findings) report.findings.push_back(std::move(finding));
        report.errors = errors_;
        report.warnings = warnings_;
    }

private:
    struct Tally {
        std::size_t count = 0;
        Stage stage{};
    };
    std::array<std::vector<Finding>, stages> by_stage_;
    std::map<std::pair<std::string, Severity>, Tally> kinds_;
    std::size_t errors_ = 0, warnings_ = 0;
};

/// All checks, fed frame by frame.
class Checker {
public:
    explicit Checker(const CheckOptions& options) : options_(options), stress_(options.limits.stress_sample_bytes) {
        options_.read.numbers = io::Numbers::any;
    }

    void read(const std::filesystem::path& file) {
        const auto reader = io::open_reader(file, options_.read);
        const auto before = counts_.frames;
        bool told = false;  // of a fault, or of what was left out
        int faults = 0;
        std::string last_fault;
        for (Frame frame; faults < most_faults;) {
            try {
                const bool more = reader->next(frame);
                const auto notes = reader->notes();
                for (const auto& part : notes.left_out) found_.push_back({Severity::warning, "left-out", part.where, part.why});
                told = told || !found_.empty();
                if (!more && !told && counts_.frames == before)
                    found_.push_back({Severity::warning, "left-out", file.string(), "the file has no frames"});
                gathered_.take(Stage::reading, found_);
                if (!more) return;
                see(frame, notes);
                faults = 0;
            } catch (const FileError& error) {
                ++faults;
                told = true;
                // A reader that cannot go on repeats itself.
                if (last_fault == error.where()) return;
                last_fault = error.where();
                found_.push_back(
                    {Severity::error, "unreadable", error.where(), error.fault() + (error.hint().empty() ? "" : "; " + error.hint())});
                gathered_.take(Stage::reading, found_);
            }
        }
    }

    void end_source(const std::string& path) { sources_.push_back(path); }

    template <class Say>
    CheckReport conclude(const Say& say) {
        if (counts_.frames == 0 && !gathered_.any_error()) {
            found_.push_back({Severity::error, "unreadable", sources_.empty() ? "" : sources_[0], "the file has no frames"});
            gathered_.take(Stage::reading, found_);
        }
        say("structures");
        distances_.conclude(places_, options_.limits, found_);
        gathered_.take(Stage::structures, found_);
        duplicates_.conclude(places_, found_);
        gathered_.take(Stage::duplicates, found_);
        say("outliers");
        energies_.conclude(sources_, places_, options_.limits, found_);
        gathered_.take(Stage::outliers, found_);
        say("stress");
        const auto sample = stress_.take(sources_);
        check_stress(sample, options_.limits, found_);
        check_shear(sample, options_.limits, found_);
        gathered_.take(Stage::stress, found_);
        CheckReport report;
        report.counts = counts_;
        gathered_.report(report, sources_.empty() ? "" : sources_.back());
        return report;
    }

private:
    void see(const Frame& frame, const io::FrameNotes& notes) {
        for (const auto& text : notes.warnings) found_.push_back({Severity::warning, "reader", frame.where(), text});
        gathered_.take(Stage::reading, found_);
        counts_.add(frame);
        const auto row = places_.add(frame);
        check_labels(frame, notes, found_);
        gathered_.take(Stage::labels, found_);
        distances_.see(row, frame, found_);
        gathered_.take(Stage::structures, found_);
        duplicates_.see(row, frame);
        check_forces(frame, options_.limits, found_);
        gathered_.take(Stage::outliers, found_);
        energies_.see(row, sources_.size(), frame);
        stress_.see(sources_.size(), frame);
    }

    CheckOptions options_;
    std::vector<std::string> sources_;
    std::vector<Finding> found_;  ///< on the way to gathered_
    Gathered gathered_;
    LabelCounts counts_;
    Places places_;
    DistanceCheck distances_;
    DuplicateCheck duplicates_;
    EnergyCheck energies_;
    StressSample stress_;
};

}  // namespace

CheckReport check(std::span<const std::filesystem::path> given, const CheckOptions& options, base::ProgressSink* progress) {
    const auto paths = base::matching_paths({given.begin(), given.end()});
    Checker checker(options);
    double done = 0;
    const auto say = [&](std::string_view what) {
        if (progress != nullptr) progress->update({"checking", done++, static_cast<double>(paths.size()) + 3, what});
    };
    for (const auto& path : paths) {
        say("reading");
        for (const auto& file : files_of(path, options.read.format)) checker.read(file);
        checker.end_source(path.string());
    }
    return checker.conclude(say);
}

}  // namespace alkali::dataset
