#include <fmt/format.h>

#include <algorithm>

#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/io/vasp_outcar_head.hpp"

namespace alkali::io {
namespace {

bool has(std::string_view line, std::string_view part) { return line.find(part) != std::string_view::npos; }

/// The second number of "Iteration      2(   8)"; 0 if it is not to be read.
long long iteration_of(std::string_view line) {
    const auto open = line.find('('), close = line.find(')');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return 0;
    return parse_integer(trim(line.substr(open + 1, close - open - 1))).value_or(0);
}

// What one ionic step has given so far.
struct Step {
    std::vector<Vec3> positions, forces;
    std::optional<Mat3> stress;
    long long iterations = 0;  // of the electrons
    bool predicted = false;    // by VASP's machine-learned force field
    bool gave_up = false;      // VASP says that the electrons did not converge
    [[nodiscard]] bool begun() const { return iterations > 0 || stress || !positions.empty(); }
};

class OutcarReader final : public FrameReader {
public:
    OutcarReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

    // An ionic step is complete with the line of its free energy, which follows stress, cell, positions and forces.
    bool next(Frame& frame) override {
        notes_ = {"free energy TOTEN", "TOTAL-FORCE", "in kB", {}};
        frame = Frame{};
        while (next_line()) {
            if (OutcarHead::begins_at(line_))
                begin_run();
            else if (head_.take(line_))
                continue;
            else if (has(line_, "- Iteration"))
                step_.iterations = std::max(iteration_of(line_), step_.iterations + 1);
            else if (has(line_, "EDIFF was not reached") || has(line_, "hard stop was set"))
                step_.gave_up = true;
            else if (has(line_, "direct lattice vectors"))
                read_cell();
            else if (trim(line_).starts_with("in kB"))
                read_stress();
            else if (has(line_, "POSITION") && has(line_, "TOTAL-FORCE"))
                read_atoms();
            else if (has(line_, "free  energy") && has(line_, "TOTEN") && finish(frame))
                return true;
            else if (has(line_, "General timing and accounting"))
                step_ = {};
        }
        if (step_.begun()) leave_out("the file ends before the energy of this step (an interrupted run?)");
        return false;
    }

    FrameNotes notes() const override { return notes_; }

private:
    bool next_line() {
        if (again_) {
            again_ = false;
            return true;
        }
        return lines_.next(line_);
    }
    [[nodiscard]] bool at_end() const { return stream_->peek() == std::char_traits<char>::eof(); }

    void leave_out(std::string why) {
        notes_.left_out.push_back({place_.where(), std::move(why)});
        ++place_.frame;
        step_ = {};
    }
    /// A further call goes on behind this step.
    [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) {
        const Place here = place_;
        ++place_.frame;
        step_ = {};
        here.fail(what, hint);
    }

    void begin_run() {
        if (step_.begun()) leave_out("the run ends before the energy of this step, another run follows");
        head_ = OutcarHead{};
        vectors_ = Mat3::Zero();
    }

    /// The next line of a block as numbers. None if the block ends here: at the end of the file or where another run
    /// begins, also within a line cut off there.
    std::optional<std::vector<double>> row(std::size_t width, const std::string& what) {
        if (!lines_.next(line_)) return std::nullopt;
        again_ = OutcarHead::begins_at(line_);
        if (again_) return std::nullopt;
        auto numbers = fixed_columns(line_);
        if (numbers.size() >= width) return numbers;
        const auto number = lines_.number();
        again_ = lines_.next(line_);
        if (!again_ || OutcarHead::begins_at(line_)) return std::nullopt;
        fail(fmt::format("line {}: {} has {} numbers instead of {}", number, what, numbers.size(), width));
    }

    void read_cell() {
        for (int i = 0; i < 3; ++i) {
            const auto n = row(3, "a cell vector");
            if (!n) return;
            vectors_.row(i) << (*n)[0], (*n)[1], (*n)[2];
        }
    }

