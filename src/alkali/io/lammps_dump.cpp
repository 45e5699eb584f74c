#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/lammps_masses.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_elements.hpp"
#include "alkali/io/type_order.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// Where the columns of ITEM: ATOMS are; -1: not there.
struct DumpColumns {
    using Triple = std::optional<std::array<std::size_t, 3>>;
    int id = -1, type = -1, element = -1, label = -1, mass = -1;
    Triple position, force;
    std::size_t count = 0;
    bool scaled = false;
    std::vector<std::string> unused;
};

class DumpReader final : public FrameReader {
public:
    DumpReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0}, elements_(options.type_names) {}

    // Behind a fault reading goes on with the next frame, but not where all are in other units.
    bool next(Frame& frame) override {
        warnings_.clear();
        if (other_units_ || (lost_ && !find_frame())) return false;
        lost_ = true;
        const bool read = read_frame(frame);
        lost_ = false;
        return read;
    }

    FrameNotes notes() const override { return {"", columns_.force ? "fx fy fz" : "", "", columns_.unused, warnings_}; }

private:
    /// The line that begins the next frame, which may have been taken for one of the frame before.
    bool find_frame() {
        ++place_.frame;
        do {
            again_ = trim(line_) == "ITEM: TIMESTEP" || trim(line_) == "ITEM: UNITS";
        } while (!again_ && lines_.next(line_));
        return again_;
    }

    bool next_item() { return std::exchange(again_, false) || lines_.next(line_); }

    bool read_frame(Frame& frame) {
        frame = Frame{};
        frame.source = place_.source;
        frame.index = place_.frame;
        long long atoms = -1;
        bool box = false;
        while (next_item()) {
            if (trim(line_).empty()) continue;
            const std::string item(trim(line_));
            if (item == "ITEM: TIMESTEP")
                frame.info["timestep"] = std::string(trim(next_line("the time step")));
            else if (item == "ITEM: UNITS")
                check_units();
            else if (item == "ITEM: TIME")
                static_cast<void>(next_line("the time"));
            else if (item == "ITEM: NUMBER OF ATOMS")
                atoms = parse_integer(trim(next_line("the number of atoms"))).value_or(-1);
            else if (item.starts_with("ITEM: BOX BOUNDS")) {
                read_box(item, frame);
                box = true;
            } else if (item.starts_with("ITEM: ATOMS")) {
                if (atoms < 0 || !box) place_.fail("the atoms come before their number or the box");
                read_atoms(item, static_cast<std::size_t>(atoms), frame);
                check_frame(frame, options_.numbers, place_);
                for (auto& warning : elements_.take_warnings()) warnings_.push_back(std::move(warning));
                ++place_.frame;
                return true;
            } else {
                place_.fail(fmt::format("line {}: expected an ITEM, found '{}'", lines_.number(), trim(item).substr(0, 60)));
            }
        }
        if (!frame.info.empty()) place_.fail("the file ends before the atoms", "the file is truncated");
        return false;
    }

    const std::string& next_line(const char* what) {
        if (lines_.next(line_)) return line_;
        line_.clear();
        place_.fail(fmt::format("the file ends before {}", what), "the file is truncated");
    }

    void check_units() {
        const auto units = trim(next_line("the units"));
        other_units_ = units != "metal";
        if (other_units_) place_.fail(fmt::format("units {} are not supported", units), "run LAMMPS with units metal");
    }

    double number(std::string_view word) const {
        const auto value = parse_double(word);
        if (!value || !std::isfinite(*value))
            place_.fail(fmt::format("line {}: '{}' is not a number", lines_.number(), word.substr(0, 40)));
        return *value;
    }

    // Three lines: lo hi [tilt] with bounds that enclose the tilted box, or (general triclinic) a vector and the origin.
    void read_box(const std::string& item, Frame& frame) {
        const auto words = split(std::string_view(item).substr(16));
        std::vector<std::vector<double>> rows;
        for (int i = 0; i < 3; ++i) {
            rows.emplace_back();
            for (const auto word : split(next_line("the box"))) rows.back().push_back(number(word));
        }
        const bool general = !words.empty() && words[0] == "abc";
        const bool tilted = !words.empty() && words[0] == "xy";
        const std::size_t expected = general ? 4 : tilted ? 3 : 2;
        for (const auto& row : rows)
            if (row.size() != expected)
                place_.fail(fmt::format("line {}: a line of the box has {} numbers instead of {}", lines_.number(), row.size(), expected));
        vectors_ = Mat3::Zero();
        if (general) {
            for (int i = 0; i < 3; ++i) {
                const auto& row = rows[static_cast<std::size_t>(i)];
                vectors_.row(i) << row[0], row[1], row[2];
                origin_[i] = row[3];
            }
        } else {
            const double xy = tilted ? rows[0][2] : 0, xz = tilted ? rows[1][2] : 0, yz = tilted ? rows[2][2] : 0;
            const double xlo = rows[0][0] - std::min({0.0, xy, xz, xy + xz}), xhi = rows[0][1] - std::max({0.0, xy, xz, xy + xz});
            const double ylo = rows[1][0] - std::min(0.0, yz), yhi = rows[1][1] - std::max(0.0, yz);
            vectors_ << xhi - xlo, 0, 0, xy, yhi - ylo, 0, xz, yz, rows[2][1] - rows[2][0];
            origin_ = {xlo, ylo, rows[2][0]};
        }
        const std::size_t behind = general ? 2 : tilted ? 3 : 0;  // "abc origin", "xy xz yz"
        frame.structure.cell = make_cell(vectors_, boundaries(std::span(words).subspan(std::min(words.size(), behind))), place_);
    }

    // pp, or two of f s m, for each direction; dumps of old versions say nothing and are of periodic boxes.
    std::array<bool, 3> boundaries(std::span<const std::string_view> words) const {
        const auto is_boundary = [](std::string_view word) {
            return word == "pp" || (word.size() == 2 && word.find_first_not_of("fsm") == std::string_view::npos);
        };
        if (words.empty()) return {true, true, true};
        if (words.size() != 3 || !std::all_of(words.begin(), words.end(), is_boundary))
            place_.fail(fmt::format("the boundaries '{}' behind BOX BOUNDS are not three of pp, ff, ss, mm, ...", fmt::join(words, " ")),
                        "LAMMPS writes `pp pp pp` where all directions are periodic, `ff` for an open one");
        return {words[0] == "pp", words[1] == "pp", words[2] == "pp"};
    }

    DumpColumns parse_columns(std::string_view item) const {
        const auto names = split(item.substr(11));
        DumpColumns columns;
        columns.count = names.size();
        const auto find = [&](std::string_view name) {
            const auto found = std::find(names.begin(), names.end(), name);
            return found == names.end() ? -1 : static_cast<int>(found - names.begin());
        };
        const auto triple = [&](const std::array<std::string_view, 3>& wanted) {
            DumpColumns::Triple found(std::in_place);
            for (std::size_t k = 0; k < 3; ++k) {
                const int at = find(wanted[k]);
                if (at < 0) return DumpColumns::Triple();
                (*found)[k] = static_cast<std::size_t>(at);
            }
            return found;
        };
        std::set<std::string_view> different;
        for (const auto name : names)
            if (!different.insert(name).second) place_.fail(fmt::format("two columns are called {}", name));
        columns.id = find("id");
        columns.type = find("type");
        columns.element = find("element");
        columns.label = find("typelabel");
        columns.mass = find("mass");
        static constexpr std::array<std::string_view, 3> forces{"fx", "fy", "fz"};
        columns.force = triple(forces);
        if (!columns.force && std::any_of(forces.begin(), forces.end(), [&](std::string_view name) { return find(name) >= 0; }))
            place_.fail("only some of fx fy fz are there", "dump all three, or none");
        for (const auto& [x, y, z, scaled] :
             {std::tuple{"x", "y", "z", false}, {"xu", "yu", "zu", false}, {"xs", "ys", "zs", true}, {"xsu", "ysu", "zsu", true}})
            if (!columns.position) columns.position = triple({x, y, z}), columns.scaled = scaled;
        for (const auto name : names)
            if (!is_used(name)) columns.unused.emplace_back(name);
        static constexpr const char* hint = "dump with: dump 1 all custom N FILE id type element x y z fx fy fz";
        if (!columns.position) place_.fail("the atoms have no x y z (or xu.., xs.., xsu..)", hint);
        if (columns.element < 0 && columns.label < 0 && columns.type < 0 && columns.mass < 0)
            place_.fail("the atoms have neither element nor type", hint);
        return columns;
    }

    static bool is_used(std::string_view name) {
        static constexpr auto used =
            std::to_array<std::string_view>({"id", "type", "element", "typelabel", "mass", "x",   "y",   "z",  "xu", "yu",
                                             "zu", "xs",   "ys",      "zs",        "xsu",  "ysu", "zsu", "fx", "fy", "fz"});
        return std::find(used.begin(), used.end(), name) != used.end();
    }

    Vec3 vector(const std::array<std::size_t, 3>& columns, std::size_t atom) const {
        Vec3 vector;
        for (std::size_t k = 0; k < 3; ++k) {
            const auto value = parse_double(words_[columns[k]]);
            if (!value)
                place_.fail(
                    fmt::format("'{}' in atom {} (line {}) is not a number", words_[columns[k]].substr(0, 40), atom, lines_.number()));
            vector[static_cast<Eigen::Index>(k)] = *value;
        }
        return vector;
    }

    struct Row {
        long long id, type;
        std::string label;
        std::optional<double> mass;
        Vec3 position, force;
    };

    void read_atoms(const std::string& item, std::size_t atoms, Frame& frame) {
        columns_ = parse_columns(item);
        std::vector<Row> rows;
        rows.reserve(std::min<std::size_t>(atoms, 1'000'000));
        for (std::size_t i = 0; i < atoms; ++i) {
            split(next_line(fmt::format("atom {} of {}", i + 1, atoms).c_str()), words_);
            if (words_.size() != columns_.count)
                place_.fail(
                    fmt::format("line {}: atom {} has {} columns, its header {}", lines_.number(), i + 1, words_.size(), columns_.count),
                    "the file may be truncated");
            Row row{static_cast<long long>(i), type(), label(), mass(), vector(*columns_.position, i + 1), Vec3::Zero()};
            if (columns_.id >= 0) row.id = integer(columns_.id, "id");
            if (columns_.scaled) row.position = origin_ + vectors_.transpose() * row.position;
            if (columns_.force) row.force = vector(*columns_.force, i + 1);
            rows.push_back(row);
        }
        std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
        for (std::size_t i = 1; columns_.id >= 0 && i < rows.size(); ++i)
            if (rows[i].id == rows[i - 1].id)
                place_.fail(fmt::format("two atoms have the id {}", rows[i].id), "was the dump written with `id`, and by one run?");
        const bool no_elements = std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.type != rows.front().type; }) &&
                                 std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.label == default_element; });
        if (no_elements && options_.type_names.empty() && columns_.mass < 0 && !told_default_) {
            told_default_ = true;
            warnings_.push_back("all types have the element C, which LAMMPS writes where no dump_modify names them (--type-names)");
        }
        if (columns_.force) frame.labels.forces.emplace();
        for (auto& row : rows) {
            if (no_elements && !options_.type_names.empty()) row.label.clear();
            frame.structure.add(element_of(row), row.position);
            if (columns_.force) frame.labels.forces->push_back(row.force);
        }
    }

    // An element that the file names, else the names given, else the mass, which must not contradict the names given.
    int element_of(const Row& row) {
        const int by_mass = row.mass ? known_mass(*row.mass) : 0;
        const bool named = !row.label.empty() && !(row.label == default_element && by_mass != 0);
        if (!named && by_mass != 0 && (options_.type_names.empty() || row.type < 1)) return by_mass;
        const int element = elements_.of(row.type, by_mass == 0 || named ? row.label : std::string(), place_);
        if (by_mass == 0 || by_mass == element) return element;
        if (!named)
            place_.fail(fmt::format("type {} is {} by its mass {} and {} by type_names", row.type, units::symbol(by_mass), *row.mass,
                                    units::symbol(element)),
                        "correct the type names, or leave them out");
        if (told_masses_.emplace(element, by_mass).second)
            warnings_.push_back(fmt::format("an atom named {} has the mass of {}: the name is taken", row.label, units::symbol(by_mass)));
        return element;
    }

    int known_mass(double mass) {
        if (mass != last_mass_) by_last_mass_ = element_of_mass(mass);
        last_mass_ = mass;
        return by_last_mass_;
    }

    // What LAMMPS writes as `element` of all types where no dump_modify names them.
    static constexpr std::string_view default_element = "C";

    long long integer(int column, const char* what) const {
        const auto value = parse_integer(words_[static_cast<std::size_t>(column)]);
        if (!value) place_.fail(fmt::format("line {}: the {} is not a whole number", lines_.number(), what));
        return *value;
    }
    long long type() const { return columns_.type >= 0 ? integer(columns_.type, "type") : 0; }
    std::optional<double> mass() const {
        if (columns_.mass < 0) return std::nullopt;
        return number(words_[static_cast<std::size_t>(columns_.mass)]);
    }
    std::string label() const {
        const int column = columns_.element >= 0 ? columns_.element : columns_.label;
        return column >= 0 ? std::string(words_[static_cast<std::size_t>(column)]) : std::string();
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    TypeElements elements_;
    std::vector<std::string> warnings_;
    bool told_default_ = false;
    bool lost_ = false;                          // the frame before had a fault
    bool again_ = false;                         // the line is yet to be looked at
    bool other_units_ = false;                   // than metal
    std::set<std::pair<int, int>> told_masses_;  // elements by name and by mass
    double last_mass_ = 0;
    int by_last_mass_ = 0;
    std::string line_;
    std::vector<std::string_view> words_;
    Mat3 vectors_ = Mat3::Zero();
    Vec3 origin_ = Vec3::Zero();
    DumpColumns columns_;
};

