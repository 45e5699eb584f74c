#pragma once
#include <filesystem>
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

/// The array `name` (coord, box, ...) of a folder: NAME.npy of a set, or NAME.raw, text with a frame a line; null if there is none.
/// width: numbers a frame. frames: of the set, nothing if this array (coord) tells it. As in deepmd-kit, shape does not matter beyond
/// that: an array of one frame may lack the dimension of frames.
/// Errors: FileError for numbers that are not `width` a frame, or another number of frames.
[[nodiscard]] std::unique_ptr<FrameArray> open_frame_array(const std::filesystem::path& folder, const std::string& name, std::size_t width,
                                                           std::optional<std::size_t> frames);

}  // namespace alkali::io
