// Which instruction sets the SIMD kernels are compiled for: SSE4, AVX2 with FMA, AVX-512. Older processors use the reference kernels:
// Highway still passes over each file for its scalar fallback, which the kernels leave out.
// To be included before any header of Highway in every file that uses foreach_target.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
#endif

/// Highway's fallback without vector instructions: HWY_SCALAR or HWY_EMU128, as the compiler has it.
#ifndef ALKALI_VECTORISED
#define ALKALI_VECTORISED (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)
#endif

/// For lambdas that must become part of their caller, whose vectors would otherwise travel through memory.
#ifndef ALKALI_INLINED
#define ALKALI_INLINED HWY_ATTR __attribute__((always_inline))
#endif
