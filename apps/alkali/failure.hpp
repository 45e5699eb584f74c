#pragma once
#include <exception>
#include <span>
#include <string>

namespace alkali::app {

/// What to tell of an exception, of whatever kind: where, what, and what to do. inputs: what the command was given to read.
[[nodiscard]] std::string message_of(const std::exception& error, std::span<const std::string> inputs);

}  // namespace alkali::app
