#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/lammps_masses.hpp"
#include "alkali/io/lammps_styles.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_elements.hpp"
#include "alkali/io/type_order.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// Sections that LAMMPS knows whose entries may begin with a letter; any other line that begins with one begins a section.
constexpr std::string_view masses = "Masses", atoms = "Atoms", type_labels = "Atom Type Labels";

// What the file says of a type.
struct DataType {
    std::string label;    ///< in Atom Type Labels
    std::string comment;  ///< behind its mass
    std::optional<double> mass;
};

std::string first_word(std::string_view text) {
    const auto words = split(text);
    return words.empty() ? std::string() : std::string(words[0]);
}

// The first word of a remark behind a mass. Of a sentence it is an element only if the mass is about that element's ("No 1").
std::string element_in(std::string_view remark, double mass) {
    // Isotopes and the heavy hydrogen of long time steps are nearer than this (amu).
    constexpr double isotope_tolerance = 3.1;
    const std::string word = first_word(remark);
    if (word.size() == remark.size() || !units::is_symbol(word)) return word;
    const int element = units::atomic_number(word), by_mass = element_of_mass(mass);
    const bool fits = by_mass == element || (by_mass == 0 && std::abs(units::atomic_mass(element) - mass) < isotope_tolerance);
    return fits ? word : std::string();
}

class DataReader final : public FrameReader {
public:
    DataReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0}, elements_(options.type_names) {}

    bool next(Frame& frame) override {
        if (done_) {
            notes_ = {};
            return false;
        }
        done_ = true;
        frame = Frame{};
        frame.source = place_.source;
        if (!lines_.next(line_)) place_.fail("the file is empty");
        check_units(line_);
        while (lines_.next(line_)) read_line();
        if (static_cast<long long>(atom_lines_.size()) != count_ || count_ == 0)
            place_.fail(fmt::format("the header says {} atoms, the section Atoms has {}", count_, atom_lines_.size()),
                        "the file is truncated or malformed");
        frame.structure.cell = make_cell(vectors_, {true, true, true}, place_);
        read_atoms(frame.structure);
        check_frame(frame, options_.numbers, place_);
        for (auto& warning : elements_.take_warnings()) notes_.warnings.push_back(std::move(warning));
        return true;
    }

    FrameNotes notes() const override { return notes_; }

