#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/deepmd.hpp"
#include "alkali/io/deepmd_arrays.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_elements.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

constexpr double most_types = 1e6;

std::vector<fs::path> find_systems(const fs::path& root) {
    std::vector<fs::path> systems;
    if (fs::exists(root / "type.raw")) return {root};
    for (const auto& entry : fs::recursive_directory_iterator(root))
        if (entry.path().filename() == "type.raw") systems.push_back(entry.path().parent_path());
    std::sort(systems.begin(), systems.end());
    if (systems.empty()) throw FileError("no deepmd folder: there is no type.raw in it or below", root.string());
    return systems;
}

// Folders with arrays: set.*, or the system's own folder where it holds text (coord.raw).
std::vector<fs::path> find_sets(const fs::path& system) {
    std::vector<fs::path> sets;
    for (const auto& entry : fs::directory_iterator(system))
        if (entry.is_directory() && matches("set.*", entry.path().filename().string())) sets.push_back(entry.path());
    std::sort(sets.begin(), sets.end());
    if (sets.empty() && fs::exists(system / "coord.raw")) sets.push_back(system);
    if (sets.empty()) throw FileError("the deepmd folder has neither set.000 nor coord.raw", system.string());
    return sets;
}

// One set: its arrays, checked against each other.
struct SetFiles {
    std::unique_ptr<FrameArray> coord, box, energy, force, virial, types;

    SetFiles(const fs::path& set, bool periodic, std::size_t atoms) : coord(open_frame_array(set, "coord", 3 * atoms, {})) {
        if (!coord) throw FileError("coord.npy is missing", set.string(), "a deepmd set holds coord.npy, box.npy, energy.npy, ...");
        const auto open = [&](const char* name, std::size_t width) { return open_frame_array(set, name, width, frames()); };
        if (periodic) box = open("box", 9);
        if (periodic && !box)
            throw FileError("box.npy is missing", set.string(),
                            "add it, or an empty file 'nopbc' in the system's folder for open boundaries");
        energy = open("energy", 1);
        force = open("force", 3 * atoms);
        virial = open("virial", 9);
        types = open("real_atom_types", atoms);
    }
    [[nodiscard]] std::size_t frames() const { return coord->frames(); }
};

class DeepmdReader final : public FrameReader {
public:
    DeepmdReader(const fs::path& root, const ReadOptions& options)
        : root_(root), options_(options), elements_(options.type_names), systems_(find_systems(root)) {}

    bool next(Frame& frame) override {
        while (!set_ || row_ >= set_->frames())
            if (!open_next_set()) return false;
        frame = Frame{};
        frame.source = place_.source;
        frame.index = place_.frame;
        const Place here = place_;
        ++place_.frame;
        read_row(row_++, frame, here);
        check_frame(frame, options_.numbers, here);
        warnings_ = elements_.take_warnings();
        return true;
    }

    FrameNotes notes() const override {
        if (!set_) return {};
        return {set_->energy ? "energy.npy" : "", set_->force ? "force.npy" : "", set_->virial ? "virial.npy" : "", {}, warnings_};
    }

private:
    bool open_next_set() {
        set_.reset();
        while (next_set_ >= sets_.size()) {
            if (next_system_ >= systems_.size()) return false;
            open_system(systems_[next_system_++]);
        }
        row_ = 0;
        set_.emplace(sets_[next_set_++], periodic_, types_.size());
        return true;
    }

    void open_system(const fs::path& system) {
        place_ = {system.string(), 0};
        periodic_ = !fs::exists(system / "nopbc");
        elements_ = TypeElements(options_.type_names, TypeElements::Order::files_own);
        read_labels(system);
        types_.clear();
        const std::string content = base::read_file(system / "type.raw");
        for (const auto word : split(content)) {
            const auto type = parse_double(word);  // numpy.savetxt writes 0.000e+00
            if (!type || !(*type >= 0 && *type < most_types) || *type != std::floor(*type))
                throw FileError(fmt::format("'{}' is not a type number", word), (system / "type.raw").string());
            types_.push_back(static_cast<long long>(*type));
        }
        if (types_.empty()) throw FileError("has no atoms", (system / "type.raw").string());
        sets_ = find_sets(system);
        next_set_ = 0;
    }

