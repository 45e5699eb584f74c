"""What the test scripts share: where things are, and how to say that something needed is not installed."""

import importlib
import os
import pathlib
import sys
import unittest

SOURCE = pathlib.Path(os.environ["ALKALI_SOURCE_DIR"])
PROGRAM = os.environ["ALKALI"]
GOLDEN = SOURCE / "tests" / "golden" / "nequip"
SKIPPED = 77  # ctest: SKIP_RETURN_CODE


def need(*modules):
    """Ends the script as skipped, saying what is missing, unless all modules can be imported."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            print(f"skipped: {sys.executable} has no {module} ({error})")
            sys.exit(SKIPPED)


def main():
    unittest.main(verbosity=2)
