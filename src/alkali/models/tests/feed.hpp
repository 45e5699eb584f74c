#pragma once
#include <cmath>
#include <stdexcept>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/models/common/model_file.hpp"

namespace alkali::models::testing {

/// What the fuzzer and the test of its corpus share: bytes into the reader of model files, which gives a model with finite parameters or
/// an Error.
inline void feed_model(const std::string& bytes) {
    static const KindRegistry kinds = model_kinds();
    try {
        const auto loaded = parse_model(bytes, "bytes", kinds);
        for (const double value : loaded.model->parameters())
            if (!std::isfinite(value)) throw std::logic_error("a parameter is not finite");
    } catch (const Error&) {}
}

}  // namespace alkali::models::testing
