#!/usr/bin/env python3
"""Golden values of KIM models from programs alkali shares no code with: ASE drives the models through kimpy.

    python3 -m venv venv && venv/bin/pip install ase kimpy scipy   (kimpy needs Debian's libkim-api-dev, models: openkim-models)
    venv/bin/python tests/golden/kim/generate.py

writes values.json beside this file. Everything is done with ASE's own tools (stress, equation of state, cell filter,
optimiser), none of them by alkali's methods: equality shows that both are right, not that both are alike.
"""
import datetime
import json
import pathlib
import platform

import ase
import kimpy
import numpy as np
from ase import units
from ase.build import bulk
from ase.calculators.kim import KIM
from ase.eos import EquationOfState
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from scipy.optimize import brentq

SNAP = "SNAP_ZuoChenLi_2019_Li__MO_732106099012_000"
QUADRATIC = "SNAP_ZuoChenLi_2019quadratic_Li__MO_041269750353_000"
MEAM = "MEAM_LAMMPS_KimJungLee_2012_LiMg__MO_427397414195_000"


def cell_at(calculator, a):
    atoms = bulk("Li", "bcc", a=a, cubic=True)
    atoms.calc = calculator
    return atoms


def fit_curve(calculator, volume):
    """Third-order Birch-Murnaghan on 11 volumes over +-6 %; volume per atom, energy per atom."""
    volumes = volume * np.linspace(0.94, 1.06, 11)
    energies = [cell_at(calculator, (2 * v) ** (1 / 3)).get_potential_energy() / 2 for v in volumes]
    fitted_volume, energy, modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit(warn=False)
    return fitted_volume, energy, modulus / units.GPa


def lattice(calculator, first_a):
    volume = first_a**3 / 2
    for _ in range(30):
        new, energy, modulus = fit_curve(calculator, volume)
        if abs(new / volume - 1) < 1e-7:
            break
        volume = new
    a0 = (2 * new) ** (1 / 3)
    pressure = lambda a: cell_at(calculator, a).get_stress(voigt=True)[:3].mean()
    return {"a0": a0, "energy_per_atom": energy, "bulk_modulus": modulus, "a0_zero_stress": brentq(pressure, a0 - 0.05, a0 + 0.05, xtol=1e-10)}


def elastic(calculator, a, step=0.005):
    """Central differences of ASE's stress at Voigt strains +-step."""
    def stress(voigt):
        e = np.array(voigt)
        strain = np.array([[e[0], e[5] / 2, e[4] / 2], [e[5] / 2, e[1], e[3] / 2], [e[4] / 2, e[3] / 2, e[2]]])
        atoms = cell_at(calculator, a)
        atoms.set_cell(atoms.cell @ (np.eye(3) + strain), scale_atoms=True)
        BFGS(atoms, logfile=None).run(fmax=1e-5, steps=50)
        return atoms.get_stress(voigt=True) / units.GPa

    columns = [(stress(step * np.eye(6)[j]) - stress(-step * np.eye(6)[j])) / (2 * step) for j in (0, 3)]
    return {"C11": columns[0][0], "C12": columns[0][1], "C44": columns[1][3]}


def vacancy(calculator, a, cells=5):
    perfect = cell_at(calculator, a).repeat((cells, cells, cells))
    perfect.calc = calculator
    energy = perfect.get_potential_energy()
    defect = perfect.copy()
    del defect[0]
    defect.calc = calculator
    optimiser = BFGS(defect, logfile=None)
    if not optimiser.run(fmax=2e-4, steps=300):
        raise SystemExit("the vacancy did not relax")
    n = len(perfect)
    return {"vacancy_formation_energy": defect.get_potential_energy() - (n - 1) / n * energy}


def frames(model, seed):
    """Labels of distorted cells, positions and cell included: periodic, partly open, smaller than the cutoff, free cluster."""
    calculator, random, out = KIM(model), np.random.default_rng(seed), []
    for repeat, pbc in (((1, 1, 1), True), ((2, 2, 2), True), ((2, 2, 2), (True, True, False)), ((2, 2, 2), False)):
        atoms = bulk("Li", "bcc", a=3.45, cubic=True).repeat(repeat)
        atoms.set_cell(atoms.cell @ (np.eye(3) + 0.02 * random.standard_normal((3, 3))), scale_atoms=True)
        atoms.positions += 0.08 * random.standard_normal(atoms.positions.shape)
        if "LiMg" in model:
            atoms.numbers[::3] = 12
        atoms.pbc = pbc
        atoms.calc = calculator
        frame = {"cell": atoms.cell.tolist(), "pbc": atoms.pbc.tolist(), "numbers": atoms.numbers.tolist(), "positions": atoms.positions.tolist(),
                 "energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}
        if all(atoms.pbc):
            frame["stress"] = atoms.get_stress(voigt=True).tolist()
        out.append(frame)
    return out


def relaxed_cell(model):
    """A sheared, rattled 16-atom cell relaxed with atoms and cell."""
    atoms = bulk("Li", "bcc", a=3.4, cubic=True).repeat(2)
    atoms.rattle(0.05, seed=3)
    atoms.set_cell(atoms.cell @ (np.eye(3) + np.array([[0.02, 0.01, 0], [0.01, -0.02, 0.01], [0, 0.01, 0]])), scale_atoms=True)
    start = {"cell": atoms.cell.tolist(), "positions": atoms.positions.tolist()}
    atoms.calc = KIM(model)
    BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-5, steps=500)
    return {**start, "energy": atoms.get_potential_energy(), "volume": atoms.get_volume()}


def main():
    properties = {}
    for model in (SNAP, QUADRATIC):
        calculator = KIM(model)
        values = lattice(calculator, 3.5)
        values.update(elastic(calculator, values["a0_zero_stress"]))
        values.update(vacancy(calculator, values["a0"]))
        properties[model] = values
    out = {
        "generator": "tests/golden/kim/generate.py",
        "date": datetime.date.today().isoformat(),
        "versions": {"python": platform.python_version(), "ase": ase.__version__, "kimpy": kimpy.__version__, "numpy": np.__version__, "kim-api": "2.3.0 (Debian bookworm)"},
        "tolerances": {"a0": 1e-4, "a0_zero_stress": 1e-4, "energy_per_atom": 1e-5, "bulk_modulus": 0.02, "C11": 0.02, "C12": 0.02, "C44": 0.02,
                       "vacancy_formation_energy": 1e-3, "frame_energy": 1e-8, "frame_force": 1e-8, "frame_stress": 1e-9, "relaxed_energy": 1e-6},
        "properties": properties,
        "frames": {model: frames(model, 7) for model in (SNAP, QUADRATIC, MEAM)},
        "relaxed": {SNAP: relaxed_cell(SNAP)},
    }
    pathlib.Path(__file__).with_name("values.json").write_text(json.dumps(out, indent=1) + "\n")
    print(json.dumps(properties, indent=1))


if __name__ == "__main__":
    main()
