#include "alkali/io/extxyz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/extxyz_columns.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/text.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

using Info = std::map<std::string, std::string>;

std::vector<std::string> keys_or(const std::string& configured, const std::vector<std::string>& usual) {
    return configured.empty() ? usual : std::vector<std::string>{configured};
}

// Takes the first key present out of the header.
std::optional<KeyValue> take_first(Info& info, const std::vector<std::string>& keys) {
    for (const auto& key : keys)
        if (const auto found = info.find(key); found != info.end()) {
            KeyValue taken = *found;
            info.erase(found);
            return taken;
        }
    return std::nullopt;
}

std::vector<double> numbers_of(const KeyValue& pair, const Place& place) {
    std::vector<double> numbers;
    for (const auto word : array_words(pair.second)) {
        const auto value = parse_double(word);
        if (!value) place.fail(fmt::format("'{}' in {}= is not a number", word, pair.first));
        numbers.push_back(*value);
    }
    return numbers;
}

double number_of(const KeyValue& pair, const Place& place) {
    const auto numbers = numbers_of(pair, place);
    if (numbers.size() != 1) place.fail(fmt::format("{}= should be one number, not {}", pair.first, numbers.size()));
    return numbers[0];
}

// 9 numbers row by row or 6 in Voigt order.
Mat3 tensor_of(const KeyValue& pair, const Place& place) {
    const auto n = numbers_of(pair, place);
    if (n.size() == 6) return from_voigt({n[0], n[1], n[2], n[3], n[4], n[5]});
    if (n.size() != 9) place.fail(fmt::format("{}= has {} numbers", pair.first, n.size()), "give 9 (3x3) or 6 (xx yy zz yz xz xy)");
    Mat3 tensor;
    for (int i = 0; i < 9; ++i) tensor(i / 3, i % 3) = n[static_cast<std::size_t>(i)];
    return 0.5 * (tensor + tensor.transpose());
}

std::array<bool, 3> pbc_of(const KeyValue& pair, const Place& place) {
    const auto words = array_words(pair.second);
    if (words.size() != 3) place.fail(fmt::format("pbc=\"{}\" should be three of T and F", pair.second));
    std::array<bool, 3> pbc{};
    for (std::size_t i = 0; i < 3; ++i) {
        const bool yes = words[i] == "T" || words[i] == "True" || words[i] == "true" || words[i] == "TRUE" || words[i] == "1";
        const bool no = words[i] == "F" || words[i] == "False" || words[i] == "false" || words[i] == "FALSE" || words[i] == "0";
        if (!yes && !no) place.fail(fmt::format("pbc=\"{}\" should be three of T and F", pair.second));
        pbc[i] = yes;
    }
    return pbc;
}

class ExtxyzReader final : public FrameReader {
public:
    ExtxyzReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {
        energy_keys_ = keys_or(options.energy_key, usual_keys().energy);
        forces_keys_ = keys_or(options.forces_key, usual_keys().forces);
        stress_keys_ = keys_or(options.stress_key, usual_keys().stress);
        virial_keys_ = keys_or(options.virial_key, usual_keys().virial);
    }

    bool next(Frame& frame) override {
        frame = Frame{};
        frame.source = place_.source;
        if (!begin_frame()) return false;
        frame.index = place_.frame;
        const std::size_t atoms = read_lines();
        // From here on a fault is one of this frame's content: its lines are behind us and reading can go on.
        const Place here = place_;
        ++place_.frame;
        parse(atoms, frame, here);
        return true;
    }

    FrameNotes notes() const override { return notes_; }

private:
    // Finds the line with the number of atoms; false at the end of the file.
    bool begin_frame() {
        if (lost_) return false;
        while (lines_.next(count_line_))
            if (!trim(count_line_).empty()) return true;
        return false;
    }

    // Header and atoms of a frame as text; a frame that does not fit its count cannot be skipped, so reading ends there.
    std::size_t read_lines() {
        const auto count = parse_integer(trim(count_line_));
        lost_ = true;
        if (!count || *count < 0)
            place_.fail(fmt::format("line {}: expected the number of atoms, found '{}'", lines_.number(), trim(count_line_).substr(0, 60)),
                        "the frame before may have more atom lines than its count says");
        if (!lines_.next(header_)) place_.fail("the file ends before the comment line", "the file is truncated");
        const auto atoms = static_cast<std::size_t>(*count);
        if (atoms > atom_lines_.size()) atom_lines_.reserve(std::min<std::size_t>(atoms, 1'000'000));
        for (std::size_t i = 0; i < atoms; ++i) {
            if (i >= atom_lines_.size()) atom_lines_.emplace_back();
            if (!lines_.next(atom_lines_[i]))
                place_.fail(fmt::format("the file ends after {} of {} atoms", i, atoms), "the file is truncated");
        }
        lost_ = false;
        first_atom_line_ = lines_.number() - atoms + 1;
        return atoms;
    }

