#include "alkali/base/memory.hpp"

#include <gtest/gtest.h>

#include "alkali/base/error.hpp"

namespace alkali::base::memory_tests {
namespace {

TEST(Memory, what_cannot_fit_is_refused_before_it_is_allocated) {
    EXPECT_GT(machine_memory(), 1e8);
    EXPECT_NO_THROW(require_memory(0.5 * machine_memory(), "the model", "a.safetensors", ""));
    EXPECT_THROW(require_memory(2 * machine_memory(), "the model", "a.safetensors", ""), InputError);
    EXPECT_THROW(require_memory(1e300, "the model", "a.safetensors", ""), InputError);
}

}  // namespace
}  // namespace alkali::base::memory_tests