    // Printed in the order XX YY ZZ XY YZ ZX.
    void read_stress() {
        const auto n = fixed_columns(trim(line_).substr(5));
        if (n.size() != 6 && at_end()) return;
        if (n.size() != 6) fail(fmt::format("line {}: the stress has {} numbers instead of 6", lines_.number(), n.size()));
        step_.stress = stress_from_vasp(from_voigt({n[0], n[1], n[2], n[4], n[5], n[3]}));
    }

    void read_atoms() {
        const auto& numbers = head_.numbers(options_.type_names, place_);
        step_.predicted = has(line_, "(ML)");
        step_.positions.clear();
        step_.forces.clear();
        if (!row(0, "the rule")) return;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const auto n = row(6, fmt::format("atom {}", i + 1));
            if (!n) return;
            step_.positions.emplace_back((*n)[0], (*n)[1], (*n)[2]);
            step_.forces.emplace_back((*n)[3], (*n)[4], (*n)[5]);
        }
        if (!row(0, "the rule")) return;
        if (fixed_columns(line_).size() >= 6)
            fail(fmt::format("line {}: more positions than the {} atoms counted", lines_.number(), numbers.size()));
    }

    /// Why the step before this line of its free energy is no frame; empty if it is one.
    [[nodiscard]] std::string why_not() const {
        const auto most = head_.electronic_steps;
        if (step_.predicted || has(line_, " ML ")) return "a prediction of VASP's machine-learned force field, no label";
        if (auto fixed = fixed_charge(head_.charge_start.value_or(0)); !fixed.empty()) return fixed;
        if (auto scaled = scaled_hamiltonian(head_.coupling); !scaled.empty()) return scaled;
        if (step_.positions.empty()) return "VASP printed no positions and forces of this step (NWRITE = 0)";
        if (step_.gave_up) return "the electrons did not converge (VASP says so)";
        if (most && step_.iterations >= std::max<long long>(*most, 1))
            return fmt::format("the electrons did not converge within NELM = {} steps", *most);
        return {};
    }

    /// At the line of the free energy; true if the step is a frame.
    bool finish(Frame& frame) {
        const auto equals = line_.find('=');
        const auto words = split(equals == std::string::npos ? std::string_view{} : std::string_view(line_).substr(equals + 1));
        const bool whole = words.size() >= 2 && words[1] == "eV";
        if (!step_.begun() || (!whole && at_end())) return false;  // not of a step, or cut off within the line
        if (auto why = why_not(); !why.empty()) {
            leave_out(std::move(why));
            return false;
        }
        const auto energy = whole ? parse_double(words[0]) : std::nullopt;
        if (!energy) fail(fmt::format("line {}: the free energy is not a number in eV", lines_.number()));
        fill(frame, *energy);
        return true;
    }

    void fill(Frame& frame, double energy) {
        const Place here = place_;
        Step step = std::move(step_);
        step_ = {};
        ++place_.frame;
        frame.structure.numbers = head_.numbers(options_.type_names, here);
        frame.structure.cell = make_cell(vectors_, {true, true, true}, here);
        frame.structure.positions = std::move(step.positions);
        frame.labels.energy = energy;
        frame.labels.forces = std::move(step.forces);
        frame.source = here.source;
        frame.index = here.frame;
        take_stress(frame, step.stress);
        check_frame(frame, options_.numbers, here);
    }

    void take_stress(Frame& frame, const std::optional<Mat3>& stress) {
        const auto kind = head_.stress_kind.value_or(2);
        if (kind >= 2)
            frame.labels.stress = stress;
        else if (stress)
            notes_.warnings.push_back(stress_not_taken(kind));
        if (!frame.labels.stress) notes_.stress_from.clear();
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    std::string line_;
    bool again_ = false;  // the line is yet to be looked at
    OutcarHead head_;
    Mat3 vectors_ = Mat3::Zero();
    Step step_;
    FrameNotes notes_;
};

}  // namespace

std::unique_ptr<FrameReader> open_outcar(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<OutcarReader>(std::move(stream), source, options);
}

}  // namespace alkali::io
