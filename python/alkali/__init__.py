"""Potentials of alkali in Python: Calculator for plain arrays; alkali.ase.AlkaliCalculator for ASE."""

from ._missing import explanation as _explanation

try:
    from ._alkali import (
        Calculator,
        ConvergenceError,
        Error,
        ExternalProgramError,
        FileError,
        InputError,
        InternalError,
        __version__,
        calculators,
    )
except ModuleNotFoundError as error:
    if error.name != f"{__name__}._alkali":
        raise
    raise ImportError(_explanation()) from None

__all__ = [
    "Calculator",
    "ConvergenceError",
    "Error",
    "ExternalProgramError",
    "FileError",
    "InputError",
    "InternalError",
    "__version__",
    "calculators",
]