    void parse(std::size_t atoms, Frame& frame, const Place& place) {
        Info info;
        for (auto& [key, value] : parse_header(header_)) info.insert_or_assign(std::move(key), std::move(value));
        std::string properties = "species:S:1:pos:R:3";
        if (const auto given = take_first(info, {"Properties"})) properties = given->second;
        notes_ = {};
        const Columns columns = parse_columns(properties, forces_keys_, place);
        notes_.forces_from = columns.forces_from;
        notes_.unused_columns = columns.unused;
        parse_cell(info, frame, place);
        parse_atoms(atoms, columns, frame, place);
        parse_labels(info, frame, place);
        frame.info = std::move(info);
        check_frame(frame, options_.numbers, place);
    }

    static void parse_cell(Info& info, Frame& frame, const Place& place) {
        const auto lattice = take_first(info, {"Lattice"});
        const auto given = take_first(info, {"pbc"});
        std::array<bool, 3> pbc{lattice.has_value(), lattice.has_value(), lattice.has_value()};
        if (given) pbc = pbc_of(*given, place);
        Mat3 vectors = Mat3::Zero();
        if (lattice) {
            const auto n = numbers_of(*lattice, place);
            if (n.size() != 9) place.fail(fmt::format("Lattice has {} numbers instead of 9", n.size()));
            for (int i = 0; i < 9; ++i) vectors(i / 3, i % 3) = n[static_cast<std::size_t>(i)];
        }
        frame.structure.cell = make_cell(vectors, pbc, place);
    }

    void parse_atoms(std::size_t atoms, const Columns& columns, Frame& frame, const Place& place) {
        auto& structure = frame.structure;
        structure.numbers.reserve(atoms);
        structure.positions.reserve(atoms);
        if (columns.forces >= 0) frame.labels.forces.emplace().reserve(atoms);
        if (columns.energies >= 0) frame.labels.energies.emplace().reserve(atoms);
        for (std::size_t i = 0; i < atoms; ++i) {
            split(atom_lines_[i], words_);
            if (words_.size() != static_cast<std::size_t>(columns.count))
                place.fail(fmt::format("atom {} (line {}) has {} columns, Properties says {}", i + 1, first_atom_line_ + i, words_.size(),
                                       columns.count));
            const auto what = [&](const char* column) {
                return fmt::format("{} of atom {} (line {})", column, i + 1, first_atom_line_ + i);
            };
            structure.add(species(columns, place, what), vector(columns.position, place, what, "the position"));
            if (columns.forces >= 0) frame.labels.forces->push_back(vector(columns.forces, place, what, "the force"));
            if (columns.energies >= 0) {
                const auto energy = parse_double(words_[static_cast<std::size_t>(columns.energies)]);
                if (!energy) place.fail(what("the energy") + " is not a number");
                frame.labels.energies->push_back(*energy);
            }
        }
    }

    template <class What>
    [[nodiscard]] Vec3 vector(int column, const Place& place, const What& what, const char* name) const {
        const auto first = static_cast<std::size_t>(column);
        const auto x = parse_double(words_[first]), y = parse_double(words_[first + 1]), z = parse_double(words_[first + 2]);
        if (x && y && z) return {*x, *y, *z};
        return parse_vector(words_, first, place, what(name));  // makes the message
    }

    template <class What>
    [[nodiscard]] int species(const Columns& columns, const Place& place, const What& what) const {
        if (columns.number >= 0) {
            const auto number = parse_integer(words_[static_cast<std::size_t>(columns.number)]);
            if (!number || *number < 0 || *number > units::max_atomic_number)
                place.fail(
                    fmt::format("'{}' as {} is not one", words_[static_cast<std::size_t>(columns.number)], what("the atomic number")));
            return static_cast<int>(*number);
        }
        const auto symbol = words_[static_cast<std::size_t>(columns.symbol)];
        if (units::is_symbol(symbol)) return units::atomic_number(symbol);
        // As ASE: LI and li are lithium too.
        std::string capitalised(symbol);
        for (auto& c : capitalised) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        capitalised[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capitalised[0])));
        if (!units::is_symbol(capitalised))
            place.fail(fmt::format("'{}' is not a chemical symbol: {}", symbol, what("species")), "use symbols such as Li");
        return units::atomic_number(capitalised);
    }

    void parse_labels(Info& info, Frame& frame, const Place& place) {
        if (const auto energy = take_first(info, energy_keys_)) {
            frame.labels.energy = number_of(*energy, place);
            notes_.energy_from = energy->first;
            keep_extrapolated(*energy, info);
        }
        if (const auto stress = take_first(info, stress_keys_)) {
            frame.labels.stress = tensor_of(*stress, place);
            notes_.stress_from = stress->first;
        } else if (const auto virial = take_first(info, virial_keys_)) {
            const double volume = frame.structure.cell.volume();
            if (!(volume > 0)) place.fail(fmt::format("{}= is given, but the cell has no volume", virial->first));
            frame.labels.stress = -tensor_of(*virial, place) / volume;
            notes_.stress_from = virial->first;
        }
        if (const auto weight = take_first(info, {"weight", "config_weight"})) {
            frame.weight = number_of(*weight, place);
            if (!(frame.weight >= 0) || !std::isfinite(frame.weight))
                place.fail(fmt::format("{}= should be a number of at least 0", weight->first));
        }
    }

    // The energy extrapolated to zero smearing, which VASP and ASE call `energy`, stays under a name of its own when the
    // force-consistent one is the label.
    static void keep_extrapolated(const KeyValue& label, Info& info) {
        const auto other = info.find("energy");
        if (label.first != "free_energy" || other == info.end()) return;
        if (parse_double(trim(other->second)) != parse_double(trim(label.second))) info["energy_extrapolated"] = other->second;
        info.erase(other);
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    FrameNotes notes_;
    std::vector<std::string> energy_keys_, forces_keys_, stress_keys_, virial_keys_;
    std::string count_line_, header_;
    std::vector<std::string> atom_lines_;
    std::vector<std::string_view> words_;
    std::size_t first_atom_line_ = 0;
    bool lost_ = false;
};

