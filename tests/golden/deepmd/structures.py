"""Structures of the golden files: small, awkward on purpose, fixed by seeds. DeePMD knows fully periodic and open ones only."""

import numpy as np
from ase import Atoms
from ase.build import bulk


def structures_for(type_names, rcut):
    """{name: Atoms} with all of type_names in turn."""
    skewed = [[4.1, 0.3, -0.2], [1.2, 4.6, 0.1], [-0.9, 0.8, 5.3]]
    corners = 2.6 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.8, 0.8, 0.8], [1.7, 0.2, 0.4]])
    structures = {
        "isolated_atom": Atoms("H", positions=[[0.3, -0.2, 0.1]]),
        "isolated_last_type": Atoms("H", positions=[[-1.0, 2.0, 5.0]]),
        "dimer_inside_rcut_smth": Atoms("H2", positions=[[0.1, 0.2, 0.3], [0.9, 1.0, 1.1]]),
        "far_apart": Atoms("H2", positions=[[0, 0, 0], [0, 0, rcut + 0.5]]),
        "cluster": _rattled(Atoms("H6", positions=corners), 5),
        "one_atom_cell": Atoms("H", cell=[[2.6, 0, 0], [0.2, 2.7, 0], [0.1, -0.3, 2.9]], pbc=True),
        "cell_below_cutoff": _rattled(Atoms("H2", scaled_positions=[[0, 0, 0], [0.52, 0.47, 0.5]], cell=np.eye(3) * (0.75 * rcut), pbc=True), 1),
        "triclinic": Atoms("H3", scaled_positions=[[0.1, 0.2, 0.1], [0.6, 0.55, 0.3], [0.35, 0.8, 0.75]], cell=skewed, pbc=True),
        "bulk": _rattled(bulk("Li", "bcc", a=3.44, cubic=True).repeat((2, 2, 1)), 3),
    }
    for offset, (name, atoms) in enumerate(structures.items()):
        shift = len(type_names) - 1 if name == "isolated_last_type" else 0 if name == "isolated_atom" else offset
        atoms.set_chemical_symbols([type_names[(i + shift) % len(type_names)] for i in range(len(atoms))])
    return structures


def _rattled(atoms, seed):
    atoms.positions += np.random.default_rng(seed).normal(scale=0.12, size=atoms.positions.shape)
    return atoms
