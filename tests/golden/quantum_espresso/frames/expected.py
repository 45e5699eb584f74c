"""Writes expected.json: what ASE reads of outputs in this folder. Run: python3 expected.py (made with Debian's ASE 3.22.1)."""
import json

import ase
import ase.io

frames = {}
for name in ("high", "relax", "vc_relax", "md", "vc_md", "noncollinear", "grimme"):
    frames[name] = [
        {
            "species": a.get_chemical_symbols(),
            "cell": a.cell.tolist(),
            "positions": a.positions.tolist(),
            "energy": a.get_potential_energy(),
            "forces": a.get_forces(apply_constraint=False).tolist(),
            "stress": a.get_stress(voigt=False).tolist(),
        }
        for a in ase.io.read(f"{name}.out", index=":", format="espresso-out")
    ]
json.dump({"ase": ase.__version__, "frames": frames}, open("expected.json", "w"), separators=(",", ":"))
