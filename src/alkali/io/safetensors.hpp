#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace alkali::io {

/// A named block of numbers, row-major. An empty shape is a single number.
struct Tensor {
    std::vector<std::size_t> shape;
    std::vector<double> values;
};

/// A safetensors file (https://github.com/huggingface/safetensors): 8 bytes with the length of a JSON header, the
/// header, the numbers. Written as F64; F64, F32 and I64 are read. Every check of the format's specification is made.
struct TensorFile {
    std::map<std::string, Tensor> tensors;
    std::map<std::string, std::string> metadata;

    /// FileError naming the nearest tensor if there is none of this name.
    [[nodiscard]] const Tensor& at(const std::string& name) const;
    /// The bytes of the file. InternalError if a tensor's values do not fit its shape.
    [[nodiscard]] std::string serialised() const;
    /// Written atomically.
    void save(const std::filesystem::path& path) const;
    /// Errors: FileError for a truncated or malformed file, overlapping or missing bytes, other number types, duplicates.
    [[nodiscard]] static TensorFile load(const std::filesystem::path& path);
    /// The same from bytes; `where` names their origin in errors.
    [[nodiscard]] static TensorFile parse(std::string_view bytes, const std::string& where);
};

}  // namespace alkali::io
