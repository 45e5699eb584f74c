"""Writes schedule.json and loss.json of this folder: deepmd-kit's learning rates, prefactors and `ener` loss on given numbers.

    python tests/golden/deepmd/training.py

Needs deepmd-kit 3.2.0 (its numpy backend). Random numbers are fixed by seeds.
"""

import datetime
import json
import pathlib
from importlib.metadata import version

import numpy as np

from deepmd.dpmodel.loss.ener import EnergyLoss
from deepmd.dpmodel.utils.learning_rate import make_learning_rate_schedule

HERE = pathlib.Path(__file__).resolve().parent

SCHEDULES = {
    "staircase": ({"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-8, "decay_steps": 50}, 1000),
    "short_run": ({"type": "exp", "start_lr": 1e-3, "stop_lr": 3.51e-8, "decay_steps": 5000}, 400),
    "smooth": ({"type": "exp", "start_lr": 2e-3, "stop_lr": 1e-6, "decay_steps": 30, "smooth": True}, 300),
    "rate": ({"type": "exp", "start_lr": 1e-3, "stop_lr": 2e-4, "decay_steps": 20, "decay_rate": 0.9}, 500),
    "warm_up": ({"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-6, "decay_steps": 25, "warmup_steps": 40, "warmup_start_factor": 0.1}, 440),
    "cosine": ({"type": "cosine", "start_lr": 1e-3, "stop_lr_ratio": 1e-3, "warmup_ratio": 0.1}, 200),
}
LOSSES = {
    "defaults": {},
    "virial": {"start_pref_v": 0.02, "limit_pref_v": 1.0},
    "intensive": {"start_pref_e": 0.5, "start_pref_v": 3.0, "limit_pref_v": 0.1, "intensive_ener_virial": True},
    "energy_off_at_first": {"start_pref_e": 0.0, "limit_pref_e": 4.0, "start_pref_f": 2.0, "limit_pref_f": 0.0},
}


def schedules():
    out = []
    for name, (options, steps) in SCHEDULES.items():
        schedule = make_learning_rate_schedule(options, steps)
        asked = [k for k in range(steps) if k < 60 or k % 7 == 0]
        out.append({"name": name, "options": options, "numb_steps": steps, "steps": asked, "lr": [float(schedule.value(k)) for k in asked]})
    return out


def losses():
    """Losses of residuals of two frames with five atoms each, at four learning rates."""
    random = np.random.default_rng(7)
    frames, atoms, start_lr = 2, 5, 1e-3
    labels = {"energy": random.normal(size=(frames, 1)), "force": random.normal(size=(frames, atoms, 3))}
    labels["virial"] = random.normal(size=(frames, 9))
    predicted = {key: value + 0.3 * random.normal(size=value.shape) for key, value in labels.items()}
    find = {"find_energy": 1.0, "find_force": 1.0, "find_virial": 1.0}
    rows = []
    for name, options in LOSSES.items():
        loss = EnergyLoss(start_lr, **options)
        for lr in (start_lr, 4e-4, 1e-5, 0.0):
            value, _ = loss.call(lr, atoms, predicted, {**labels, **find})
            rows.append({"name": name, "options": options, "lr": lr, "loss": float(value)})
    return {
        "start_lr": start_lr,
        "labels": {k: v.tolist() for k, v in labels.items()},
        "predicted": {k: v.tolist() for k, v in predicted.items()},
        "losses": rows,
    }


def main():
    about = {"versions": {name: version(name) for name in ("deepmd-kit", "numpy")}, "date": datetime.date.today().isoformat()}
    (HERE / "schedule.json").write_text(json.dumps({**about, "schedules": schedules()}) + "\n")
    (HERE / "loss.json").write_text(json.dumps({**about, **losses()}) + "\n")


if __name__ == "__main__":
    main()
