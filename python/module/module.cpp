#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "alkali/base/error.hpp"
#include "calculator.hpp"
#include "wiring.hpp"

namespace py = pybind11;

PYBIND11_MODULE(_alkali, module) {
    module.doc() = "Calculators of alkali on plain arrays; alkali.ase has the calculator for ASE.";
    module.attr("__version__") = ALKALI_VERSION;

    const auto error = py::register_exception<alkali::Error>(module, "Error", PyExc_RuntimeError);
    py::register_exception<alkali::InputError>(module, "InputError", error);
    py::register_exception<alkali::FileError>(module, "FileError", error);
    py::register_exception<alkali::ExternalProgramError>(module, "ExternalProgramError", error);
    py::register_exception<alkali::ConvergenceError>(module, "ConvergenceError", error);
    py::register_exception<alkali::InternalError>(module, "InternalError", error);

    using alkali::python::Calculator;
    py::class_<Calculator>(module, "Calculator", "A potential opened from a model file or another CALC string of the command line.")
        .def(py::init<const py::object&, const std::string&, int>(), py::arg("specification"), py::arg("precision") = "",
             py::arg("threads") = 0,
             "specification: model file, kim:MODEL_ID, ..., or a list of model files, which is a committee; precision: float32, mixed or "
             "float64 (empty: the model's own); threads: 0 for as many as are fastest")
        .def("compute", &Calculator::compute, py::arg("numbers"), py::arg("positions"), py::arg("cell"), py::arg("pbc"),
             py::arg("uncertainty") = false,
             "Energy (eV), forces (N,3) eV/angstrom, stress (3,3) eV/angstrom^3 positive in tension, energies (N) and virials (N,3,3) "
             "in eV as a dict. stress is absent where the cell has no volume; energies and virials where the calculator has none. "
             "A committee, or with uncertainty=True a calibrated model, adds standard deviations: energy_std, forces_std, stress_std, "
             "energies_std, those that it knows.")
        .def_property_readonly("name", [](const Calculator& c) { return c.calculator().name(); })
        .def_property_readonly(
            "species", [](const Calculator& c) { return c.calculator().species(); }, "Atomic numbers it knows; empty: any.")
        .def_property_readonly(
            "cutoff", [](const Calculator& c) { return c.calculator().cutoff(); }, "Reach of one atom in angstrom; 0: unknown.")
        .def_property_readonly("provenance", [](const Calculator& c) { return c.calculator().provenance(); });

    module.def(
        "calculators", [] { return alkali::app::make_calculators().help(); }, "What a CALC string may be, one line each.");
}