private:
    // write_data ends its title with the units. In metal and real lengths are in angstrom.
    void check_units(std::string_view title) const {
        const auto at = title.find("units = ");
        if (at == std::string_view::npos) return;
        const auto units = first_word(title.substr(at + 8));
        if (units != "metal" && units != "real")
            place_.fail(fmt::format("units {} are not supported", units), "convert the file to units metal");
    }

    // A line is a number with its keyword (header), the name of a section, or belongs to the section above it.
    void read_line() {
        const auto hash = line_.find('#');
        const auto comment = hash == std::string::npos ? std::string_view{} : trim(std::string_view(line_).substr(hash + 1));
        const auto words = split(std::string_view(line_).substr(0, hash));
        if (words.empty()) return;
        if (begins_section(words)) {
            section_ = fmt::format("{}", fmt::join(words, " "));
            if (section_ == atoms) hint_ = first_word(comment);
        } else if (section_.empty())
            read_header(words);
        else if (section_ == atoms) {
            if (static_cast<long long>(atom_lines_.size()) == count_)
                place_.fail(fmt::format("line {}: more atoms than the {} of the header", lines_.number(), count_),
                            "correct the number of atoms");
            atom_lines_.emplace_back(trim(std::string_view(line_).substr(0, hash)));
            line_numbers_.push_back(lines_.number());
        } else if (section_ == masses)
            read_mass(words, comment);
        else if (section_ == type_labels && words.size() >= 2)
            read_label(words);
    }

    bool begins_section(const std::vector<std::string_view>& words) const {
        if (std::isalpha(static_cast<unsigned char>(words[0][0])) == 0) return false;
        return !(section_ == masses && words.size() == 2 && parse_double(words[1]));  // a mass by the label of its type
    }

    double number(std::string_view word) const {
        const auto value = parse_double(word);
        if (!value || !std::isfinite(*value))
            place_.fail(fmt::format("line {}: '{}' is not a number", lines_.number(), word.substr(0, 40)));
        return *value;
    }
    long long integer(std::string_view word) const { return integer(word, lines_.number()); }
    long long integer(std::string_view word, std::size_t line) const {
        const auto value = parse_integer(word);
        if (!value || *value < 0) place_.fail(fmt::format("line {}: '{}' is not a whole number", line, word.substr(0, 40)));
        return *value;
    }

    void read_header(const std::vector<std::string_view>& words) {
        const auto keyword =
            std::find_if(words.begin(), words.end(), [](auto word) { return std::isalpha(static_cast<unsigned char>(word[0])) != 0; });
        if (keyword != words.end() && !given_.insert(fmt::format("{}", fmt::join(keyword, words.end(), " "))).second)
            place_.fail(fmt::format("line {}: {} is given twice", lines_.number(), fmt::join(keyword, words.end(), " ")),
                        "leave one of them");
        if (words.size() == 2 && words[1] == "atoms") count_ = integer(words[0]);
        if (words.size() == 3 && words[1] == "atom" && words[2] == "types") type_count_ = integer(words[0]);
        static constexpr std::array<std::string_view, 4> bodies{"ellipsoids", "lines", "triangles", "bodies"};
        if (words.size() == 2 && std::find(bodies.begin(), bodies.end(), words[1]) != bodies.end() && integer(words[0]) > 0)
            bodies_ = words[1];
        static constexpr std::array<std::string_view, 3> bounds{"xlo", "ylo", "zlo"}, general{"avec", "bvec", "cvec"};
        for (int i = 0; i < 3; ++i) {
            const auto axis = static_cast<std::size_t>(i);
            if (words.size() == 4 && words[2] == bounds[axis]) vectors_(i, i) = number(words[1]) - number(words[0]);
            if (words.size() == 4 && words[3] == general[axis]) vectors_.row(i) << number(words[0]), number(words[1]), number(words[2]);
        }
        if (words.size() == 6 && words[3] == "xy") {
            vectors_(1, 0) = number(words[0]);
            vectors_(2, 0) = number(words[1]);
            vectors_(2, 1) = number(words[2]);
        }
    }

    void read_label(const std::vector<std::string_view>& words) {
        const auto type = integer(words[0]);
        types_[type].label = words[1];
        if (!types_by_label_.try_emplace(std::string(words[1]), type).second)
            place_.fail(fmt::format("line {}: the label {} is given twice", lines_.number(), words[1]), "leave one of them");
    }

    void read_mass(const std::vector<std::string_view>& words, std::string_view comment) {
        if (words.size() < 2) place_.fail(fmt::format("line {}: expected a type and its mass", lines_.number()));
        auto& type = types_[type_of(words[0], lines_.number())];
        if (type.mass) place_.fail(fmt::format("line {}: type {} has a second mass", lines_.number(), words[0]), "leave one of them");
        type.mass = number(words[1]);
        type.comment = element_in(comment, *type.mass);
    }

    long long type_of(std::string_view word, std::size_t line) const {
        const auto labelled = types_by_label_.find(word);
        return labelled != types_by_label_.end() ? labelled->second : integer(word, line);
    }

    // Of the user, of the remark behind Atoms if that is one, or the only one that the columns fit.
    LammpsStyle style() const {
        static constexpr const char* remedy = "say which it is: --atom-style NAME, or `Atoms # NAME` in the file";
        const bool hinted = is_lammps_style(hint_);
        const std::string name = !options_.atom_style.empty() ? options_.atom_style : hinted ? hint_ : std::string();
        if (hinted && name != hint_)
            place_.fail(fmt::format("the atom style is '{}' by the file and '{}' by the option", hint_, name), "leave out the option");
        if (!name.empty()) {
            const auto known = lammps_style(name);
            if (!known)
                place_.fail(fmt::format("the atom style '{}' is not supported", name),
                            fmt::format("read are {}", fmt::join(lammps_style_names(), ", ")));
            return *known;
        }
        if (!bodies_.empty()) place_.fail(fmt::format("the file has {} and does not tell its atom style", bodies_), remedy);
        std::set<std::string, std::less<>> labels;
        for (const auto& [label, type] : types_by_label_) labels.insert(label);
        const auto fitting = fitting_styles(atom_lines_, type_count_, labels);
        if (fitting.empty())
            place_.fail(fmt::format("line {}: the {} columns of the atoms fit none of the atom styles atomic, charge, molecular and full",
                                    line_numbers_.front(), split(atom_lines_.front()).size()),
                        remedy);
        for (const auto& other : fitting)
            if (!same_types(fitting.front(), other))
                place_.fail(fmt::format("the columns of the atoms fit the atom styles {} and {}", fitting.front().name, other.name),
                            remedy);
        return fitting.front();
    }

    bool same_types(const LammpsStyle& a, const LammpsStyle& b) const {
        if (a.position != b.position) return false;
        return std::all_of(atom_lines_.begin(), atom_lines_.end(), [&](const std::string& line) {
            const auto words = split(line);
            return words[a.type] == words[b.type];
        });
    }

    void read_atoms(structure::Structure& structure) {
        struct Atom {
            long long id, type;
            Vec3 position;
        };
        const auto columns = style();
        std::vector<Atom> all;
        std::vector<std::string_view> words;
        for (std::size_t i = 0; i < atom_lines_.size(); ++i) {
            split(atom_lines_[i], words);
            const auto line = line_numbers_[i];
            if (!columns.fits(words.size()))
                place_.fail(fmt::format("line {}: an atom has {} columns; the atom style '{}' has {}, or {} with image numbers", line,
                                        words.size(), columns.name, columns.columns, columns.columns + 3),
                            "--atom-style tells the style where the file does not");
            all.push_back({integer(words[0], line), type_of(words[columns.type], line),
                           parse_vector(words, columns.position, place_, fmt::format("the position in line {}", line))});
            if (type_count_ > 0 && (all.back().type < 1 || all.back().type > type_count_))
                place_.fail(fmt::format("line {}: type {} is not among the {} of the header", line, all.back().type, type_count_),
                            "is it of another atom style (--atom-style)?");
        }
        std::sort(all.begin(), all.end(), [](const Atom& a, const Atom& b) { return a.id < b.id; });
        for (std::size_t i = 1; i < all.size(); ++i)
            if (all[i].id == all[i - 1].id) place_.fail(fmt::format("two atoms have the id {}", all[i].id));
        std::map<long long, int> element;
        for (const auto& atom : all) {
            if (!element.contains(atom.type)) element[atom.type] = element_of(atom.type);
            structure.add(element[atom.type], atom.position);
        }
    }

    // A symbol in the file, else the names given, else the mass.
    int element_of(long long number) {
        const auto found = types_.find(number);
        const DataType said = found == types_.end() ? DataType{} : found->second;
        const bool by_comment = units::is_symbol(said.comment), by_label = units::is_symbol(said.label);
        if (by_comment && by_label && said.comment != said.label)
            place_.fail(fmt::format("type {} is {} in Atom Type Labels and {} in Masses", number, said.label, said.comment));
        const int by_mass = said.mass ? element_of_mass(*said.mass) : 0;
        if (!by_comment && !by_label && options_.type_names.empty() && by_mass != 0) return by_mass;
        const int element = elements_.of(number, by_comment ? said.comment : said.label, place_);
        if (by_mass != 0 && by_mass != element)
            notes_.warnings.push_back(
                fmt::format("type {} is taken as {}, its mass is that of {}", number, units::symbol(element), units::symbol(by_mass)));
        return element;
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    TypeElements elements_;
    FrameNotes notes_;
    std::string line_, section_, hint_, bodies_;
    long long count_ = 0, type_count_ = 0;
    Mat3 vectors_ = Mat3::Zero();
    std::vector<std::string> atom_lines_;
    std::vector<std::size_t> line_numbers_;
    std::map<long long, DataType> types_;
    std::map<std::string, long long, std::less<>> types_by_label_;
    std::set<std::string> given_;  // keywords of the header
    bool done_ = false;
};

