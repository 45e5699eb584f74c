"""The Python module and its ASE calculator against golden values made by nequip.

Tolerances are those of the radial splines every calculator uses (1e-7 eV/atom, 1e-6 eV/angstrom of the exact radial network);
equality to nequip's last digits is tested in src/alkali/models/nequip/tests.
"""

import json
import logging
import pathlib
import subprocess
import tempfile
import threading
import unittest

import support

support.need("numpy", "ase")

import numpy as np  # noqa: E402
from ase import Atoms  # noqa: E402
from ase.calculators.calculator import PropertyNotImplementedError  # noqa: E402

import alkali  # noqa: E402
from alkali.ase import AlkaliCalculator  # noqa: E402

KIM = "kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_000"
MODEL = support.GOLDEN / "two_species.safetensors"
CASES = {case["name"]: case for case in json.loads((support.GOLDEN / "two_species.json").read_text())["structures"]}


def atoms_of(case):
    return Atoms(case["numbers"], positions=case["positions"], cell=case["cell"], pbc=case["pbc"])


class Module(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.calculator = alkali.Calculator(str(MODEL), precision="float64", threads=1)

    def test_arrays_give_nequips_energies_forces_and_stress(self):
        for case in CASES.values():
            with self.subTest(case["name"]):
                found = self.calculator.compute(case["numbers"], case["positions"], case["cell"], case["pbc"])
                self.assertAlmostEqual(found["energy"], case["energy"], delta=1e-7 * len(case["numbers"]))
                np.testing.assert_allclose(found["energies"], case["energies"], rtol=0, atol=1e-7)
                np.testing.assert_allclose(found["forces"], case["forces"], rtol=0, atol=1e-6)
                self.assertEqual("stress" in found, case["stress"] is not None)
                if case["stress"] is not None:
                    np.testing.assert_allclose(found["stress"], case["stress"], rtol=0, atol=1e-7)

    def test_it_says_what_it_is(self):
        self.assertEqual(sorted(self.calculator.species), [3, 11])
        self.assertAlmostEqual(self.calculator.cutoff, 4.7)
        self.assertIn("two_species", self.calculator.name)
        self.assertRegex(alkali.__version__, r"^\d+\.\d+")

    def test_errors_are_python_exceptions_that_say_what_to_do(self):
        with self.assertRaisesRegex(alkali.FileError, "missing.safetensors"):
            alkali.Calculator("missing.safetensors")
        with self.assertRaisesRegex(alkali.InputError, "nope"):
            alkali.Calculator("nope:model")
        with self.assertRaises(alkali.InputError):
            self.calculator.compute([26], [[0, 0, 0]], np.eye(3) * 5, [True, True, True])
        with self.assertRaises(alkali.InputError):
            self.calculator.compute([3], [[0, 0, float("nan")]], np.eye(3) * 5, [True, True, True])
        with self.assertRaisesRegex(alkali.InputError, r"\(2, 3\)"):
            self.calculator.compute([3, 3], [[0, 0, 0]], np.eye(3) * 5, [True, True, True])
        self.assertTrue(issubclass(alkali.FileError, alkali.Error))

    def test_threads_that_share_one_calculator_get_the_same_numbers(self):
        case = CASES["bulk"]
        found = [None] * 4

        def work(k):
            for _ in range(5):
                found[k] = self.calculator.compute(case["numbers"], case["positions"], case["cell"], case["pbc"])["energy"]

        threads = [threading.Thread(target=work, args=(k,)) for k in range(len(found))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(found)), 1)


