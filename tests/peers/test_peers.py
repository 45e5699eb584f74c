"""benchmarks/peers without peers: what it writes from given figures, how it takes turns, what a missing peer looks like.

    test_peers.py PROGRAM
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import unittest
import unittest.mock as mock
import xml.etree.ElementTree

PEERS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks" / "peers"
sys.path[:0] = [str(PEERS), str(PEERS / "workers")]

import contestants  # noqa: E402
import deepmd_worker  # noqa: E402
import report  # noqa: E402
import rows  # noqa: E402
import structures  # noqa: E402
import timing  # noqa: E402

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else ""


def seconds(cpu):
    return {"wall": 1.1 * cpu, "cpu": cpu}


def measured(name="nequip_aoti_r6_l2_432", bar=25):
    """As if the peer took 2000, 2200 and 2400 us/atom, mixed 100 and float64 200."""
    samples = {
        "peer": [seconds(2000e-6), seconds(2400e-6), seconds(2200e-6)],
        "mixed": [seconds(100e-6)] * 3,
        "float64": [seconds(200e-6)] * 3,
    }
    return {
        "name": name,
        "peer": "nequip",
        "model": "r6_l2",
        "atoms": 432,
        "unit": "us/atom",
        "factor": 1e6,
        "bar": bar,
        "missing": None,
        "samples": samples,
        "seconds": {who: timing.summary(values) for who, values in samples.items()},
        "ratios": {who: timing.ratios(samples["peer"], samples[who]) for who in ("mixed", "float64")},
        "check": {"energy_mev_per_atom": 1e-4, "force_mev_per_angstrom": 1e-3},
    }


def absent():
    return {
        "name": "deepmd",
        "peer": "deepmd-kit",
        "model": "r6_l2",
        "atoms": 432,
        "unit": "us/atom",
        "factor": 1e6,
        "bar": 0,
        "missing": "no environment | given",
    }


class Report(unittest.TestCase):
    def test_table_has_medians_ratios_and_whether_a_bar_is_met(self):
        lines = report.table([measured()]).splitlines()
        cells = [cell.strip() for cell in lines[2].split("|")]
        self.assertEqual(cells[6:11], ["2200 (2420)", "100 (110)", "200 (220)", "22.0 (20.0-24.0)", "11.0 (10.0-12.0)"])
        self.assertIn("bar 25: not met", cells[11])
        self.assertIn("bar 22: met", report.table([measured(bar=22)]))

    def test_every_line_of_the_table_has_as_many_cells(self):
        lines = report.table([measured(), absent()]).splitlines()
        self.assertEqual({line.count("|") for line in lines}, {12})

    def test_missing_peer_is_a_row_with_its_reason(self):
        line = report.table([absent()]).splitlines()[2]
        self.assertIn("missing: no environment / given", line)

    def test_compressed_peer_says_how_well_it_agrees_without_its_tables(self):
        result = measured(bar=0)
        self.assertNotIn("uncompressed", report.table([result]))
        result["check"] = {**result["check"], "uncompressed": {"energy_mev_per_atom": 2e-9, "force_mev_per_angstrom": 3e-7}}
        line = report.table([result]).splitlines()[2]
        self.assertIn("same weights: 1.0e-04 meV/atom, 1.0e-03 meV/A apart; uncompressed peer: 2.0e-09 meV/atom, 3.0e-07 meV/A", line)

    def test_plot_is_xml_with_a_bar_for_each_figure(self):
        root = xml.etree.ElementTree.fromstring(report.plot([measured(), absent()]))
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        for figure in ("2200", "100", "200"):
            self.assertIn(figure, texts)
        self.assertIsNone(report.plot([absent()]))


class Rows(unittest.TestCase):
    def test_names_are_unique_and_say_whether_a_frame_or_an_atom_is_timed(self):
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))
        for row in rows.ROWS:
            self.assertEqual((row.unit, row.factor), ("ms/frame", 1e3) if "training" in row.name else ("us/atom", 1e6))

    def test_deepmd_rows_name_network_precision_and_compression(self):
        found = {row.name: (row.model, row.precision, row.mode) for row in rows.ROWS if row.kind == "deepmd_inference"}
        self.assertEqual(found["deepmd_se_e2_a_float64"], ("se_e2_a", "float64", "plain"))
        self.assertEqual(found["deepmd_se_e2_a_float32_compressed"], ("se_e2_a", "float32", "compressed"))
        self.assertEqual(found["deepmd_se_e3_float64_compressed"], ("se_e3", "float64", "compressed"))

    def test_every_row_has_its_model(self):
        for row in rows.ROWS:
            self.assertIn(row.model, rows.DEEP_POTENTIALS if row.kind.startswith("deepmd_") else rows.MODELS)


class DeepmdWorker(unittest.TestCase):
    """What it does without deepmd-kit."""

    def test_input_has_the_networks_precision_loss_and_batch_asked_for(self):
        request = {
            "networks": rows.DEEP_POTENTIALS["se_e3"],
            "precision": "float32",
            "prefactors": rows.PREFACTORS,
            "batch_size": 7,
        }
        found = deepmd_worker.configuration(request, 40)
        self.assertEqual(found["model"]["descriptor"]["type"], "se_e3")
        self.assertEqual({found["model"][part]["precision"] for part in ("descriptor", "fitting_net")}, {"float32"})
        self.assertEqual(found["model"]["fitting_net"]["neuron"], [240, 240, 240])
        self.assertEqual(found["loss"], {"type": "ener", **rows.PREFACTORS})
        self.assertEqual((found["training"]["numb_steps"], found["training"]["training_data"]["batch_size"]), (40, 7))
        self.assertNotIn("precision", rows.DEEP_POTENTIALS["se_e3"]["descriptor"])

    def test_program_that_fails_is_an_error_without_the_chatter_of_missing_libraries(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(
            deepmd_worker, "DP", [sys.executable, "-c", "import sys; sys.exit('no checkpoint\\nimplib-gen: libcudart')"]
        ):
            with self.assertRaises(RuntimeError) as caught:
                deepmd_worker.dp(folder, "freeze")
        self.assertEqual(str(caught.exception), "dp freeze: no checkpoint")


class Timing(unittest.TestCase):
    def test_peers_on_the_same_weights_are_compared_and_refused_when_not_finite(self):
        ours = (-4.0, [[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]])
        check = contestants.compare(ours, (-4.002, [[0.1, 0.0, 0.0], [-0.1, 0.005, 0.0]]))
        self.assertAlmostEqual(check["energy_mev_per_atom"], 1)
        self.assertAlmostEqual(check["force_mev_per_angstrom"], 5)
        for energy, force in ((math.nan, 0.0), (-4.0, math.inf)):
            with self.assertRaises(ValueError):
                contestants.compare(ours, (energy, [[0.1, 0.0, force], [-0.1, 0.0, 0.0]]))

    def test_contestants_take_turns_after_one_uncounted_run(self):
        order = []

        def contestant(name):
            return lambda: order.append(name) or seconds(len(order))

        samples = timing.interleave({"a": contestant("a"), "b": contestant("b")}, 3)
        self.assertEqual("".join(order), "ab" + "ababab")
        self.assertEqual([sample["cpu"] for sample in samples["a"]], [3, 5, 7])

    def test_ratio_is_formed_turn_by_turn(self):
        # A machine that becomes three times slower half way leaves the ratio alone.
        above, below = [seconds(4), seconds(12)], [seconds(2), seconds(6)]
        self.assertEqual(timing.ratios(above, below), {"median": 2, "min": 2, "max": 2})

    def test_deepmd_training_is_the_difference_of_two_runs_per_frame(self):
        def busy(process_seconds):
            return [sys.executable, "-c", f"import time\nwhile time.process_time() < {process_seconds}: pass"]

        with tempfile.TemporaryDirectory() as folder:
            used = contestants.deepmd_training([busy(0.2), busy(0.6)], folder, 4)()
        self.assertAlmostEqual(used["cpu"], 0.1, delta=0.03)

    def test_a_child_is_charged_its_own_processor_time(self):
        used = timing.run([sys.executable, "-c", "import time\nt = time.process_time()\nwhile time.process_time() < t + 0.3: pass"])
        self.assertGreater(used["cpu"], 0.3)
        idle = timing.run([sys.executable, "-c", "import time; time.sleep(0.3)"])
        self.assertGreater(idle["wall"], 0.3)
        self.assertLess(idle["cpu"], 0.2)

    def test_a_program_that_is_not_there_is_missing_and_one_that_fails_is_an_error(self):
        with self.assertRaises(timing.Missing):
            timing.run(["/no/such/program"])
        with self.assertRaisesRegex(RuntimeError, "bad luck"):
            timing.run([sys.executable, "-c", "raise SystemExit('bad luck')"])

    def test_a_worker_answers_says_what_is_not_installed_and_reports_its_end(self):
        with tempfile.TemporaryDirectory() as folder:
            script = pathlib.Path(folder) / "worker.py"
            script.write_text(
                f"import sys; sys.path.insert(0, {str(PEERS / 'workers')!r})\n"
                "import protocol\n"
                "def double(r): print('noise'); return {'x': 2 * r['x']}\n"
                "def absent(r): import no_such_module\n"
                "def end(r): raise SystemExit('over')\n"
                "protocol.serve({'double': double, 'absent': absent, 'end': end})\n"
            )
            with timing.Worker(sys.executable, script) as worker:
                self.assertEqual(worker.ask(do="double", x=21), {"x": 42})
                with self.assertRaisesRegex(timing.Missing, "no_such_module"):
                    worker.ask(do="absent")
                with self.assertRaisesRegex(RuntimeError, "over"):
                    worker.ask(do="end")


class Structures(unittest.TestCase):
    def test_frames_have_the_atoms_asked_for_and_labels_are_read_back(self):
        self.assertEqual(len(structures.frame(54).splitlines()), 56)
        with self.assertRaises(ValueError):
            structures.frame(55)
        with tempfile.NamedTemporaryFile("w+", suffix=".extxyz") as file:
            file.write(structures.training_frames(2))
            file.flush()
            energy, forces = structures.read_labels(file.name)
        self.assertAlmostEqual(energy, -1.9 * 54, delta=1)
        self.assertEqual((len(forces), len(forces[0])), (54, 3))


@unittest.skipUnless(PROGRAM, "no program given")
class Alkali(unittest.TestCase):
    def test_deep_potentials_train_with_the_loss_and_sel_of_deepmd_kit(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "training.extxyz").write_text(structures.training_frames(5))
            settings = argparse.Namespace(epochs=1, training_frames=5)
            alkali = contestants.Alkali(PROGRAM, folder, settings)
            networks = {**rows.DEEP_POTENTIALS["se_e3"], "type": "deep_potential"}
            networks["descriptor"] = {**networks["descriptor"], "sel": [68]}
            used = alkali.train("se_e3", networks, rows.DEEPMD_LOSS, "float64")()
            self.assertEqual(set(used), {"wall", "cpu"})
            written = (folder / "se_e3-train" / "config.yaml").read_text()
            for key in ('type: "se_e3"', "sel: [68]", 'loss_type: "deepmd"', "start_pref_v: 0.02", 'model_dtype: "float64"'):
                self.assertIn(key, written)
            self.assertTrue((folder / "se_e3-train" / "last.safetensors").exists())


@unittest.skipUnless(PROGRAM, "no program given")
class Run(unittest.TestCase):
    def test_list_shows_the_rows(self):
        outcome = subprocess.run([sys.executable, str(PEERS / "run"), "--list"], capture_output=True, text=True)
        self.assertEqual(outcome.returncode, 0, outcome.stderr)
        self.assertEqual([line.split()[0] for line in outcome.stdout.splitlines()], [row.name for row in rows.ROWS])

    def test_without_peers_every_row_is_missing_and_the_files_are_there(self):
        with tempfile.TemporaryDirectory() as folder:
            words = [sys.executable, PEERS / "run", "--program", PROGRAM, "-o", folder, "--only", "nequip_*432,ml_snap,deepmd*"]
            outcome = subprocess.run(list(map(str, words)), capture_output=True, text=True)
            self.assertEqual(outcome.returncode, 0, outcome.stderr)
            document = json.loads((pathlib.Path(folder) / "results.json").read_text())
            self.assertGreater(len(document["rows"]), 5)
            for row in document["rows"]:
                self.assertIn("no environment given", row["missing"])
            self.assertIn("alkali", document["versions"])
            self.assertIn("missing", (pathlib.Path(folder) / "table.md").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
