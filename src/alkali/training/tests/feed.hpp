#pragma once
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/training/deepmd_input.hpp"

namespace alkali::training::testing {

/// What the fuzzer and the test of its corpus share: bytes into the reader of DeePMD-kit's inputs.
inline void feed_deepmd_input(const std::string& bytes) {
    base::NullSink log;
    try {
        const bool json = !bytes.empty() && bytes.front() == '{';
        const auto document = json ? config::parse_json_tree(bytes, "bytes") : config::parse_tree(bytes, "bytes");
        static_cast<void>(is_deepmd_input(document));
        static_cast<void>(from_deepmd_input(document, "folder/bytes", log));
    } catch (const Error&) {}
}

}  // namespace alkali::training::testing
