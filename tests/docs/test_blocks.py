#!/usr/bin/env python3
"""The tests of the pages fail where they should."""
import unittest

import budget
import run_blocks
from blocks import PageError, blocks_of


def page(annotation, block="alkali doctor", language=""):
    return f"# Page\n{annotation}\n```{language}\n{block}\n```\n"


class Pages(unittest.TestCase):
    def refused(self, text, words):
        with self.assertRaisesRegex(PageError, words):
            blocks_of(text)

    def test_a_block_that_nothing_runs_is_refused(self):
        self.refused(page("", language="fortran"), "a block of fortran")
        self.refused(page("", language="yaml"), "needs file=NAME, check=KIND or output")
        self.refused(page("<!-- test: check=lammps -->", language="yaml"), "check=lammps")

    def test_a_block_is_left_out_only_with_a_reason(self):
        self.refused(page("<!-- test: skip -->"), "none of slow, output")
        self.refused(page("<!-- test: skip= -->"), "needs a reason")
        self.assertEqual(blocks_of(page("<!-- test: skip=no_network -->"))[0].kind, "skip")

    def test_annotations_without_a_block_or_an_end_are_refused(self):
        self.refused("<!-- test: slow -->\nText.\n", "without a block")
        self.refused("<!-- test: slow -->\n", "without a block")
        self.refused("<!-- test: slow\n-->\n```\na\n```\n", "does not end on its line")
        self.refused("<!-- test: run\nls\n", "no end")
        self.refused("```\nls\n", "no end")

    def test_blocks_and_hidden_commands_come_in_order(self):
        found = blocks_of("<!-- test: run\ncp a b\n-->\n" + page("<!-- test: slow needs=pw.x,ld1.x -->") + page("", "{}", "python"))
        self.assertEqual([(b.kind, b.slow, b.needs) for b in found],
                         [("commands", False, []), ("commands", True, ["pw.x", "ld1.x"]), ("python", False, [])])

    def test_a_word_stands_for_another_only_as_a_whole(self):
        block = blocks_of(page("<!-- test: a.xyz=b.xyz -->", "cat a.xyz aa.xyz a.xyz/c"))[0]
        self.assertEqual(block.replaced(), "cat b.xyz aa.xyz a.xyz/c\n")
        with self.assertRaisesRegex(PageError, "no word q.xyz"):
            blocks_of(page("<!-- test: q.xyz=b.xyz -->"))[0].replaced()


class Outputs(unittest.TestCase):
    def within(self, wanted, printed):
        return run_blocks.is_within(run_blocks.words_of(wanted), run_blocks.words_of(printed))

    def test_numbers_may_differ_and_words_may_not(self):
        self.assertTrue(self.within("energy_rmse 1.5175 meV/atom", "energy_rmse     0.9e-3 meV/atom"))
        self.assertTrue(self.within("training  15%, 1m25s left  epoch 232 ...", "training  47%, 9s left  epoch 2 loss 0.1"))
        self.assertFalse(self.within("energy_rmse 1.5175 meV/atom", "energy_rmse 1.5175 eV/atom"))
        self.assertFalse(self.within("C11 14.9 GPa", "C12 14.9 GPa"))


class Budgets(unittest.TestCase):
    def test_limits_of_a_training_shrink(self):
        text = "model: {num_features: 32}\ntraining: {max_seconds: 600, lr: 0.1}\n"
        self.assertEqual(budget.config(text, "fast"), "model: {num_features: 8}\ntraining: {numb_steps: 400, lr: 0.1}\n")
        self.assertEqual(budget.config(text, "slow"), text.replace("600", "120"))
        self.assertIn('"numb_steps": 400', budget.config('{"training": {"numb_steps": 100000}}', "fast"))

    def test_limits_of_a_label_stay(self):
        text = "level: fast\nrun: {max_seconds: 3600}\n"
        self.assertEqual(budget.config(text, "fast"), text)

    def test_building_is_left_to_the_build(self):
        self.assertEqual(budget.commands("make reproduce    # all\nmake test  # more\n", "slow"), "make -o build reproduce    # all\nmake -n test  # more\n")
        self.assertEqual(budget.commands("make\nmake clean\n", "slow"), "make -n\nmake clean\n")


if __name__ == "__main__":
    unittest.main()
