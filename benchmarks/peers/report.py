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


def _note(result):
    if result.get("missing"):
        return "missing: " + result["missing"].replace("|", "/").replace("\n", " ")
    bar, ratio = result.get("bar"), result.get("ratios", {}).get("mixed")
    notes = []
    if bar and ratio:
        notes.append(f"bar {bar:g}: {'met' if ratio['median'] >= bar else 'not met'}")
    check = result.get("check")
    if check:
        notes.append(f"same weights: {check['energy_mev_per_atom']:.1e} meV/atom, {check['force_mev_per_angstrom']:.1e} meV/A apart")
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
        "outside (neighbour lists, reading and writing included, start-up not), nequip and deepmd-kit on what they have already "
        "prepared (nequip without neighbour list), LAMMPS with integration.\n\n" + table(document["rows"])
    )


def plot(results):
    """Horizontal bars on a logarithmic axis, as SVG: one group per row that has figures."""
    rows = [r for r in results if value(r, "peer") and value(r, "mixed")]
    colours = {"peer": "#8a8f98", "mixed": "#c2410c", "float64": "#f2a877"}
    left, width, bar, gap = 330, 560, 11, 12
    values = [value(r, who) for r in rows for who in CONTESTANTS if value(r, who)]
    if not values:
        return None
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)

    def x(v):
        return left + width * (math.log10(v) - low) / (high - low)

    group = 3 * bar + gap
    height = 40 + group * len(rows) + 30
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 80}" height="{height}" font-family="sans-serif" font-size="11">',
        "<title>CPU time of alkali and its peers</title>",
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for i, who in enumerate(CONTESTANTS):
        out.append(f'<rect x="{left + 110 * i}" y="8" width="10" height="10" fill="{colours[who]}"/>')
        out.append(f'<text x="{left + 14 + 110 * i}" y="17">{"peer" if who == "peer" else "alkali " + who}</text>')
    for decade in range(low, high + 1):
        out.append(f'<line x1="{x(10**decade):.1f}" x2="{x(10**decade):.1f}" y1="28" y2="{height - 24}" stroke="#ddd"/>')
        out.append(f'<text x="{x(10**decade):.1f}" y="{height - 10}" text-anchor="middle">{10.0**decade:g}</text>')
    for number, result in enumerate(rows):
        top = 34 + group * number
        text = f"{result['name']} ({result['unit']})"
        out.append(f'<text x="{left - 8}" y="{top + 2 * bar}" text-anchor="end">{text}</text>')
        for i, who in enumerate(CONTESTANTS):
            if not value(result, who):
                continue
            y, end = top + bar * i, x(value(result, who))
            out.append(f'<rect x="{left}" y="{y}" width="{end - left:.1f}" height="{bar - 1}" fill="{colours[who]}"/>')
            out.append(f'<text x="{end + 4:.1f}" y="{y + bar - 2}">{_number(value(result, who))}</text>')
    return "\n".join([*out, "</svg>"]) + "\n"


def write(folder, document):
    """All files; called after every row, so that a run that is stopped leaves what it has."""
    files = {"results.json": json.dumps(document, indent=1) + "\n", "table.md": page(document), "plot.svg": plot(document["rows"])}
    for name, text in files.items():
        if text is None:
            continue
        unfinished = folder / (name + ".part")
        unfinished.write_text(text)
        unfinished.replace(folder / name)
