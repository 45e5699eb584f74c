#pragma once
#include <string>

#include "alkali/labelling/quantum_espresso/output.hpp"
#include "alkali/labelling/quantum_espresso/settings.hpp"

namespace alkali::labelling::qe {

// pw.x makes something of any text: of input_dft the components whose names it finds in it (of "pbe-d3" gradient corrections
// without the functional they correct), of an unknown vdw_corr nothing, with a warning. So names are checked before, and what
// pw.x says it took afterwards.

/// Errors: InputError at `where` if pw.x has no functional of this name (short names, components joined by + or -, libxc's).
void check_input_dft(const std::string& name, const std::string& where);
/// Errors: InputError at `where` if pw.x has no dispersion correction of this name.
void check_vdw_corr(const std::string& name, const std::string& where);

/// In what pw.x says it took differs from the config; empty: in nothing.
[[nodiscard]] std::string other_level(const Output& output, const Physics& physics);

}  // namespace alkali::labelling::qe
