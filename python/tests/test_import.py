"""alkali import on what nequip-train and nequip-package really write. Needs a Python with nequip."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import warnings

import support

support.need("nequip")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from nequip.model import FullNequIPGNNModel, NequIPGNNModel  # noqa: E402
from nequip.utils.global_state import set_global_state  # noqa: E402

from alkali_import import Refused, extract, safetensors_file  # noqa: E402

SCRIPTS = pathlib.Path(sys.executable).parent
CONVERTER = support.SOURCE / "python" / "alkali_import"
SMALL = dict(seed=1, model_dtype="float64", r_max=4.0, type_names=["Li"], avg_num_neighbors=10.0, radial_mlp_width=4)


def train(folder):
    """One epoch of nequip-train on a few frames made here; gives the checkpoint."""
    from ase.build import bulk
    from ase.calculators.lj import LennardJones
    from ase.io import write

    frames = []
    for seed in range(6):
        atoms = bulk("Li", "bcc", a=3.4, cubic=True)
        atoms.rattle(0.1, seed=seed)
        atoms.calc = LennardJones(sigma=2.7, epsilon=0.1, rc=4.0)
        atoms.get_forces(), atoms.get_stress()
        frames.append(atoms)
    data = folder / "data.extxyz"
    write(data, frames)
    environment = {**os.environ, "ALKALI_TEST_DATA": str(data), "OMP_NUM_THREADS": "1"}
    config = str(support.SOURCE / "python" / "tests" / "data")
    run([str(SCRIPTS / "nequip-train"), "-cp", config, "-cn", "nequip_train"], folder, environment)
    return folder / "best.ckpt"


def run(command, folder, environment=None):
    outcome = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise RuntimeError(f"{command[0]}: {outcome.stdout[-2000:]}{outcome.stderr[-2000:]}")


def convert(model, output, *more):
    return subprocess.run([sys.executable, str(CONVERTER), str(model), "-o", str(output), *more], capture_output=True, text=True)


class TrainedModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.checkpoint = train(cls.folder)
        cls.converted = cls.folder / "converted.safetensors"
        outcome = convert(cls.checkpoint, cls.converted)
        assert outcome.returncode == 0, outcome.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def test_weights_are_the_ema_weights_of_the_checkpoint(self):
        state = torch.load(self.checkpoint, map_location="cpu", weights_only=False)["state_dict"]
        averaged = [state[f"ema.ema_weight_{i}"].double().numpy() for i in range(sum(k.startswith("ema.ema_weight_") for k in state))]
        tensors, _ = safetensors_file.read(self.converted)
        prefix = "model.sole_model.model.func."
        raw = {
            "bessel.weights": "bessel_encode.bessel_weights",
            "layers.0.linear_1.weight": "layer0_convnet.conv.linear_1.weight",
            "layers.0.radial_mlp.0.weight": "layer0_convnet.conv.edge_mlp.mlp.0.weight",
            "layers.1.linear_2.weight": "layer1_convnet.conv.linear_2.weight",
            "layers.1.sc.weight": "layer1_convnet.conv.sc.weight",
            "shifts": "per_type_energy_scale_shift.shifts",
        }
        for name, key in raw.items():
            own = state[prefix + key].double().numpy().reshape(tensors[name].shape)
            self.assertFalse(np.array_equal(tensors[name], own), f"{name}: raw weights instead of averaged ones")
        trained = [array.reshape(-1) for name, array in tensors.items() if name != "scales"]
        self.assertEqual(len(averaged), len(trained))
        for array in averaged:
            matches = sum(array.size == other.size and np.array_equal(array.reshape(-1), other) for other in trained)
            self.assertGreaterEqual(matches, 1, f"an averaged tensor of shape {array.shape} is not in the converted file")

    def test_hyperparameters_are_those_of_the_training_config(self):
        _, metadata = safetensors_file.read(self.converted)
        found = json.loads(metadata["hyperparameters"])
        expected = dict(
            type="nequip", type_names=["Li"], r_max=4.0, num_layers=2, l_max=1, parity=True, num_features=[6, 4], radial_mlp_depth=2,
            radial_mlp_width=8, num_bessels=6, bessel_trainable=True, polynomial_cutoff_p=6, model_dtype="float32",
            per_type_energy_shifts_trainable=True, per_type_energy_scales_trainable=False, pair_potential=None,
        )
        self.assertEqual({key: found[key] for key in expected}, expected)

    def test_a_package_gives_the_same_file_contents_as_its_checkpoint(self):
        package = self.folder / "model.nequip.zip"
        run([str(SCRIPTS / "nequip-package"), "build", str(self.checkpoint), str(package)], self.folder)
        second = self.folder / "from_package.safetensors"
        outcome = convert(package, second)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        first_tensors, first_metadata = safetensors_file.read(self.converted)
        tensors, metadata = safetensors_file.read(second)
        self.assertEqual(set(tensors), set(first_tensors))
        for name, array in tensors.items():
            np.testing.assert_array_equal(array, first_tensors[name])
        for key in ("hyperparameters", "derived"):
            self.assertEqual(metadata[key], first_metadata[key])

    def test_the_program_imports_it(self):
        output = self.folder / "program.safetensors"
        outcome = subprocess.run(
            [support.PROGRAM, "import", str(self.checkpoint), "-o", str(output), "--python", sys.executable], capture_output=True, text=True
        )
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        tensors, _ = safetensors_file.read(output)
        expected, _ = safetensors_file.read(self.converted)
        for name, array in expected.items():
            np.testing.assert_array_equal(tensors[name], array)

    def test_the_imported_model_predicts_what_nequip_predicts(self):
        from ase.io import read
        from nequip.data import from_ase
        from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform

        from alkali_import.load import load

        predicted = self.folder / "predicted.extxyz"
        data = self.folder / "data.extxyz"
        subprocess.run([support.PROGRAM, "predict", str(self.converted), str(data), "-o", str(predicted)], check=True)
        model = load(str(self.checkpoint), "sole_model")
        for given, found in zip(read(data, ":"), read(predicted, ":"), strict=True):
            given.calc = None
            graph = NeighborListTransform(4.0)(ChemicalSpeciesToAtomTypeMapper(model_type_names=["Li"])(from_ase(given)))
            expected = model(graph)
            # nequip works in float32 here
            self.assertAlmostEqual(found.get_potential_energy() / len(found), float(expected["total_energy"]) / len(found), delta=1e-5)
            np.testing.assert_allclose(found.get_forces(), expected["forces"].detach().numpy(), atol=1e-4)
            np.testing.assert_allclose(found.get_stress(voigt=False), expected["stress"].detach().numpy()[0], atol=1e-5)

    def test_a_file_that_is_no_model_ends_with_a_message_and_no_output(self):
        garbage, output = self.folder / "garbage.ckpt", self.folder / "none.safetensors"
        garbage.write_text("not a checkpoint")
        outcome = convert(garbage, output)
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("alkali_import: ", outcome.stderr)
        self.assertFalse(output.exists())

    def test_an_unknown_model_key_names_those_there_are(self):
        outcome = convert(self.checkpoint, self.folder / "none.safetensors", "--model-key", "other")
        self.assertEqual(outcome.returncode, 1)
        self.assertIn("sole_model", outcome.stderr)


class Refusals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        set_global_state(allow_tf32=False)

    def setUp(self):
        warnings.filterwarnings("ignore", message="Found `per_type_energy")

    def refuse(self, model, *words):
        with self.assertRaises(Refused) as caught:
            extract(model, "test")
        for word in words:
            self.assertIn(word, str(caught.exception))

    def full(self, **options):
        scalars, hidden = "4x0e", "4x0e+4x1o"
        defaults = dict(
            seed=1, model_dtype="float64", r_max=4.0, type_names=["Li"], avg_num_neighbors=10.0, irreps_edge_sh="0e+1o",
            type_embed_num_features=4, feature_irreps_hidden=[hidden, hidden, scalars], radial_mlp_depth=[1, 1, 1], radial_mlp_width=[4, 4, 4],
        )
        return FullNequIPGNNModel(**{**defaults, **options})

    def test_a_plain_full_model_is_accepted(self):
        tensors, _ = extract(self.full(), "test")
        self.assertIn("layers.2.sc.weight", tensors)

    def test_resnet_is_named(self):
        self.refuse(self.full(convnet_resnet=True), "convnet_resnet")

    def test_missing_self_connections_are_named(self):
        self.refuse(self.full(convnet_sc=False), "convnet_sc")

    def test_norm_nonlinearity_is_named(self):
        self.refuse(self.full(convnet_nonlinearity_type="norm"), "NormActivation")

    def test_other_gate_functions_are_named(self):
        self.refuse(self.full(convnet_nonlinearity_scalars={"e": "ssp", "o": "tanh"}), "gate nonlinearity")

    def test_layers_that_differ_are_named(self):
        self.refuse(self.full(feature_irreps_hidden=["4x0e+4x1o", "4x0e+2x1o", "4x0e"]), "layer 1", "feature_irreps_hidden")
        self.refuse(self.full(radial_mlp_width=[4, 6, 4]), "layer 1", "radial_mlp_width")

    def test_other_readout_functions_are_named(self):
        self.refuse(
            NequIPGNNModel(num_layers=1, num_features=4, readout_mlp_hidden_layers_depth=1, readout_mlp_nonlinearity="gelu", **SMALL),
            "readout_mlp_nonlinearity",
            "GELU",
        )

    def test_a_broken_cutoff_exponent_is_named(self):
        self.refuse(NequIPGNNModel(num_layers=1, num_features=4, polynomial_cutoff_p=5.5, **SMALL), "polynomial_cutoff_p", "5.5")

    def test_other_pair_potentials_are_named(self):
        lj = {"_target_": "nequip.nn.pair_potential.LennardJones", "lj_sigma": 2.0, "lj_delta": 0.0, "lj_epsilon": 0.1, "lj_style": "lj"}
        self.refuse(NequIPGNNModel(num_layers=1, num_features=4, pair_potential=lj, **SMALL), "LennardJones")


if __name__ == "__main__":
    support.main()
