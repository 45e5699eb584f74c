"""Structures of the golden files: small, awkward on purpose, fixed by seeds."""

import numpy as np
from ase import Atoms
from ase.build import bulk

SPACING = 3.0  # angstrom between near neighbours of everything below


def structures_for(type_names, r_max):
    """{name: Atoms} with all of type_names in turn."""
    cell_below_cutoff = _rattled(Atoms("H2", scaled_positions=[[0, 0, 0], [0.52, 0.47, 0.5]], cell=np.eye(3) * (0.75 * r_max), pbc=True), 1)
    skewed = [[4.1, 0.3, -0.2], [1.2, 4.6, 0.1], [-0.9, 0.8, 5.3]]
    triclinic = Atoms("H3", scaled_positions=[[0.1, 0.2, 0.1], [0.6, 0.55, 0.3], [0.35, 0.8, 0.75]], cell=skewed, pbc=True)
    bulk_cell = _rattled(bulk("Li", "bcc", a=3.44, cubic=True).repeat((2, 2, 2)), 3)
    slab = _rattled(bulk("Li", "bcc", a=3.44, cubic=True).repeat((1, 1, 2)), 4)
    slab.set_cell(slab.cell.array + np.diag([0, 0, 10.0]))
    slab.pbc = (True, True, False)
    sheet = slab[:3]
    sheet.pbc = (True, True, False)
    sheet.set_cell([slab.cell[0], slab.cell[1], [0, 0, 0]])
    cluster = _rattled(Atoms("H5", positions=SPACING * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.8, 0.8, 0.8]])), 5)
    structures = {
        "isolated_atom": Atoms("H", positions=[[0.3, -0.2, 0.1]]),
        "dimer": Atoms("H2", positions=[[0.1, 0.2, 0.3], [1.7, 1.5, 1.9]]),
        "cluster": cluster,
        "far_apart": Atoms("H2", positions=[[0, 0, 0], [0, 0, r_max + 0.5]]),
        "one_atom_cell": Atoms("H", cell=[[2.6, 0, 0], [0.2, 2.7, 0], [0.1, -0.3, 2.9]], pbc=True),
        "cell_below_cutoff": cell_below_cutoff,
        "triclinic": triclinic,
        "slab": slab,
        "sheet_without_third_vector": sheet,
        "bulk": bulk_cell,
    }
    for offset, atoms in enumerate(structures.values()):
        atoms.set_chemical_symbols([type_names[(i + offset) % len(type_names)] for i in range(len(atoms))])
    return structures


def _rattled(atoms, seed):
    atoms.positions += np.random.default_rng(seed).normal(scale=0.15, size=atoms.positions.shape)
    return atoms
