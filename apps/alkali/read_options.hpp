#pragma once
#include <CLI/CLI.hpp>

#include "alkali/io/format.hpp"

namespace alkali::app {

/// The symbol of an element.
extern const CLI::Validator element_symbol;

/// --format (also --from) and --type-names: what every command that reads structures offers.
void add_structure_options(CLI::App& command, io::ReadOptions& read);
/// The same and the keys of the labels.
void add_label_options(CLI::App& command, io::ReadOptions& read);

}  // namespace alkali::app
