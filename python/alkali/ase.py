"""ASE's face of alkali's calculators."""

from ase.calculators.calculator import Calculator as _AseCalculator
from ase.calculators.calculator import all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from . import Calculator

_DEVIATIONS = ["energy_std", "forces_std", "stress_std", "energies_std"]


class AlkaliCalculator(_AseCalculator):
    """Any CALC of alkali's command line (a model file, kim:MODEL_ID, ...) as an ASE calculator.

    Units and signs are ASE's: eV, angstrom, stress xx yy zz yz xz xy positive in tension. `stress` is there only for
    cells with a volume and `energies` only for calculators that have them; asking for what is not there raises ASE's
    PropertyNotImplementedError.

    A committee (a list of model files), or a calibrated model with uncertainty=True, adds the standard deviations
    energy_std (eV), forces_std (N,3), stress_std (as stress) and energies_std to `results`; get_property() knows them too.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress", "energies", *_DEVIATIONS]

    def __init__(self, specification, precision="", threads=0, uncertainty=False, **kwargs):
        """specification: CALC string, path, or list of model files (a committee); precision: float32, mixed or float64
        (empty: the model's own); threads: 0 for as many as are
        fastest; uncertainty: expected errors of a calibrated model."""
        super().__init__(**kwargs)
        self.potential = Calculator(specification, precision, threads)
        self.uncertainty = uncertainty

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        wanted = self.uncertainty or any(name in _DEVIATIONS for name in properties)
        found = self.potential.compute(atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc, uncertainty=wanted)
        self.results = {"energy": found["energy"], "free_energy": found["energy"], "forces": found["forces"]}
        for name in ("energies", *_DEVIATIONS):
            if name in found:
                self.results[name] = found[name]
        for name in ("stress", "stress_std"):
            if name in found:
                self.results[name] = full_3x3_to_voigt_6_stress(found[name])
