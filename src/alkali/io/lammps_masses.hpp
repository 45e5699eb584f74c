#pragma once

namespace alkali::io {

/// The element whose mass (amu) it is, within 0.05; 0: none.
[[nodiscard]] int element_of_mass(double mass);

}  // namespace alkali::io
