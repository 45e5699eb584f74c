#include "arrays.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "alkali/base/error.hpp"

namespace alkali::python {

namespace py = pybind11;

namespace {

py::module_ numpy() { return py::module_::import("numpy"); }

std::string shape_text(const std::vector<py::ssize_t>& shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

py::object as_array(const py::object& object, const std::string& name) {
    try {
        return numpy().attr("asarray")(object);
    } catch (const py::error_already_set& error) {
        if (!error.matches(PyExc_ValueError) && !error.matches(PyExc_TypeError)) throw;
        throw InputError(name + " is no array of numbers: " + std::string(py::str(error.value())));
    }
}

/// An uninitialised float64 array, filled in C order.
py::object new_array(std::span<const double> values, std::initializer_list<std::size_t> shape) {
    py::tuple sizes(shape.size());
    for (std::size_t k = 0; k < shape.size(); ++k) sizes[k] = py::int_(*(shape.begin() + k));
    py::object array = numpy().attr("empty")(sizes, py::arg("dtype") = "float64");
    const auto view = py::reinterpret_borrow<py::buffer>(array).request(true);
    if (view.itemsize != sizeof(double) || view.size != static_cast<py::ssize_t>(values.size()))
        throw InternalError("NumPy made an array of another size");
    std::copy(values.begin(), values.end(), static_cast<double*>(view.ptr));
    return array;
}

}  // namespace

Array to_numbers(const py::object& object, const std::string& name) {
    const py::object given = as_array(object, name);
    const auto kind = given.attr("dtype").attr("kind").cast<std::string>();
    if (kind.find_first_of("biuf") == std::string::npos)
        throw InputError(name + " must be an array of real numbers, it is one of " + std::string(py::str(given.attr("dtype"))));
    const py::object plain = numpy().attr("asarray")(given, py::arg("dtype") = "float64", py::arg("order") = "C");
    const auto view = py::reinterpret_borrow<py::buffer>(plain).request();
    if (view.itemsize != sizeof(double) || view.format != py::format_descriptor<double>::format())
        throw InternalError("NumPy made an array of " + view.format + " where float64 was asked for");
    const auto* first = static_cast<const double*>(view.ptr);
    return {{first, first + view.size}, view.shape};
}

std::vector<int> to_integers(const py::object& object, const std::string& name) {
    const Array array = to_numbers(object, name);
    if (array.shape.size() != 1) throw InputError(name + " must be one-dimensional, its shape is " + shape_text(array.shape));
    std::vector<int> integers;
    for (const double value : array.values) {
        if (value != std::floor(value) || std::abs(value) > std::numeric_limits<int>::max())
            throw InputError(fmt::format("{} must be whole numbers, number {} is {}", name, integers.size(), value));
        integers.push_back(static_cast<int>(value));
    }
    return integers;
}

std::vector<Vec3> to_vectors(const py::object& object, const std::string& name, std::size_t rows) {
    const Array array = to_numbers(object, name);
    const std::vector<py::ssize_t> wanted{static_cast<py::ssize_t>(rows), 3};
    if (array.shape != wanted)
        throw InputError(fmt::format("{} must have the shape {}, it has {}", name, shape_text(wanted), shape_text(array.shape)));
    std::vector<Vec3> vectors;
    for (std::size_t i = 0; i < rows; ++i) vectors.emplace_back(array.values[3 * i], array.values[3 * i + 1], array.values[3 * i + 2]);
    return vectors;
}

std::array<bool, 3> to_flags(const py::object& object, const std::string& name) {
    const Array array = to_numbers(object, name);
    const bool one = array.shape.empty();
    if (!one && array.shape != std::vector<py::ssize_t>{3})
        throw InputError(fmt::format("{} must be one or three of True and False, its shape is {}", name, shape_text(array.shape)));
    std::array<bool, 3> flags{};
    for (std::size_t k = 0; k < 3; ++k) {
        const double value = array.values[one ? 0 : k];
        if (value != 0 && value != 1) throw InputError(fmt::format("{} must be True or False, not {}", name, value));
        flags[k] = value == 1;
    }
    return flags;
}

py::object to_array(std::span<const double> values) { return new_array(values, {values.size()}); }

py::object to_array(const Mat3& matrix) {
    std::vector<double> values;
    for (int k = 0; k < 9; ++k) values.push_back(matrix(k / 3, k % 3));
    return new_array(values, {3, 3});
}

py::object to_array(std::span<const Vec3> vectors) {
    std::vector<double> values;
    for (const Vec3& vector : vectors) values.insert(values.end(), vector.begin(), vector.end());
    return new_array(values, {vectors.size(), 3});
}

py::object to_array(std::span<const Mat3> matrices) {
    std::vector<double> values;
    for (const Mat3& matrix : matrices)
        for (int k = 0; k < 9; ++k) values.push_back(matrix(k / 3, k % 3));
    return new_array(values, {matrices.size(), 3, 3});
}

}  // namespace alkali::python
