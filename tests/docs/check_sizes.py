#!/usr/bin/env python3
"""What is kept for tests and as data stays below the caps that CONTRIBUTING.md states.

usage: check_sizes.py [ALKALI]
"""
import re
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| ((?:`[^`]+`(?:, )?)+) \| (\d+(?:\.\d+)?) MB \|$", re.M)


def size(pattern):
    """Of all files below the folders that the pattern names, bytes."""
    return sum(path.stat().st_size for folder in SOURCE.glob(pattern) for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def caps(text):
    """Folders and their cap in bytes, row by row of the table."""
    return [(re.findall(r"`([^`]+)`", row[1]), float(row[2]) * 1e6) for row in ROW.finditer(text)]


def main():
    stated = caps((SOURCE / "CONTRIBUTING.md").read_text())
    named = {folder for folders, _ in stated for folder in folders}
    if not {"tests/golden", "fuzz/corpus", "data"} <= named:
        sys.exit("CONTRIBUTING.md states no cap for tests/golden, fuzz/corpus and data")
    for folders, cap in stated:
        there = sum(size(folder) for folder in folders)
        print(f"{', '.join(folders)}: {there / 1e6:.2f} of {cap / 1e6:.2f} MB")
        if there == 0:
            sys.exit(f"{', '.join(folders)}: nothing is there")
        if there > cap:
            sys.exit(f"{', '.join(folders)}: above the cap of CONTRIBUTING.md; make the files smaller, or compute them when the test runs")


main()
