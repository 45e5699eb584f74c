#pragma once
#include <unistd.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/config/document.hpp"
#include "alkali/io/compression.hpp"
#include "alkali/io/deepmd_arrays.hpp"
#include "alkali/io/deepmd_model.hpp"
#include "alkali/io/format.hpp"
#include "alkali/io/npy.hpp"
#include "alkali/io/safetensors.hpp"

// What the fuzzers and the test of their corpus share: bytes into a reader, which must give frames or an alkali::Error.
namespace alkali::io::tests {

inline void feed_frames(const std::string& format, const std::string& bytes) {
    ReadOptions options;
    options.format = format;
    options.type_names = {"Li", "O"};
    try {
        const auto reader = open_reader(std::make_unique<std::istringstream>(bytes), "bytes", options);
        int faults = 0;
        for (Frame frame; faults < 10;) {
            try {
                if (!reader->next(frame)) break;
            } catch (const Error&) {
                ++faults;
            }
        }
    } catch (const Error&) {}
}

inline void feed_safetensors(const std::string& bytes) {
    try {
        const auto file = TensorFile::parse(bytes, "bytes");
        // What was read must be what is written, and read again.
        const auto again = TensorFile::parse(file.serialised(), "again");
        if (again.tensors.size() != file.tensors.size()) throw std::logic_error("a tensor was lost");
    } catch (const Error&) {}
}

inline void feed_npy(const std::string& bytes) {
    try {
        const auto header = parse_npy_header(bytes, bytes.size(), "bytes");
        std::vector<double> values;
        decode_npy(header, std::span(bytes).subspan(header.data_offset), values);
        if (values.size() != header.rows() * header.row_size()) throw std::logic_error("shape and numbers disagree");
    } catch (const Error&) {}
}

inline void feed_deepmd_model(const std::string& bytes) {
    try {
        const auto model = read_deepmd_model(config::parse_document(bytes, "bytes"), "bytes");
        for (const auto& [name, tensor] : model.tensors) {
            std::size_t size = 1;
            for (const std::size_t n : tensor.shape) size *= n;
            bool sound = size == tensor.values.size();
            for (const double value : tensor.values) sound = sound && std::isfinite(value);
            if (!sound) throw std::logic_error("a tensor of another size than its shape, or not finite");
        }
        static_cast<void>(model.hyperparameters.dump());
    } catch (const Error&) {}
}

/// For readers that want a file: bytes under a name in a folder of this process.
class FileOfBytes {
public:
    FileOfBytes(const std::string& name, const std::string& bytes)
        : folder_(std::filesystem::temp_directory_path() / ("alkali-feed-" + std::to_string(getpid()))), path_(folder_ / name) {
        std::filesystem::create_directories(folder_);
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    FileOfBytes(const FileOfBytes&) = delete;
    FileOfBytes& operator=(const FileOfBytes&) = delete;
    ~FileOfBytes() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path folder_, path_;
};

inline void feed_compressed(const std::string& bytes) {
    const FileOfBytes file("bytes", bytes);
    try {
        const auto content = open_content(file.path());
        std::array<char, 4096> piece{};
        for (int pieces = 0; pieces < 4096 && *content; ++pieces) content->read(piece.data(), piece.size());
    } catch (const Error&) {}
}

inline void feed_deepmd_raw(const std::string& bytes) {
    const FileOfBytes file("coord.raw", bytes);
    try {
        const auto array = open_frame_array(DeepmdFolder(file.folder()), "coord", 6, std::nullopt);
        for (std::size_t frame = 0; frame < array->frames(); ++frame)
            for (const double value : array->of(frame))
                if (std::isnan(value) && bytes.find_first_of("nN") == std::string::npos) throw std::logic_error("a number out of nothing");
    } catch (const Error&) {}
}

/// `target`: the name of a fuzzer and of its folder in fuzz/corpus.
inline void feed(const std::string& target, const std::string& bytes) {
    if (target == "safetensors")
        feed_safetensors(bytes);
    else if (target == "deepmd-model")
        feed_deepmd_model(bytes);
    else if (target == "npy")
        feed_npy(bytes);
    else if (target == "compressed")
        feed_compressed(bytes);
    else if (target == "deepmd-raw")
        feed_deepmd_raw(bytes);
    else
        feed_frames(target, bytes);
}

}  // namespace alkali::io::tests
