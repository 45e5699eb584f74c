#include "alkali/dataset/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <tuple>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/path_pattern.hpp"
#include "alkali/dataset/quantum_espresso_files.hpp"
#include "alkali/dataset/twins.hpp"
#include "alkali/dataset/vasp_files.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/label_names.hpp"
#include "alkali/io/label_units.hpp"
#include "alkali/io/lammps.hpp"
#include "alkali/io/notes.hpp"
#include "alkali/io/text.hpp"

namespace alkali::dataset {
namespace {

namespace fs = std::filesystem;

/// The format that a file's name tells; empty: none.
std::string format_of(const fs::path& path) {
    try {
        return io::detect_format(path);
    } catch (const InputError&) {
        return {};
    }
}

/// The place of a file in a VASP run and what tells that run from others in its folder.
struct RunFile {
    fs::path path;
    std::string run;
    std::size_t rank = 0;
    Extent extent = Extent::whole;
    [[nodiscard]] bool has_results() const { return rank < 2; }
};

/// The files of a run, best first.
constexpr const char* run_files[] = {"vasprun.xml", "outcar", "contcar", "poscar"};

/// Nothing if the name is not one of a VASP run's files. "OUTCAR.relax1", "relax1_OUTCAR" and "vasprun.relax1.xml" are of one run.
std::optional<RunFile> run_file(const fs::path& path) {
    std::string name = io::lower_case(io::without_compression(path.filename().string()));
    if (const auto xml = name.find("vasprun"); xml != std::string::npos && name.ends_with(".xml") && !name.ends_with("vasprun.xml"))
        name = name.substr(0, xml) + "vasprun.xml" + name.substr(xml + 7, name.size() - xml - 11);
    for (std::size_t rank = 0; rank < std::size(run_files); ++rank) {
        const std::string_view kind = run_files[rank];
        const auto at = name.find(kind);
        // A structure file may have any name with an ending; one of a run begins with its kind.
        if (at == std::string::npos || (rank >= 2 && at > 0)) continue;
        name.erase(at, kind.size());
        constexpr std::string_view separators = "._-";
        const auto begin = name.find_first_not_of(separators), end = name.find_last_not_of(separators);
        return RunFile{path, begin == std::string::npos ? "" : name.substr(begin, end + 1 - begin), rank, Extent::whole};
    }
    return std::nullopt;
}

/// The first frame of a run; nothing if it cannot be read.
std::optional<io::Frame> start_of(const fs::path& path) {
    try {
        io::Frame frame;
        io::ReadOptions options;
        options.format = format_of(path);
        return io::open_reader(path, options)->next(frame) ? std::optional(frame) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;  // told when its frames are read
    }
}

bool begin_alike(const std::optional<io::Frame>& a, const std::optional<io::Frame>& b) {
    constexpr double same_energy = 1e-3;  // eV
    if (!a || !b || !a->labels.energy || !b->labels.energy || std::abs(*a->labels.energy - *b->labels.energy) > same_energy) return false;
    return first_of_the_same(std::array{fingerprint_of(a->structure), fingerprint_of(b->structure)})[1] == 0;
}

/// True if the file is named as a file of LAMMPS ("in.lmp", "data.csv") and its content is of something else.
bool is_foreign(const fs::path& path, const std::string& format) {
    if (format != "lammps-data" && format != "lammps-dump") return false;
    std::string text(1 << 16, '\0');
    try {
        const auto content = io::open_content(path);
        content->read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(content->gcount()));
    } catch (const FileError&) {
        return false;  // told when its frames are read
    }
    if (io::trim(text).empty()) return false;
    return format == "lammps-data" ? !io::is_lammps_data(text) : !io::is_lammps_dump(text);
}

class Walk {
public:
    explicit Walk(std::string format) : format_(std::move(format)) {}

    /// A folder and all below it.
    void add_folder(const fs::path& root) {
        root_ = fs::canonical(root);
        folder(root);
        // Links come after what they may lead to, so that a file keeps its own name.
        while (!links_.empty()) {
            const auto link = links_.back();
            links_.pop_back();
            follow(link);
        }
    }

