#pragma once
#include <cmath>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/config/document.hpp"
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

/// `target`: the name of a fuzzer and of its folder in fuzz/corpus.
inline void feed(const std::string& target, const std::string& bytes) {
    if (target == "safetensors")
        feed_safetensors(bytes);
    else if (target == "deepmd-model")
        feed_deepmd_model(bytes);
    else if (target == "npy")
        feed_npy(bytes);
    else
        feed_frames(target, bytes);
}

}  // namespace alkali::io::tests
