#pragma once
#include <pybind11/pybind11.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "alkali/math/types.hpp"

/// The only place where arrays pass between Python and C++, both ways by the buffer protocol and as copies. pybind11's array_t is not
/// used: before 2.12 it reads item sizes from the descriptor of NumPy 1, which NumPy 2 laid out anew, and gives arrays wrong strides.
namespace alkali::python {

/// Numbers in C order with their shape.
struct Array {
    std::vector<double> values;
    std::vector<pybind11::ssize_t> shape;
};

/// Whatever NumPy makes an array of integers, floats or booleans of: lists, arrays of any order, stride, byte order and width.
/// Errors: InputError with the name for everything else (texts, complex numbers, ragged lists).
[[nodiscard]] Array to_numbers(const pybind11::object& object, const std::string& name);
/// (N). Errors: InputError with the name for another shape or a number that is not whole.
[[nodiscard]] std::vector<int> to_integers(const pybind11::object& object, const std::string& name);
/// (N,3) with this N. Errors: InputError with the name and both shapes.
[[nodiscard]] std::vector<Vec3> to_vectors(const pybind11::object& object, const std::string& name, std::size_t rows);
/// (3), or one for all three. Errors: InputError with the name.
[[nodiscard]] std::array<bool, 3> to_flags(const pybind11::object& object, const std::string& name);

/// New float64 arrays of NumPy: (N), (3,3), (N,3), (N,3,3).
[[nodiscard]] pybind11::object to_array(std::span<const double> values);
[[nodiscard]] pybind11::object to_array(const Mat3& matrix);
[[nodiscard]] pybind11::object to_array(std::span<const Vec3> vectors);
[[nodiscard]] pybind11::object to_array(std::span<const Mat3> matrices);

}  // namespace alkali::python