    /// A file that was named, as one of several. Whatever it is, it is read, unless a better one of the same run is there.
    void add_file(const fs::path& path) {
        if (!first_time(path)) return;
        auto file = run_file(path);
        if (file && wanted(format_of(path)))
            runs_[path.parent_path()].push_back(std::move(*file));
        else
            (first_copy(path) ? files_.read : files_.passed_over).push_back(path);
    }

    /// Of all that was added.
    Files take_files() {
        for (const auto& [folder, files] : runs_) choose(files);
        std::sort(files_.read.begin(), files_.read.end());
        std::sort(files_.passed_over.begin(), files_.passed_over.end());
        std::sort(files_.foreign.begin(), files_.foreign.end());
        return std::move(files_);
    }

private:
    [[nodiscard]] bool first_time(const fs::path& path) { return seen_.insert(fs::canonical(path)).second; }
    [[nodiscard]] bool wanted(const std::string& format) const { return !format.empty() && (format_.empty() || format == format_); }

    void folder(const fs::path& folder) {
        if (!first_time(folder)) return;
        std::error_code failure;
        std::vector<fs::path> entries;
        for (fs::directory_iterator at(folder, failure), end; !failure && at != end; at.increment(failure)) entries.push_back(at->path());
        if (failure) throw FileError("the folder cannot be read: " + failure.message(), folder.string(), "check the permissions");
        std::sort(entries.begin(), entries.end());
        const bool system = std::ranges::any_of(
            entries, [](const auto& entry) { return io::without_compression(entry.filename().string()) == "type.raw"; });
        if (system && wanted("deepmd")) files_.read.push_back(folder);
        for (const auto& entry : entries) {
            const auto name = entry.filename().string();
            if (name.starts_with('.') || name.ends_with('~') || (system && io::matches("set.*", name))) continue;
            if (fs::is_symlink(entry))
                links_.push_back(entry);
            else
                take(entry);
        }
    }

    void take(const fs::path& path) {
        if (fs::is_directory(path)) return folder(path);
        if (!fs::is_regular_file(path)) return;
        const auto format = format_of(path);
        if (!wanted(format) || !first_time(path)) return;
        if (is_foreign(path, format))
            files_.foreign.push_back(path);
        else if (auto file = run_file(path))
            runs_[path.parent_path()].push_back(std::move(*file));
        else
            (first_copy(path) ? files_.read : files_.passed_over).push_back(path);
    }

    /// False if a file of the same name but for its compression was met before; the plain one comes first.
    [[nodiscard]] bool first_copy(const fs::path& path) {
        return copies_.insert(path.parent_path() / io::without_compression(path.filename().string())).second;
    }

    void follow(const fs::path& link) {
        std::error_code failure;
        const auto target = fs::canonical(link, failure);
        if (failure)
            throw FileError("the link leads nowhere: " + failure.message(), link.string(), "bring back what it led to, or remove it");
        const bool cycle = lies_in(root_, target) || lies_in(fs::canonical(link.parent_path()), target);
        if (!cycle) take(link);
    }

    [[nodiscard]] static bool lies_in(const fs::path& path, const fs::path& folder) {
        return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
    }

    /// Of the files of each run in one folder the best; a copy under another name ("OUTCAR.bak") is no run of its own.
    void choose(std::vector<RunFile> files) {
        std::sort(files.begin(), files.end(),
                  [](const RunFile& a, const RunFile& b) { return std::tuple(a.run.size(), a.path) < std::tuple(b.run.size(), b.path); });
        std::map<std::string, std::vector<RunFile>> runs;
        bool results = false;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const auto end = files.begin() + static_cast<std::ptrdiff_t>(i);
            const bool copy = std::any_of(files.begin(), end, [&](const RunFile& other) { return is_copy(files[i], other); });
            if (copy)
                files_.passed_over.push_back(files[i].path);
            else
                runs[files[i].run].push_back(files[i]);
            results = results || (files[i].has_results() && !is_empty(files[i].path));
        }
        join_runs(runs);
        for (auto& [name, run] : runs) {
            set_extents(run);
            const auto order = [](const RunFile& f) { return std::tuple(is_empty(f.path), f.extent, f.rank, f.path); };
            std::sort(run.begin(), run.end(), [&](const RunFile& a, const RunFile& b) { return order(a) < order(b); });
            const bool read = run[0].has_results() || !results;
            for (std::size_t i = 0; i < run.size(); ++i) (read && i == 0 ? files_.read : files_.passed_over).push_back(run[i].path);
        }
    }

