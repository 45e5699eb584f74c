#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace alkali::base {

/// Least stack on which the program works, bytes: kernels keep blocks of numbers there.
inline constexpr std::size_t least_stack = 256 * 1024;
/// Most that a thread may be given: far beyond, OpenMP's library ends the process, since no address is left.
inline constexpr std::size_t most_stack = std::size_t{4} << 30;

/// Bytes of a size as OpenMP's variables give it: a whole number and B, K, M or G, kibibytes without. Nothing for what is none.
[[nodiscard]] std::optional<std::size_t> openmp_size(std::string_view text);

/// Errors: InputError naming the limit of this process (ulimit -s) or the variable (OMP_STACKSIZE, GOMP_STACKSIZE) that is too small, or
/// the variable if it is too large.
void require_stack(const char* omp_stacksize, const char* gomp_stacksize);

}  // namespace alkali::base
