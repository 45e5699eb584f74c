#pragma once
#include <string>

#include "alkali/base/log.hpp"
#include "alkali/config/options.hpp"
#include "alkali/config/tree.hpp"

namespace alkali::config {

/// Moves every value given under an alias to its proper key and says so in the log.
/// Errors: InputError when a key is given both ways.
void resolve_aliases(Tree& document, const Options& options, const std::string& source, base::LogSink& log);

/// The options of a variant for this value, or null when its type is not (properly) given.
[[nodiscard]] const Options* variant_options(const Description& description, const Tree& value);

}  // namespace alkali::config
