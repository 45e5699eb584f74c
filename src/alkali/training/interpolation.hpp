#pragma once
#include <string>

#include "alkali/config/tree.hpp"

namespace alkali::training {

/// A document with its interpolations replaced by what they stand for, as OmegaConf and Hydra write them: ${a.b}, ${.sibling},
/// ${list[0]}, ${oc.select:a.b,default}, ${oc.env:NAME,default} (the default: the environment is not looked at), and nequip's
/// ${int_mul:a,b} and ${int_div:a,b}. Other resolvers (${training_data_stats:...}, ${hydra:...}) stay as text.
/// Errors: InputError naming the source and line: a key that is not there, a circle, more than a million values.
[[nodiscard]] config::Tree interpolated(const config::Tree& document, const std::string& source);

/// The argument of a text that is one call of this resolver: "x" for ${training_data_stats:x}; empty for others.
[[nodiscard]] std::string resolver_argument(const config::Tree* tree, const std::string& resolver);

}  // namespace alkali::training
