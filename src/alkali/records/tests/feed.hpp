#pragma once
#include <stdexcept>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/config/json.hpp"
#include "alkali/records/record.hpp"

namespace alkali::records::testing {

/// What the fuzzer and the test of its corpus share: bytes into the reader of records, which gives records or an Error; what was read is
/// written and read again.
inline void feed_records(const std::string& bytes) {
    try {
        const auto records = Records::from_json(config::parse_json(bytes, "bytes"), "bytes");
        const auto again = Records::from_json(config::parse_json(records.text(), "again", {200, 40'000'000}), "again");
        if (again.all().size() != records.all().size()) throw std::logic_error("a record was lost");
    } catch (const Error&) {}
}

}  // namespace alkali::records::testing
