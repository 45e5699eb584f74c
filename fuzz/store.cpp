// Stores of labels of arbitrary bytes: whatever comes, it gives sound labels or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "alkali/labelling/tests/feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::labelling::tests::feed_store(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
