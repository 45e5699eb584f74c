#pragma once
#include <pybind11/pybind11.h>

#include <memory>
#include <mutex>
#include <string>

#include "alkali/calculator/registry.hpp"
#include "log.hpp"

namespace alkali::python {

/// A calculator opened from a CALC string, as Python sees it. compute() runs without the GIL; calls from several Python
/// threads on one object wait for each other.
class Calculator {
public:
    /// specification: a text or path, or several of them, which are a committee.
    Calculator(const pybind11::object& specification, const std::string& precision, int threads);
    /// numbers (N); positions (N,3) and cell (3,3), rows are vectors, angstrom; pbc (3) or one for all. Gives a dict: energy (eV),
    /// forces (N,3), stress (3,3) eV/angstrom^3 positive in tension, and energies (N), virials (N,3,3) where the
    /// calculator knows them. stress is left out where the cell has no volume. Standard deviations that a committee has, or
    /// a calibrated model where uncertainty is asked for: energy_std, forces_std, stress_std, energies_std of the same shapes.
    [[nodiscard]] pybind11::dict compute(const pybind11::object& numbers, const pybind11::object& positions, const pybind11::object& cell,
                                         const pybind11::object& pbc, bool uncertainty);
    [[nodiscard]] const calculator::Calculator& calculator() const { return *calculator_; }

private:
    PythonLog log_;  // calculators may keep a reference to it
    std::unique_ptr<calculator::Calculator> calculator_;
    int threads_;
    std::mutex one_at_a_time_;
};

}  // namespace alkali::python
