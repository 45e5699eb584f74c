"""What the tests put in place of the budgets that the guide prints.

| printed | fast tier | slow tier |
|---|---|---|
| `max_seconds`, `max_cpu_seconds` of a config | `numb_steps: 400` | at most 120 |
| `numb_steps`, `max_epochs`, `stop_batch` of a config | at most 400, 2, 400 | at most 2000, 20, 2000 |
| `num_features: N` | 8 | as printed |
| input of `label run`: the seeds | as printed | one frame of one atom |
| molecular dynamics of `label seeds` | one short run of a primitive cell | as printed |
| `alkali benchmark` | each once | as printed |
| cutoffs, meshes and smearings of `label converge` | two of each | two of each |
| `make reproduce` | left out | without installing and building |
| `make test` | left out | `make -n test`: it would run this test again |
"""
import re

LIMIT = re.compile(r"\b(max_seconds|max_cpu_seconds)(\"?: *)(\d+)")
STEPS = re.compile(r"\b(numb_steps|stop_batch|max_epochs)(\"?: *)(\d+)")
MOST = {"fast": {"numb_steps": 400, "stop_batch": 400, "max_epochs": 2}, "slow": {"numb_steps": 2000, "stop_batch": 2000, "max_epochs": 20}}
DYNAMICS = [(r"structures: \[bcc, fcc\]", "structures: [bcc]"), (r"temperatures: \[300, 600, 1200\]", "temperatures: [300]"),
            (r"cells: \[2\]\n", "cells: [1]\n"), (r"runs: 2", "runs: 1")]


def is_training(text):
    return re.search(r"(^|\{)\s*\"?(training|trainer|training_module)\"?:", text, re.M) is not None


def training(text, tier, seconds):
    # A run of queued labels has limits too: only those of a training are meant.
    if not is_training(text):
        return text
    steps = MOST[tier]
    text = STEPS.sub(lambda m: f"{m[1]}{m[2]}{min(int(m[3]), steps[m[1]])}", text)
    if tier == "slow":
        return LIMIT.sub(lambda m: f"{m[1]}{m[2]}{min(int(m[3]), seconds)}", text)
    text = LIMIT.sub(lambda m: f"numb_steps{m[2]}{steps['numb_steps']}", text)
    return re.sub(r"\bnum_features: \d+", "num_features: 8", text)


def labelling(text, tier):
    if "vary:" in text:
        text = re.sub(r"\[([\d.]+), ([\d.]+)(, [\d.]+)+\]", r"[\1, \2]", text)
    if tier == "slow":
        return re.sub(r"^input: seeds.extxyz", "input: one-frame.extxyz", text, flags=re.M)
    for pattern, other in DYNAMICS:
        text = re.sub(pattern, other, text)
    return text


def config(text, tier, seconds=120):
    """A config with the budget of this tier; `seconds` is the most time of a training in the slow one."""
    return labelling(training(text, tier, seconds), tier)


def commands(text, tier):
    """Commands with the budget of this tier, without those that would install, build or run this very test."""
    if tier == "fast":
        return re.sub(r"^(alkali benchmark [^#\n]*)", r"\1 --seconds 0 --repeat 1", text, flags=re.M)
    text = re.sub(r"^make reproduce\b", "make -o build reproduce", text, flags=re.M)
    return re.sub(r"^make( test| slow-test|)(?=\s*(#|$))", r"make -n\1", text, flags=re.M)
