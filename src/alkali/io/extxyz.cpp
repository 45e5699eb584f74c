#include "alkali/io/extxyz.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "alkali/base/nearest.hpp"
#include "alkali/io/extxyz_columns.hpp"
#include "alkali/io/extxyz_header.hpp"
#include "alkali/io/extxyz_labels.hpp"
#include "alkali/io/extxyz_lines.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/uncertainties.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// Takes the key out of the header, in any letter case; two that differ are a fault.
std::optional<KeyValue> take(std::vector<KeyValue>& pairs, std::string_view key, const Place& place) {
    std::optional<KeyValue> taken;
    for (auto& pair : pairs) {
        if (!same_ignoring_case(pair.first, key)) continue;
        if (taken && taken->second != pair.second) place.fail(fmt::format("{} is given twice and differs", key), "leave one of them");
        taken = pair;
    }
    if (taken) std::erase_if(pairs, [&](const KeyValue& pair) { return same_ignoring_case(pair.first, key); });
    return taken;
}

std::array<bool, 3> pbc_of(const KeyValue& pair, const Place& place) {
    std::vector<std::string> words;
    for (const auto word : array_words(pair.second)) words.push_back(lower_case(word));
    // TTF stands for three, a word alone for all directions.
    const auto letters = [](const std::string& word) { return word.find_first_not_of("tf10") == std::string::npos; };
    if (words.size() == 1 && words[0].size() == 3 && letters(words[0]))
        words = {words[0].substr(0, 1), words[0].substr(1, 1), words[0].substr(2, 1)};
    if (words.size() == 1) words = {words[0], words[0], words[0]};
    const auto wrong = [&] { place.fail(fmt::format("pbc=\"{}\" should be three of T and F", pair.second)); };
    if (words.size() != 3) wrong();
    std::array<bool, 3> pbc{};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto is = [&](std::initializer_list<std::string_view> spellings) {
            return std::find(spellings.begin(), spellings.end(), words[i]) != spellings.end();
        };
        pbc[i] = is({"t", "true", ".true.", "1", "yes", "y", "on"});
        if (!pbc[i] && !is({"f", "false", ".false.", "0", "no", "n", "off"})) wrong();
    }
    return pbc;
}

// What other programs call the boundaries.
bool is_boundary_name(std::string_view name) {
    static constexpr auto names =
        std::to_array<std::string_view>({"periodic", "periodicity", "boundary", "boundaries", "bc", "pbcs", "periodic_boundary",
                                         "periodic_boundaries", "periodic_boundary_conditions", "boundary_conditions"});
    return std::find(names.begin(), names.end(), lower_case(name)) != names.end();
}

// Boundaries under the names of other programs; p is periodic, f, s and m (LAMMPS) are not.
std::optional<KeyValue> take_boundaries(std::vector<KeyValue>& pairs, const Place& place) {
    for (auto pair = pairs.begin(); pair != pairs.end(); ++pair) {
        if (!is_boundary_name(pair->first)) continue;
        std::vector<std::string> words;
        for (const auto word : array_words(pair->second)) words.push_back(lower_case(word));
        if (words.size() == 1 && words[0].size() == 3 && words[0].find_first_not_of("pfsmt01") == std::string::npos)
            words = {words[0].substr(0, 1), words[0].substr(1, 1), words[0].substr(2, 1)};
        std::string flags;
        for (const auto& word : words) {
            const auto is = [&](std::initializer_list<std::string_view> spellings) {
                return std::find(spellings.begin(), spellings.end(), word) != spellings.end();
            };
            if (is({"p", "pp", "periodic", "t", "true", ".true.", "1", "yes"}))
                flags += "T ";
            else if (is({"f", "s", "m", "ff", "ss", "mm", "fs", "fm", "open", "fixed", "false", ".false.", "0", "no", "none"}))
                flags += "F ";
            else
                flags += "? ";
        }
        const bool clear = flags.find('?') == std::string::npos;
        if (words.size() == 3 && !clear)
            place.fail(fmt::format("{}=\"{}\" should be three of T and F", pair->first, pair->second), "write pbc=\"T T F\"");
        if (!clear || (words.size() != 3 && words.size() != 1)) continue;  // about something else
        pairs.erase(pair);
        return KeyValue{"pbc", trim(flags)};
    }
    return std::nullopt;
}

