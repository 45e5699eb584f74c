#include <cstddef>
#include <cstdint>

#include "alkali/io/tests/feed.hpp"

// One fuzzer per reader; ALKALI_FUZZ_TARGET names it. Anything but frames or an alkali::Error is a fault.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alkali::io::tests::feed(ALKALI_FUZZ_TARGET, std::string(reinterpret_cast<const char*>(data), size));
    return 0;
}
