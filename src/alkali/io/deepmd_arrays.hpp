#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace alkali::io {

/// One quantity of the frames of a deepmd set.
class FrameArray {
public:
    virtual ~FrameArray() = default;
    [[nodiscard]] virtual std::size_t frames() const = 0;
    /// Numbers of one frame, in order of the frames.
    [[nodiscard]] virtual std::span<const double> of(std::size_t frame) = 0;
};

/// What a folder of a deepmd system holds, by name.
class DeepmdFolder {
public:
    /// Errors: FileError if it cannot be read.
    explicit DeepmdFolder(std::filesystem::path folder);
    [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
    /// The entry of this name, or the same compressed (coord.raw.gz); nothing if there is none. Errors: FileError for a link that leads
    /// nowhere.
    [[nodiscard]] std::optional<std::filesystem::path> find(const std::string& name) const;
    [[nodiscard]] bool has(const std::string& name) const { return find(name).has_value(); }
    /// Names, without the ending of what is compressed.
    [[nodiscard]] std::vector<std::string> names() const;

private:
    std::filesystem::path folder_;
    std::map<std::string, std::filesystem::path> entries_;
};

/// The array `name` (coord, box, ...) of a folder: NAME.npy of a set, or NAME.raw, text with a frame a line; null if there is none.
/// width: numbers a frame. frames: of the set, nothing if this array (coord) tells it. As in deepmd-kit, shape does not matter beyond
/// that: an array of one frame may lack the dimension of frames.
/// Errors: FileError for numbers that are not `width` a frame, another number of frames, or a .npy that is compressed.
[[nodiscard]] std::unique_ptr<FrameArray> open_frame_array(const DeepmdFolder& folder, const std::string& name, std::size_t width,
                                                           std::optional<std::size_t> frames);

}  // namespace alkali::io
