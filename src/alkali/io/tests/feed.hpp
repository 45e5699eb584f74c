#pragma once
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "alkali/base/error.hpp"
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

/// `target`: the name of a fuzzer and of its folder in fuzz/corpus.
inline void feed(const std::string& target, const std::string& bytes) {
    if (target == "safetensors")
        feed_safetensors(bytes);
    else if (target == "npy")
        feed_npy(bytes);
    else
        feed_frames(target, bytes);
}

}  // namespace alkali::io::tests
