#include <fmt/format.h>

#include <map>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/io/quantum_espresso.hpp"
#include "alkali/io/quantum_espresso_geometry.hpp"
#include "alkali/io/quantum_espresso_text.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::io {
namespace {

using units::bohr;
using units::rydberg;

/// Names under which people know the programs.
std::string executable(const std::string& program) {
    static const std::map<std::string, std::string> names{
        {"PHONON", "ph.x"},       {"NEB", "neb.x"},      {"CP", "cp.x"},   {"BANDS", "bands.x"}, {"DOS", "dos.x"},
        {"PROJWFC", "projwfc.x"}, {"POST-PROC", "pp.x"}, {"LD1", "ld1.x"}, {"Q2R", "q2r.x"},     {"MATDYN", "matdyn.x"},
        {"DYNMAT", "dynmat.x"},   {"HP", "hp.x"},        {"EPW", "epw.x"}, {"CPPP", "cppp.x"},   {"TDDFPT", "turbo_lanczos.x"}};
    const auto found = names.find(program);
    return found == names.end() ? program + " of Quantum ESPRESSO" : found->second;
}

void add_labels(structure::Labels& labels, const qe::Step& step) {
    labels.energy = *step.energy * rydberg;
    if (!step.forces.empty()) {
        labels.forces.emplace();
        for (const auto& force : step.forces) labels.forces->emplace_back(force * (rydberg / bohr));
    }
    if (step.stress.empty()) return;
    Mat3 stress;
    for (int i = 0; i < 3; ++i) stress.row(i) = -step.stress[static_cast<std::size_t>(i)].transpose() * (rydberg / (bohr * bohr * bohr));
    labels.stress = (stress + stress.transpose()) / 2;
}

class OutputReader final : public FrameReader {
public:
    OutputReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

    // The numbers of a structure come behind it: a step ends where the next structure, the next run or the end begins.
    bool next(Frame& frame) override {
        notes_ = {};
        ready_.reset();
        while (!ready_ && lines_.next(line_)) take_line();
        if (!ready_ && !ended_) end_file();
        if (!ready_) return false;
        frame = std::move(*ready_);
        note_warnings();
        return true;
    }

    FrameNotes notes() const override { return notes_; }

private:
    void take_line() {
        if (const auto program = qe::program_of(line_)) return begin_program(*program);
        if (!running_) {
            headless_ = headless_ || (!seen_pw_ && foreign_.empty() && qe::is_line_of_pw(line_));
            return;
        }
        if (qe::Geometry::begins(line_)) {
            end_step();
            described_ = true;
        } else if (line_.starts_with("!") && text_.step().tables_of_forces > 0) {  // another scf, of a structure that was not told
            end_step();
            described_ = false;
        }
        follow_errors();
        text_.line(line_);
        geometry_.line(line_);
        if (contains(line_, "Band Structure Calculation")) bands_ = true;
        if (contains(line_, "Maximum CPU time exceeded") || contains(line_, "stopped by user request")) stopped_ = true;
        if (text_.run().done) end_run();
    }

    void begin_program(const qe::Program& program) {
        if (running_) end_run();
        if (std::exchange(headless_, false)) leave_out(without_head);
        running_ = program.name == "PWSCF";
        if (!running_) {
            foreign_ = program.name;
            return;
        }
        text_ = {};
        geometry_ = {};
        seen_pw_ = true;
        bands_ = stopped_ = error_follows_ = false;
        described_ = true;
        given_ = told_ = 0;
        error_.clear();
        text_.line(line_);
    }

    /// "Error in routine X (n):" and the words on the next line.
    void follow_errors() {
        const auto words = trim(line_);
        if (error_follows_ && !words.empty()) error_ += " " + std::string(words);
        error_follows_ = contains(line_, "Error in routine");
        if (error_follows_ && error_.empty()) error_ = words;
    }

    /// The step is complete: a frame, or left out with the reason.
    void end_step() {
        const auto step = text_.take_step();
        if (!step.begun()) return;
        const auto why = fault_of(step);
        if (!why.empty()) return leave_out(why);
        try {
            give(step);
        } catch (const FileError& error) {
            leave_out(error.fault() + (error.hint().empty() ? "" : " (" + error.hint() + ")"));
        }
    }

