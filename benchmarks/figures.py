"""Figures for the documents: found by their path in benchmarks/results, and written like a sample.

A path is FILE.key.key…; a key may hold dots and blanks itself ("marking.detection.0.5 % faster.found"). A list has,
beside its numbers 0, 1 …, a `least`, `median` and `most`; a sample written for a list or a table counts its entries.
`corpora` is no file but what the readers say of their corpora.

A sample shows how the figure is to look: "0.0" 1.7, ".00" .50, "0" 124, "0,000" 3,083, "0 %" 89 % (of .89).
"""

from __future__ import annotations

import json
import re
import statistics
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
FIELD = re.compile(r"\{(?P<path>[^{}?]+?)(?P<absent>\?)?(?::(?P<sample>[0,]*(?:\.0+)?(?: ?%)?))?\}")


class FigureError(LookupError):
    """A path that leads nowhere, or a value that cannot be written like that."""


@cache
def figures() -> dict[str, Any]:
    """All there is: the content of each file by its name, and the corpora."""
    files = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}
    return {**files, "corpora": corpora()}


def corpora() -> dict[str, dict[str, str]]:
    """What each reader says of its corpus, and of the folder that it wants."""
    from espressivo.corpora.readers import CORPORA

    return {
        name: {
            "title": corpus.title,
            "languages": ", ".join(corpus.languages) or "not said",
            "emotions": str(len(set(corpus.emotions.values())) or "none"),
            "licence": corpus.licence,
            "weights": corpus.weights or "no",
            "layout": _layout(name),
        }
        for name, corpus in CORPORA.items()
    }


def _layout(name: str) -> str:
    """The folder that a reader wants, as it tells who gives it another one."""
    from tempfile import TemporaryDirectory

    from espressivo.corpora.readers import corpus
    from espressivo.errors import InputError

    with TemporaryDirectory() as empty:
        try:
            corpus(name).read(Path(empty), lambda path, why: None)
        except InputError as error:
            return str(error).partition(" give the folder that holds ")[2]
    raise FigureError(f"the reader of {name} takes an empty folder")


def find(tree: Any, path: str) -> Any:
    """What lies at `path`. Raises FigureError with the path where there is nothing."""
    found = list(_below(tree, path))
    if not found:
        raise FigureError(f"there is no {path!r} in benchmarks/results")
    return found[0]


def entries(tree: Any) -> dict[str, Any]:
    """What a path may lead to from here, by name."""
    if isinstance(tree, dict):
        return tree
    if not isinstance(tree, list):
        return {}
    named = {str(number): value for number, value in enumerate(tree)}
    if tree and all(isinstance(value, int | float) for value in tree):
        named |= {"least": min(tree), "median": statistics.median(tree), "most": max(tree)}
    return named


def _below(tree: Any, path: str) -> Any:
    for key, value in entries(tree).items():
        if path == key:
            yield value
        elif path.startswith(f"{key}."):
            yield from _below(value, path[len(key) + 1 :])


def written(value: Any, sample: str | None) -> str:
    """`value` like `sample`; words stay as they are. Raises FigureError for a number without one."""
    if isinstance(value, dict | list) and sample is not None:
        value = len(value)
    if isinstance(value, str) and not sample:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not sample:
        raise FigureError(f"{value!r:.40} cannot be written like {sample!r}: give a sample such as .00")
    number, percent = sample.rstrip(" %"), sample[len(sample.rstrip(" %")) :]
    exact = Decimal(str(value)) * (100 if percent else 1)
    places = len(number.partition(".")[2])
    # .125 becomes .13, as people round, which needs decimal numbers.
    text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):{',' if ',' in number else ''}f}"
    return (re.sub(r"^(-?)0\.", r"\1.", text) if number.startswith(".") else text) + percent


def filled(template: str, tree: Any, row: str = "") -> str:
    """`template` with each {path:sample} as the figure there; "*" in a path is `row`, {path?:sample} may be absent."""

    def figure(field: re.Match[str]) -> str:
        try:
            return written(find(tree, field["path"].replace("*", row)), field["sample"])
        except FigureError:
            if field["absent"]:
                return ""
            raise

    return FIELD.sub(figure, template)