std::string row_major(const Mat3& m) {
    std::string text;
    for (int i = 0; i < 9; ++i) text += fmt::format("{}{}", i == 0 ? "" : " ", m(i / 3, i % 3));
    return text;
}

class ExtxyzWriter final : public FrameWriter {
public:
    explicit ExtxyzWriter(const std::filesystem::path& path) : file_(path) {}

    void write(const Frame& frame) override {
        check_frame(frame, Numbers::any, Place{frame.source, frame.index});
        const auto& [structure, labels, weight, info, source, index, columns] = frame;
        auto out = fmt::memory_buffer();
        fmt::format_to(std::back_inserter(out), "{}\n{}\n", structure.size(), header(frame));
        for (std::size_t i = 0; i < structure.size(); ++i) {
            fmt::format_to(std::back_inserter(out), "{:<2}", units::symbol(structure.numbers[i]));
            append(out, structure.positions[i]);
            if (labels.forces) append(out, (*labels.forces)[i]);
            if (labels.energies) fmt::format_to(std::back_inserter(out), " {}", (*labels.energies)[i]);
            for (const auto& column : columns)
                for (std::size_t k = 0; k < column.width; ++k)
                    fmt::format_to(std::back_inserter(out), " {}", column.values.at(i * column.width + k));
            out.push_back('\n');
        }
        file_.stream().write(out.data(), static_cast<std::streamsize>(out.size()));
    }

    void close() override { file_.commit(); }

private:
    static void append(fmt::memory_buffer& out, const Vec3& v) { fmt::format_to(std::back_inserter(out), " {} {} {}", v[0], v[1], v[2]); }

    static bool reserved(const std::string& key) {
        static const std::vector<std::string> keys{"Lattice", "Properties", "pbc",    "energy", "free_energy",
                                                   "stress",  "virial",     "forces", "weight", "config_weight"};
        return std::find(keys.begin(), keys.end(), key) != keys.end();
    }

    static std::string header(const Frame& frame) {
        const auto& cell = frame.structure.cell;
        std::string text;
        if (!cell.vectors().isZero(0)) text += "Lattice=\"" + row_major(cell.vectors()) + "\" ";
        text += "Properties=species:S:1:pos:R:3";
        if (frame.labels.forces) text += ":forces:R:3";
        if (frame.labels.energies) text += ":energies:R:1";
        for (const auto& column : frame.columns) text += fmt::format(":{}:R:{}", column.name, column.width);
        for (const auto& [key, value] : frame.info)
            if (!reserved(key)) text += " " + format_pair(key, value);
        if (frame.weight != 1.0) text += fmt::format(" weight={}", frame.weight);
        if (frame.labels.energy) text += fmt::format(" energy={}", *frame.labels.energy);
        if (frame.labels.stress) text += " stress=\"" + row_major(*frame.labels.stress) + "\"";
        const auto& pbc = cell.periodic();
        return text + fmt::format(" pbc=\"{} {} {}\"", pbc[0] ? 'T' : 'F', pbc[1] ? 'T' : 'F', pbc[2] ? 'T' : 'F');
    }

    base::AtomicFile file_;
};

}  // namespace

std::unique_ptr<FrameReader> open_extxyz(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<ExtxyzReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_extxyz(const std::filesystem::path& path, const WriteOptions&) {
    return std::make_unique<ExtxyzWriter>(path);
}

}  // namespace alkali::io
