#include <fmt/format.h>
#include <fmt/ranges.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <deque>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/spanning_cell.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/io/vasp_species.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

bool is_remark(std::string_view word) { return word.starts_with('!') || word.starts_with('#'); }

/// The whole numbers that a line begins with.
std::vector<long long> leading_integers(std::string_view line) {
    std::vector<long long> numbers;
    for (const auto word : split(line)) {
        const auto number = parse_integer(word);
        if (!number) break;  // a remark may follow
        numbers.push_back(*number);
    }
    return numbers;
}

/// The three numbers that a line begins with, also where fixed columns touch.
Vec3 leading_vector(std::string_view line, const Place& place, const std::string& what) {
    if (const auto n = fixed_columns(line); n.size() >= 3) return {n[0], n[1], n[2]};
    return parse_vector(split(line), 0, place, what);
}

class PoscarReader final : public FrameReader {
public:
    PoscarReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), source_(*stream_), options_(options), place_{source, 0} {}

    bool next(Frame& frame) override {
        warnings_.clear();
        if (done_) return false;
        done_ = true;
        frame = Frame{};
        frame.source = place_.source;
        const std::string title = line("the title");
        const Mat3 vectors = read_vectors();
        read_symbols();
        read_counts();
        const bool cartesian = read_mode();
        const auto symbols = names(title);
        frame.structure.cell = make_cell(vectors, {true, true, true}, place_);
        for (std::size_t kind = 0; kind < counts_.size(); ++kind) {
            const int number = element(symbols[kind], place_);
            for (std::size_t i = 0; i < counts_[kind]; ++i) {
                const auto what = fmt::format("the position of atom {}", frame.structure.size() + 1);
                const std::string text = line(what.c_str());
                const Vec3 given = leading_vector(text, place_, fmt::format("{} (line {})", what, at_));
                frame.structure.add(number, cartesian ? Vec3(scale_.cwiseProduct(given)) : Vec3(vectors.transpose() * given));
            }
        }
        check_rest();
        check_frame(frame, options_.numbers, place_);
        return true;
    }

    FrameNotes notes() const override {
        FrameNotes notes;
        notes.warnings = warnings_;
        return notes;
    }

