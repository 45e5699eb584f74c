"""The cells everything is timed on, as extended XYZ: bcc lithium, a = 3.434 angstrom, Gaussian rattle, fixed seed."""

import random

LATTICE_CONSTANT = 3.434  # angstrom


def bcc_positions(cells, rattle, seed):
    """2 cells^3 positions in angstrom."""
    generator = random.Random(seed)
    corners = [(i, j, k) for i in range(cells) for j in range(cells) for k in range(cells)]
    return [
        tuple((x + offset) * LATTICE_CONSTANT + generator.gauss(0, rattle) for x in corner)
        for corner in corners
        for offset in (0.0, 0.5)
    ]


def cells_of(atoms):
    """Cubic cells per side; ValueError unless atoms = 2 n^3."""
    cells = round((atoms / 2) ** (1 / 3))
    if 2 * cells**3 != atoms:
        raise ValueError(f"{atoms} atoms are no cubic bcc cell (2 n^3)")
    return cells


def frame(atoms, rattle=0.05, seed=1):
    """One frame without labels."""
    cells = cells_of(atoms)
    side = cells * LATTICE_CONSTANT
    lines = [str(atoms), f'Lattice="{side} 0 0 0 {side} 0 0 0 {side}" Properties=species:S:1:pos:R:3 pbc="T T T"']
    lines += ["Li {:.8f} {:.8f} {:.8f}".format(*position) for position in bcc_positions(cells, rattle, seed)]
    return "\n".join(lines) + "\n"


def training_frames(count, atoms=54):
    """Frames as disordered as hot crystals, with made-up labels: their values do not change what a step costs."""
    generator = random.Random(2)
    cells = cells_of(atoms)
    side = cells * LATTICE_CONSTANT
    text = []
    for number in range(count):
        energy = -1.9 * atoms + generator.gauss(0, 0.1)
        stress = " ".join(f"{generator.gauss(0, 1e-3):.6f}" if i in (0, 4, 8) else "0.0" for i in range(9))
        text.append(
            f'{atoms}\nLattice="{side} 0 0 0 {side} 0 0 0 {side}" Properties=species:S:1:pos:R:3:forces:R:3 '
            f'energy={energy:.6f} stress="{stress}" pbc="T T T"\n'
        )
        for position in bcc_positions(cells, 0.2, 100 + number):
            forces = [generator.gauss(0, 0.1) for _ in range(3)]
            text.append("Li {:.8f} {:.8f} {:.8f} {:.6f} {:.6f} {:.6f}\n".format(*position, *forces))
    return "".join(text)


def read_labels(path):
    """(energy, forces) of the first frame of an extended XYZ file with energy= and a forces column."""
    with open(path) as file:
        atoms = int(file.readline())
        header = file.readline()
        rows = [file.readline().split() for _ in range(atoms)]
    energy = float(header.split("energy=", 1)[1].split()[0].strip('"'))
    columns = header.split("Properties=", 1)[1].split()[0].split(":")
    start = 0
    for name, width in zip(columns[0::3], columns[2::3]):
        if name in ("forces", "force"):
            return energy, [[float(x) for x in row[start : start + int(width)]] for row in rows]
        start += int(width)
    raise ValueError(f"{path} has no forces column")
