#!/usr/bin/env python3
"""Are labels what ASE takes them for? Energies of moved and strained frames against the labelled forces and stresses.

  read_back.py make LABELLED.extxyz MOVED.extxyz [--frames 3]     then: alkali label run on MOVED, into MOVED_LABELLED
  read_back.py check LABELLED.extxyz MOVED_LABELLED.extxyz

Needs ASE and numpy. Every frame is read with its calculator results: energy, forces, stress positive in tension (eV, angstrom).
"""
import argparse
import sys

import numpy as np
from ase.io import read, write

SHIFT = 0.01  # angstrom
STRAIN = 0.005
COMPONENTS = [(0, 0), (0, 1)]


def strained(atoms, component, amount):
    deformation = np.eye(3)
    i, j = component
    deformation[i, j] += amount / 2
    deformation[j, i] += amount / 2
    moved = atoms.copy()
    moved.set_cell(atoms.cell @ deformation, scale_atoms=True)
    return moved


def moves(atoms):
    """Name and structure of every move of one frame."""
    for sign in (-1, 1):
        moved = atoms.copy()
        moved.positions[0, 0] += sign * SHIFT
        yield f"x {sign:+d}", moved
        for component in COMPONENTS:
            yield f"strain {component[0]}{component[1]} {sign:+d}", strained(atoms, component, sign * STRAIN)


def chosen(frames, count):
    """The smallest cells of several atoms in which the first atom feels a force."""
    good = [k for k, a in enumerate(frames) if len(a) > 1 and abs(a.get_forces()[0, 0]) > 0.05]
    return sorted(good, key=lambda k: len(frames[k]))[:count]


def make(labelled, out, count):
    frames = read(labelled, ":")
    made = []
    for k in chosen(frames, count):
        for name, moved in moves(frames[k]):
            moved.calc = None
            moved.arrays.pop("forces", None)
            moved.info = {"frame": k, "move": name.replace(" ", "_"), "k_mesh": frames[k].info["k_mesh"]}
            made.append(moved)
    write(out, made, format="extxyz")
    print(f"{len(made)} structures in {out}")


def check(labelled, moved_labelled):
    frames = read(labelled, ":")
    for k, atoms in enumerate(frames):
        if not (np.isfinite(atoms.get_potential_energy()) and np.isfinite(atoms.get_forces()).all() and np.isfinite(atoms.get_stress()).all()):
            sys.exit(f"frame {k} lacks a label")
    print(f"{len(frames)} frames read with energy, forces and stress")
    energy = {(int(a.info["frame"]), a.info["move"]): a.get_potential_energy() for a in read(moved_labelled, ":")}
    worst = 0.0
    for k in sorted({frame for frame, _ in energy}):
        atoms = frames[k]
        slope = {m: (energy[k, f"{m}_+1"] - energy[k, f"{m}_-1"]) for m in ("x", "strain_00", "strain_01")}
        stress = atoms.get_stress(voigt=False)
        rows = [("force", atoms.get_forces()[0, 0], -slope["x"] / (2 * SHIFT), "eV/angstrom", 0.003)]
        rows += [
            (f"stress {i}{j}", stress[i, j] / 0.00624150913, slope[f"strain_{i}{j}"] / (2 * STRAIN) / atoms.get_volume() / 0.00624150913, "GPa", 0.03)
            for i, j in COMPONENTS
        ]
        for name, label, difference, unit, tolerance in rows:
            print(f"frame {k:3d}, {len(atoms):2d} atoms: {name:10s} label {label:9.5f}  from energies {difference:9.5f} {unit}")
            worst = max(worst, abs(label - difference) / tolerance)
    print(f"largest difference: {worst:.2f} of what is allowed")
    sys.exit(0 if energy and worst < 1 else 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("make", "check"))
    parser.add_argument("labelled")
    parser.add_argument("other")
    parser.add_argument("--frames", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.action == "make":
        make(arguments.labelled, arguments.other, arguments.frames)
    else:
        check(arguments.labelled, arguments.other)


if __name__ == "__main__":
    main()
