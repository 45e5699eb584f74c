#pragma once
#include <CLI/CLI.hpp>

namespace alkali::app {

/// The type names of options that take numbers: those that CLI11 gives (INT, UINT, FLOAT), or, of whole numbers from 0, `count`; a list
/// of those is `count` and ",...".
constexpr const char* count = "N";
constexpr const char* counts = "N,...";

/// Lays one check over all options of the app and its subcommands that take numbers, before any other: in decimals to their end, finite,
/// and not negative where the option counts. CLI11 alone takes hexadecimal and octal numbers (010 is 8), wraps negative ones, takes nan.
void check_numbers(CLI::App& app);

}  // namespace alkali::app
