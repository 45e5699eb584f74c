// The program's own file, as cmake/hardening.cmake should have it made.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "alkali/base/files.hpp"

namespace alkali::cli_test::hardening_tests {
namespace {

template <class T>
std::vector<T> records(const std::string& bytes, std::size_t offset, std::size_t count) {
    std::vector<T> all(count);
    if (count > 0) std::memcpy(all.data(), bytes.data() + offset, count * sizeof(T));
    return all;
}

std::optional<Elf64_Phdr> segment(const std::vector<Elf64_Phdr>& segments, Elf64_Word type) {
    for (const auto& each : segments)
        if (each.p_type == type) return each;
    return std::nullopt;
}

TEST(Hardening, of_the_program_is_that_of_debian) {
#ifndef ALKALI_HARDENED
    GTEST_SKIP() << "built without ALKALI_HARDENING";
#else
    const auto bytes = base::read_file(ALKALI_PROGRAM);
    const auto head = records<Elf64_Ehdr>(bytes, 0, 1)[0];
    const auto segments = records<Elf64_Phdr>(bytes, head.e_phoff, head.e_phnum);
    EXPECT_EQ(head.e_type, ET_DYN) << "stands at a fixed place";
    EXPECT_TRUE(segment(segments, PT_GNU_RELRO));
    ASSERT_TRUE(segment(segments, PT_GNU_STACK));
    EXPECT_EQ(segment(segments, PT_GNU_STACK)->p_flags & PF_X, 0U);
    const auto dynamic = segment(segments, PT_DYNAMIC);
    ASSERT_TRUE(dynamic);
    bool now = false;
    for (const auto& entry : records<Elf64_Dyn>(bytes, dynamic->p_offset, dynamic->p_filesz / sizeof(Elf64_Dyn)))
        now = now || entry.d_tag == DT_BIND_NOW || (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_BIND_NOW) != 0) ||
              (entry.d_tag == DT_FLAGS_1 && (entry.d_un.d_val & DF_1_NOW) != 0);
    EXPECT_TRUE(now) << "tables of functions can be overwritten";
    EXPECT_NE(bytes.find("__stack_chk_fail"), std::string::npos);
#endif
}

}  // namespace
}  // namespace alkali::cli_test::hardening_tests