private:
    /// True if the file has this line (from 0), which is kept then.
    bool has_line(std::size_t index) {
        for (std::string text; lines_.size() <= index && source_.next(text);) lines_.push_back(text);
        return index < lines_.size();
    }

    std::string line(const char* what) {
        if (!has_line(at_)) place_.fail(fmt::format("the file ends before {}", what), "the file is truncated");
        return lines_[at_++];
    }

    Mat3 read_vectors() {
        const std::string scale_line = line("the scale");
        std::vector<double> scale;
        for (const auto word : split(scale_line)) {
            const auto value = parse_double(word);
            if (!value) break;  // a remark may follow
            scale.push_back(*value);
        }
        if (scale.size() != 1 && scale.size() != 3)
            place_.fail(fmt::format("line 2: '{}' is not the scale", trim(scale_line).substr(0, 40)), "give one number or three");
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) vectors.row(i) = leading_vector(line("the cell vectors"), place_, "a cell vector").transpose();
        const double volume = std::abs(vectors.determinant());
        if (scale.size() == 3)
            scale_ = {scale[0], scale[1], scale[2]};
        else if (scale[0] < 0 && volume > 0)
            scale_ = Vec3::Constant(std::cbrt(-scale[0] / volume));
        else
            scale_ = Vec3::Constant(scale[0]);
        if (!(scale_.minCoeff() > 0)) place_.fail("line 2: the scale must not be zero");
        return vectors * scale_.asDiagonal();
    }

    // Version 5 has symbols before the numbers of atoms, long lists in several lines.
    void read_symbols() {
        while (has_line(at_) && leading_integers(lines_[at_]).empty()) {
            const auto words = split(lines_[at_]);
            if (words.empty()) place_.fail(fmt::format("line {}: expected symbols or numbers of atoms", at_ + 1));
            if (!is_hydrogen_isotope(element_part(words[0]))) static_cast<void>(vasp_element(words[0], place_));
            for (const auto word : words) {
                const auto part = element_part(word);
                if (is_hydrogen_isotope(part))
                    warnings_.push_back(fmt::format("{} is read as H; its mass is that of hydrogen then", part));
                else if (!units::is_symbol(part))
                    break;  // a remark may follow
                symbols_.emplace_back(is_hydrogen_isotope(part) ? "H" : part);
            }
            ++at_;
        }
    }

    void read_counts() {
        do {
            const auto numbers = leading_integers(line("the numbers of atoms"));
            for (const auto number : numbers) {
                if (number < 0 || number > 1'000'000'000) place_.fail(fmt::format("line {}: {} atoms of a species", at_, number));
                counts_.push_back(static_cast<std::size_t>(number));
            }
        } while (has_line(at_) && (symbols_.empty() || counts_.size() < symbols_.size()) && !leading_integers(lines_[at_]).empty());
        if (symbols_.empty() || counts_.size() == symbols_.size()) return;
        place_.fail(fmt::format("line {}: {} numbers of atoms than elements ({} and {})", at_,
                                counts_.size() > symbols_.size() ? "more" : "fewer", counts_.size(), symbols_.size()),
                    "one symbol for each number of atoms; a remark begins with !");
    }

    bool read_mode() {
        std::string mode = line("the kind of coordinates");
        const auto initial = [&] {
            return trim(mode).empty() ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(trim(mode)[0])));
        };
        if (initial() == 's') mode = line("the kind of coordinates");
        if (mode.find("configuration=") != std::string::npos)
            place_.fail(fmt::format("line {}: '{}' is of an XDATCAR, which holds positions without energies and forces", at_, trim(mode)),
                        "read the run's vasprun.xml or OUTCAR");
        if (initial() != ' ' && std::isalpha(static_cast<unsigned char>(initial())) == 0)
            place_.fail(fmt::format("line {}: '{}' is not the kind of coordinates", at_, trim(mode).substr(0, 40)),
                        "write Direct or Cartesian above the positions");
        return initial() == 'c' || initial() == 'k';
    }

    /// Symbol behind the position in a line, as pymatgen writes it; empty: none.
    [[nodiscard]] static std::string_view symbol_behind(std::string_view line) {
        const auto words = split(line);
        const auto is_flag = [](std::string_view word) { return word == "T" || word == "F"; };
        std::size_t at = 3;
        if (words.size() >= 6 && std::all_of(words.begin() + 3, words.begin() + 6, is_flag)) at = 6;  // selective dynamics
        if (at < words.size() && is_remark(words[at]) && words[at].size() == 1) ++at;
        if (at >= words.size()) return {};
        const auto part = element_part(is_remark(words[at]) ? words[at].substr(1) : words[at]);
        return units::is_symbol(part) ? part : std::string_view{};
    }

    /// The symbols behind the positions, one of each count; empty where any atom has none or atoms of a count differ.
    [[nodiscard]] std::vector<std::string> symbols_behind() {
        std::vector<std::string> symbols;
        std::size_t row = at_;
        for (const auto count : counts_) {
            if (count == 0 || !has_line(row)) return {};
            const std::string first(symbol_behind(lines_[row]));
            for (std::size_t i = 0; i < count; ++i, ++row)
                if (first.empty() || !has_line(row) || symbol_behind(lines_[row]) != first) return {};
            symbols.push_back(first);
        }
        return symbols;
    }

    [[nodiscard]] std::vector<std::string> symbols_of_title(std::string_view title) const {
        std::vector<std::string> symbols;
        for (const auto word : split(title)) {
            if (symbols.size() == counts_.size()) break;
            symbols.emplace_back(word.substr(0, word.find_first_of("_/")));
            if (!units::is_symbol(symbols.back())) return {};
        }
        return symbols.size() == counts_.size() ? symbols : std::vector<std::string>{};
    }

    /// Names of the species by what names them best: their line, the positions, the options, the title.
    std::vector<std::string> names(std::string_view title) {
        const auto behind = symbols_behind();
        if (!symbols_.empty()) {
            if (!behind.empty() && behind != symbols_)
                warnings_.push_back(fmt::format("the line of symbols says {}, the symbols behind the positions {}; the line is taken",
                                                fmt::join(symbols_, " "), fmt::join(behind, " ")));
            return symbols_;
        }
        const auto titled = symbols_of_title(title);
        if (!behind.empty()) {
            if (!titled.empty() && titled != behind)
                warnings_.push_back(fmt::format("the title says {}, the symbols behind the positions {}; the latter are taken",
                                                fmt::join(titled, " "), fmt::join(behind, " ")));
            return behind;
        }
        if (options_.type_names.size() >= counts_.size()) return options_.type_names;
        if (options_.type_names.empty() && !titled.empty()) {
            warnings_.push_back(fmt::format("there is no line of symbols; the title is taken for one: {}", fmt::join(titled, " ")));
            return titled;
        }
        place_.fail("the file does not name its elements",
                    "add a line with their symbols above the numbers of atoms, or give --type-names");
    }

    // Velocities may follow behind an empty line or their heading; further positions or a second structure may not. However much
    // follows, five lines are kept.
    void check_rest() {
        if (has_line(at_) && fixed_columns(lines_[at_]).size() >= 3)
            place_.fail(fmt::format("line {}: more positions than the {} atoms counted", at_ + 1, fmt::join(counts_, " + ")),
                        "correct the numbers of atoms");
        lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(at_));
        for (std::size_t i = at_; has_line(4); ++i, lines_.pop_front())
            if (begins_structure())
                place_.fail(fmt::format("line {}: a second structure follows, a POSCAR holds one", i), "write each to a file of its own");
    }

    /// True if a scale, three cell vectors and symbols or numbers of atoms stand at the first of the lines kept.
    [[nodiscard]] bool begins_structure() const {
        if (split(lines_[0]).size() != 1 || fixed_columns(lines_[0]).size() != 1) return false;
        for (std::size_t i = 1; i <= 3; ++i)
            if (split(lines_[i]).size() != 3 || fixed_columns(lines_[i]).size() != 3) return false;
        const auto words = split(lines_[4]);
        return !words.empty() && std::all_of(words.begin(), words.end(), [](std::string_view word) {
            return parse_integer(word).has_value() || units::is_symbol(element_part(word));
        });
    }

    std::unique_ptr<std::istream> stream_;
    Lines source_;
    ReadOptions options_;
    Place place_;
    std::deque<std::string> lines_;  // as far as they were looked at
    std::size_t at_ = 0;             // number of the line to be read next, from 0
    Vec3 scale_ = Vec3::Ones();
    std::vector<std::string> symbols_;  // of the line of symbols; empty: version 4
    std::vector<std::size_t> counts_;
    std::vector<std::string> warnings_;
    bool done_ = false;
};

