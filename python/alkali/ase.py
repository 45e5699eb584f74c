"""ASE's face of alkali's calculators."""

from ase.calculators.calculator import Calculator as _AseCalculator
from ase.calculators.calculator import all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from . import Calculator


class AlkaliCalculator(_AseCalculator):
    """Any CALC of alkali's command line (a model file, kim:MODEL_ID, ...) as an ASE calculator.

    Units and signs are ASE's: eV, angstrom, stress xx yy zz yz xz xy positive in tension. `stress` is there only for
    cells with a volume and `energies` only for calculators that have them; asking for what is not there raises ASE's
    PropertyNotImplementedError.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress", "energies"]

    def __init__(self, specification, precision="", threads=0, **kwargs):
        """specification: CALC string; precision: float32, mixed or float64 (empty: the model's own); threads: 0 for as many as are fastest."""
        super().__init__(**kwargs)
        self.potential = Calculator(str(specification), precision, threads)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        atoms = self.atoms
        found = self.potential.compute(atoms.numbers, atoms.positions, atoms.cell.array, [bool(p) for p in atoms.pbc])
        self.results = {"energy": found["energy"], "free_energy": found["energy"], "forces": found["forces"]}
        if "stress" in found:
            self.results["stress"] = full_3x3_to_voigt_6_stress(found["stress"])
        if "energies" in found:
            self.results["energies"] = found["energies"]
