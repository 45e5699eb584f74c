// Checkpoints of arbitrary bytes: whatever comes, it becomes a state that is sound in itself or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "alkali/training/tests/feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::training::testing::feed_checkpoint(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
