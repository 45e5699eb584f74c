// Model files of arbitrary bytes, header and tensors: whatever comes, it becomes a model or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "alkali/models/tests/feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::models::testing::feed_model(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
