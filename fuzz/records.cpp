// Records of arbitrary bytes: whatever comes, it becomes records or an Error.
#include <cstddef>
#include <cstdint>
#include <string>

#include "alkali/records/tests/feed.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::records::testing::feed_records(std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