class PoscarWriter final : public FrameWriter {
public:
    explicit PoscarWriter(const std::filesystem::path& path) : file_(path) {}

    void write(const Frame& frame) override {
        const Place place{frame.source, frame.index};
        check_frame(frame, Numbers::any, place);
        if (written_)
            throw InputError("a POSCAR holds one structure", place.where(), "write each frame to a file of its own, or choose extxyz");
        const auto& cell = frame.structure.cell;
        if (!(cell.volume() > 0)) throw InputError("a POSCAR needs a cell with three vectors", place.where(), "put the structure in a box");
        written_ = true;
        std::string text = structure::formula(frame.structure) + "\n1.0\n";
        const auto [vectors, corner] = spanning_cell(frame.structure, Stretched::missing_and_short);
        for (int i = 0; i < 3; ++i) text += fmt::format("  {} {} {}\n", vectors(i, 0), vectors(i, 1), vectors(i, 2));
        std::string symbols, counts;
        const auto& numbers = frame.structure.numbers;
        for (std::size_t i = 0; i < numbers.size();) {
            std::size_t end = i;
            while (end < numbers.size() && numbers[end] == numbers[i]) ++end;
            symbols += fmt::format(" {}", units::symbol(numbers[i]));
            counts += fmt::format(" {}", end - i);
            i = end;
        }
        text += symbols + "\n" + counts + "\nCartesian\n";
        for (const auto& position : frame.structure.positions) {
            const Vec3 p = position - corner;
            text += fmt::format("  {} {} {}\n", p[0], p[1], p[2]);
        }
        file_.stream() << text;
    }

    void close() override {
        if (!written_) throw FileError("there is no frame to write");
        file_.commit();
    }

private:
    base::AtomicFile file_;
    bool written_ = false;
};

}  // namespace

Mat3 stress_from_vasp(const Mat3& kbar) { return -0.5 * (kbar + kbar.transpose()) / units::kbar_per_ev_per_angstrom3; }

std::string stress_not_taken(long long isif) {
    return isif == 1 ? "ISIF = 1: VASP computed the trace of the stress only; the stress is not taken"
                     : fmt::format("ISIF = {}: VASP computed no stress; the one in the file is not taken", isif);
}

std::string fixed_charge(long long icharg) {
    return icharg < 10 ? "" : fmt::format("ICHARG = {}: the charge density was kept, not made self-consistent; no label", icharg);
}

std::string scaled_hamiltonian(double scalee) {
    return scalee == 1 ? "" : fmt::format("SCALEE = {}: energy and forces are scaled for a thermodynamic integration; no label", scalee);
}

std::unique_ptr<FrameReader> open_poscar(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<PoscarReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_poscar(const std::filesystem::path& path, const WriteOptions&) {
    return std::make_unique<PoscarWriter>(path);
}

}  // namespace alkali::io