    [[nodiscard]] std::string fault_of(const qe::Step& step) const {
        if (!step.bad_number.empty()) return fmt::format("a number cannot be read in '{}'", step.bad_number);
        if (auto why = qe::fault_of_scf(step, text_.run()); !why.empty()) return why;
        if (!step.energy) return "there is no total energy";
        if (step.tables_of_forces > 1) return "there are several tables of forces: are outputs of several processes mixed?";
        if (!described_) return "its positions are not in the output";
        if (geometry_.atoms() > 0 && step.tables_of_forces > 0 && step.forces.size() != geometry_.atoms())
            return fmt::format("there are forces on {} of {} atoms", step.forces.size(), geometry_.atoms());
        if (!step.stress.empty() && step.stress.size() != 3) return "the stress is not complete";
        return {};
    }

    void give(const qe::Step& step) {
        Frame frame;
        frame.structure = geometry_.structure(options_.type_names, place_);
        add_labels(frame.labels, step);
        frame.info = qe::info_of(text_.run());
        frame.source = place_.source;
        frame.index = place_.frame;
        check_frame(frame, options_.numbers, place_);
        notes_.energy_from = "! total energy";
        if (frame.labels.forces) notes_.forces_from = "total forces";
        if (frame.labels.stress) notes_.stress_from = "total stress";
        ++place_.frame;
        ++given_;
        ready_ = std::move(frame);
    }

    void leave_out(std::string why) {
        notes_.left_out.push_back({place_.where(), std::move(why)});
        ++place_.frame;
        ++given_;
    }

    /// With JOB DONE, or without it where the next run or the end of the file comes first.
    void end_run() {
        running_ = false;
        if (text_.run().done) {
            end_step();
            if (stopped_) leave_out("the run was stopped by its time limit or on request before it had ended");
        } else {
            leave_out(error_.empty() ? "the run ends before its end (no JOB DONE): killed?" : "the run ended with: " + error_);
        }
        if (given_ > 0) return;
        leave_out(bands_ ? "a band structure calculation (nscf, bands) gives no total energy" : "the run gives no total energy");
    }

    void end_file() {
        ended_ = true;
        if (running_) end_run();
        if (headless_) return leave_out(without_head);
        if (seen_pw_) return;
        if (foreign_.empty()) place_.fail("is no output of pw.x: there is no line 'Program PWSCF v... starts'");
        leave_out(fmt::format("this is an output of {}; energies, forces and stresses are read from those of pw.x", executable(foreign_)));
    }

    void note_warnings() {
        const auto& all = text_.run().warnings;
        for (; told_ < all.size(); ++told_) notes_.warnings.push_back("pw.x: " + all[told_]);
        if (given_ > 1) return;
        if (auto doubt = qe::doubt_of_functional(text_.run()); !doubt.empty()) notes_.warnings.push_back(std::move(doubt));
        for (const auto& species : geometry_.species())
            if (auto doubt = qe::doubt_of(species); !doubt.empty()) notes_.warnings.push_back(std::move(doubt));
    }

    static constexpr const char* without_head =
        "the head of this output of pw.x is missing (no line 'Program PWSCF v... starts'): truncated?";

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    std::string line_, foreign_, error_;
    qe::TextParser text_;
    qe::Geometry geometry_;
    FrameNotes notes_;
    std::optional<Frame> ready_;
    bool running_ = false, seen_pw_ = false, headless_ = false, ended_ = false, bands_ = false, stopped_ = false, error_follows_ = false;
    bool described_ = true;  // whether the structure was told since the last step
    std::size_t given_ = 0;  // frames and left-out steps of this run
    std::size_t told_ = 0;   // warnings of this run
};

}  // namespace

std::unique_ptr<FrameReader> open_qe_output(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<OutputReader>(std::move(stream), source, options);
}

bool is_qe_output(std::string_view beginning) {
    while (!beginning.empty()) {
        const auto end = beginning.find('\n');
        const auto line = beginning.substr(0, end);
        if (qe::program_of(line) || qe::is_line_of_pw(line)) return true;
        beginning.remove_prefix(end == std::string_view::npos ? beginning.size() : end + 1);
    }
    return false;
}

}  // namespace alkali::io