    /// A vasprun.xml and an OUTCAR whose names tell nothing of each other are of one run if they begin with the same frame.
    static void join_runs(std::map<std::string, std::vector<RunFile>>& runs) {
        const auto result = [](const std::vector<RunFile>& run, std::size_t rank) -> const RunFile* {
            const auto found = std::find_if(run.begin(), run.end(), [&](const RunFile& f) { return f.rank == rank && !is_empty(f.path); });
            return found == run.end() ? nullptr : &*found;
        };
        std::vector<std::pair<std::string, std::optional<io::Frame>>> starts[2];
        const auto collect = [&](std::size_t rank) {
            for (const auto& [name, run] : runs)
                if (const auto* file = result(run, rank); file != nullptr && result(run, 1 - rank) == nullptr)
                    starts[rank].emplace_back(name, start_of(file->path));
        };
        const auto is_alone = [&](std::size_t rank) {
            return std::any_of(runs.begin(), runs.end(), [&](const auto& run) {
                return result(run.second, rank) != nullptr && result(run.second, 1 - rank) == nullptr;
            });
        };
        if (!is_alone(0) || !is_alone(1)) return;
        collect(0);
        collect(1);
        for (const auto& [xml, first] : starts[0])
            for (const auto& [text, other] : starts[1]) {
                if (!runs.contains(text) || !begin_alike(first, other)) continue;
                auto joined = std::move(runs.at(text));
                runs.erase(text);
                runs.at(xml).insert(runs.at(xml).end(), joined.begin(), joined.end());
                break;
            }
    }

    /// Where a vasprun.xml and an OUTCAR are there, the one that is whole is the better one. What stands behind a whole one stays
    /// behind it and is not looked into.
    static void set_extents(std::vector<RunFile>& run) {
        const auto has = [&](std::size_t rank) {
            return std::any_of(run.begin(), run.end(), [&](const RunFile& file) { return file.rank == rank && !is_empty(file.path); });
        };
        bool decided = !has(0) || !has(1);
        std::ranges::stable_sort(run, {}, &RunFile::rank);
        for (auto& file : run) {
            if (!file.has_results()) file.extent = Extent::nothing;
            if (!file.has_results() || decided || is_empty(file.path)) continue;
            file.extent = file.rank == 0 ? extent_of_vasprun(file.path) : extent_of_outcar(file.path);
            decided = file.extent == Extent::whole;
        }
    }

    [[nodiscard]] static bool is_copy(const RunFile& one, const RunFile& other) {
        return one.has_results() && one.rank == other.rank && !is_empty(one.path) && fs::file_size(one.path) == fs::file_size(other.path) &&
               base::read_file(one.path) == base::read_file(other.path);
    }

    [[nodiscard]] static bool is_empty(const fs::path& path) { return fs::file_size(path) == 0; }

    std::string format_;
    fs::path root_;
    std::set<fs::path> seen_, copies_;
    std::vector<fs::path> links_;
    std::map<fs::path, std::vector<RunFile>> runs_;  // by folder
    Files files_;
};

class PathReader final : public io::FrameReader {
public:
    PathReader(const fs::path& path, const io::ReadOptions& options, base::LogSink& log) : path_(path), options_(options), told_(log) {
        auto files = find_files(path, options.format);
        files_ = std::move(files.read);
        for (const auto& file : files.foreign)
            log.warning(file.string() + ": is named as a file of LAMMPS data or a dump and begins as neither: passed over");
        if (!files.passed_over.empty())
            log.info(fmt::format("{}: {} files are passed over, a better one of the same run or name is read ({} in {})", path.string(),
                                 files.passed_over.size(), files.passed_over[0].filename().string(),
                                 files.passed_over[0].parent_path().string()));
    }

