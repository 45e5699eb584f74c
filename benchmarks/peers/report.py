"""Results to files: results.json, table.md, plot.svg."""

import json
import math

CONTESTANTS = ("peer", "mixed", "float64")


def value(result, who, clock="cpu"):
    """Median in the row's unit, or None."""
    return result["seconds"][who][clock]["median"] * result["factor"] if who in result.get("seconds", {}) else None


def _number(x):
    if x is None:
        return ""
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def _ratio(result, who):
    ratio = result.get("ratios", {}).get(who)
    if not ratio:
        return ""
    return f"{_number(ratio['median'])} ({_number(ratio['min'])}-{_number(ratio['max'])})"


def _apart(check):
    return f"{check['energy_mev_per_atom']:.1e} meV/atom, {check['force_mev_per_angstrom']:.1e} meV/A"


def _note(result):
    if result.get("missing"):
        return "missing: " + result["missing"].replace("|", "/").replace("\n", " ")
    bar, ratio = result.get("bar"), result.get("ratios", {}).get("mixed")
    notes = []
    if bar and ratio:
        notes.append(f"bar {bar:g}: {'met' if ratio['median'] >= bar else 'not met'}")
    check = result.get("check")
    if check:
        notes.append(f"same weights: {_apart(check)} apart")
        if check.get("uncompressed"):
            notes.append(f"uncompressed peer: {_apart(check['uncompressed'])}")
    return "; ".join(notes)


def table(results):
    """Markdown: one row per comparison, CPU time, wall time in brackets."""

    def times(result, who):
        cpu, wall = value(result, who), value(result, who, "wall")
        return "" if cpu is None else f"{_number(cpu)} ({_number(wall)})"

    lines = [
        "| row | peer | model of alkali | atoms | unit | peer | alkali mixed | alkali float64 | peer / mixed | peer / float64 | |",
        "|---|---|---|--:|---|--:|--:|--:|--:|--:|---|",
    ]
    for result in results:
        cells = [result["name"], result["peer"], result["model"], str(result["atoms"]), result["unit"]]
        cells += [times(result, who) for who in CONTESTANTS]
        cells += [_ratio(result, who) for who in CONTESTANTS[1:]]
        lines.append("| " + " | ".join([*cells, _note(result)]) + " |")
    return "\n".join(lines) + "\n"


def page(document):
    """The table with what a reader needs to judge it."""
    machine, settings = document["machine"], document["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(document["versions"].items()))
    return (
        "# alkali beside its peers\n"
        f"{document['date']}, {machine['cpu']}, {machine['cores']} cores, one thread each, load average "
        f"{machine['load_begin']} at the beginning and {machine['load_end']} at the end. {versions}.\n\n"
        f"CPU time (wall time in brackets), medians of {settings['repeat']}, programs taking turns; ratios turn by turn, median "
        "(smallest-largest). Energy, forces and stress per atom, or one optimiser step per frame of 54 atoms. alkali is timed from "
        "outside (neighbour lists, reading and writing included, start-up not), and so is deepmd-kit's training; nequip and "
        "inference of deepmd-kit on what they have already prepared (nequip without neighbour list), LAMMPS with integration. "
        "A compressed peer computes with tables; how well the same weights agree without them stands beside it. Tables of alkali's "
        "own, which it always uses for Deep Potentials, are part of every such difference.\n\n" + table(document["rows"])
    )


LEFT, WIDTH, BAR, GAP = 330, 560, 11, 12  # pixels
COLOURS = {"peer": "#8a8f98", "mixed": "#c2410c", "float64": "#f2a877"}


def _text(x, y, text, anchor="start"):
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}">{text}</text>'


def _bars(results, unit, top):
    """(SVG elements, height) of the rows of one unit on a logarithmic axis."""
    values = [value(r, who) for r in results for who in CONTESTANTS if value(r, who)]
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    height = (3 * BAR + GAP) * len(results) + 30

    def x(v):
        return LEFT + WIDTH * (math.log10(v) - low) / (high - low)

    out = [_text(LEFT - 8, top + height - 8, unit, "end")]
    for decade in range(low, high + 1):
        at = x(10**decade)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{top + height - 22}" stroke="#ddd"/>')
        out.append(_text(at, top + height - 8, f"{10.0**decade:g}", "middle"))
    for number, result in enumerate(results):
        begin = top + 6 + (3 * BAR + GAP) * number
        out.append(_text(LEFT - 8, begin + 2 * BAR, result["name"], "end"))
        for i, who in enumerate(CONTESTANTS):
            if not value(result, who):
                continue
            y, end = begin + BAR * i, max(x(value(result, who)), LEFT + 1)
            out.append(f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR - 1}" fill="{COLOURS[who]}"/>')
            out.append(_text(end + 4, y + BAR - 2, _number(value(result, who))))
    return out, height


def plot(results):
    """Horizontal bars as SVG, an axis for each unit; None without figures."""
    measured = [r for r in results if value(r, "peer") and value(r, "mixed")]
    if not measured:
        return None
    out, top = [], 34
    for i, who in enumerate(CONTESTANTS):
        out.append(f'<rect x="{LEFT + 110 * i}" y="8" width="10" height="10" fill="{COLOURS[who]}"/>')
        out.append(_text(LEFT + 14 + 110 * i, 17, "peer" if who == "peer" else "alkali " + who))
    for unit in dict.fromkeys(r["unit"] for r in measured):
        elements, height = _bars([r for r in measured if r["unit"] == unit], unit, top)
        out += elements
        top += height + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 80}" height="{top}" font-family="sans-serif" font-size="11">'
    title = "<title>CPU time of alkali and its peers</title>"
    return "\n".join([head, title, '<rect width="100%" height="100%" fill="white"/>', *out, "</svg>"]) + "\n"


def write(folder, document):
    """All files; called after every row, so that a run that is stopped leaves what it has."""
    files = {"results.json": json.dumps(document, indent=1) + "\n", "table.md": page(document), "plot.svg": plot(document["rows"])}
    for name, text in files.items():
        if text is None:
            continue
        unfinished = folder / (name + ".part")
        unfinished.write_text(text)
        unfinished.replace(folder / name)
