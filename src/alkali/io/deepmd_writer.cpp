#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/temporary.hpp"
#include "alkali/io/deepmd.hpp"
#include "alkali/io/npy.hpp"
#include "alkali/io/text.hpp"
#include "alkali/io/type_order.hpp"
#include "alkali/structure/builders.hpp"
#include "alkali/units/elements.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

// Frames that can share one folder.
struct Kind {
    std::vector<int> numbers;
    bool periodic, energy, forces, stress;
    friend bool operator<(const Kind& a, const Kind& b) {
        return std::tie(a.numbers, a.periodic, a.energy, a.forces, a.stress) <
               std::tie(b.numbers, b.periodic, b.energy, b.forces, b.stress);
    }
};

struct Arrays {
    std::size_t frames = 0;
    std::vector<double> coord, box, energy, force, virial;
};

void append(std::vector<double>& out, const Vec3& v) { out.insert(out.end(), {v[0], v[1], v[2]}); }
void append(std::vector<double>& out, const Mat3& m) {
    for (int i = 0; i < 9; ++i) out.push_back(m(i / 3, i % 3));
}

void write_array(const fs::path& path, const std::vector<double>& values, std::size_t frames) {
    if (values.empty()) return;
    std::vector<std::size_t> shape{frames};
    if (values.size() != frames) shape.push_back(values.size() / frames);
    std::string content = npy_header(shape);
    content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
    base::write_file(path, content);
}

class DeepmdWriter final : public FrameWriter {
public:
    DeepmdWriter(fs::path path, const WriteOptions& options) : options_(options) {
        // A trailing slash would make the last name empty.
        target_ = path.has_filename() ? std::move(path) : path.parent_path();
        if (fs::exists(target_) && !(fs::is_directory(target_) && fs::is_empty(target_)))
            throw FileError(fs::is_directory(target_) ? "is a folder that holds something already" : "exists already", target_.string(),
                            "name a new or empty folder for deepmd, or a file with an ending (" + (target_ / "frames.extxyz").string() +
                                ") for another format");
        if (fs::is_symlink(target_)) throw FileError("is a link", target_.string(), "give the folder that it leads to, or another name");
        made_.emplace(target_);
    }

    void write(const Frame& frame) override {
        const Place place{frame.source, frame.index};
        check_frame(frame, Numbers::any, place);
        const auto& cell = frame.structure.cell;
        if (cell.any_periodic() && !cell.fully_periodic())
            throw InputError("deepmd folders hold cells that are periodic in all directions or in none", place.where(),
                             "give the open directions a vacuum and make them periodic");
        const bool periodic = cell.fully_periodic(), stress = periodic && frame.labels.stress.has_value();
        auto& arrays =
            systems_[{frame.structure.numbers, periodic, frame.labels.energy.has_value(), frame.labels.forces.has_value(), stress}];
        ++arrays.frames;
        for (const auto& position : frame.structure.positions) append(arrays.coord, position);
        if (periodic) append(arrays.box, cell.vectors());
        if (frame.labels.energy) arrays.energy.push_back(*frame.labels.energy);
        if (frame.labels.forces)
            for (const auto& force : *frame.labels.forces) append(arrays.force, force);
        if (stress) append(arrays.virial, Mat3(-cell.volume() * *frame.labels.stress));
        species_.insert(frame.structure.numbers.begin(), frame.structure.numbers.end());
    }

    void close() override {
        if (systems_.empty()) throw FileError("there is no frame to write", target_.string());
        const auto order = type_order(species_, options_.type_names);
        const auto content = made_->path() / "content";
        try {
            std::set<std::string> names;
            for (const auto& [kind, arrays] : systems_)
                write_system(systems_.size() == 1 ? content : content / name_of(kind, names), kind, arrays, order);
            fs::remove(target_);  // an empty folder only, as the constructor saw to
            fs::rename(content, target_);
        } catch (const fs::filesystem_error& error) {
            throw FileError(fmt::format("cannot be written ({})", error.code().message()), target_.string());
        }
        made_.reset();
    }

private:
    static std::string name_of(const Kind& kind, std::set<std::string>& names) {
        structure::Structure atoms;
        atoms.numbers = kind.numbers;
        const std::string formula = structure::formula(atoms);
        std::string name = formula;
        for (int i = 2; !names.insert(name).second; ++i) name = fmt::format("{}_{}", formula, i);
        return name;
    }

    static void write_system(const fs::path& folder, const Kind& kind, const Arrays& arrays, const std::vector<int>& order) {
        std::string types, map;
        for (const int number : kind.numbers) types += fmt::format("{}\n", std::find(order.begin(), order.end(), number) - order.begin());
        for (const int number : order) map += fmt::format("{}\n", units::symbol(number));
        base::write_file(folder / "type.raw", types);
        base::write_file(folder / "type_map.raw", map);
        if (!kind.periodic) base::write_file(folder / "nopbc", "");
        write_array(folder / "set.000" / "coord.npy", arrays.coord, arrays.frames);
        write_array(folder / "set.000" / "box.npy", arrays.box, arrays.frames);
        write_array(folder / "set.000" / "energy.npy", arrays.energy, arrays.frames);
        write_array(folder / "set.000" / "force.npy", arrays.force, arrays.frames);
        write_array(folder / "set.000" / "virial.npy", arrays.virial, arrays.frames);
    }

    fs::path target_;
    std::optional<base::StagingFolder> made_;
    WriteOptions options_;
    std::map<Kind, Arrays> systems_;
    std::set<int> species_;
};

}  // namespace

std::unique_ptr<FrameWriter> write_deepmd(const fs::path& path, const WriteOptions& options) {
    return std::make_unique<DeepmdWriter>(path, options);
}

}  // namespace alkali::io
