"""Writes the golden files of this folder with deepmd-kit itself: NAME.yaml (its own model form) and NAME.json.

    python tests/golden/deepmd/generate.py [NAME ...]

Needs deepmd-kit 3.2.0 with its PyTorch backend (versions used are kept in every JSON file). Weights, averages and structures are
fixed by seeds. NAME.yaml is what `dp convert-backend model.pth NAME.yaml` writes. Energies, forces and virials are those of the
PyTorch backend in float64; its energies are compared with deepmd-kit's numpy backend ("dpmodel") on the way.
"""

import argparse
import datetime
import json
import pathlib
import sys
import tempfile
from importlib.metadata import version

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from sets import SETS  # noqa: E402
from structures import structures_for  # noqa: E402

from deepmd.dpmodel.model.base_model import BaseModel as NumpyModel  # noqa: E402
from deepmd.dpmodel.utils.serialization import load_dp_model  # noqa: E402
from deepmd.entrypoints.convert_backend import convert_backend  # noqa: E402
from deepmd.pt.model.model import get_model  # noqa: E402


def randomised(options, seed):
    """The PyTorch model with weights, averages and biases of ordinary size instead of those it starts with."""
    script = {"type_map": options["type_map"], "descriptor": options["descriptor"], "fitting_net": options["fitting_net"]}
    model = get_model(json.loads(json.dumps(script)))
    random = np.random.default_rng(seed)

    def fill(tensor, values):
        with torch.no_grad():
            tensor.copy_(torch.as_tensor(values, dtype=tensor.dtype).reshape(tensor.shape))

    for name, tensor in model.named_parameters():
        if name.endswith("matrix"):
            fill(tensor, random.normal(size=tensor.shape) / np.sqrt(tensor.shape[0] + tensor.shape[1]) * options["scale"])
        elif name.endswith("idt"):
            fill(tensor, random.uniform(0.2, 0.9, size=tensor.shape))
        elif name.endswith("bias"):
            fill(tensor, random.normal(size=tensor.shape) * 0.4)
    types, sel = len(options["type_map"]), options["descriptor"]["sel"]
    atomic = model.atomic_model
    descriptor = atomic.descriptor
    mean, deviation = descriptor.get_stat_mean_and_stddev()
    width = mean.shape[-1]
    # One value per pair of types, the same in all slots of a neighbour type, as deepmd-kit's own statistics are.
    radial = 0.0 if options["descriptor"].get("set_davg_zero") else random.uniform(0.05, 0.25, size=(types, types))
    per_pair = np.zeros((types, types, width))
    per_pair[:, :, 0] = radial
    spread = np.repeat(random.uniform(0.1, 0.3, size=(types, types, 2)), [1, 3], axis=2)[:, :, :width]
    slots = np.repeat(np.arange(types), sel)
    fill(mean, per_pair[:, slots])
    fill(deviation, spread[:, slots])
    descriptor.set_stat_mean_and_stddev(mean, deviation)
    bias = random.normal(size=types) - 2.0
    in_fitting = {"fitting": bias, "model": 0.0 * bias, "both": 0.3 * bias}[options["bias"]]
    fill(atomic.fitting_net.bias_atom_e, in_fitting)
    fill(atomic.out_bias, bias - in_fitting)
    return model.eval(), script


def write_yaml(model, script, target):
    """By deepmd-kit's converter, so that the file is what a user gets."""
    from deepmd.pt.utils.serialization import deserialize_to_file

    with tempfile.TemporaryDirectory() as folder:
        frozen = str(pathlib.Path(folder) / "model.pth")
        deserialize_to_file(frozen, {"model": model.serialize(), "model_def_script": script, "@variables": {}})
        convert_backend(INPUT=frozen, OUTPUT=str(target))


def record(name, atoms, model, numpy_model, type_names):
    types = np.array([[type_names.index(s) for s in atoms.get_chemical_symbols()]])
    periodic = bool(atoms.pbc.all())
    coordinates = torch.tensor(atoms.positions[None], dtype=torch.float64, requires_grad=True)
    box = torch.tensor(atoms.cell.array.reshape(1, 9)) if periodic else None
    out = {key: value.detach().numpy()[0] for key, value in model(coordinates, torch.tensor(types), box=box).items() if value is not None}
    reference = numpy_model(atoms.positions[None], types, box=atoms.cell.array.reshape(1, 9) if periodic else None)
    apart = np.abs(reference["atom_energy"][0] - out["atom_energy"]).max()
    if apart > 1e-12:
        sys.exit(f"{name}: the two backends of deepmd-kit differ by {apart} eV")
    virial = out["virial"].reshape(3, 3)
    return {
        "name": name,
        "cell": atoms.cell.array.tolist(),
        "pbc": atoms.pbc.tolist(),
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "energy": float(out["energy"].sum()),
        "energies": out["atom_energy"].reshape(-1).tolist(),
        "forces": out["force"].reshape(-1, 3).tolist(),
        "virial": virial.tolist(),
        "stress": (-virial / atoms.get_volume()).tolist() if periodic else None,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="sets to write (default: all)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    versions = {name: version(name) for name in ("deepmd-kit", "torch", "ase", "numpy")}
    for index, (name, options) in enumerate(SETS.items()):
        if arguments.names and name not in arguments.names:
            continue
        model, script = randomised(options, index + 1)
        write_yaml(model, script, HERE / f"{name}.yaml")
        numpy_model = NumpyModel.deserialize(load_dp_model(str(HERE / f"{name}.yaml"))["model"])
        structures = structures_for(options["type_map"], options["descriptor"]["rcut"])
        records = [record(label, atoms, model, numpy_model, options["type_map"]) for label, atoms in structures.items()]
        date = datetime.date.today().isoformat()
        golden = {"model": f"{name}.yaml", "versions": versions, "date": date, "options": options, "structures": records}
        (HERE / f"{name}.json").write_text(json.dumps(golden) + "\n")
        print(name, {r["name"]: round(r["energy"], 4) for r in records}, flush=True)


if __name__ == "__main__":
    main()
