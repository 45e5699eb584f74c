#!/usr/bin/env python3
"""Runs every block of a page, in order, in a folder of its own that looks like the source folder.

usage: run_blocks.py PAGE --program ALKALI [--source DIR] [--stand-in PW] [--python PYTHON] [--slow [--seconds N]] [--keep]
    --stand-in   program in place of pw.x, in the fast tier and where there is no pw.x
    --python     Python that has the module
    --seconds    most time of each training of the slow tier (120)
    --keep       leave the folder there

How blocks are annotated: blocks.py. What stands in for the printed budgets: budget.py.
"""
import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import budget
from blocks import PageError, blocks_of

COPIED = ("data", "examples", "tools")
LINKED = ("Makefile", "docs", "benchmarks", "src", "apps", "CMakeLists.txt", "CMakePresets.json", "cmake", "tests", "pyproject.toml", "python")
NUMBER = re.compile(r"[-+]?\b\d[\d.]*(e[-+]?\d+)?(?=[a-zA-Z%]{0,2}\b)", re.I)
CHECKS = {
    "train": "alkali train {file} --init-only --overwrite -o {file}.out",
    "qe": "alkali predict qe:{file} one-frame.extxyz -o {file}.extxyz",
    "label": "alkali label run {file} --gather || test $? -eq 1",
}
ONE_FRAME = '1\nLattice="3.4 0 0 0 3.4 0 0 0 3.4" Properties=species:S:1:pos:R:3\nLi 0 0 0\n'


class Fault(Exception):
    """A block that does not do what the page says."""


