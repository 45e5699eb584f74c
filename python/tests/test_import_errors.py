"""What `alkali import` says where there is no nequip, no Python, or no file. Needs no nequip itself."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import support


class ImportErrors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.model = pathlib.Path(self.folder.name) / "best.ckpt"
        self.model.write_bytes(b"PK\x03\x04 begins as a checkpoint does")

    def tearDown(self):
        self.folder.cleanup()

    def failure(self, model, python):
        """Standard error of an import that must fail and leave nothing behind."""
        output = pathlib.Path(self.folder.name) / "out.safetensors"
        outcome = subprocess.run([support.PROGRAM, "import", str(model), "-o", str(output), "--python", python], capture_output=True, text=True)
        self.assertEqual(outcome.returncode, 1)
        self.assertEqual([path.name for path in pathlib.Path(self.folder.name).iterdir()], ["best.ckpt"])
        return outcome.stderr

    def test_a_python_without_nequip_is_told_how_to_get_it(self):
        # -I -S keeps every installed package out, so that this holds on any machine.
        bare = pathlib.Path(self.folder.name + "-python")
        bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n')
        bare.chmod(0o755)
        try:
            message = self.failure(self.model, str(bare))
        finally:
            bare.unlink()
        self.assertIn("missing Python module", message)
        self.assertIn("pip install nequip", message)

    def test_a_python_that_is_not_there_is_named(self):
        self.assertIn("/no/such/python", self.failure(self.model, "/no/such/python"))

    def test_a_missing_model_is_named(self):
        message = self.failure(pathlib.Path(self.folder.name) / "missing.ckpt", sys.executable)
        self.assertIn("missing.ckpt", message)
        self.assertIn("no such file", message)


if __name__ == "__main__":
    support.main()
