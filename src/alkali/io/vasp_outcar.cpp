#include <fmt/format.h>

#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"

namespace alkali::io {
namespace {

bool has(std::string_view line, std::string_view part) { return line.find(part) != std::string_view::npos; }

class OutcarReader final : public FrameReader {
public:
    OutcarReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

    // An ionic step is complete with the line of its free energy, which follows stress, cell, positions and forces.
    bool next(Frame& frame) override {
        frame = Frame{};
        while (lines_.next(line_)) {
            if (has(line_, "VRHFIN ="))
                add_element();
            else if (has(line_, "ions per type ="))
                read_counts();
            else if (has(line_, "direct lattice vectors"))
                read_cell();
            else if (has(line_, "in kB  ") && trim(line_).substr(0, 5) == "in kB")
                read_stress(frame);
            else if (has(line_, "POSITION") && has(line_, "TOTAL-FORCE"))
                read_atoms(frame);
            else if (has(line_, "free  energy") && has(line_, "TOTEN") && frame.structure.size() > 0)
                return finish(frame);
        }
        if (frame.structure.size() > 0) place_.fail("the file ends before the energy of this step", "the file is truncated");
        return false;
    }

    FrameNotes notes() const override { return {"free energy TOTEN", "TOTAL-FORCE", "in kB", {}}; }

private:
    bool finish(Frame& frame) {
        const auto equals = line_.find('=');
        const auto words = split(equals == std::string::npos ? std::string_view{} : std::string_view(line_).substr(equals + 1));
        const auto energy = words.empty() ? std::nullopt : parse_double(words[0]);
        if (!energy) place_.fail(fmt::format("line {}: the free energy is not a number", lines_.number()));
        frame.labels.energy = *energy;
        frame.structure.cell = make_cell(vectors_, {true, true, true}, place_);
        frame.source = place_.source;
        frame.index = place_.frame;
        const Place here = place_;
        ++place_.frame;
        check_frame(frame, options_.numbers, here);
        return true;
    }

    std::string_view next_line(const char* what) {
        if (!lines_.next(line_)) place_.fail(fmt::format("the file ends within {}", what), "the file is truncated");
        return line_;
    }

    void add_element() {
        auto name = std::string_view(line_).substr(line_.find("VRHFIN =") + 8);
        symbols_.emplace_back(trim(name.substr(0, name.find(':'))));
    }

    void read_counts() {
        const auto words = split(std::string_view(line_).substr(line_.find('=') + 1));
        numbers_.clear();
        for (std::size_t kind = 0; kind < words.size(); ++kind) {
            const auto count = parse_integer(words[kind]);
            // The bound keeps a damaged number from asking for all memory.
            if (!count || *count < 0 || *count > 10'000'000 - static_cast<long long>(numbers_.size()))
                place_.fail(fmt::format("line {}: '{}' ions per type", lines_.number(), words[kind]));
            if (kind >= symbols_.size())
                place_.fail(fmt::format("{} types of ions but {} elements (VRHFIN)", words.size(), symbols_.size()));
            numbers_.insert(numbers_.end(), static_cast<std::size_t>(*count), element(symbols_[kind], place_));
        }
    }

    void read_cell() {
        for (int i = 0; i < 3; ++i) {
            const auto n = fixed_columns(next_line("the cell"));
            if (n.size() < 3) place_.fail(fmt::format("line {}: a cell vector has fewer than three numbers", lines_.number()));
            vectors_.row(i) << n[0], n[1], n[2];
        }
    }

    // Printed in the order XX YY ZZ XY YZ ZX.
    void read_stress(Frame& frame) {
        const auto n = fixed_columns(trim(line_).substr(5));
        if (n.size() != 6) place_.fail(fmt::format("line {}: the stress has {} numbers instead of 6", lines_.number(), n.size()));
        frame.labels.stress = stress_from_vasp(from_voigt({n[0], n[1], n[2], n[4], n[5], n[3]}));
    }

    void read_atoms(Frame& frame) {
        if (numbers_.empty()) place_.fail("no 'ions per type' before the first positions");
        static_cast<void>(next_line("the positions"));  // a rule of dashes
        frame.structure.numbers = numbers_;
        frame.structure.positions.clear();
        frame.labels.forces.emplace();
        for (std::size_t i = 0; i < numbers_.size(); ++i) {
            const auto n = fixed_columns(next_line("the positions and forces"));
            if (n.size() < 6) place_.fail(fmt::format("line {}: atom {} has {} numbers instead of 6", lines_.number(), i + 1, n.size()));
            frame.structure.positions.emplace_back(n[0], n[1], n[2]);
            frame.labels.forces->emplace_back(n[3], n[4], n[5]);
        }
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    std::string line_;
    std::vector<std::string> symbols_;
    std::vector<int> numbers_;
    Mat3 vectors_ = Mat3::Zero();
};

}  // namespace

std::unique_ptr<FrameReader> open_outcar(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<OutcarReader>(std::move(stream), source, options);
}

}  // namespace alkali::io
