"""deepmd-kit: a se_e2_a of its tutorial's size, trained a few steps, frozen and compressed; energy, forces and virial. Runs in
deepmd-kit's Python."""

import json
import os
import pathlib
import subprocess
import sys

import protocol

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
STATE = {}


def versions(_):
    from importlib.metadata import version

    return {"deepmd-kit": version("deepmd-kit")}


def configuration(folder, precision, steps):
    return {
        "model": {
            "type_map": ["Li"],
            "descriptor": {
                "type": "se_e2_a",
                "rcut": 6.0,
                "rcut_smth": 0.5,
                "sel": "auto",
                "neuron": [25, 50, 100],
                "axis_neuron": 16,
                "resnet_dt": False,
                "precision": precision,
                "seed": 1,
            },
            "fitting_net": {"neuron": [240, 240, 240], "resnet_dt": True, "precision": precision, "seed": 1},
        },
        "learning_rate": {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-6, "decay_steps": max(1, steps // 2)},
        "loss": {
            "type": "ener",
            **{f"{when}_pref_{what}": 1 for when in ("start", "limit") for what in ("e", "f", "v")},
        },
        "training": {
            "training_data": {"systems": [str(folder / "data")], "batch_size": 5},
            "numb_steps": steps,
            "seed": 1,
            "disp_freq": max(1, steps),
            "save_freq": steps,
        },
    }


def write_data(frames, folder):
    import numpy as np

    arrays = folder / "data" / "set.000"
    arrays.mkdir(parents=True, exist_ok=True)
    (folder / "data" / "type.raw").write_text("0\n" * len(frames[0]))
    (folder / "data" / "type_map.raw").write_text("Li\n")
    values = {
        "coord": [a.positions.ravel() for a in frames],
        "box": [np.array(a.cell).ravel() for a in frames],
        "energy": [a.get_potential_energy() for a in frames],
        "force": [a.get_forces().ravel() for a in frames],
        "virial": [-a.get_stress(voigt=False).ravel() * a.get_volume() for a in frames],
    }
    for name, value in values.items():
        np.save(arrays / f"{name}.npy", np.array(value))


def export(request):
    """Trains `steps` steps: the cost of a model does not depend on how good it is."""
    import deepmd  # noqa: F401  (says by name when it is missing)
    from ase.io import read

    folder = pathlib.Path(request["file"]).resolve().parent / "deepmd"
    folder.mkdir(parents=True, exist_ok=True)
    write_data(read(request["frames"], ":"), folder)
    (folder / "input.json").write_text(json.dumps(configuration(folder, request["precision"], request["steps"])))
    program = str(pathlib.Path(sys.executable).parent / "dp")
    for words in (["train", "input.json"], ["freeze", "-o", "plain.pb"], ["compress", "-i", "plain.pb", "-o", "compressed.pb"]):
        outcome = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True)
        if outcome.returncode != 0:
            raise RuntimeError(f"dp {words[0]}: {outcome.stderr.strip()[-200:]}")
    os.replace(folder / "compressed.pb", request["file"])
    return {}


def prepare_inference(request):
    import numpy as np
    from ase.io import read
    from deepmd.infer import DeepPot

    atoms = read(request["structure"])
    model = DeepPot(request["file"])
    coordinates, cell = atoms.positions.reshape(1, -1), np.array(atoms.cell).reshape(1, -1)
    STATE["call"] = lambda: model.eval(coordinates, cell, [0] * len(atoms))
    for _ in range(3):
        STATE["call"]()
    return {}


def time_call(request):
    return protocol.timed(STATE["call"], request["least_seconds"])


if __name__ == "__main__":
    protocol.serve({"versions": versions, "export": export, "prepare_inference": prepare_inference, "time": time_call})
