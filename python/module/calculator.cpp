#include "calculator.hpp"

#include <fmt/format.h>
#include <omp.h>

#include "alkali/base/error.hpp"
#include "wiring.hpp"

namespace alkali::python {

namespace py = pybind11;

namespace {

structure::Structure to_structure(const Calculator::Numbers& numbers, const Calculator::Positions& positions,
                                  const Calculator::Positions& cell, std::array<bool, 3> pbc) {
    if (numbers.ndim() != 1) throw InputError("numbers must be one-dimensional");
    if (positions.ndim() != 2 || positions.shape(1) != 3 || positions.shape(0) != numbers.shape(0)) {
        throw InputError(fmt::format("positions must have the shape ({}, 3), one row for each of numbers", numbers.shape(0)));
    }
    if (cell.ndim() != 2 || cell.shape(0) != 3 || cell.shape(1) != 3) throw InputError("cell must have the shape (3, 3)");
    structure::Structure result;
    Mat3 vectors;
    for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) vectors(i, j) = cell.at(i, j);
    }
    result.cell = structure::Cell(vectors, pbc);
    for (py::ssize_t i = 0; i < numbers.shape(0); ++i) {
        result.add(numbers.at(i), Vec3(positions.at(i, 0), positions.at(i, 1), positions.at(i, 2)));
    }
    return result;
}

/// OpenMP's thread count for the calls of one calculator; the Python thread gets its own count back.
class Threads {
public:
    explicit Threads(int wanted) : before_(omp_get_max_threads()) {
        if (wanted > 0) omp_set_num_threads(wanted);
    }
    ~Threads() { omp_set_num_threads(before_); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

private:
    int before_;
};

py::array_t<double> to_array(const std::vector<Vec3>& vectors) {
    py::array_t<double> array({static_cast<py::ssize_t>(vectors.size()), py::ssize_t{3}});
    auto view = array.mutable_unchecked<2>();
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        for (int k = 0; k < 3; ++k) view(static_cast<py::ssize_t>(i), k) = vectors[i][k];
    }
    return array;
}

py::array_t<double> to_array(const std::vector<Mat3>& matrices) {
    py::array_t<double> array({static_cast<py::ssize_t>(matrices.size()), py::ssize_t{3}, py::ssize_t{3}});
    auto view = array.mutable_unchecked<3>();
    for (std::size_t i = 0; i < matrices.size(); ++i) {
        for (int k = 0; k < 9; ++k) view(static_cast<py::ssize_t>(i), k / 3, k % 3) = matrices[i](k / 3, k % 3);
    }
    return array;
}

py::array_t<double> to_array(const Mat3& matrix) {
    py::array_t<double> array({3, 3});
    for (int k = 0; k < 9; ++k) array.mutable_at(k / 3, k % 3) = matrix(k / 3, k % 3);
    return array;
}

}  // namespace

Calculator::Calculator(const std::string& specification, const std::string& precision, int threads) : threads_(threads) {
    const py::gil_scoped_release no_gil;
    const Threads chosen(threads_);
    calculator_ = app::make_calculators().open(specification, {precision, threads}, log_);
}

py::dict Calculator::compute(const Numbers& numbers, const Positions& positions, const Positions& cell, std::array<bool, 3> pbc) {
    const auto structure = to_structure(numbers, positions, cell, pbc);
    calculator::Result result;
    {
        const py::gil_scoped_release no_gil;
        const std::lock_guard lock(one_at_a_time_);
        const Threads chosen(threads_);
        result = calculator_->compute(structure, {.per_atom = true});
    }
    py::dict output;
    output["energy"] = result.energy;
    output["forces"] = to_array(result.forces);
    if (structure.cell.volume() > 0) output["stress"] = to_array(result.stress);
    if (result.energies.size() == structure.size()) {
        output["energies"] = py::array_t<double>(static_cast<py::ssize_t>(result.energies.size()), result.energies.data());
    }
    if (result.virials.size() == structure.size()) output["virials"] = to_array(result.virials);
    return output;
}

}  // namespace alkali::python