class DumpWriter final : public FrameWriter {
public:
    DumpWriter(const std::filesystem::path& path, const WriteOptions& options) : file_(path), options_(options) {}

    void write(const Frame& frame) override {
        check_frame(frame, Numbers::any, Place{frame.source, frame.index});
        const auto& numbers = frame.structure.numbers;
        take_types(frame);
        const auto box = lammps_box(frame.structure, Stretched::missing);
        auto& out = file_.stream();
        out << fmt::format("ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n{}\n", frames_++, numbers.size());
        write_box(out, box, frame.structure.cell.periodic());
        out << "ITEM: ATOMS id type element x y z" << (frame.labels.forces ? " fx fy fz\n" : "\n");
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const Vec3 p = box.rotation * frame.structure.positions[i];
            out << fmt::format("{} {} {} {} {} {}", i + 1, types_.at(numbers[i]), units::symbol(numbers[i]), p[0], p[1], p[2]);
            if (frame.labels.forces) {
                const Vec3 f = box.rotation * (*frame.labels.forces)[i];
                out << fmt::format(" {} {} {}", f[0], f[1], f[2]);
            }
            out << '\n';
        }
    }

    void close() override { file_.commit(); }

private:
    // A type stands for one element in the whole file: those of later frames come behind those before.
    void take_types(const Frame& frame) {
        const auto& numbers = frame.structure.numbers;
        for (const int number : type_order({numbers.begin(), numbers.end()}, options_.type_names))
            types_.try_emplace(number, types_.size() + 1);
    }

    static void write_box(std::ostream& out, const LammpsBox& box, const std::array<bool, 3>& periodic) {
        const double xy = box.vectors(1, 0), xz = box.vectors(2, 0), yz = box.vectors(2, 1);
        const Vec3 low = box.origin, high = box.origin + box.vectors.diagonal();
        std::string boundary;
        for (const bool p : periodic) boundary += p ? " pp" : " ff";
        if (xy == 0 && xz == 0 && yz == 0) {
            out << "ITEM: BOX BOUNDS" << boundary << '\n';
            for (int i = 0; i < 3; ++i) out << fmt::format("{} {}\n", low[i], high[i]);
            return;
        }
        out << "ITEM: BOX BOUNDS xy xz yz" << boundary << '\n';
        out << fmt::format("{} {} {}\n", low[0] + std::min({0.0, xy, xz, xy + xz}), high[0] + std::max({0.0, xy, xz, xy + xz}), xy);
        out << fmt::format("{} {} {}\n", low[1] + std::min(0.0, yz), high[1] + std::max(0.0, yz), xz);
        out << fmt::format("{} {} {}\n", low[2], high[2], yz);
    }

    base::AtomicFile file_;
    WriteOptions options_;
    std::map<int, std::size_t> types_;  // by atomic number
    std::size_t frames_ = 0;
};

}  // namespace

bool is_lammps_dump(std::string_view beginning) { return trim(beginning).starts_with("ITEM:"); }

std::unique_ptr<FrameReader> open_lammps_dump(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<DumpReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_lammps_dump(const std::filesystem::path& path, const WriteOptions& options) {
    return std::make_unique<DumpWriter>(path, options);
}

}  // namespace alkali::io