    // The system's own names of types, or those of the folder that it is in.
    void read_labels(const fs::path& system) {
        labels_.clear();
        for (fs::path folder = system;; folder = folder.parent_path()) {
            if (fs::exists(folder / "type_map.raw")) {
                const std::string content = base::read_file(folder / "type_map.raw");
                for (const auto word : split(content)) labels_.emplace_back(word);
                return;
            }
            if (folder == root_ || folder == folder.parent_path()) return;
        }
    }

    void read_row(std::size_t row, Frame& frame, const Place& place) {
        Mat3 vectors = Mat3::Zero();
        if (set_->box) vectors = matrix(set_->box->of(row));
        frame.structure.cell = make_cell(vectors, {periodic_, periodic_, periodic_}, place);
        std::vector<bool> real(types_.size(), true);
        read_types(row, frame, real, place);
        frame.structure.positions = vectors_of(set_->coord->of(row), real);
        if (set_->energy) frame.labels.energy = set_->energy->of(row)[0];
        if (set_->force) frame.labels.forces = vectors_of(set_->force->of(row), real);
        if (set_->virial && periodic_) {
            const Mat3 virial = matrix(set_->virial->of(row));
            frame.labels.stress = -0.5 * (virial + virial.transpose()) / frame.structure.cell.volume();
        }
    }

    // real_atom_types.npy gives each frame species of its own; -1 marks a place without an atom.
    void read_types(std::size_t row, Frame& frame, std::vector<bool>& real, const Place& place) {
        const auto of_type = [&](long long type) {
            const auto at = static_cast<std::size_t>(type);
            if (!labels_.empty() && at >= labels_.size())
                place.fail(fmt::format("type {} has no name among the {} in type_map.raw", type + 1, labels_.size()));
            return elements_.of(type + 1, labels_.empty() ? std::string_view() : labels_[at], place);
        };
        if (!set_->types) {
            for (const auto type : types_) frame.structure.numbers.push_back(of_type(type));
            return;
        }
        const auto types = set_->types->of(row);
        for (std::size_t i = 0; i < types.size(); ++i) {
            if (!(types[i] >= -1 && types[i] < most_types) || types[i] != std::floor(types[i]))
                place.fail(fmt::format("real_atom_types holds {} for atom {}, which is no type", types[i], i + 1),
                           "types are counted from 0; -1 marks a place without an atom");
            real[i] = types[i] >= 0;
            if (real[i]) frame.structure.numbers.push_back(of_type(static_cast<long long>(types[i])));
        }
    }

    static Mat3 matrix(std::span<const double> n) {
        Mat3 m;
        for (int i = 0; i < 9; ++i) m(i / 3, i % 3) = n[static_cast<std::size_t>(i)];
        return m;
    }
    static std::vector<Vec3> vectors_of(std::span<const double> n, const std::vector<bool>& real) {
        std::vector<Vec3> vectors;
        vectors.reserve(real.size());
        for (std::size_t i = 0; i < real.size(); ++i)
            if (real[i]) vectors.emplace_back(n[3 * i], n[3 * i + 1], n[3 * i + 2]);
        return vectors;
    }

    fs::path root_;
    ReadOptions options_;
    TypeElements elements_;
    std::vector<fs::path> systems_, sets_;
    std::size_t next_system_ = 0, next_set_ = 0, row_ = 0;
    std::vector<std::string> labels_;  ///< of type_map.raw
    std::vector<std::string> warnings_;
    std::vector<long long> types_;
    bool periodic_ = true;
    std::optional<SetFiles> set_;
    Place place_;
};

}  // namespace

std::unique_ptr<FrameReader> open_deepmd(const fs::path& path, const ReadOptions& options) {
    if (!fs::is_directory(path)) throw FileError("is not a folder", path.string(), "deepmd data are folders with type.raw and set.000");
    return std::make_unique<DeepmdReader>(path, options);
}

}  // namespace alkali::io
