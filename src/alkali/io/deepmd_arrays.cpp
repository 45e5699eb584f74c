#include "alkali/io/deepmd_arrays.hpp"

#include <fmt/format.h>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/npy.hpp"
#include "alkali/io/text.hpp"

namespace alkali::io {
namespace {

namespace fs = std::filesystem;

void expect_frames(std::size_t given, std::optional<std::size_t> frames, const fs::path& path) {
    if (frames && given != *frames) throw FileError(fmt::format("has {} frames, coord has {}", given, *frames), path.string());
}

class NpyArray final : public FrameArray {
public:
    NpyArray(const fs::path& path, std::size_t width, std::optional<std::size_t> frames) : rows_(path.string()) {
        const std::size_t count = rows_.rows() * rows_.row_size();
        if (rows_.row_size() != width) {
            const std::size_t wanted = frames.value_or(1);
            // Of several frames only what leaves no doubt about their order.
            const bool plain = wanted == 1 || width == 1 || rows_.header().shape.size() < 2;
            if (!plain || count != wanted * width || count == 0)
                throw FileError(fmt::format("has {} numbers per frame instead of {}", rows_.row_size(), width), path.string(),
                                "does type.raw belong to it?");
            rows_.reshape(wanted);
        }
        expect_frames(rows_.rows(), frames, path);
    }
    std::size_t frames() const override { return rows_.rows(); }
    std::span<const double> of(std::size_t frame) override { return rows_.row(frame); }

private:
    NpyRows rows_;
};

class RawArray final : public FrameArray {
public:
    RawArray(const fs::path& path, std::size_t width, std::optional<std::size_t> frames) : path_(path), width_(width) {
        base::require_file(path);
        open();
        while (next_line()) ++frames_;
        expect_frames(frames_, frames, path);
        open();
    }
    std::size_t frames() const override { return frames_; }

    std::span<const double> of(std::size_t frame) override {
        if (frame < at_) open();
        for (; at_ <= frame; ++at_)
            if (!next_line()) throw FileError("ends too early", path_.string(), "was it changed just now?");
        const auto words = split(line_);
        if (words.size() != width_)
            throw FileError(fmt::format("has {} numbers in line {} instead of {}", words.size(), lines_->number(), width_), path_.string(),
                            "does type.raw belong to it?");
        values_.clear();
        for (const auto word : words) {
            const auto value = parse_double(word);
            if (!value) throw FileError(fmt::format("line {}: '{}' is not a number", lines_->number(), word.substr(0, 40)), path_.string());
            values_.push_back(*value);
        }
        return values_;
    }

private:
    void open() {
        stream_ = open_content(path_);
        lines_.emplace(*stream_);
        at_ = 0;
    }
    // Passes over empty lines and remarks.
    bool next_line() {
        while (lines_->next(line_)) {
            line_.erase(std::min(line_.find('#'), line_.size()));
            if (!trim(line_).empty()) return true;
        }
        return false;
    }

    fs::path path_;
    std::size_t width_, frames_ = 0, at_ = 0;
    std::unique_ptr<std::istream> stream_;
    std::optional<Lines> lines_;
    std::string line_;
    std::vector<double> values_;
};

}  // namespace

DeepmdFolder::DeepmdFolder(fs::path folder) : folder_(std::move(folder)) {
    std::error_code failure;
    for (fs::directory_iterator at(folder_, failure), end; !failure && at != end; at.increment(failure)) {
        const auto name = at->path().filename().string(), plain = without_compression(name);
        const auto [entry, added] = entries_.try_emplace(plain, at->path());
        if (!added && name == plain) entry->second = at->path();
    }
    if (failure) throw FileError("the folder cannot be read: " + failure.message(), folder_.string(), "check the permissions");
}

std::optional<fs::path> DeepmdFolder::find(const std::string& name) const {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return std::nullopt;
    std::error_code failure;
    if (fs::status(entry->second, failure).type() == fs::file_type::not_found)
        throw FileError("the link leads nowhere", entry->second.string(), "bring back what it led to, or remove it");
    return entry->second;
}

std::vector<std::string> DeepmdFolder::names() const {
    std::vector<std::string> names;
    for (const auto& [name, path] : entries_) names.push_back(name);
    return names;
}

std::unique_ptr<FrameArray> open_frame_array(const DeepmdFolder& folder, const std::string& name, std::size_t width,
                                             std::optional<std::size_t> frames) {
    if (const auto path = folder.find(name + ".npy")) {
        if (path->extension() != ".npy")
            throw FileError("is compressed; arrays of numpy are read to and fro", path->string(), "uncompress it first");
        return std::make_unique<NpyArray>(*path, width, frames);
    }
    if (const auto path = folder.find(name + ".raw")) return std::make_unique<RawArray>(*path, width, frames);
    return nullptr;
}

}  // namespace alkali::io
