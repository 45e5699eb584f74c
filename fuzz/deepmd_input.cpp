// DeePMD-kit inputs of arbitrary bytes, YAML or JSON: whatever comes, it becomes a config's tree or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "alkali/training/tests/feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::training::testing::feed_deepmd_input(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