// A frame that says what its cell is under another name than Lattice must not be read without it.
void refuse_misnamed_lattice(const std::vector<KeyValue>& pairs, const Place& place) {
    static constexpr auto names =
        std::to_array<std::string_view>({"cell", "box", "unit_cell", "unitcell", "cell_vectors", "lattice_vectors", "latticevectors",
                                         "cellvectors", "supercell", "lat", "h"});
    static constexpr auto sizes = std::to_array<std::string_view>({"size", "length", "dim", "param", "abc"});
    const auto holds = [](const std::string& text, auto parts) {
        return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return text.find(part) != std::string::npos; });
    };
    for (const auto& [key, value] : pairs) {
        const auto lower = lower_case(key);
        const bool about = holds(lower, std::to_array<std::string_view>({"lattice", "cell", "box"}));
        const bool near = base::edit_distance(lower, "lattice") <= 2 || std::find(names.begin(), names.end(), lower) != names.end() ||
                          (about && (array_words(value).size() == 9 || holds(lower, sizes)));
        const auto words = array_words(value);
        const bool numbers = std::all_of(words.begin(), words.end(), [](std::string_view word) { return parse_double(word).has_value(); });
        if (near && numbers && (words.size() == 9 || words.size() == 6 || words.size() == 3))
            place.fail(fmt::format("there is no Lattice, but {}= has {} numbers", key, words.size()),
                       fmt::format("rename {} to Lattice, with nine numbers a1 a2 a3; or rename it if it is not the cell", key));
    }
}

// Nine numbers, vector by vector, or the three lengths of a right-angled cell.
Mat3 lattice_of(const KeyValue& pair, const Place& place) {
    const auto n = numbers_of(pair, place);
    Mat3 vectors = Mat3::Zero();
    if (n.size() == 3) {
        vectors.diagonal() = Vec3(n[0], n[1], n[2]);
        return vectors;
    }
    if (n.size() != 9)
        place.fail(fmt::format("Lattice has {} numbers instead of 9", n.size()), "give the three vectors: a1x a1y a1z a2x ...");
    for (int i = 0; i < 9; ++i) vectors(i / 3, i % 3) = n[static_cast<std::size_t>(i)];
    // By the format's rules nested lists are rows of the matrix whose columns are the vectors; most who write them mean the vectors.
    const auto first = pair.second.find('[');
    const bool nested = first != std::string::npos && pair.second.find('[', first + 1) != std::string::npos;
    if (nested && !vectors.isApprox(vectors.transpose(), 1e-12))
        place.fail("Lattice is a nested list: its rows may be the vectors or their components",
                   "write nine numbers in quotes, vector by vector: Lattice=\"a1x a1y a1z a2x ...\"");
    return vectors;
}

