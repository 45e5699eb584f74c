"""Writes the golden files of this folder with nequip itself: NAME.safetensors (alkali's model file) and NAME.json.

    python tests/golden/nequip/generate.py [NAME ...] [--debug FOLDER]

Needs nequip 0.19.1 (versions used are kept in every JSON file). Weights are random but fixed by their seeds; structures
are fixed by theirs. Energies, forces and stress are nequip's in float64; stress is positive in tension, as in ASE;
null where the cell has no volume. Tolerances asked of alkali: per-atom energies 1e-10 relative, forces and stress 1e-8.
--debug also writes intermediate values of every structure (not kept in the project).
"""

import argparse
import json
import pathlib
import sys
import warnings

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "python")]

from alkali_import import write_model  # noqa: E402
from hyperparameters import SETS  # noqa: E402
from structures import structures_for  # noqa: E402

from nequip.data import AtomicDataDict, from_ase  # noqa: E402
from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform  # noqa: E402
from nequip.model import NequIPGNNModel  # noqa: E402
from nequip.utils.global_state import set_global_state  # noqa: E402


def build(seed, options):
    """The model with generic weights: what nequip starts at special values is perturbed."""
    model = NequIPGNNModel(seed=seed, model_dtype="float64", **options)
    generator = torch.Generator().manual_seed(seed + 1000)
    bessel = model.model.func.bessel_encode
    if bessel.trainable:
        with torch.no_grad():
            bessel.bessel_weights.add_(0.1 * torch.randn(bessel.bessel_weights.shape, generator=generator, dtype=torch.float64))
    return model.eval()


def evaluate(model, options, atoms):
    """nequip's full output for one structure."""
    data = ChemicalSpeciesToAtomTypeMapper(model_type_names=options["type_names"])(from_ase(atoms))
    neighbours = NeighborListTransform(options["r_max"], options.get("per_edge_type_cutoff"), options["type_names"])
    return model(neighbours(data))


def record(name, atoms, out):
    stress = out[AtomicDataDict.STRESS_KEY].detach().reshape(-1).tolist()
    known = len(stress) == 9 and not any(np.isnan(stress))
    return {
        "name": name,
        "cell": atoms.cell.array.tolist(),
        "pbc": atoms.pbc.tolist(),
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "edges": int(out[AtomicDataDict.EDGE_INDEX_KEY].shape[1]),
        "energy": float(out[AtomicDataDict.TOTAL_ENERGY_KEY]),
        "energies": out[AtomicDataDict.PER_ATOM_ENERGY_KEY].detach().reshape(-1).tolist(),
        "forces": out[AtomicDataDict.FORCE_KEY].detach().tolist(),
        "stress": np.reshape(stress, (3, 3)).tolist() if known else None,
    }


def intermediates(model, options, atoms, edges_shown=6):
    """Values inside the network, to find where two implementations part."""
    seen, hooks = {}, []

    def keep(name, index=None):
        def hook(module, inputs, output):
            value = output if index is None else output[index]
            seen[name] = value.detach().tolist()

        return hook

    func = model.model.func
    for k in range(len([n for n, _ in func.named_children() if n.endswith("_convnet")])):
        layer = getattr(func, f"layer{k}_convnet")
        hooks.append(layer.conv.linear_1.register_forward_hook(keep(f"layer{k}.linear_1")))
        hooks.append(layer.conv.edge_mlp.register_forward_hook(keep(f"layer{k}.edge_weights")))
        hooks.append(layer.conv.tp_scatter.register_forward_hook(keep(f"layer{k}.scattered")))
        hooks.append(layer.conv.linear_2.register_forward_hook(keep(f"layer{k}.linear_2")))
        if layer.conv.sc is not None:
            hooks.append(layer.conv.sc.register_forward_hook(keep(f"layer{k}.sc")))
        hooks.append(layer.equivariant_nonlin.register_forward_hook(keep(f"layer{k}.gated")))
        seen[f"layer{k}.irreps"] = {
            "in": str(layer.conv.linear_1.irreps_in),
            "mid": str(layer.conv.tp_scatter.irreps_mid),
            "linear_2_in": str(layer.conv.linear_2.irreps_in),
            "conv_out": str(layer.conv.linear_2.irreps_out),
            "gated": str(layer.equivariant_nonlin.irreps_out),
            "instructions": [list(i[:3]) for i in layer.conv.tp_scatter.instructions],
        }
    out = evaluate(model, options, atoms)
    for hook in hooks:
        hook.remove()
    for key in ("edge_index", "edge_vectors", "edge_attrs", "edge_embedding", "node_attrs"):
        seen[key] = out[key].detach().tolist()
    for key in [k for k in seen if k.startswith("edge_") or k.endswith("edge_weights")]:
        seen[key] = [row[:edges_shown] for row in seen[key]] if key == "edge_index" else seen[key][:edges_shown]
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="sets to write (default: all)")
    parser.add_argument("--debug", type=pathlib.Path, help="folder for intermediate values")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    set_global_state(allow_tf32=False)
    for index, (name, options) in enumerate(SETS.items()):
        if arguments.names and name not in arguments.names:
            continue
        model = build(index + 1, options)
        write_model(HERE / f"{name}.safetensors", model, f"tests/golden/nequip/generate.py {name}")
        structures = structures_for(options["type_names"], options["r_max"])
        records = [record(label, atoms, evaluate(model, options, atoms)) for label, atoms in structures.items()]
        golden = {"model": f"{name}.safetensors", "versions": versions(), "options": options, "structures": records}
        (HERE / f"{name}.json").write_text(json.dumps(golden) + "\n")
        if arguments.debug:
            arguments.debug.mkdir(parents=True, exist_ok=True)
            values = {label: intermediates(model, options, atoms) for label, atoms in structures.items() if len(atoms) < 10}
            (arguments.debug / f"{name}.json").write_text(json.dumps(values, indent=1))
        print(name, {r["name"]: round(r["energy"], 4) for r in records})


def versions():
    from importlib.metadata import version

    return {name: version(name) for name in ("nequip", "e3nn", "torch", "ase", "matscipy", "numpy")}


if __name__ == "__main__":
    main()
