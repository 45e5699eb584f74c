#pragma once
#include "alkali/base/log.hpp"

namespace alkali::python {

/// Messages to the Python logger named "alkali". Takes the GIL for the moment of each message.
class PythonLog final : public base::LogSink {
public:
    void write(base::LogLevel level, std::string_view message) override;
};

}  // namespace alkali::python