class ExtxyzReader final : public FrameReader {
public:
    ExtxyzReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

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
        while (lines_.next(count_line_)) {
            first_line_ = lines_.number();
            if (!trim(count_line_).empty()) return true;
        }
        return false;
    }

    // A frame whose lines do not fit its count. Where unreadable frames are left out the next one is looked for, else reading ends.
    [[noreturn]] void lose(std::string what, const std::string& hint) {
        const Place here = place_;
        ++place_.frame;
        lost_ = true;
        if (options_.unreadable == Unreadable::left_out) {
            lost_ = !lines_.find_frame();
            const auto last = lines_.number();
            what += fmt::format("; {} lines are passed over ({} to {}{})", last - first_line_ + 1, first_line_, last,
                                lost_ ? ", the end of the file" : "");
        }
        here.fail(what, hint);
    }

    // Header and atoms of a frame as text.
    std::size_t read_lines() {
        const auto count = parse_integer(trim(count_line_));
        if (!count || *count < 0)
            lose(fmt::format("line {}: expected the number of atoms, found '{}'", lines_.number(), trim(count_line_).substr(0, 60)),
                 "the frame before may have more atom lines than its count says");
        if (!lines_.next(header_)) lose("the file ends before the comment line", "the file is truncated");
        const auto atoms = static_cast<std::size_t>(*count);
        if (atoms > atom_lines_.size()) atom_lines_.reserve(std::min<std::size_t>(atoms, 1'000'000));
        for (std::size_t i = 0; i < atoms; ++i) {
            if (i >= atom_lines_.size()) atom_lines_.emplace_back();
            if (!lines_.next(atom_lines_[i])) lose(fmt::format("the file ends after {} of {} atoms", i, atoms), "the file is truncated");
            // Kept, empty lines would take far more memory than a compressed file.
            if (trim(atom_lines_[i]).empty())
                lose(fmt::format("line {} is empty, after {} of {} atoms", lines_.number(), i, atoms),
                     "an atom line is missing, or the count is wrong");
            if (atom_lines_[i].size() <= longest_count && is_count(atom_lines_[i]) && lines_.header_follows(0)) {
                lines_.put_back(atom_lines_[i]);
                lose(fmt::format("the next frame begins in line {}, after {} of {} atoms", lines_.number() + 1, i, atoms),
                     "an atom line is missing, or the count is wrong");
            }
        }
        if (options_.unreadable == Unreadable::left_out && more_atoms_follow(atoms))
            lose(fmt::format("line {}: more atom lines than the {} counted", lines_.number() + 1, atoms), "correct the number of atoms");
        first_atom_line_ = lines_.number() - atoms + 1;
        return atoms;
    }

    // A line with as many columns as the last atom's, which is not the damaged count of another frame.
    bool more_atoms_follow(std::size_t atoms) {
        const auto* line = lines_.peek(0);
        if (atoms == 0 || line == nullptr || is_count(*line) || lines_.header_follows(1)) return false;
        split(*line, words_);
        const auto columns = words_.size();
        split(atom_lines_[atoms - 1], words_);
        return columns > 1 && columns == words_.size();
    }

    void parse(std::size_t atoms, Frame& frame, const Place& place) {
        notes_ = {};
        auto [pairs, words, fault] = read_header(header_);
        if (!fault.empty()) place.fail("in the comment line " + fault, "close it, or put a backslash before it");
        if (pairs.size() > most_keys)
            place.fail(fmt::format("the comment line has {} keys and words, more than {}", pairs.size(), most_keys),
                       "is it one of an extended XYZ file? Numbers of atoms belong into columns");
        set_words_aside(pairs, words);
        std::string properties = "species:S:1:pos:R:3";
        if (const auto given = take(pairs, "Properties", place))
            properties = given->second;
        else
            refuse_misnamed_properties(pairs, place);
        const Columns columns = parse_columns(properties, place);
        const HeaderUnits units(pairs, place);
        parse_cell(pairs, units.length(), frame, place);
        parse_atoms(atoms, columns, frame, place);
        scale(frame.structure.positions, units.length());
        FrameParts parts{pairs, frame, notes_, place, units};
        take_labels(options_, parts);
        for (const auto& column : frame.columns) notes_.unused_columns.push_back(column.name);
        keep_rest(pairs, frame);
        check_frame(frame, options_.numbers, place);
    }

    // A word of a remark is no label, weight, cell, boundary or group: "energy: -5.07", "stress free", "space group 229", "without pbc".
    // It keeps its place among the keys.
    void set_words_aside(std::vector<KeyValue>& pairs, const std::vector<std::size_t>& words) {
        for (const auto at : words) {
            auto& word = pairs[at].first;
            const auto colon = word.find(':');
            const auto behind = colon == std::string::npos ? std::string_view() : std::string_view(word).substr(colon + 1);
            const bool with_value = colon != std::string::npos && (behind.empty() || is_value(behind)) && is_taken(word.substr(0, colon));
            if (!with_value && !is_taken(word)) continue;
            const bool is_word = std::binary_search(words.begin(), words.end(), at + 1);
            const bool value_behind =
                at + 1 < pairs.size() && (pairs[at + 1].first.starts_with('(') || (is_word && is_value(pairs[at + 1].first)));
            if (with_value || value_behind || word.ends_with(':'))
                notes_.warnings.push_back(
                    fmt::format("'{}' in the comment line has no = behind it and is not taken: write {}=...", word, word.substr(0, colon)));
            word = untaken_name(word);
        }
    }
    // A number, or what says whether directions are periodic: T, FFF, .true.
    static bool is_value(std::string_view word) {
        return parse_double(word) || word == ".true." || word == ".false." ||
               (!word.empty() && (word.size() == 1 || word.size() == 3) && word.find_first_not_of("TF") == std::string_view::npos);
    }
    // True for names that anything looks up: as keys here, to group frames, to label them, as errors of predictions.
    [[nodiscard]] bool is_taken(std::string_view name) const {
        static constexpr auto names = std::to_array<std::string_view>({"lattice", "properties", "pbc", "group", "config_type", "k_mesh"});
        return label_name(name) || weight_name(name) || is_boundary_name(name) || is_uncertainty(name) ||
               std::find(names.begin(), names.end(), lower_case(name)) != names.end() || name == options_.energy_key ||
               name == options_.stress_key || name == options_.virial_key;
    }

    static void scale(std::vector<Vec3>& positions, double factor) {
        if (factor == 1) return;
        for (auto& position : positions) position *= factor;
    }

    static void refuse_misnamed_properties(const std::vector<KeyValue>& pairs, const Place& place) {
        for (const auto& [key, value] : pairs)
            if (value.find(":R:3") != std::string::npos)
                place.fail(fmt::format("there is no Properties, but {}={}", key, value.substr(0, 60)),
                           fmt::format("rename {} to Properties", key));
    }

    // What nothing has taken; keys by which frames are grouped in one spelling.
    void keep_rest(std::vector<KeyValue>& pairs, Frame& frame) {
        for (auto& [key, value] : pairs) {
            for (const std::string_view name : {"config_type", "group"})
                if (same_ignoring_case(key, name)) key = name;
            const auto before = frame.info.find(key);
            const bool same = before != frame.info.end() && before->second == value;
            const auto [entry, added] = frame.info.insert_or_assign(std::move(key), value);
            if (!added && !same && !label_name(entry->first))
                notes_.warnings.push_back(fmt::format("{}= is there twice: the last one is kept", entry->first));
        }
    }

    static void parse_cell(std::vector<KeyValue>& pairs, double length, Frame& frame, const Place& place) {
        const auto lattice = take(pairs, "Lattice", place);
        auto given = take(pairs, "pbc", place);
        if (!given) given = take_boundaries(pairs, place);
        if (!lattice) refuse_misnamed_lattice(pairs, place);
        std::array<bool, 3> pbc{lattice.has_value(), lattice.has_value(), lattice.has_value()};
        if (given) pbc = pbc_of(*given, place);
        frame.structure.cell = make_cell(lattice ? Mat3(length * lattice_of(*lattice, place)) : Mat3(Mat3::Zero()), pbc, place);
    }

    void parse_atoms(std::size_t atoms, const Columns& columns, Frame& frame, const Place& place) {
        // Before there is room for all: a width that the lines do not have may be beyond the memory.
        if (atoms > 0) require_columns(0, columns, place);
        auto& structure = frame.structure;
        structure.numbers.reserve(atoms);
        structure.positions.reserve(atoms);
        if (columns.energies >= 0) frame.labels.energies.emplace().reserve(atoms);
        for (const auto& property : columns.others) frame.columns.push_back(begin_column(property, atoms));
        for (std::size_t i = 0; i < atoms; ++i) {
            require_columns(i, columns, place);
            const auto what = [&](const char* column) {
                return fmt::format("{} of atom {} (line {})", column, i + 1, first_atom_line_ + i);
            };
            structure.add(species(columns, place, what), vector(columns.position, place, what, "the position"));
            for (std::size_t k = 0; k < columns.others.size(); ++k)
                add_words(frame.columns[k], std::span(words_).subspan(static_cast<std::size_t>(columns.others[k].first),
                                                                      static_cast<std::size_t>(columns.others[k].width)));
            if (columns.energies >= 0) {
                const auto energy = parse_double(words_[static_cast<std::size_t>(columns.energies)]);
                if (!energy) place.fail(what("the energy") + " is not a number");
                frame.labels.energies->push_back(*energy);
            }
        }
    }

    // Leaves the words of the atom's line in words_.
    void require_columns(std::size_t atom, const Columns& columns, const Place& place) {
        split(atom_lines_[atom], words_);
        if (words_.size() != static_cast<std::size_t>(columns.count))
            place.fail(fmt::format("atom {} (line {}) has {} columns, Properties says {}", atom + 1, first_atom_line_ + atom, words_.size(),
                                   columns.count));
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
        const int by_symbol = columns.symbol >= 0 ? of_symbol(words_[static_cast<std::size_t>(columns.symbol)], columns, place, what) : -1;
        if (columns.number < 0) return by_symbol;
        const auto number = parse_integer(words_[static_cast<std::size_t>(columns.number)]);
        if (!number || *number < 0 || *number > units::max_atomic_number)
            place.fail(fmt::format("'{}' as {} is not one", words_[static_cast<std::size_t>(columns.number)], what("the atomic number")));
        if (by_symbol >= 0 && by_symbol != *number)
            place.fail(fmt::format("{} is {} by its symbol and {} by its number", what("the element"), units::symbol(by_symbol), *number));
        return static_cast<int>(*number);
    }

    // -1 for a label that is no symbol where there is an atomic number too.
    template <class What>
    [[nodiscard]] static int of_symbol(std::string_view symbol, const Columns& columns, const Place& place, const What& what) {
        if (units::is_symbol(symbol)) return units::atomic_number(symbol);
        // As ASE: LI and li are lithium too.
        std::string capitalised = lower_case(symbol);
        capitalised[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capitalised[0])));
        if (units::is_symbol(capitalised)) return units::atomic_number(capitalised);
        if (columns.number >= 0) return -1;
        place.fail(fmt::format("'{}' is not a chemical symbol: {}", symbol, what("species")), "use symbols such as Li");
    }

    std::unique_ptr<std::istream> stream_;
    static constexpr std::size_t longest_count = 30, most_keys = 10'000;

    ExtxyzLines lines_;
    ReadOptions options_;
    Place place_;
    FrameNotes notes_;
    std::string count_line_, header_;
    std::vector<std::string> atom_lines_;
    std::vector<std::string_view> words_;
    std::size_t first_line_ = 0, first_atom_line_ = 0;  // of this frame
    bool lost_ = false;
};

}  // namespace

std::unique_ptr<FrameReader> open_extxyz(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<ExtxyzReader>(std::move(stream), source, options);
}

}  // namespace alkali::io
