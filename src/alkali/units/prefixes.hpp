#pragma once

namespace alkali::units {

/// How many thousandths are in one: meV in an eV.
inline constexpr double milli = 1e3;

}  // namespace alkali::units
