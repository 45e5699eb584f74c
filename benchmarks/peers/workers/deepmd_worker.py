"""deepmd-kit with TensorFlow: models trained a few steps, frozen, compressed and in deepmd-kit's own form; their energy, forces and
virial; inputs of training runs. Runs in deepmd-kit's Python."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import protocol

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
DP = [str(pathlib.Path(sys.executable).parent / "dp"), "--tf"]
STATE = {}


def versions(_):
    from importlib.metadata import PackageNotFoundError, version

    found = {"deepmd-kit": version("deepmd-kit")}
    for package in ("tensorflow", "tensorflow-cpu"):
        with contextlib.suppress(PackageNotFoundError):
            found["tensorflow"] = version(package)
    return found


def configuration(request, steps):
    """deepmd-kit's input: the networks, batch size and prefactors of the request. No validation while it trains."""
    common = {"precision": request["precision"], "seed": 1}
    return {
        "model": {"type_map": ["Li"], **{part: {**options, **common} for part, options in request["networks"].items()}},
        "learning_rate": {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-6, "decay_steps": max(1, steps // 2)},
        "loss": {"type": "ener", **request["prefactors"]},
        "training": {
            "training_data": {"systems": ["data"], "batch_size": request["batch_size"]},
            "numb_steps": steps,
            "seed": 1,
            "disp_training": False,
            "save_freq": steps + 1,  # once, at the end: without display deepmd-kit leaves out a last step that is a multiple
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


def dp(folder, *words):
    outcome = subprocess.run([*DP, *words], cwd=folder, capture_output=True, text=True)
    if outcome.returncode != 0:
        # Missing GPU libraries are told after the error itself.
        said = [line for line in outcome.stderr.splitlines() if not line.startswith("implib-gen:")]
        raise RuntimeError(f"dp {words[0]}: {' '.join(said)[-200:]}")


def train(request, folder, steps):
    """Trains in an empty folder and gives the sel that deepmd-kit chose."""
    import deepmd  # noqa: F401  (says by name when it is missing)
    from ase.io import read

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_data(read(request["frames"], ":"), folder)
    (folder / "input.json").write_text(json.dumps(configuration(request, steps)))
    dp(folder, "train", "input.json")
    return json.loads((folder / "out.json").read_text())["model"]["descriptor"]["sel"]


def write_own_form(frozen, target):
    """What `dp convert-backend` does, which in 3.2.0 hands YAML a numpy scalar (the smallest distance) that it does not take."""
    import numpy as np
    from deepmd.dpmodel.utils.serialization import save_dp_model
    from deepmd.tf.utils.serialization import serialize_from_file

    data = serialize_from_file(str(frozen))
    data["@variables"] = {name: np.asarray(value) for name, value in data.get("@variables", {}).items()}
    save_dp_model(str(target), data)


def export(request):
    """plain.pb, compressed.pb and model.yaml of the same weights in a new folder. Few steps of training: the cost of a model does
    not depend on how good it is."""
    target = pathlib.Path(request["folder"])
    work = target.with_name("unfinished-" + target.name)
    train(request, work, request["steps"])
    results = work / "results"
    results.mkdir()
    dp(work, "freeze", "-o", "results/plain.pb")
    dp(work, "compress", "-i", "results/plain.pb", "-o", "results/compressed.pb")
    write_own_form(results / "plain.pb", results / "model.yaml")
    results.rename(target)
    shutil.rmtree(work)
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
        energy, forces, _virial = STATE["call"]()
    return {"energy": float(energy[0, 0]), "forces": forces[0].tolist()}


def prepare_training(request):
    """Commands that train for few and for many steps, with the sel found by a first step of training."""
    folder = pathlib.Path(request["folder"])
    sel = train(request, folder, 1)
    request["networks"]["descriptor"]["sel"] = sel
    commands = []
    for steps in request["steps"]:
        name = f"{steps}.json"
        (folder / name).write_text(json.dumps(configuration(request, steps)))
        commands.append([*DP, "train", name])
    return {"sel": sel, "commands": commands}


def time_call(request):
    return protocol.timed(STATE["call"], request["least_seconds"])


if __name__ == "__main__":
    protocol.serve(
        {
            "versions": versions,
            "export": export,
            "prepare_inference": prepare_inference,
            "prepare_training": prepare_training,
            "time": time_call,
        }
    )
