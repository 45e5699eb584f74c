#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cctype>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/vasp.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/constants.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// "Li_sv" and "Li/0123ab" name the pseudopotential too.
std::string_view element_part(std::string_view word) { return word.substr(0, word.find_first_of("_/")); }

class PoscarReader final : public FrameReader {
public:
    PoscarReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

    bool next(Frame& frame) override {
        if (done_) return false;
        done_ = true;
        frame = Frame{};
        frame.source = place_.source;
        const std::string title = line("the title");
        const Mat3 vectors = read_vectors();
        read_species(title);
        const bool cartesian = read_mode();
        read_atoms(frame, vectors, cartesian);
        check_frame(frame, options_.numbers, place_);
        return true;
    }

private:
    std::string line(const char* what) {
        std::string text;
        if (!lines_.next(text)) place_.fail(fmt::format("the file ends before {}", what), "the file is truncated");
        return text;
    }

    Mat3 read_vectors() {
        const std::string scale_line = line("the scale");
        std::vector<double> scale;
        for (const auto word : split(scale_line)) {
            const auto value = parse_double(word);
            if (!value) break;  // a comment may follow
            scale.push_back(*value);
        }
        if (scale.size() != 1 && scale.size() != 3)
            place_.fail(fmt::format("line 2: '{}' is not the scale", trim(scale_line).substr(0, 40)), "give one number or three");
        Mat3 vectors;
        for (int i = 0; i < 3; ++i) {
            const std::string text = line("the cell vectors");
            vectors.row(i) = parse_vector(split(text), 0, place_, "a cell vector").transpose();
        }
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

    // Version 5 has a line of symbols before the numbers of atoms, in version 4 the title often has them.
    void read_species(const std::string& title) {
        std::string counts = line("the numbers of atoms");
        std::vector<std::string> symbols;
        const auto words = split(counts);
        if (words.empty()) place_.fail(fmt::format("line {}: expected symbols or numbers of atoms", lines_.number()));
        if (!parse_integer(words[0])) {
            for (const auto word : words) symbols.emplace_back(element_part(word));
            counts = line("the numbers of atoms");
        } else {
            symbols = options_.type_names;
            if (symbols.empty())
                for (const auto word : split(title)) symbols.emplace_back(element_part(word));
            const bool usable =
                symbols.size() >= words.size() && std::all_of(symbols.begin(), symbols.begin() + static_cast<std::ptrdiff_t>(words.size()),
                                                              [](const auto& s) { return units::is_symbol(s); });
            if (!usable)
                place_.fail("the file does not name its elements",
                            "add a line with their symbols above the numbers of atoms, or give --type-names");
        }
        add_species(symbols, split(counts));
    }

    void add_species(const std::vector<std::string>& symbols, const std::vector<std::string_view>& counts) {
        std::size_t kind = 0;
        for (const auto word : counts) {
            const auto count = parse_integer(word);
            if (!count) break;  // a comment may follow
            if (*count < 0 || *count > 1'000'000'000) place_.fail(fmt::format("line {}: {} atoms of a species", lines_.number(), *count));
            if (kind >= symbols.size()) place_.fail(fmt::format("line {}: more numbers of atoms than elements", lines_.number()));
            runs_.emplace_back(element(symbols[kind++], place_), static_cast<std::size_t>(*count));
        }
        if (kind == 0) place_.fail(fmt::format("line {}: expected the numbers of atoms", lines_.number()));
    }

    bool read_mode() {
        std::string mode = line("the kind of coordinates");
        const auto initial = [&] {
            return trim(mode).empty() ? ' ' : static_cast<char>(std::tolower(static_cast<unsigned char>(trim(mode)[0])));
        };
        if (initial() == 's') mode = line("the kind of coordinates");
        return initial() == 'c' || initial() == 'k';
    }

    void read_atoms(Frame& frame, const Mat3& vectors, bool cartesian) {
        frame.structure.cell = make_cell(vectors, {true, true, true}, place_);
        for (const auto& [number, count] : runs_)
            for (std::size_t i = 0; i < count; ++i) {
                const std::string text = line(fmt::format("the position of atom {}", frame.structure.size() + 1).c_str());
                const Vec3 given = parse_vector(
                    split(text), 0, place_, fmt::format("the position of atom {} (line {})", frame.structure.size() + 1, lines_.number()));
                frame.structure.add(number, cartesian ? Vec3(scale_.cwiseProduct(given)) : Vec3(vectors.transpose() * given));
            }
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    Vec3 scale_ = Vec3::Ones();
    std::vector<std::pair<int, std::size_t>> runs_;
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
        for (int i = 0; i < 3; ++i) text += fmt::format("  {} {} {}\n", cell.vectors()(i, 0), cell.vectors()(i, 1), cell.vectors()(i, 2));
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
        for (const auto& p : frame.structure.positions) text += fmt::format("  {} {} {}\n", p[0], p[1], p[2]);
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

std::unique_ptr<FrameReader> open_poscar(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<PoscarReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_poscar(const std::filesystem::path& path, const WriteOptions&) {
    return std::make_unique<PoscarWriter>(path);
}

}  // namespace alkali::io
