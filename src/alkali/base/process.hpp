#pragma once
#include <cstdint>
#include <string>

namespace alkali::base {

/// CPU seconds (user and system, all threads) this process has used since it began.
[[nodiscard]] double process_cpu_seconds();
/// Forgets the largest memory so far, so that a peak belongs to one task. False where the system does not allow it (no /proc).
bool reset_peak_resident_bytes();
/// Largest resident memory of this process so far (or since the reset), bytes.
[[nodiscard]] std::int64_t peak_resident_bytes();
/// Gives memory that was freed back to the system where the allocator can (glibc), so that it does not count as resident.
void return_free_memory();
/// Of this machine; empty if it has none.
[[nodiscard]] std::string host_name();
/// Today as 2026-01-31 (UTC).
[[nodiscard]] std::string utc_date();

}  // namespace alkali::base
