"""What `alkali predict` writes, read by ASE: energies, forces and stress in ASE's sign and unit."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import support

support.need("numpy", "ase")

import numpy as np  # noqa: E402
from ase import Atoms  # noqa: E402
from ase.io import read, write  # noqa: E402

MODEL = support.GOLDEN / "two_species.safetensors"
CASES = json.loads((support.GOLDEN / "two_species.json").read_text())["structures"]


class Predict(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        frames = [Atoms(c["numbers"], positions=c["positions"], cell=c["cell"], pbc=c["pbc"]) for c in CASES]
        write(folder / "in.extxyz", frames)
        # What ASE writes carries 8 decimals of a position: nequip's numbers are for the file's positions to about 1e-7.
        subprocess.run(
            [support.PROGRAM, "predict", str(MODEL), str(folder / "in.extxyz"), "-o", str(folder / "out.extxyz")], check=True
        )
        cls.frames = read(folder / "out.extxyz", ":")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_every_frame_comes_back_in_order_with_cell_and_boundaries(self):
        self.assertEqual(len(self.frames), len(CASES))
        for atoms, case in zip(self.frames, CASES):
            np.testing.assert_array_equal(atoms.numbers, case["numbers"])
            np.testing.assert_array_equal(atoms.pbc, case["pbc"])
            np.testing.assert_allclose(atoms.cell.array, case["cell"], atol=1e-8)

    def test_ase_reads_nequips_energy_and_forces(self):
        for atoms, case in zip(self.frames, CASES):
            with self.subTest(case["name"]):
                self.assertAlmostEqual(atoms.get_potential_energy(), case["energy"], delta=1e-6)
                np.testing.assert_allclose(atoms.get_forces(), case["forces"], rtol=0, atol=2e-6)

    def test_ase_reads_nequips_stress_positive_in_tension(self):
        compared = 0
        for atoms, case in zip(self.frames, CASES):
            if all(case["pbc"]):
                np.testing.assert_allclose(atoms.get_stress(voigt=False), case["stress"], rtol=0, atol=1e-7)
                compared += 1
        self.assertGreaterEqual(compared, 4)

    def test_no_stress_is_claimed_where_the_cell_has_no_volume(self):
        for atoms, case in zip(self.frames, CASES):
            if case["stress"] is None:
                self.assertNotIn("stress", atoms.calc.results)


if __name__ == "__main__":
    support.main()
