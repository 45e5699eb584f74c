#pragma once
#include "alkali/math/types.hpp"

namespace alkali::math {

/// The nearest number that float32 has. Through volatile memory: GCC 12 folds float(double) -> double of neighbouring
/// vector components away at -O2 (its SLP vectoriser).
[[nodiscard]] inline double rounded_to_float(double value) {
    const volatile float rounded = static_cast<float>(value);
    return static_cast<double>(rounded);
}
[[nodiscard]] inline Vec3 rounded_to_float(const Vec3& v) {
    return {rounded_to_float(v[0]), rounded_to_float(v[1]), rounded_to_float(v[2])};
}

}  // namespace alkali::math
