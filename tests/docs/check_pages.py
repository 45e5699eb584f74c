#!/usr/bin/env python3
"""Pages name what there is: every command, every file, every link.

usage: check_pages.py ALKALI
"""
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = ""
GUIDE = SOURCE / "docs/guide"


def run(*words):
    return subprocess.run([PROGRAM, *words, "--help"], capture_output=True, text=True, check=True).stdout


def subcommands(text):
    """Names in the section Subcommands of a help text."""
    section = re.search(r"^Subcommands:\n((?: {2}\S.*\n| {3,}.*\n)+)", text, re.M)
    return re.findall(r"^ {2}(\S+)", section[1], re.M) if section else []


def commands(words=()):
    """All commands with nothing below them, by their words, with their help."""
    text = run(*words)
    below = subcommands(text)
    if not below and words:
        yield " ".join(words), text
    for name in below:
        yield from commands((*words, name))


def tracked(ending):
    listed = subprocess.run(["git", "ls-files", f"*{ending}"], cwd=SOURCE, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [SOURCE / name for name in listed.stdout.split("\n") if name]
    return [path for path in SOURCE.rglob(f"*{ending}") if not {"build", "out", ".git"} & set(path.relative_to(SOURCE).parts)]


def anchors(page):
    """Anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for heading in re.findall(r"^#+ +(.*?) *$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        yield re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")


class Commands(unittest.TestCase):
    def test_the_index_of_commands_is_what_the_help_lists(self):
        index = re.findall(r"^\| `([^`]+)` \|", (GUIDE / "commands.md").read_text(), re.M)
        # What the batch system calls is not listed in the help.
        self.assertEqual(sorted(set(index) - {"label task"}), sorted(name for name, _ in commands()))
        self.assertEqual(index, sorted(index))
        run("label", "task")

    def test_every_command_has_one_line_and_a_link(self):
        for row in re.findall(r"^\| `[^\n]*", (GUIDE / "commands.md").read_text(), re.M):
            self.assertRegex(row, r"^\| `[a-z ]+` \| [^|]+ \| \[[^|]+\]\([^|]+\) \|$")

    def test_every_command_is_shown_in_a_page_of_the_guide(self):
        pages = {page: page.read_text() for page in GUIDE.glob("*.md") if page.name != "commands.md"}
        missing = [name for name, _ in commands() if not any(f"alkali {name}" in text for text in pages.values())]
        self.assertEqual(missing, [])

    def test_files_that_the_help_names_are_there(self):
        for name, text in commands():
            for path in re.findall(r"(?<![\w./-])(?:docs|examples|data|tools|benchmarks)/[\w./-]*\w", text):
                self.assertTrue((SOURCE / path).exists(), f"alkali {name} --help names {path}")


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self):
        broken = []
        for page in tracked(".md"):
            text = re.sub(r"```.*?```|\$\$.*?\$\$|`[^`\n]*`", "", page.read_text(), flags=re.S)
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                there = (page.parent / path).resolve() if path else page
                if not there.exists() or (anchor and anchor not in set(anchors(there))):
                    broken.append(f"{page.relative_to(SOURCE)}: {target}")
        self.assertEqual(broken, [])

    def test_the_readme_links_every_page_of_the_guide(self):
        readme = (SOURCE / "README.md").read_text()
        self.assertEqual([page.name for page in GUIDE.glob("*.md") if f"docs/guide/{page.name}" not in readme], [])


class Words(unittest.TestCase):
    # Each of these has lost a reader; what stands there now says it with an example.
    LOST = ("sorted member", "rungs of", "as trained and as used", "lists by member", "rigid motion", "as a user computes", "unnatural parity")

    def test_that_lost_a_reader_do_not_come_back(self):
        texts = {page.name: page.read_text() for page in [*GUIDE.glob("*.md"), SOURCE / "README.md"]}
        texts |= {f"alkali {name} --help": text for name, text in commands()}
        for name in ("train", "label run", "label seeds", "label converge"):
            texts[f"alkali {name} --keys"] = subprocess.run([PROGRAM, *name.split(), "--keys"], capture_output=True, text=True, check=True).stdout
        found = [f"{where}: {word}" for where, text in texts.items() for word in self.LOST if word in " ".join(text.lower().split())]
        self.assertEqual(found, [])


class Tables(unittest.TestCase):
    def test_rows_of_a_table_have_as_many_cells_as_its_head(self):
        odd = []
        for page in tracked(".md"):
            width = 0
            for number, line in enumerate(page.read_text().split("\n"), 1):
                cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
                if cells and width and cells != width:
                    odd.append(f"{page.relative_to(SOURCE)}, line {number}")
                width = cells and (width or cells)
        self.assertEqual(odd, [])


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main()
