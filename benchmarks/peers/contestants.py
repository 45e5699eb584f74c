"""Who takes part in a row: alkali from outside, peers through workers or from outside. Each gives functions that return the
seconds {"wall", "cpu"} of one unit of work: an atom (inference) or a frame (training)."""

import json
import math
import pathlib
import subprocess

import rows
import structures
import timing
from timing import Missing

HERE = pathlib.Path(__file__).resolve().parent
WORKERS = HERE / "workers"
IMPORTER = HERE.parents[1] / "python"


def scaled(seconds, factor):
    return {key: seconds[key] * factor for key in ("wall", "cpu")}


def compare(ours, theirs):
    """How far two (energy, forces) of the same atoms are apart. A peer that computes NaN has no time worth writing down."""
    (energy, forces), (peer_energy, peer_forces) = ours, theirs
    if not all(map(math.isfinite, [peer_energy, *(x for force in peer_forces for x in force)])):
        raise ValueError("the peer's energy or forces are not finite")
    apart = max(abs(a - b) for own, other in zip(forces, peer_forces) for a, b in zip(own, other))
    return {
        "energy_mev_per_atom": abs(energy - peer_energy) / len(forces) * 1e3,
        "force_mev_per_angstrom": apart * 1e3,
    }


class Alkali:
    """alkali timed from outside: `predict` of few and many frames, `train` of few and many epochs; the difference counts."""

    def __init__(self, program, folder, settings):
        self.program, self.folder, self.settings = pathlib.Path(program).resolve(), folder, settings
        if not self.program.exists():
            raise Missing(f"no program at {program} (make)")

    def version(self):
        return subprocess.run([str(self.program), "--version"], capture_output=True, text=True, check=True).stdout.strip()

    def config(self, name, hyperparameters, training):
        """A config file, of a nequip unless the hyperparameters name another type; JSON is YAML too."""
        path = self.folder / f"{name}.yaml"
        frames = self.folder / "training.extxyz"
        path.write_text(
            json.dumps(
                {
                    "model": {"type": "nequip", "type_names": ["Li"], **hyperparameters},
                    "data": {"train": str(frames), "validation": 0},
                    "training": {"batch_size": rows.BATCH_SIZE, **training},
                },
                indent=1,
            )
        )
        return path

    def fresh_model(self, name, hyperparameters):
        """An untrained model of alkali's own."""
        folder = self.folder / f"{name}-init"
        timing.run([self.program, "train", self.config(name, hyperparameters, {}), "--init-only", "--overwrite", "-o", folder])
        return folder / "init.safetensors"

    def imported(self, path, name):
        """The model file made of one in deepmd-kit's own form."""
        target = self.folder / f"{name}.safetensors"
        timing.run([self.program, "import", path, "-o", target])
        return target

    def predict(self, model, atoms, precision):
        """A function for interleave(): seconds per atom."""
        extra = max(self.settings.frames, math.ceil(self.settings.least_atoms / atoms))
        one, many = self.folder / f"{atoms}-1.extxyz", self.folder / f"{atoms}-{1 + extra}.extxyz"
        frame = structures.frame(atoms)
        one.write_text(frame)
        many.write_text(frame * (1 + extra))

        def seconds(path):
            words = ["predict", model, path, "-o", self.folder / "predicted.extxyz", "--precision", precision, "--threads", "1"]
            return timing.run([self.program, *words])

        return lambda: timing.difference(seconds(one), seconds(many), extra * atoms)

    def labels(self, model, atoms, precision):
        """(energy, forces) of the frame that everything is timed on."""
        path, out = self.folder / f"{atoms}-1.extxyz", self.folder / "labels.extxyz"
        path.write_text(structures.frame(atoms))
        timing.run([self.program, "predict", model, path, "-o", out, "--precision", precision, "--threads", "1"])
        return structures.read_labels(out)

    def train(self, name, hyperparameters, training, precision):
        """A function for interleave(): seconds per frame of an epoch. `training`: loss and learning rate."""
        few, many = 1, 1 + self.settings.epochs
        frames = self.settings.training_frames

        def seconds(epochs):
            model = {**hyperparameters, "model_dtype": precision}
            config = self.config(f"{name}-{precision}-{epochs}", model, {**training, "max_epochs": epochs})
            words = ["train", config, "--overwrite", "--threads", "1", "-o", self.folder / f"{name}-train"]
            return timing.run([self.program, *words])

        return lambda: timing.difference(seconds(few), seconds(many), self.settings.epochs * frames)


def deepmd_training(commands, folder, frames):
    """A function for interleave(): deepmd-kit's program run for few and for many steps, seconds per frame of the difference."""
    few, many = commands
    return lambda: timing.difference(timing.run(few, cwd=folder), timing.run(many, cwd=folder), frames)


class KimInLammps:
    """A KIM portable model in Debian's LAMMPS, NVE at 300 K, from outside: many steps less few."""

    def __init__(self, model, cells, steps, folder):
        self.model, self.cells, self.steps, self.folder = model, cells, steps, folder

    def seconds(self, steps):
        words = ["-in", HERE / "kim.lammps", "-var", "kim", self.model, "-var", "n", self.cells, "-var", "steps", steps, "-log", "none"]
        try:
            return timing.run(["lmp", *words], cwd=self.folder)
        except RuntimeError as error:
            raise Missing(f"{error} (Debian packages lammps and openkim-models)") from error

    def measure(self):
        few = 10
        return timing.difference(self.seconds(few), self.seconds(few + self.steps), self.steps * 2 * self.cells**3)


def worker_measure(worker, units, least_seconds):
    """A function for interleave() that asks a prepared worker."""
    return lambda: scaled(worker.ask(do="time", least_seconds=least_seconds), 1 / units)
