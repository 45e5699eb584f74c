#pragma once
#include <cstdint>
#include <string>

namespace alkali::base {

/// CPU seconds (user and system, all threads) this process has used since it began.
[[nodiscard]] double process_cpu_seconds();
/// Largest resident memory of this process so far, bytes.
[[nodiscard]] std::int64_t peak_resident_bytes();
/// Today as 2026-01-31 (UTC).
[[nodiscard]] std::string utc_date();

}  // namespace alkali::base