class DataWriter final : public FrameWriter {
public:
    DataWriter(const std::filesystem::path& path, const WriteOptions& options) : file_(path), options_(options) {}

    void write(const Frame& frame) override {
        const Place place{frame.source, frame.index};
        check_frame(frame, Numbers::any, place);
        if (written_)
            throw InputError("a LAMMPS data file holds one structure", place.where(),
                             "write each frame to a file of its own, or choose lammps-dump");
        written_ = true;
        const auto& numbers = frame.structure.numbers;
        const auto order = type_order({numbers.begin(), numbers.end()}, options_.type_names);
        const auto box = lammps_box(frame.structure, Stretched::missing_and_short);
        const Vec3 high = box.origin + box.vectors.diagonal();
        auto& out = file_.stream();
        out << fmt::format("{} written by alkali, units metal\n\n{} atoms\n{} atom types\n\n", structure::formula(frame.structure),
                           numbers.size(), order.size());
        for (int i = 0; i < 3; ++i) out << fmt::format("{} {} {}lo {}hi\n", box.origin[i], high[i], "xyz"[i], "xyz"[i]);
        if (box.vectors(1, 0) != 0 || box.vectors(2, 0) != 0 || box.vectors(2, 1) != 0)
            out << fmt::format("{} {} {} xy xz yz\n", box.vectors(1, 0), box.vectors(2, 0), box.vectors(2, 1));
        out << "\nMasses\n\n";
        for (std::size_t t = 0; t < order.size(); ++t)
            out << fmt::format("{} {} # {}\n", t + 1, units::atomic_mass(order[t]), units::symbol(order[t]));
        out << "\nAtoms # atomic\n\n";
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const Vec3 p = box.rotation * frame.structure.positions[i];
            const auto type = std::find(order.begin(), order.end(), numbers[i]) - order.begin() + 1;
            out << fmt::format("{} {} {} {} {}\n", i + 1, type, p[0], p[1], p[2]);
        }
    }

    void close() override {
        if (!written_) throw FileError("there is no frame to write");
        file_.commit();
    }

private:
    base::AtomicFile file_;
    WriteOptions options_;
    bool written_ = false;
};

}  // namespace

bool is_lammps_data(std::string_view beginning) {
    while (!beginning.empty()) {
        const auto end = beginning.find('\n');
        const auto words = split(beginning.substr(0, end));
        if (words.size() >= 2 && words[1] == "atoms" && parse_integer(words[0])) return true;
        beginning.remove_prefix(end == std::string_view::npos ? beginning.size() : end + 1);
    }
    return false;
}

std::unique_ptr<FrameReader> open_lammps_data(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<DataReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_lammps_data(const std::filesystem::path& path, const WriteOptions& options) {
    return std::make_unique<DataWriter>(path, options);
}

}  // namespace alkali::io
