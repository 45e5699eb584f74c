"""The border between Python's arrays and C++, with whatever NumPy there is; and the message of a module built for another Python."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support

support.need("numpy")

import numpy as np  # noqa: E402

import alkali  # noqa: E402

MODEL = support.GOLDEN / "two_species.safetensors"
CASES = {case["name"]: case for case in json.loads((support.GOLDEN / "two_species.json").read_text())["structures"]}


class Border(unittest.TestCase):
    """Arrays on their way in and out. Run with NumPy 1 and 2, which lay out the types of arrays differently."""

    @classmethod
    def setUpClass(cls):
        cls.calculator = alkali.Calculator(MODEL, precision="float64", threads=1)
        cls.case = CASES["bulk"]
        cls.exact = cls.compute()

    @classmethod
    def compute(cls, **changed):
        case = {key: cls.case[key] for key in ("numbers", "positions", "cell", "pbc")} | changed
        return cls.calculator.compute(**case)

    def assert_same(self, found, tolerance=0.0):
        self.assertEqual(found.keys(), self.exact.keys())
        for name, value in self.exact.items():
            np.testing.assert_allclose(found[name], value, rtol=0, atol=tolerance, err_msg=name)

    def test_what_comes_out_is_contiguous_float64_of_its_shape(self):
        atoms = len(self.case["numbers"])
        shapes = {"forces": (atoms, 3), "stress": (3, 3), "energies": (atoms,), "virials": (atoms, 3, 3)}
        for name, shape in shapes.items():
            array = self.exact[name]
            self.assertEqual((array.shape, array.dtype, array.strides), (shape, np.float64, np.empty(shape).strides), name)
            self.assertTrue(array.flags.c_contiguous and array.flags.writeable and array.flags.owndata, name)
        self.assertGreater(len(set(self.exact["energies"].tolist())), 1, "atoms of two species have energies of their own")
        self.assertAlmostEqual(self.exact["energies"].sum(), self.exact["energy"], delta=1e-9)
        volume = abs(np.linalg.det(np.array(self.case["cell"])))
        np.testing.assert_allclose(self.exact["virials"].sum(axis=0), -self.exact["stress"] * volume, rtol=0, atol=1e-9)

    def test_arrays_of_any_order_stride_width_and_byte_order_give_the_same_numbers(self):
        positions, cell, numbers = np.array(self.case["positions"]), np.array(self.case["cell"]), np.array(self.case["numbers"])
        spread = np.full((2 * len(positions), 9), np.nan)
        spread[::2, 1:8:3] = positions
        for changed in (
            {"positions": np.asfortranarray(positions), "cell": np.asfortranarray(cell)},
            {"positions": spread[::2, 1:8:3], "numbers": np.repeat(numbers, 3)[::3]},
            {"positions": positions[::-1][::-1], "cell": cell.T.copy().T},
            {"positions": positions.astype(">f8"), "numbers": numbers.astype(">i2")},
            {"positions": positions.astype(np.longdouble), "numbers": numbers.astype(np.uint8)},
            {"positions": positions.tolist(), "cell": tuple(map(tuple, cell.tolist())), "numbers": numbers.astype(float)},
            {"pbc": np.array(self.case["pbc"]), "numbers": numbers.astype(np.int64)},
            {"pbc": True},
        ):
            self.assert_same(self.compute(**changed))
        single = positions.astype(np.float32)
        exact = self.compute(positions=single.astype(float))
        np.testing.assert_array_equal(self.compute(positions=single)["forces"], exact["forces"])

    def test_what_is_no_array_of_numbers_is_refused_by_name(self):
        for changed, words in (
            ({"numbers": [3.7] * len(self.case["numbers"])}, "numbers must be whole numbers.*3.7"),
            ({"numbers": ["Li"] * len(self.case["numbers"])}, "numbers must be an array of real numbers"),
            ({"numbers": [[3]]}, "numbers must be one-dimensional"),
            ({"positions": np.array(self.case["positions"]) * 1j}, "positions.*complex"),
            ({"positions": [[0, 0, 0], [1, 1]]}, "positions"),
            ({"positions": np.array(self.case["positions"]).T}, r"positions must have the shape \(\d+, 3\), it has \(3, \d+\)"),
            ({"cell": [5, 5, 5]}, r"cell must have the shape \(3, 3\), it has \(3,\)"),
            ({"pbc": [True, True]}, "pbc"),
            ({"pbc": "TTF"}, "pbc"),
            ({"pbc": [2, 1, 1]}, "pbc"),
        ):
            with self.subTest(words), self.assertRaisesRegex(alkali.InputError, words):
                self.compute(**changed)


class OtherPython(unittest.TestCase):
    def test_the_message_names_the_version_built_for(self):
        with tempfile.TemporaryDirectory() as folder:
            package = pathlib.Path(folder) / "alkali"
            package.mkdir()
            for file in ("__init__.py", "_missing.py"):
                (package / file).write_text((support.SOURCE / "python" / "alkali" / file).read_text())

            def failure():
                command = [sys.executable, "-c", "import alkali"]
                return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True).stderr

            self.assertRegex(failure(), r"no compiled module .*pip install \.")
            (package / "_alkali.cpython-37m-x86_64-linux-gnu.so").touch()
            (package / "_alkali.pypy39-pp73-x86_64-linux-gnu.so").touch()
            text = failure()
            self.assertRegex(text, "built for CPython 3.7, PyPy 3.9, and this is .*3\\.")
            self.assertIn("pip install .", text)


if __name__ == "__main__":
    print("NumPy", np.__version__)
    support.main()
