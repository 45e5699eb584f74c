#include "calculator.hpp"

#include <fmt/format.h>
#include <omp.h>

#include "alkali/base/error.hpp"
#include "alkali/base/thread_limit.hpp"
#include "arrays.hpp"
#include "wiring.hpp"

namespace alkali::python {

namespace py = pybind11;

namespace {

structure::Structure to_structure(const py::object& numbers, const py::object& positions, const py::object& cell, const py::object& pbc) {
    structure::Structure result;
    result.numbers = to_integers(numbers, "numbers");
    result.positions = to_vectors(positions, "positions", result.numbers.size());
    const auto rows = to_vectors(cell, "cell", 3);
    Mat3 vectors;
    for (int i = 0; i < 3; ++i) vectors.row(i) = rows[static_cast<std::size_t>(i)].transpose();
    result.cell = structure::Cell(vectors, to_flags(pbc, "pbc"));
    return result;
}

/// Names need not be UTF-8.
std::string to_text(const py::object& path) { return py::bytes(py::module_::import("os").attr("fsencode")(path)); }

/// A text or path as it is; of several, the CALC text of their committee: one on each line, whatever commas are in their names.
std::string to_specification(const py::object& object) {
    if (!py::isinstance<py::list>(object) && !py::isinstance<py::tuple>(object)) return to_text(object);
    std::string all;
    for (const auto& one : object) all += (all.empty() ? "" : "\n") + to_text(py::reinterpret_borrow<py::object>(one));
    return all;
}

/// OpenMP's thread count for the calls of one calculator; the Python thread gets its own count back.
class Threads {
public:
    explicit Threads(int wanted) : before_(omp_get_max_threads()) {
        if (wanted != 0) base::require_threads(wanted, "threads");
        if (wanted > 0) omp_set_num_threads(wanted);
    }
    ~Threads() { omp_set_num_threads(before_); }
    Threads(const Threads&) = delete;
    Threads& operator=(const Threads&) = delete;

private:
    int before_;
};

void put_uncertainty(py::dict& output, const calculator::Uncertainty& uncertainty, const structure::Structure& structure) {
    if (uncertainty.energy) output["energy_std"] = *uncertainty.energy;
    if (uncertainty.forces.size() == structure.size()) output["forces_std"] = to_array(uncertainty.forces);
    if (uncertainty.stress && structure.cell.volume() > 0) output["stress_std"] = to_array(*uncertainty.stress);
    if (!uncertainty.energies.empty()) output["energies_std"] = to_array(uncertainty.energies);
}

}  // namespace

Calculator::Calculator(const py::object& specification, const std::string& precision, int threads) : threads_(threads) {
    const std::string text = to_specification(specification);
    const py::gil_scoped_release no_gil;
    const Threads chosen(threads_);
    calculator_ = app::make_calculators().open(text, {precision, threads}, log_);
}

py::dict Calculator::compute(const py::object& numbers, const py::object& positions, const py::object& cell, const py::object& pbc,
                             bool uncertainty) {
    const auto structure = to_structure(numbers, positions, cell, pbc);
    calculator::Result result;
    {
        const py::gil_scoped_release no_gil;
        const std::lock_guard lock(one_at_a_time_);
        const Threads chosen(threads_);
        result = calculator_->compute(structure, {.per_atom = true, .uncertainty = uncertainty});
    }
    py::dict output;
    output["energy"] = result.energy;
    output["forces"] = to_array(result.forces);
    if (structure.cell.volume() > 0) output["stress"] = to_array(result.stress);
    if (result.energies.size() == structure.size()) output["energies"] = to_array(result.energies);
    if (result.virials.size() == structure.size()) output["virials"] = to_array(result.virials);
    if (result.uncertainty) put_uncertainty(output, *result.uncertainty, structure);
    return output;
}

}  // namespace alkali::python
