"""The converter's own safetensors reader and writer."""

import json
import os
import struct
import tempfile
import unittest

import support

support.need("numpy")

import numpy as np  # noqa: E402

from alkali_import import safetensors_file  # noqa: E402


class SafetensorsFile(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "t.safetensors")

    def tearDown(self):
        self.folder.cleanup()

    def test_gives_back_what_was_written(self):
        tensors = {"a": np.linspace(0, 1, 6).reshape(2, 3), "b.c": np.array([1.5], dtype=np.float32)}
        safetensors_file.write(self.path, tensors, {"format": "x", "note": "é"})
        read, metadata = safetensors_file.read(self.path)
        self.assertEqual(metadata, {"format": "x", "note": "é"})
        for name, array in tensors.items():
            np.testing.assert_array_equal(read[name], array)
            self.assertEqual(read[name].dtype, array.dtype)
        self.assertEqual(os.listdir(self.folder.name), ["t.safetensors"])

    def test_data_begin_on_a_multiple_of_eight_bytes_and_the_header_is_json(self):
        safetensors_file.write(self.path, {"a": np.zeros(3)}, {"k": "v"})
        with open(self.path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        self.assertEqual(length % 8, 0)
        self.assertEqual(header["a"], {"dtype": "F64", "shape": [3], "data_offsets": [0, 24]})

    def test_leaves_no_file_behind_when_a_tensor_cannot_be_stored(self):
        with self.assertRaises(KeyError):
            safetensors_file.write(self.path, {"a": np.zeros(3, dtype=complex)}, {})
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_reads_every_golden_model_with_the_weights_its_hyperparameters_ask_for(self):
        paths = sorted(support.GOLDEN.glob("*.safetensors"))
        self.assertGreaterEqual(len(paths), 10)
        for path in paths:
            tensors, metadata = safetensors_file.read(path)
            parameters = json.loads(metadata["hyperparameters"])
            types = len(parameters["type_names"])
            self.assertEqual(tensors["type_embed.weight"].shape, (types, parameters["type_embed_num_features"]))
            self.assertEqual(tensors["scales"].shape, (types,))
            for layer in range(parameters["num_layers"]):
                self.assertEqual(tensors[f"layers.{layer}.radial_mlp.0.weight"].shape[0], parameters["num_bessels"])
                self.assertEqual(f"layers.{layer}.sc.weight" in tensors, layer > 0)
            self.assertTrue(all(np.isfinite(array).all() for array in tensors.values()))


if __name__ == "__main__":
    support.main()
