#pragma once

#ifndef ALKALI_VERSION
#define ALKALI_VERSION "unknown"
#endif

namespace alkali::app {

/// Of the program, as records and models carry it.
inline constexpr const char* version = ALKALI_VERSION;

}  // namespace alkali::app
