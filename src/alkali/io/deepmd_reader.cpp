#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "alkali/base/error.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/deepmd.hpp"
#include "alkali/io/deepmd_arrays.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_elements.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

constexpr double most_types = 1e6;

std::vector<fs::path> find_systems(const fs::path& root) {
    if (DeepmdFolder(root).has("type.raw")) return {root};
    std::vector<fs::path> systems;
    std::error_code failure;
    for (fs::recursive_directory_iterator at(root, failure), end; !failure && at != end; at.increment(failure))
        if (without_compression(at->path().filename().string()) == "type.raw") systems.push_back(at->path().parent_path());
    if (failure) throw FileError("a folder below cannot be read: " + failure.message(), root.string(), "check the permissions");
    std::sort(systems.begin(), systems.end());
    systems.erase(std::unique(systems.begin(), systems.end()), systems.end());
    if (systems.empty()) throw FileError("no deepmd folder: there is no type.raw in it or below", root.string());
    return systems;
}

// Folders with arrays: set.*, or the system's own folder where it holds text (coord.raw).
std::vector<fs::path> find_sets(const DeepmdFolder& system, std::vector<std::string>& warnings) {
    std::vector<fs::path> sets;
    for (const auto& name : system.names()) {
        if (!matches("set.*", name)) continue;
        const auto path = *system.find(name);
        if (fs::is_directory(path))
            sets.push_back(path);
        else
            warnings.push_back(path.filename().string() + " is no folder: not read");
    }
    std::sort(sets.begin(), sets.end());
    if (sets.empty() && system.has("coord.raw")) sets.push_back(system.path());
    if (sets.empty()) throw FileError("the deepmd folder has neither set.000 nor coord.raw", system.path().string());
    return sets;
}

template <class Take>
void for_each_word(const fs::path& path, Take take) {
    const auto content = open_content(path);
    Lines lines(*content);
    for (std::string line; lines.next(line);)
        for (const auto word : split(line)) take(word);
}

std::vector<std::string> words_in(const fs::path& path) {
    std::vector<std::string> words;
    for_each_word(path, [&](std::string_view word) { words.emplace_back(word); });
    return words;
}

// One set: its arrays, checked against each other.
struct SetFiles {
    std::unique_ptr<FrameArray> coord, box, energy, force, virial, types;
    std::vector<std::string> warnings;

    SetFiles(const DeepmdFolder& set, bool periodic, std::size_t atoms) : coord(open_frame_array(set, "coord", 3 * atoms, {})) {
        if (!coord) throw FileError("coord.npy is missing", set.path().string(), "a deepmd set holds coord.npy, box.npy, energy.npy, ...");
        const auto open = [&](const char* name, std::size_t width) { return open_frame_array(set, name, width, frames()); };
        if (periodic) box = open("box", 9);
        if (periodic && !box)
            throw FileError("box.npy is missing", set.path().string(),
                            "add it, or an empty file 'nopbc' in the system's folder for open boundaries");
        energy = open("energy", 1);
        force = open("force", 3 * atoms);
        virial = open("virial", 9);
        types = open("real_atom_types", atoms);
        if (virial && !periodic) {
            virial.reset();
            warnings.emplace_back("the virial is not taken: with open boundaries (nopbc) there is no volume");
        }
        warn_of_unread(set);
    }
    [[nodiscard]] std::size_t frames() const { return coord->frames(); }

private:
    void warn_of_unread(const DeepmdFolder& set) {
        static constexpr auto read =
            std::to_array<std::string_view>({"coord", "box", "energy", "force", "virial", "real_atom_types", "type", "type_map"});
        std::string unread;
        for (const auto& name : set.names()) {
            if (!name.ends_with(".npy") && !name.ends_with(".raw")) continue;
            if (std::ranges::find(read, name.substr(0, name.size() - 4)) == read.end()) unread += (unread.empty() ? "" : ", ") + name;
        }
        if (!unread.empty()) warnings.push_back("arrays that are not read: " + unread);
    }
};

class DeepmdReader final : public FrameReader {
public:
    DeepmdReader(const fs::path& root, const ReadOptions& options)
        : options_(options), elements_(options.type_names), systems_(find_systems(root)) {}

    bool next(Frame& frame) override {
        while (!set_ || row_ >= set_->frames())
            if (!open_next_set()) return false;
        frame = Frame{};
        frame.source = place_.source;
        frame.index = place_.frame;
        const Place here = place_;
        ++place_.frame;
        warnings_ = std::exchange(set_->warnings, {});
        for (auto& warning : std::exchange(of_system_, {})) warnings_.push_back(std::move(warning));
        read_row(row_++, frame, here);
        check_frame(frame, options_.numbers, here);
        for (auto& warning : elements_.take_warnings()) warnings_.push_back(std::move(warning));
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
        set_.emplace(DeepmdFolder(sets_[next_set_++]), periodic_, types_.size());
        return true;
    }

    void open_system(const fs::path& system) {
        const DeepmdFolder folder(system);
        place_ = {system.string(), 0};
        periodic_ = !folder.has("nopbc");
        elements_ = TypeElements(options_.type_names, TypeElements::Order::files_own);
        read_labels(folder);
        types_.clear();
        const auto path = folder.find("type.raw");
        if (!path) throw FileError("there is no type.raw", system.string());
        for_each_word(*path, [&](std::string_view word) {
            const auto type = parse_double(word);  // numpy.savetxt writes 0.000e+00
            if (!type || !(*type >= 0 && *type < most_types) || *type != std::floor(*type))
                throw FileError(fmt::format("'{}' is not a type number", word), path->string());
            types_.push_back(static_cast<long long>(*type));
        });
        if (types_.empty()) throw FileError("has no atoms", path->string());
        sets_ = find_sets(folder, of_system_);
        next_set_ = 0;
    }

    // The system's own names of types, or those of the nearest folder above that has some.
    void read_labels(const DeepmdFolder& system) {
        labels_.clear();
        if (const auto own = system.find("type_map.raw")) {
            labels_ = words_in(*own);
            if (labels_.empty())
                throw FileError("names no types", own->string(), "give their chemical symbols in their order, or remove it");
            return;
        }
        const auto whole = fs::absolute(system.path()).lexically_normal();
        for (fs::path folder = whole.has_filename() ? whole : whole.parent_path(); folder.has_relative_path();) {
            folder = folder.parent_path();
            for (const char* name : {"type_map.raw", "type_map.raw.gz", "type_map.raw.xz", "type_map.raw.zst"}) {
                std::error_code failure;
                const auto map = folder / name;
                if (!fs::exists(fs::symlink_status(map, failure))) continue;
                labels_ = words_in(map);
                of_system_.push_back("there is no type_map.raw; the names of the types are those of " + map.string());
                return;
            }
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
        if (set_->virial) {
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

    ReadOptions options_;
    TypeElements elements_;
    std::vector<fs::path> systems_, sets_;
    std::size_t next_system_ = 0, next_set_ = 0, row_ = 0;
    std::vector<std::string> labels_;  ///< of type_map.raw
    std::vector<std::string> warnings_;
    std::vector<std::string> of_system_;  ///< warnings of the system that are not told yet
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
