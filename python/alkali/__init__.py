"""Potentials of alkali in Python: Calculator for plain arrays; alkali.ase.AlkaliCalculator for ASE."""

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
