"""nequip: inference on a prebuilt graph (eager or compiled ahead of time) and training steps. Runs in nequip's Python."""

import os
import pathlib
import sys

import protocol

STATE = {}


def start():
    """One thread, and nequip's defaults: without them positions would be float32, which compiled models take for float64."""
    import torch
    from nequip.utils.global_state import set_global_state

    torch.set_num_threads(1)
    set_global_state()


def build(hyperparameters):
    """A fresh float32 model; its cost does not depend on the weights."""
    from nequip.model import NequIPGNNModel

    start()
    return NequIPGNNModel(
        seed=1, model_dtype="float32", type_names=["Li"], per_type_energy_scales=0.3, per_type_energy_shifts=-1.9, **hyperparameters
    )


def graph(atoms, r_max):
    from nequip.data import from_ase
    from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform

    data = from_ase(atoms)
    for transform in (ChemicalSpeciesToAtomTypeMapper(model_type_names=["Li"]), NeighborListTransform(r_max=r_max)):
        data = transform(data)
    return data


def read(path, index=0):
    from ase.io import read as read_ase

    return read_ase(path, index)


def versions(_):
    from importlib.metadata import version

    return {name: version(name) for name in ("nequip", "torch", "e3nn")}


def export(request):
    """Compiles a model ahead of time for the `ase` target, as `nequip-compile --mode aotinductor` does."""
    import torch
    from nequip.scripts._compile_utils import COMPILE_TARGET_DICT
    from nequip.utils.aot import aot_export_model
    from nequip.utils.aoti_metadata import NEQUIP_AOTI_INPUTS_KEY, NEQUIP_AOTI_OUTPUTS_KEY, serialize_aoti_keys
    from nequip.utils.global_state import get_latest_global_state

    model = build(request["hyperparameters"]).eval()
    target = COMPILE_TARGET_DICT["ase"]
    sizes = {
        key: torch.export.Dim(name, min=2) for key, name in (("graph", "num_frames"), ("node", "num_nodes"), ("edge", "num_edges"))
    }
    metadata = {**model.metadata, **get_latest_global_state(only_metadata_related=True)}
    metadata = {key: str(int(value)) if isinstance(value, bool) else str(value) for key, value in metadata.items()}
    metadata[NEQUIP_AOTI_INPUTS_KEY] = serialize_aoti_keys(target["input"])
    metadata[NEQUIP_AOTI_OUTPUTS_KEY] = serialize_aoti_keys(target["output"])
    example = target["data_settings"](graph(read(request["structure"]), request["hyperparameters"]["r_max"]))
    unfinished = str(pathlib.Path(request["file"]).with_name("unfinished.nequip.pt2"))
    aot_export_model(
        model,
        torch.device("cpu"),
        target["input"],
        target["output"],
        example,
        target["batch_map_settings"](sizes),
        unfinished,
        inductor_configs={"aot_inductor.metadata": metadata},
    )
    os.replace(unfinished, request["file"])
    return {}


def weights(request):
    """The same model as alkali's file, through the importer that `alkali import` runs."""
    sys.path.insert(0, request["importer"])
    from alkali_import import write_model

    write_model(request["file"], build(request["hyperparameters"]).eval(), "benchmarks/peers")
    return {}


def prepare_inference(request):
    hyperparameters = request["hyperparameters"]
    start()
    data = graph(read(request["structure"]), hyperparameters["r_max"])
    if request["mode"] == "eager":
        model = build(hyperparameters).eval()
    else:
        from nequip.ase import NequIPCalculator

        model = NequIPCalculator.from_compiled_model(request["file"], device="cpu", chemical_species_to_atom_type_map=True).model
    STATE["call"] = lambda: model(data)
    from nequip.data import AtomicDataDict

    result = STATE["call"]()
    return {
        "edges": int(data[AtomicDataDict.EDGE_INDEX_KEY].shape[1]),
        "energy": float(result[AtomicDataDict.TOTAL_ENERGY_KEY].reshape(-1)[0]),
        "forces": result[AtomicDataDict.FORCE_KEY].detach().tolist(),
    }


def prepare_training(request):
    """Steps of AdamW on batches of prebuilt graphs, loss on energy per atom, forces and stress."""
    import torch
    from nequip.data import AtomicDataDict

    hyperparameters, size = request["hyperparameters"], request["batch_size"]
    model = build(hyperparameters).train()
    graphs = [graph(atoms, hyperparameters["r_max"]) for atoms in read(request["structure"], ":")]
    batches = [AtomicDataDict.batched_from_list(graphs[i : i + size]) for i in range(0, len(graphs) - size + 1, size)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
    next_batch = iter(range(10**9))

    def step():
        batch = batches[next(next_batch) % len(batches)]
        result = model(batch)
        count = batch[AtomicDataDict.NUM_NODES_KEY].reshape(-1, 1)

        def mean_square(key, divisor=1):
            return ((result[key] - batch[key]) / divisor).square().mean()

        loss = (
            10 * mean_square(AtomicDataDict.TOTAL_ENERGY_KEY, count)
            + mean_square(AtomicDataDict.FORCE_KEY)
            + 100 * mean_square(AtomicDataDict.STRESS_KEY)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    STATE["call"] = step
    step()
    return {"batches": len(batches)}


def time_call(request):
    return protocol.timed(STATE["call"], request["least_seconds"])


if __name__ == "__main__":
    protocol.serve(
        {
            "versions": versions,
            "export": export,
            "weights": weights,
            "prepare_inference": prepare_inference,
            "prepare_training": prepare_training,
            "time": time_call,
        }
    )