    bool next(io::Frame& frame) override {
        for (;;) {
            if (!reader_) {
                if (next_ == files_.size()) break;
                reader_ = io::open_reader(files_[next_], options_);
            }
            if (reader_->next(frame)) {
                empty_ = false;
                notes_ = reader_->notes();
                if (options_.numbers == io::Numbers::finite) io::leave_out_implausible_stress(frame, notes_);
                told_.add(frame, notes_);
                return true;
            }
            if (empty_ && files_.size() > 1) told_.add(files_[next_], "gives no frame");
            empty_ = true;
            ++next_;
            told_.end_file(*reader_);
            reader_.reset();
        }
        told_.end_path(path_);
        return false;
    }

    io::FrameNotes notes() const override { return notes_; }

private:
    fs::path path_;
    io::ReadOptions options_;
    io::NoteLog told_;
    std::vector<fs::path> files_;
    bool empty_ = true;  // the file open has given no frame so far
    std::size_t next_ = 0;
    std::unique_ptr<io::FrameReader> reader_;
    io::FrameNotes notes_;
};

/// Sets and arrays of a deepmd system are named as what they are.
void refuse_parts_of_systems(const fs::path& path) {
    const auto whole = path.has_filename() ? path : path.parent_path();
    const auto name = io::without_compression(whole.filename().string());
    const bool folder = fs::is_directory(whole), set = folder && io::matches("set.*", name);
    const bool array = !folder && (name.ends_with(".npy") || name.ends_with(".raw") || name == "nopbc");
    if (!set && !array) return;
    auto system = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
    if (array && io::matches("set.*", system.filename().string())) system = system.has_parent_path() ? system.parent_path() : fs::path(".");
    std::error_code failure;
    if (fs::exists(system / "type.raw", failure))
        throw InputError("is a part of a deepmd system", path.string(), "give the folder of the whole: " + system.string());
    if (set)
        throw InputError("is a set of a deepmd system without the file type.raw beside it, which tells the types of its atoms",
                         path.string(), "bring it back, and give the folder above");
}

void require_readable(const fs::path& path) {
    std::error_code failure;
    const bool there = fs::exists(path, failure);
    if (failure) throw FileError("cannot be read (" + failure.message() + ")", path.string(), "check the name, links and permissions");
    if (!there) throw FileError("there is no such file or folder", path.string(), "check the name");
    refuse_parts_of_systems(path);
}

Files files_behind(const std::vector<fs::path>& paths, const std::string& format, const fs::path& given) {
    Walk walk(format);
    for (const auto& path : paths)
        if (fs::is_directory(path))
            walk.add_folder(path);
        else
            walk.add_file(path);
    auto files = walk.take_files();
    for (auto& twin : take_out_twins(files.read)) files.passed_over.push_back(std::move(twin));
    if (files.read.empty())
        throw InputError(format.empty() ? "the folder holds no file of a known format" : "the folder holds no file of the format " + format,
                         given.string(),
                         "rename the files, or name one with --format; a deepmd system is a folder with type.raw and set.000");
    return files;
}

}  // namespace

Files find_files(const fs::path& path, const std::string& format) {
    const auto matches = base::matching_paths(path);
    for (const auto& match : matches) require_readable(match);
    if (matches.size() == 1 && !fs::is_directory(matches[0])) return {matches, {}};
    return files_behind(matches, format, path);
}

std::vector<fs::path> files_of(const fs::path& path, const std::string& format) { return find_files(path, format).read; }

std::unique_ptr<io::FrameReader> open_frames(const fs::path& path, const io::ReadOptions& options, base::LogSink& log) {
    return std::make_unique<PathReader>(path, options, log);
}

}  // namespace alkali::dataset
