"""Errors of a frozen deepmd-kit model on labelled frames, in the units of `alkali evaluate`. usage: deepmd_errors.py MODEL.pb FRAMES"""
import sys

import numpy as np
from ase.io import read
from ase.units import GPa
from deepmd.infer import DeepPot

model = DeepPot(sys.argv[1])
errors = {"energy": [], "force": [], "stress": []}
for atoms in read(sys.argv[2], ":"):
    types = [model.get_type_map().index(symbol) for symbol in atoms.symbols]
    energy, forces, virial = model.eval(atoms.positions.reshape(1, -1), atoms.cell.array.reshape(1, -1), types)[:3]
    stress = -virial.reshape(3, 3) / atoms.get_volume()
    errors["energy"].append((energy.item() - atoms.get_potential_energy()) / len(atoms))
    errors["force"].extend((forces.reshape(-1, 3) - atoms.get_forces()).flat)
    errors["stress"].extend((stress - atoms.get_stress(voigt=False)).flat)
for name, unit, factor in (("energy", "meV/atom", 1e3), ("force", "meV/angstrom", 1e3), ("stress", "GPa", 1 / GPa)):
    print(f"{name}_rmse {factor * np.sqrt(np.mean(np.square(errors[name]))):.4f} {unit}")
