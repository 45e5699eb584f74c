"""Writes the small files in this folder with ASE, and expected.extxyz / expected.json with what ASE reads from them.

Run: python generate.py   (made with ASE 3.29.0, numpy 2.x; versions are recorded in expected.json)
ASE cannot write OUTCAR and vasprun.xml: those are typed below in VASP's layout, and ASE reads them back, so that the
expected numbers are those of ASE's readers.
"""
import json
import sys
from pathlib import Path

import ase
import ase.io
import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator

here = Path(__file__).parent
rng = np.random.default_rng(1)


def labelled(atoms, energy, free_energy=None, stress=True):
    results = {"energy": energy, "forces": rng.normal(size=(len(atoms), 3))}
    if free_energy is not None:
        results["free_energy"] = free_energy
    if stress:
        results["stress"] = rng.normal(scale=0.01, size=6)
    atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


def frames():
    first = bulk("Li", "bcc", a=3.44, cubic=True) * (2, 1, 1)
    first.rattle(0.1, seed=1)
    first.info.update({"config_type": "bulk md", "number": 7, "real": 0.5, "yes": True, "array": np.array([1, 2, 3]),
                       "flags": np.array([True, False]), "matrix": np.arange(4).reshape(2, 2), "quote": 'say "hi"',
                       "nested": {"a": [1, "x"]}})
    first.new_array("tags2", np.arange(4))
    first.set_initial_magnetic_moments([0.1, 0.2, 0.3, 0.4])
    labelled(first, -7.6, -7.65)
    triclinic = Atoms("Li2OH", positions=rng.uniform(0, 4, (4, 3)), cell=[[5, 0, 0], [1, 4, 0], [0.5, -1.5, 6]], pbc=True)
    labelled(triclinic, -20.123456789)
    slab = Atoms("Li3", positions=rng.uniform(0, 4, (3, 3)), cell=[4, 4, 20], pbc=[True, True, False])
    labelled(slab, -5.5)
    molecule = labelled(Atoms("Li2", positions=[[0, 0, 0], [2.7, 0, 0]]), -3.1, stress=False)
    left = Atoms("Na", positions=[[0.1, 0.2, 0.3]], cell=[[0, 3, 0], [3, 0, 0], [0, 0, 3]], pbc=True)
    return [first, triclinic, slab, molecule, labelled(left, -1.0)]


OUTCAR = """ vasp.6.3.0 20Jan22 (build) complex
 executed on             LinuxIFC date 2023.01.01  00:00:00
 POTCAR:    PAW_PBE Li_sv 10Sep2004
 POTCAR:    PAW_PBE O 08Apr2002
 POTCAR:    PAW_PBE Li_sv 10Sep2004
 POTCAR:    PAW_PBE O 08Apr2002
   VRHFIN =Li: 1s2s2p
   TITEL  = PAW_PBE Li_sv 10Sep2004
   VRHFIN =O: s2p4
   TITEL  = PAW_PBE O 08Apr2002
 Dimension of arrays:
   k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   number of bands    NBANDS=      8
   number of dos      NEDOS =    301   number of ions     NIONS =      3
   ISPIN  =      1    spin polarized calculation?
   ions per type =               2   1
      direct lattice vectors                 reciprocal lattice vectors
     4.000000000  0.000000000  0.000000000     0.250000000  0.000000000  0.000000000
     1.000000000  5.000000000  0.000000000    -0.050000000  0.200000000  0.000000000
     0.500000000 -1.250000000  6.000000000    -0.033333333  0.041666667  0.166666667
 k-points in reciprocal lattice and weights: gamma
   0.00000000  0.00000000  0.00000000       1.000
"""
OUTCAR_STEP = """--------------------------------------- Iteration {n}(   1)  ---------------------------------------
  free energy    TOTEN  =       -11.00000000 eV

  FORCE on cell =-STRESS in cart. coord.  units (eV):
  Direction    XX          YY          ZZ          XY          YZ          ZX
  --------------------------------------------------------------------------------------
  in kB  {stress}
  external pressure =        1.00 kB  Pullay stress =        0.00 kB

 VOLUME and BASIS-vectors are now :
 -----------------------------------------------------------------------------
  volume of cell :      120.00
      direct lattice vectors                 reciprocal lattice vectors
     4.000000000  0.000000000  0.000000000     0.250000000  0.000000000  0.000000000
     1.000000000  5.000000000  0.000000000    -0.050000000  0.200000000  0.000000000
     0.500000000 -1.250000000  6.000000000    -0.033333333  0.041666667  0.166666667

 POSITION                                       TOTAL-FORCE (eV/Angst)
 -----------------------------------------------------------------------------------
{rows}
 -----------------------------------------------------------------------------------
    total drift:                                0.000000      0.000000      0.000000

  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  =       {free:.8f} eV

  energy  without entropy=       {without:.8f}  energy(sigma->0) =       {zero:.8f}
"""

