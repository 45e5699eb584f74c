#!/usr/bin/env python3
"""tools/check-format, check-tidy and compare-speed do what they say.

usage: test_tools.py ALKALI
"""
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
TOOLS = SOURCE / "tools"
BUILD = Path()


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def has_formatter():
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    return program is not None and "version 14." in run(program, "--version").stdout


class InScratch(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="alkali_tools_"))
        self.addCleanup(shutil.rmtree, self.folder)


@unittest.skipUnless(has_formatter(), "clang-format 14 is not installed")
class CheckFormat(InScratch):
    def test_a_file_that_is_not_formatted_is_named_and_mended_by_fix(self):
        file = self.folder / "odd.cpp"
        file.write_text("int  f( ){return 1;}\n")
        shutil.copy(SOURCE / ".clang-format", self.folder)
        found = run(TOOLS / "check-format", file)
        self.assertEqual(found.returncode, 1)
        self.assertIn("odd.cpp", found.stderr)
        self.assertEqual(run(TOOLS / "check-format", "--fix", file).returncode, 0)
        self.assertEqual(file.read_text(), "int f() { return 1; }\n")
        self.assertEqual(run(TOOLS / "check-format", file).returncode, 0)


@unittest.skipUnless(shutil.which("git"), "git is not installed")
class CheckTidy(InScratch):
    def git(self, *words):
        done = run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words, cwd=self.folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_only_lines_changed_since_the_base_are_looked_at(self):
        tidy = load("check-tidy")
        tidy.ROOT = self.folder
        (self.folder / "a.cpp").write_text("int a;\nint b;\nint c;\n")
        (self.folder / "note.txt").write_text("x\n")
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "first")
        self.assertIsNone(tidy.base_revision())
        (self.folder / "a.cpp").write_text("int a;\nint B;\nint c;\nint d;\nint e;\n")
        (self.folder / "note.txt").write_text("y\n")
        (self.folder / "new.cpp").write_text("int n;\n")
        self.git("add", ".")
        self.git("commit", "-q", "-m", "second")
        self.assertEqual(tidy.changed_lines(tidy.base_revision()), {"a.cpp": [[2, 2], [4, 5]], "new.cpp": [[1, 1]]})

    @unittest.skipUnless(shutil.which("clang-tidy"), "clang-tidy is not installed")
    def test_a_warning_on_a_changed_line_fails_and_an_old_one_does_not(self):
        shutil.copytree(TOOLS, self.folder / "tools")
        shutil.copy(SOURCE / ".clang-tidy", self.folder)
        file, build = self.folder / "a.cpp", self.folder / "build/tidy"
        build.mkdir(parents=True)
        (build / "compile_commands.json").write_text(json.dumps(
            [{"directory": str(self.folder), "file": "a.cpp", "command": "c++ -Wno-restrict -Werror -c a.cpp"}]))
        old = "struct Base { virtual int f(); };\nstruct Old : Base { virtual int f(); };\n"
        file.write_text(old)
        self.git("init", "-q", "-b", "main")
        self.git("add", "a.cpp")
        self.git("commit", "-q", "-m", "first")
        for new, status in (("int fine();\n", 0), ("struct New : Base { virtual int f(); };\n", 1)):
            file.write_text(old + new)
            found = run(self.folder / "tools/check-tidy", "HEAD")
            self.assertEqual(found.returncode, status, found.stdout + found.stderr)
            self.assertEqual("modernize-use-override" in found.stdout, status == 1, found.stdout)
            self.assertNotIn("a.cpp:2:", found.stdout)

    def test_a_build_folder_of_another_source_is_refused(self):
        tidy = load("check-tidy")
        (self.folder / "CMakeCache.txt").write_text("CMAKE_HOME_DIRECTORY:INTERNAL=/elsewhere\n")
        with self.assertRaisesRegex(SystemExit, "was made for /elsewhere"):
            tidy.configure(self.folder)


class CompareSpeed(InScratch):
    def test_the_two_take_turns_and_ratios_are_made_pair_by_pair(self):
        speed = load("compare-speed")
        asked = []

        def one(name):
            asked.append(name)
            return {"x": len(asked)}

        times = speed.measure(one, {"base": "b", "head": "h"}, 3)
        self.assertEqual("".join(asked), "bhhbbh")
        self.assertEqual(times, {"x": {"base": [1, 4, 5], "head": [2, 3, 6]}})
        self.assertEqual(speed.ratios(times["x"]), [2, 0.75, 1.2])
        self.assertEqual([speed.word_for(each) for each in ([2, 0.75], [1.2, 1.1], [0.8, 0.9], [1.1, 1.01])], ["", "slower", "faster", ""])

    def test_a_program_beside_itself_is_as_fast(self):
        file = self.folder / "speed.json"
        done = run(TOOLS / "compare-speed", "--build", BUILD, BUILD, "--only", "evaluate/nequip/l1/54,train/nequip/l1", "--pairs", 1,
                   "--seconds", 0, "--json", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("us/atom", done.stdout)
        found = json.loads(file.read_text())
        self.assertEqual(sorted(found), ["evaluate/nequip/l1/54", "train/nequip/l1"])
        for each in found.values():
            self.assertGreater(each["base"][0], 0)
            self.assertAlmostEqual(each["ratios"][0], each["head"][0] / each["base"][0])

    def test_a_folder_without_a_program_is_named(self):
        done = run(TOOLS / "compare-speed", "--build", self.folder, self.folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"no program in {self.folder}", done.stderr)


if __name__ == "__main__":
    BUILD = Path(os.path.abspath(sys.argv.pop(1))).parent
    unittest.main()
