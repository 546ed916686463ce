"""Writes the measured figures into the documents, out of benchmarks/results/*.json.

    python benchmarks/tables.py           rewrites the documents in place (`make results`)
    python benchmarks/tables.py --check   says what does not agree, and ends with 1

A single figure has an invisible name behind it, which a comment in the same document gives a place and a look:

    It takes 1.7<!--reply--> s.

    <!-- values
    reply: {conversation.warm.whole reply.median:0.0}
    -->

A table has above it a comment: where its paths begin, one row as a template, in which "*" stands for the entry, and the
rows that are wanted as `label: entry` (without them, every entry has its row). `{*}` is the label. The head
stays as it is.

    <!-- table voices.speakers.*
    | {*} | {same:.00} (least {least_same:.00}) | {eer:.00} |
    GE2E, RAVDESS: ge2e, ravdess
    -->

    | | same speaker | equal error rate |
    |---|--:|--:|
    | GE2E, RAVDESS | .90 (least .81) | .04 |

Paths and samples are explained in figures.py.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from figures import FIELD, FigureError, entries, figures, filled, find

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "docs/*.md", "src/espressivo/systems/*/README.md", "checkpoints/*/README.md")

VALUES = re.compile(r"^<!-- values\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"<!--([\w-]+)-->")
NUMBER = r"[-+]?[\d.,]*\d"
TABLE = re.compile(
    r"(?P<spec>^<!-- table (?P<rows>.+)\n(?P<row>\|.*\|)\n(?P<wanted>(?:.*\n)*?)-->\n\n)"
    r"(?P<head>\|.*\n\|[-:| ]+\|\n)(?P<body>(?:\|.*\n)*)",
    re.MULTILINE,
)


def documents() -> list[Path]:
    return [path for pattern in DOCUMENTS for path in sorted(REPOSITORY.glob(pattern))]


def rewritten(text: str, tree: Any) -> str:
    """A document with all its figures as they are in `tree`. Raises FigureError, naming what cannot be filled in."""
    if len(re.findall("^<!-- table ", text, re.MULTILINE)) != len(TABLE.findall(text)):
        raise FigureError("a comment '<!-- table' is not followed by its row, '-->', an empty line and a table")
    return with_values(TABLE.sub(lambda table: with_rows(table, tree), text), tree)


def with_rows(table: re.Match[str], tree: Any) -> str:
    """The table with its body made anew."""
    # The paths in the row begin where its rows are.
    row = FIELD.sub(lambda f: f[0] if f["path"] == "*" else "{" + table["rows"] + "." + f[0][1:], table["row"])
    wanted = [line.partition(": ")[::2] for line in table["wanted"].splitlines()] or every_row(row, tree)
    if not wanted:
        raise FigureError(f"the table of {table['rows']!r} has no rows: nothing was measured there")
    body = [filled(row.replace("{*}", label), tree, entry) for label, entry in wanted]
    lines = [re.sub(r"\|\s+(?=\|)", "| ", line) for line in body]  # a figure that is absent leaves one blank
    return table["spec"] + table["head"] + "".join(f"{line}\n" for line in lines)


def every_row(row: str, tree: Any) -> list[tuple[str, str]]:
    """A row for each entry there is where the first "*" stands."""
    paths = [field["path"] for field in FIELD.finditer(row) if ".*" in field["path"]]
    if not paths:
        raise FigureError(f"no path in {row!r} has a '*': name the rows as 'label: entry'")
    return [(name, name) for name in entries(find(tree, paths[0].partition(".*")[0]))]


def with_values(text: str, tree: Any) -> str:
    """The text with the figure before each mark made anew."""
    named = dict(declared(text))
    for name in sorted(set(MARK.findall(text)) ^ set(named)):
        raise FigureError(f"{name!r} is {'never used' if name in named else 'not among the values'}")
    for name, template in named.items():
        figure = filled(template, tree)
        # Whatever stood there before had the same form: only its numbers were other ones.
        form = NUMBER.join(re.escape(part) for part in re.split(NUMBER, figure))
        place, plain = rf"(?<![\w.,]){form}(?=<!--{name}-->)", figure.replace("\\", r"\\")
        text, count = re.subn(place, plain, text)
        if count != text.count(f"<!--{name}-->"):
            raise FigureError(f"before <!--{name}--> should stand something like {figure!r}")
    return text


def declared(text: str) -> Iterator[tuple[str, str]]:
    """Name and template of each value."""
    for block in VALUES.findall(text):
        for line in block.splitlines():
            name, colon, template = line.partition(": ")
            if not colon or not FIELD.search(template):
                raise FigureError(f"{line!r} is no value: give NAME: {{path:sample}}")
            yield name, template


def differences(old: str, new: str) -> Iterator[str]:
    """Each stretch of lines that is not as it should be, with its number."""
    before, after = old.splitlines(), new.splitlines()
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            got, wanted = (" ".join(lines) or "nothing" for lines in (before[first:last], after[start:end]))
            yield f"{first + 1}: got {got!r:.200}, wanted {wanted!r:.200}"


def check(document: Path, tree: Any) -> tuple[str, list[str]]:
    """The document as it should read, and what is wrong with it."""
    name, text = document.relative_to(REPOSITORY), document.read_text(encoding="utf-8")
    try:
        new = rewritten(text, tree)
    except FigureError as error:
        return text, [f"{name}: {error}"]
    return new, [f"{name}:{difference}" for difference in differences(text, new)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, say what does not agree")
    only_check, faults = parser.parse_args().check, 0
    for document in documents():
        text, found = check(document, figures())
        changed = text != document.read_text(encoding="utf-8")
        faults += len(found) if only_check or not changed else 0
        print("".join(f"{line}\n" for line in found), end="", file=sys.stderr)
        if changed and not only_check:
            document.write_text(text, encoding="utf-8")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
