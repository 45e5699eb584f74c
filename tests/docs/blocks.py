"""Blocks of a page in Markdown, each with the annotation before it.

A block is what stands between two lines of ```. Annotations are HTML comments, so that readers do not see them:

    <!-- test: WORDS -->          of the block that follows
    <!-- test: run                a block of its own, run but not shown
    commands
    -->

Words of an annotation:
    slow            the block runs in the slow tier only
    needs=A,B       programs; where one is missing the block is left out and named
    file=NAME       the block is the content of this file
    check=KIND      the block is a config, which the program must accept: train, qe, label
    output          the block is what the commands before it print (with `slow`: compared in the slow tier only)
    keys=FILE:NAME  the block shows the shape of this record of a file of results: its keys are compared
    status=N        exit status of the last command of the block (0)
    A=B             the word A of the block stands for B
    skip=REASON     cannot be tried here, and why; `_` stands for a space
Without `file`, `check`, `output`, `keys` or `skip` a block is commands for a shell, or Python where it says so.
"""
import re
from dataclasses import dataclass, field

TAKEN = {"slow", "output", "needs", "file", "check", "keys", "status", "skip"}
LANGUAGES = {"", "sh", "bash", "yaml", "json", "python"}
CONFIGS = {"train", "qe", "label"}


class PageError(Exception):
    """A page that cannot be tried as it is."""


@dataclass
class Block:
    line: int
    language: str
    text: str
    words: dict = field(default_factory=dict)

    @property
    def kind(self):
        for kind in ("skip", "output", "keys", "file", "check"):
            if kind in self.words:
                return kind
        return "python" if self.language == "python" else "commands"

    @property
    def slow(self):
        return "slow" in self.words

    @property
    def needs(self):
        return [word for word in self.words.get("needs", "").split(",") if word]

    def replaced(self):
        """Its text with the words that stand for others replaced."""
        text = self.text
        for word, other in self.words.items():
            if word not in TAKEN:
                if not re.search(whole(word), text):
                    raise PageError(f"line {self.line}: the block has no word {word}")
                text = re.sub(whole(word), lambda _: other, text)
        return text


def whole(word):
    return rf"(?<![\w./-]){re.escape(word)}(?![\w/-])"


def annotation(text, line):
    words = {}
    for word in text.split():
        name, equals, value = word.partition("=")
        if not equals and name not in ("slow", "output"):
            raise PageError(f"line {line}: the annotation says \"{word}\", which is none of slow, output, NAME=VALUE")
        words[name] = value
    return words


def faults(block):
    """Why a block could not be tried."""
    if block.language not in LANGUAGES:
        yield f"line {block.line}: a block of {block.language}: nothing here runs it"
    if block.language in ("yaml", "json") and block.kind == "commands":
        yield f"line {block.line}: a block of {block.language} needs file=NAME, check=KIND or output"
    if block.kind == "check" and block.words["check"] not in CONFIGS:
        yield f"line {block.line}: check={block.words['check']} is none of {', '.join(sorted(CONFIGS))}"
    if block.kind == "skip" and not block.words["skip"]:
        yield f"line {block.line}: skip needs a reason"


def blocks_of(text):
    """All blocks of a page, hidden ones included, in order."""
    lines = text.split("\n")
    found, words, words_line, at = [], None, 0, 0
    while at < len(lines):
        line, number = lines[at], at + 1
        comment = re.match(r"\s*<!-- test:\s*(.*?)\s*(-->)?\s*$", line)
        fence = re.match(r"(\s*)```(\w*)\s*$", line)
        if words is not None and line.strip() and not fence:
            raise PageError(f"line {words_line}: an annotation without a block behind it")
        if comment and comment[1] == "run" and not comment[2]:
            end = next((i for i in range(at, len(lines)) if lines[i].strip() == "-->"), None)
            if end is None:
                raise PageError(f"line {number}: the comment has no end")
            found.append(Block(number, "sh", "\n".join(lines[at + 1 : end]) + "\n"))
            at = end
        elif comment:
            if not comment[2]:
                raise PageError(f"line {number}: the annotation does not end on its line")
            words, words_line = annotation(comment[1], number), number
        elif fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "```"), None)
            if end is None:
                raise PageError(f"line {number}: the block has no end")
            indent = len(fence[1])
            text_lines = [each[indent:] for each in lines[at + 1 : end]]
            found.append(Block(number, fence[2], "\n".join(text_lines) + "\n", words or {}))
            words, at = None, end
        at += 1
    if words is not None:
        raise PageError(f"line {words_line}: an annotation without a block behind it")
    wrong = [fault for block in found for fault in faults(block)]
    if wrong:
        raise PageError("\n".join(wrong))
    return found