class Committee(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        frame = "2\nLattice=\"3.4 0 0 0 3.4 0 0 0 3.4\" Properties=species:S:1:pos:R:3:forces:R:3 energy={} pbc=\"T T T\"\n"
        atoms = "Li 0 0 0 0.1 0 0\nLi 1.7 1.7 1.6 -0.1 0 0\n"
        (folder / "data.extxyz").write_text(frame.format(-3.8) + atoms + frame.format(-3.7) + atoms)
        (folder / "train.yaml").write_text(
            "model: {type: nequip, type_names: [Li], r_max: 4.0, num_layers: 1, l_max: 1, num_features: 4, radial_mlp_width: 8}\n"
            "data: {train: data.extxyz, validation: data.extxyz}\n"
            "training: {batch_size: 1, max_epochs: 1, seed: 1}\n"
        )
        subprocess.run(
            [support.PROGRAM, "train", "train.yaml", "-o", "c", "--init-only", "--committee", "3"], cwd=folder, check=True
        )
        cls.members = [folder / "c" / f"member_{k}" / "init.safetensors" for k in (1, 2, 3)]
        cls.atoms = Atoms("Li2", [[0, 0, 0], [1.7, 1.7, 1.6]], cell=[3.4, 3.4, 3.4], pbc=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def arrays(self):
        return self.atoms.numbers, self.atoms.positions, self.atoms.cell.array, self.atoms.pbc

    def test_standard_deviations_are_those_of_its_members(self):
        found = alkali.Calculator(self.members).compute(*self.arrays())
        self.assertEqual(found.keys(), alkali.Calculator(",".join(map(str, self.members))).compute(*self.arrays()).keys())
        members = [alkali.Calculator(member).compute(*self.arrays()) for member in self.members]
        for name in ("energy", "forces", "stress", "energies"):
            values = np.array([member[name] for member in members])
            np.testing.assert_allclose(found[name], values.mean(axis=0), rtol=0, atol=1e-9)
            np.testing.assert_allclose(found[name + "_std"], values.std(axis=0, ddof=1), rtol=0, atol=1e-9)
        self.assertNotIn("energy_std", members[0])

    def test_ase_has_them_among_its_results(self):
        atoms = self.atoms.copy()
        atoms.calc = AlkaliCalculator(self.members)
        atoms.get_potential_energy()
        found = alkali.Calculator(self.members).compute(*self.arrays())
        self.assertEqual(atoms.calc.results["energy_std"], found["energy_std"])
        np.testing.assert_array_equal(atoms.calc.get_property("forces_std", atoms), found["forces_std"])
        self.assertEqual(atoms.calc.results["stress_std"].shape, (6,))
        np.testing.assert_allclose(atoms.calc.results["stress_std"][3], found["stress_std"][1, 2])
        atoms.calc = AlkaliCalculator(self.members[0])
        with self.assertRaises(PropertyNotImplementedError):
            atoms.calc.get_property("energy_std", atoms)


class AseCalculator(unittest.TestCase):
    def test_properties_in_ases_signs_and_shapes(self):
        case = CASES["triclinic"]
        atoms = atoms_of(case)
        atoms.calc = AlkaliCalculator(MODEL, precision="float64")
        self.assertAlmostEqual(atoms.get_potential_energy(), case["energy"], delta=1e-7 * len(atoms))
        self.assertEqual(atoms.get_potential_energy(force_consistent=True), atoms.get_potential_energy())
        np.testing.assert_allclose(atoms.get_forces(), case["forces"], rtol=0, atol=1e-6)
        np.testing.assert_allclose(atoms.get_stress(voigt=False), case["stress"], rtol=0, atol=1e-7)
        np.testing.assert_allclose(atoms.get_potential_energies(), case["energies"], rtol=0, atol=1e-7)

    def test_stress_is_the_derivative_of_the_energy_by_strain(self):
        for specification in (MODEL, KIM):
            atoms = atoms_of(CASES["triclinic"])
            atoms.set_chemical_symbols(["Li"] * len(atoms))
            atoms.calc = AlkaliCalculator(specification, precision="float64")
            stress, step = atoms.get_stress(voigt=False), 1e-5
            for i, j in ((0, 0), (1, 2)):
                energies = [self.energy_strained(atoms, i, j, sign * step) for sign in (1, -1)]
                slope = (energies[0] - energies[1]) / (2 * step) / atoms.get_volume()
                self.assertAlmostEqual(slope, stress[i, j], delta=1e-7)

    @staticmethod
    def energy_strained(atoms, i, j, size):
        strain = np.eye(3)
        strain[i, j] += size / 2
        strain[j, i] += size / 2
        deformed = atoms.copy()
        deformed.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        deformed.calc = atoms.calc
        return deformed.get_potential_energy()

    def test_forces_are_minus_the_derivative_of_the_energy(self):
        for specification in (MODEL, KIM):
            atoms = atoms_of(CASES["slab"])
            atoms.set_chemical_symbols(["Li"] * len(atoms))
            atoms.calc = AlkaliCalculator(specification, precision="float64")
            forces, step, energies = atoms.get_forces(), 1e-4, []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.positions[1, 2] += sign * step
                moved.calc = atoms.calc
                energies.append(moved.get_potential_energy())
            self.assertAlmostEqual((energies[1] - energies[0]) / (2 * step), forces[1, 2], delta=1e-6)

    def test_stress_of_a_cluster_is_refused_as_ase_does(self):
        atoms = atoms_of(CASES["cluster"])
        atoms.calc = AlkaliCalculator(MODEL)
        self.assertTrue(np.isfinite(atoms.get_forces()).all())
        with self.assertRaises(PropertyNotImplementedError):
            atoms.get_stress()


if __name__ == "__main__":
    logging.basicConfig()
    support.main()