VASPRUN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
 <generator><i name="program" type="string">vasp </i><i name="version" type="string">6.3.0  </i></generator>
 <incar><i name="ISIF">     2</i></incar>
 <kpoints><varray name="kpointlist" ><v>0.0 0.0 0.0 </v></varray><varray name="weights" ><v>1.0 </v></varray></kpoints>
 <parameters></parameters>
 <atominfo>
  <atoms>       3 </atoms><types>       2 </types>
  <array name="atoms" >
   <dimension dim="1">ion</dimension><field type="string">element</field><field type="int">atomtype</field>
   <set><rc><c>Li</c><c>   1</c></rc><rc><c>Li</c><c>   1</c></rc><rc><c>O </c><c>   2</c></rc></set>
  </array>
  <array name="atomtypes" ><set><rc><c>   2</c><c>Li</c><c>  6.94</c><c> 3.0</c><c> PAW_PBE Li_sv</c></rc>
   <rc><c>   1</c><c>O </c><c> 16.0</c><c> 6.0</c><c> PAW_PBE O</c></rc></set></array>
 </atominfo>
 {initial}
{steps}
</modeling>
"""
VASPRUN_STRUCTURE = """<structure {name}>
   <crystal>
    <varray name="basis" ><v> 4.0 0.0 0.0 </v><v> 1.0 5.0 0.0 </v><v> 0.5 -1.25 6.0 </v></varray>
    <i name="volume">    120.0 </i>
    <varray name="rec_basis" ><v> 0.25 0.0 0.0 </v><v> -0.05 0.2 0.0 </v><v> 0.0 0.0 0.1666 </v></varray>
   </crystal>
   <varray name="positions" >{rows}</varray>
  </structure>"""
VASPRUN_STEP = """ <calculation>
  <scstep><energy><i name="e_fr_energy"> {free:.8f} </i><i name="e_wo_entrp"> {without:.8f} </i><i name="e_0_energy"> {zero:.8f} </i></energy></scstep>
  {structure}
  <varray name="forces" >{forces}</varray>
  <varray name="stress" >{stress}</varray>
  <energy><i name="e_fr_energy"> {free:.8f} </i><i name="e_wo_entrp"> {without:.8f} </i><i name="e_0_energy"> 0.00000000 </i></energy>
 </calculation>"""


def vasp_files():
    outcar, steps, initial = OUTCAR, "", ""
    vs = lambda a: "".join("<v> " + " ".join(f"{x:.8f}" for x in row) + " </v>" for row in a)
    for n in (1, 2):
        fractional = rng.uniform(size=(3, 3))
        cell = np.array([[4, 0, 0], [1, 5, 0], [0.5, -1.25, 6.0]])
        forces = rng.normal(size=(3, 3))
        s = rng.normal(scale=20, size=6)  # XX YY ZZ XY YZ ZX, kbar
        tensor = np.array([[s[0], s[3], s[5]], [s[3], s[1], s[4]], [s[5], s[4], s[2]]])
        energies = {"free": -12.5 - n, "without": -12.3 - n, "zero": -12.4 - n}
        rows = "\n".join(" " + "".join(f"{x:13.5f}" for x in p) + " " + "".join(f"{x:14.6f}" for x in f)
                         for p, f in zip(fractional @ cell, forces))
        outcar += OUTCAR_STEP.format(n=n, stress="".join(f"{x:12.5f}" for x in s), rows=rows, **energies)
        if not initial:
            initial = VASPRUN_STRUCTURE.format(name='name="initialpos"', rows=vs(fractional))
        structure = VASPRUN_STRUCTURE.format(name="", rows=vs(fractional))
        steps += VASPRUN_STEP.format(structure=structure, forces=vs(forces), stress=vs(tensor), **energies) + "\n"
    (here / "OUTCAR").write_text(outcar)
    (here / "vasprun.xml").write_text(VASPRUN.format(initial=initial, steps=steps))


def describe(atoms, per_type=None):
    results = atoms.calc.results if atoms.calc else {}
    number = lambda key: None if key not in results else float(results[key])
    return {
        "numbers": atoms.numbers.tolist(), "positions": atoms.positions.tolist(), "cell": atoms.cell.tolist(),
        "pbc": atoms.pbc.tolist(), "energy": number("energy"), "free_energy": number("free_energy"),
        "forces": results["forces"].tolist() if "forces" in results else None,
        "stress": results["stress"].tolist() if "stress" in results else None,
    }


def main():
    all_frames = frames()
    ase.io.write(here / "all.extxyz", all_frames)
    first, triclinic = all_frames[0], all_frames[1]
    ase.io.write(here / "POSCAR", triclinic, format="vasp", direct=True)
    ase.io.write(here / "cartesian.poscar", triclinic, format="vasp", direct=False)
    ase.io.write(here / "triclinic.lmp", triclinic, format="lammps-data", masses=True, specorder=["Li", "O", "H"])
    vasp_files()
    (here / "scaled.dump").write_text(DUMP)
    expected = {"versions": {"ase": ase.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}}
    read = lambda name, **options: [describe(a) for a in ase.io.read(here / name, index=":", **options)]
    expected["all.extxyz"] = read("all.extxyz")
    expected["POSCAR"] = read("POSCAR")
    expected["cartesian.poscar"] = read("cartesian.poscar", format="vasp")
    expected["triclinic.lmp"] = read("triclinic.lmp", format="lammps-data")
    expected["scaled.dump"] = read("scaled.dump", format="lammps-dump-text")
    expected["OUTCAR"] = read("OUTCAR", format="vasp-out")
    expected["vasprun.xml"] = read("vasprun.xml", format="vasp-xml")
    (here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


DUMP = """ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS xy xz yz pp pp pp
-1.0 4.5 1.0
0.5 6.0 -0.5
0.0 6.0 0.5
ITEM: ATOMS id type element xs ys zs fx fy fz
3 2 O 0.25 0.5 0.75 0.1 0.2 0.3
1 1 Li 0.0 0.0 0.0 -0.1 0.0 0.5
2 1 Li 0.5 0.25 0.125 0.0 -0.2 -0.8
ITEM: TIMESTEP
100
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS pp pp ff
0.0 4.0
0.0 5.0
-2.0 6.0
ITEM: ATOMS id type element x y z fx fy fz
1 1 Li 0.0 0.0 0.0 -0.1 0.0 0.5
3 2 O 1.25 0.5 0.75 0.1 0.2 0.3
2 1 Li 0.5 0.25 2.125 0.0 -0.2 -0.8
"""

if __name__ == "__main__":
    main()
