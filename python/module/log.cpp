#include "log.hpp"

#include <pybind11/pybind11.h>

#include <string>

namespace alkali::python {

namespace py = pybind11;

void PythonLog::write(base::LogLevel level, std::string_view message) {
    const py::gil_scoped_acquire gil;
    const auto logger = py::module_::import("logging").attr("getLogger")("alkali");
    const char* method = level == base::LogLevel::debug ? "debug" : level == base::LogLevel::info ? "info" : "warning";
    logger.attr(method)("%s", std::string(message));
}

}  // namespace alkali::python