class Session:
    """One folder, in which the blocks of a page run one after the other with one environment."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.tier = "slow" if options.slow else "fast"
        self.printed, self.compared = "", False
        self.python = ""
        self.missing = {}
        self._fill()

    def _fill(self):
        source, build = self.options.source, self.options.program.parent
        for name in COPIED:
            shutil.copytree(source / name, self.folder / name)
        for name in LINKED:
            (self.folder / name).symlink_to(source / name)
        for path in [*self.folder.glob("examples/**/*.yaml"), *self.folder.glob("examples/**/*.json")]:
            path.write_text(self.config(path.read_text()))
        (self.folder / "build").mkdir()
        (self.folder / "build/release").symlink_to(build)
        programs = self.folder / ".programs"
        programs.mkdir()
        (programs / "alkali").symlink_to(self.options.program)
        (programs / "python").symlink_to(self.options.python)
        self._stand_in(programs)
        (self.folder / "one-frame.extxyz").write_text(ONE_FRAME)
        (self.folder / ".environment").write_text("")
        self.environment = os.environ | {
            "PATH": f"{programs}:{os.environ['PATH']}", "ALKALI": str(self.options.program), "TIER": self.tier,
            "PYTHONPATH": str(build / "python"), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive",
            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}

    def config(self, text):
        return budget.config(text, self.tier, self.options.seconds)

    def _stand_in(self, programs):
        if not self.options.stand_in or (self.tier == "slow" and shutil.which("pw.x")):
            return
        state = self.folder / ".stand-in"
        state.mkdir()
        (programs / "pw.x").write_text(f'#!/bin/sh\nexec "{self.options.stand_in}" --state "{state}" --milliseconds 0 pw.x "$@"\n')
        (programs / "pw.x").chmod(0o755)

    def has(self, need):
        if need not in self.missing:
            if need.startswith("python:"):
                found = subprocess.run([self.options.python, "-c", f"import {need[7:]}"], env=self.environment, capture_output=True)
                self.missing[need] = found.returncode != 0
            else:
                self.missing[need] = shutil.which(need, path=self.environment["PATH"]) is None
        return not self.missing[need]

    def shell(self, commands, status=0):
        if self.compared:  # a page shows what the commands since the last output print
            self.printed, self.compared = "", False
        script = f". ./.environment\nset -e\n{commands}\nexport -p >.environment\n"
        process = subprocess.Popen(["sh", "-c", script], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        try:
            printed, _ = process.communicate(timeout=3600 if self.options.slow else 240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise Fault("the block did not end in time") from None
        self.printed += printed
        if process.returncode != status:
            raise Fault(f"exit status {process.returncode} instead of {status}; it printed\n{textwrap.indent(printed[-4000:], '    ')}")

    def file(self, block):
        path = self.folder / block.words["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.config(block.replaced()))

    def check(self, block):
        kind, name = block.words["check"], f"line-{block.line}.{block.language or 'yaml'}"
        text = self.config(block.replaced())
        if kind == "train" and not re.search(r"^data:", text, re.M):
            text += "data: {train: data/li-qe/train.extxyz}\n"
        if kind == "qe":
            text = re.sub(r"processes: \d+", "processes: 1", text).replace("/dev/shm/", "")
        if kind == "label":
            text += "labeller: {type: quantum_espresso, config: examples/lithium/qe-fast.yaml}\ninput: one-frame.extxyz\n"
            text += "output: gathered.extxyz\nstore: gathered.sqlite\n"
        (self.folder / name).write_text(text)
        self.shell(CHECKS[kind].format(file=name))
        if kind == "train" and self.tier == "slow":
            self.shell(f"alkali train {name} --overwrite -o {name}.out")

    def output(self, block):
        """Every line of the block was printed, but for its numbers and what `...` stands for."""
        actual = [words_of(line) for line in self.printed.replace("\r", "\n").split("\n")]
        for line in block.text.split("\n"):
            wanted = words_of(line)
            if wanted and not any(is_within(wanted, words) for words in actual):
                raise Fault(f"nothing printed is like\n    {line}\nprinted was\n{textwrap.indent(self.printed[-4000:], '    ')}")
        self.compared = True

    def keys(self, block):
        file, _, name = block.words["keys"].partition(":")
        record = json.loads((self.folder / file).read_text())["records"][name]["value"]
        shown, there = set(re.findall(r'"(\w+)":', block.text)), set(keys_of(record))
        if shown != there:
            raise Fault(f"the record {name} of {file} has the keys {sorted(there)}, the page shows {sorted(shown)}")

    def run(self, block):
        if block.kind in ("file", "check", "output", "keys"):
            getattr(self, block.kind)(block)
        elif block.kind == "python":
            self.python += block.replaced()  # each block goes on where the one before it ended
            (self.folder / ".blocks.py").write_text(self.python)
            self.shell("python .blocks.py")
        else:
            self.shell(budget.commands(block.replaced(), self.tier), int(block.words.get("status", 0)))


def words_of(line):
    # Times such as 1m25s and 25s are one word.
    line = re.sub(r"\b(\d+h)?(\d+m)?[\d.]+s\b", "#", line)
    return [word for word in NUMBER.sub("#", line).split() if word not in ("...", "…")]


def is_within(wanted, words):
    """All words wanted, in this order."""
    rest = iter(words)
    return all(word in rest for word in wanted)


def keys_of(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list) and value:
        yield from keys_of(value[0])


def left_out(session, block):
    """Why this block is not run now, or nothing."""
    if block.kind == "skip":
        return block.words["skip"].replace("_", " ")
    if block.slow and session.tier == "fast":
        return "slow"
    lacking = [need for need in block.needs if not session.has(need)]
    return f"needs {', '.join(lacking)}" if lacking else ""


def run_page(page, session):
    faults, ran = [], 0
    for block in blocks_of(page.read_text()):
        why = left_out(session, block)
        if why:
            print(f"{page.name}, line {block.line}: left out ({why})")
            continue
        try:
            session.run(block)
            ran += 1
        except (Fault, PageError, OSError, KeyError) as fault:
            faults.append(f"{page}, line {block.line}: {fault}\n{textwrap.indent(block.text, '    | ')}")
            break  # the blocks behind it build on it
    return ran, faults


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", type=Path)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--source", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--stand-in", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    for name in ("program", "source", "stand_in", "python"):
        path = getattr(options, name)
        setattr(options, name, path and path.absolute())
    return options


def main():
    options = arguments()
    folder = Path(tempfile.mkdtemp(prefix=f"alkali_docs_{options.page.stem}_"))
    try:
        ran, faults = run_page(options.page, Session(folder, options))
    except PageError as error:
        ran, faults = 0, [f"{options.page}: {error}"]
    finally:
        if options.keep:
            print(f"in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{options.page.name}: {ran} blocks run, {used.ru_utime + used.ru_stime:.1f} s of CPU time")
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
