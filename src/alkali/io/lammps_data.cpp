#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <set>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_order.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

// A mass names an element if it is nearer than this (amu) to the element's.
constexpr double mass_tolerance = 0.05;

struct DataAtom {
    long long id, type;
    Vec3 position;
};

class DataReader final : public FrameReader {
public:
    DataReader(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options)
        : stream_(std::move(stream)), lines_(*stream_), options_(options), place_{source, 0} {}

    bool next(Frame& frame) override {
        if (done_) return false;
        done_ = true;
        frame = Frame{};
        frame.source = place_.source;
        if (!lines_.next(line_)) place_.fail("the file is empty");
        while (lines_.next(line_)) read_line();
        if (static_cast<long long>(atoms_.size()) != count_ || count_ == 0)
            place_.fail(fmt::format("the header says {} atoms, the section Atoms has {}", count_, atoms_.size()),
                        "the file is truncated or malformed");
        frame.structure.cell = make_cell(vectors_, {true, true, true}, place_);
        std::sort(atoms_.begin(), atoms_.end(), [](const DataAtom& a, const DataAtom& b) { return a.id < b.id; });
        for (std::size_t i = 1; i < atoms_.size(); ++i)
            if (atoms_[i].id == atoms_[i - 1].id) place_.fail(fmt::format("two atoms have the id {}", atoms_[i].id));
        for (const auto& atom : atoms_) frame.structure.add(element_of(atom.type), atom.position);
        check_frame(frame, options_.numbers, place_);
        return true;
    }

private:
    // A line is a number with its keyword (header), the name of a section, or belongs to the section above it.
    void read_line() {
        const auto hash = line_.find('#');
        const auto comment = hash == std::string::npos ? std::string_view{} : trim(std::string_view(line_).substr(hash + 1));
        const auto words = split(std::string_view(line_).substr(0, hash));
        if (words.empty()) return;
        if (std::isalpha(static_cast<unsigned char>(words[0][0])) != 0) {
            section_ = words[0];
            if (section_ == "Atoms" && !comment.empty() && split(comment)[0] != "atomic")
                place_.fail(fmt::format("the atom style '{}' is not supported", comment), "write the file with atom_style atomic");
        } else if (section_.empty())
            read_header(words);
        else if (section_ == "Atoms")
            read_atom(words);
        else if (section_ == "Masses")
            read_mass(words, comment);
    }

    double number(std::string_view word) const {
        const auto value = parse_double(word);
        if (!value || !std::isfinite(*value))
            place_.fail(fmt::format("line {}: '{}' is not a number", lines_.number(), word.substr(0, 40)));
        return *value;
    }
    long long integer(std::string_view word) const {
        const auto value = parse_integer(word);
        if (!value || *value < 0) place_.fail(fmt::format("line {}: '{}' is not a whole number", lines_.number(), word.substr(0, 40)));
        return *value;
    }

    void read_header(const std::vector<std::string_view>& words) {
        if (words.size() == 2 && words[1] == "atoms") count_ = integer(words[0]);
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

    // id type x y z [image numbers]
    void read_atom(const std::vector<std::string_view>& words) {
        if (words.size() != 5 && words.size() != 8)
            place_.fail(fmt::format("line {}: an atom has {} columns", lines_.number(), words.size()),
                        "atom style atomic has 5 (id type x y z) or 8 with image numbers");
        atoms_.push_back({integer(words[0]), integer(words[1]),
                          parse_vector(words, 2, place_, fmt::format("the position in line {}", lines_.number()))});
    }

    void read_mass(const std::vector<std::string_view>& words, std::string_view comment) {
        if (words.size() < 2) place_.fail(fmt::format("line {}: expected a type and its mass", lines_.number()));
        const auto type = integer(words[0]);
        const double mass = number(words[1]);
        const auto name = comment.empty() ? std::string_view{} : split(comment)[0];
        if (units::is_symbol(name)) {
            elements_[type] = units::atomic_number(name);
            return;
        }
        int best = 0;
        for (int z = 1; z <= units::max_atomic_number; ++z)
            if (best == 0 || std::abs(units::atomic_mass(z) - mass) < std::abs(units::atomic_mass(best) - mass)) best = z;
        if (std::abs(units::atomic_mass(best) - mass) < mass_tolerance) elements_[type] = best;
    }

    int element_of(long long type) const {
        if (!options_.type_names.empty()) return element_of_type(type, options_.type_names, place_);
        const auto found = elements_.find(type);
        if (found == elements_.end()) return element_of_type(type, {}, place_);
        return found->second;
    }

    std::unique_ptr<std::istream> stream_;
    Lines lines_;
    ReadOptions options_;
    Place place_;
    std::string line_, section_;
    long long count_ = 0;
    Mat3 vectors_ = Mat3::Zero();
    std::vector<DataAtom> atoms_;
    std::map<long long, int> elements_;
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
        const auto box = lammps_box(frame.structure);
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

std::unique_ptr<FrameReader> open_lammps_data(std::unique_ptr<std::istream> stream, const std::string& source, const ReadOptions& options) {
    return std::make_unique<DataReader>(std::move(stream), source, options);
}

std::unique_ptr<FrameWriter> write_lammps_data(const std::filesystem::path& path, const WriteOptions& options) {
    return std::make_unique<DataWriter>(path, options);
}

}  // namespace alkali::io
