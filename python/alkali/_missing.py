"""Why the compiled part of alkali cannot be imported, and what to do."""

import pathlib
import platform
import re
import sys

_REMEDY = "run `pip install .` in alkali's source folder with this Python"


def _builds(folder):
    """For whom the compiled modules in a folder were built, such as "CPython 3.11"."""
    found = set()
    for path in sorted(folder.glob("_alkali*.so")):
        tag = re.match(r"_alkali\.(cpython|pypy)-?(\d)(\d+)", path.name)
        names = {"cpython": "CPython", "pypy": "PyPy"}
        found.add(f"{names[tag[1]]} {tag[2]}.{tag[3]}" if tag else path.name)
    return sorted(found)


def explanation(folder=pathlib.Path(__file__).parent):
    here = f"{platform.python_implementation()} {sys.version_info.major}.{sys.version_info.minor} ({sys.executable})"
    builds = _builds(folder)
    if builds:
        return f"alkali in {folder} was built for {', '.join(builds)}, and this is {here}; use that Python, or {_REMEDY}"
    return (
        f"alkali in {folder} has no compiled module (_alkali) for {here}; "
        f"{_REMEDY}, or install pybind11-dev and python3-dev and build the program again"
    )
