"""Every measured figure in the documents is the one in benchmarks/results."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import figures  # noqa: E402
import tables  # noqa: E402

TREE = {"file": {"whole reply": 1.703, "0.5 % faster": {"found": 0.8906}, "times": [3, 1, 2], "verdict": "45 of 63"}}
ROWS = {"file": {"rows": {"one": {"uar": 0.125, "n": 3083}, "two, any": {"n": 7}}}}
TABLE = """<!-- table file.rows.*
| {{*}} | {{uar?:.00}} | {{n:0,000}} |{wanted}
-->

| | UAR | clips |
|---|--:|--:|
{body}
after it
"""


@pytest.mark.parametrize("document", tables.documents(), ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_the_documents_say_what_was_measured(document: Path) -> None:
    assert tables.check(document, figures.figures())[1] == []


def test_the_documents_hold_figures() -> None:
    texts = [path.read_text(encoding="utf-8") for path in tables.documents()]
    assert sum(len(tables.MARK.findall(text)) for text in texts) > 50
    assert sum(len(tables.TABLE.findall(text)) for text in texts) > 5


@pytest.mark.parametrize(
    ("value", "sample", "text"),
    [
        (1.703, "0.0", "1.7"),
        (0.125, ".00", ".13"),
        (-0.5, ".00", "-.50"),
        (1.0, ".00", "1.00"),
        (0.8906, "0 %", "89 %"),
        (0.0028, "0.0%", "0.3%"),
        (3083, "0,000", "3,083"),
        (77, "0,000", "77"),
        ("45 of 63", None, "45 of 63"),
        ({"a": 1, "b": 2}, "0", "2"),
    ],
)
def test_a_figure_looks_like_its_sample(value: object, sample: str | None, text: str) -> None:
    assert figures.written(value, sample) == text


@pytest.mark.parametrize(("value", "sample"), [(0.5, None), (True, "0"), (None, "0"), ("45 of 63", ".00")])
def test_what_has_no_look_is_refused(value: object, sample: str | None) -> None:
    with pytest.raises(figures.FigureError, match="cannot be written"):
        figures.written(value, sample)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{file.whole reply:0.00} s", "1.70 s"),
        ("{file.0.5 % faster.found:0 %}", "89 %"),
        ("{file.times.0:0}, {file.times.median:0}, {file.times:0} in all", "3, 2, 3 in all"),
        ("{file.verdict}", "45 of 63"),
        ("{file.gone?:0}", ""),
    ],
)
def test_a_path_may_hold_dots_and_blanks(template: str, text: str) -> None:
    assert figures.filled(template, TREE) == text


def test_a_path_that_leads_nowhere_is_named() -> None:
    with pytest.raises(figures.FigureError, match=r"'file\.whole\.reply'"):
        figures.filled("{file.whole.reply:0.0}", TREE)


def test_the_figure_before_a_mark_is_replaced_and_nothing_else() -> None:
    text = "1.5 of **1.5<!--reply-->** s, 44 of 61<!--verdict-->\n\n<!-- values\n{}\n-->\n"
    values = "reply: {file.whole reply:0.0}\nverdict: {file.verdict}"
    new = tables.rewritten(text.replace("{}", values), TREE)
    assert new.startswith("1.5 of **1.7<!--reply-->** s, 45 of 63<!--verdict-->\n")
    assert tables.rewritten(new, TREE) == new


@pytest.mark.parametrize(
    ("text", "values", "told"),
    [
        ("some<!--reply-->", "reply: {file.whole reply:0.0}", "something like '1.7'"),
        ("1.7<!--reply-->", "other: {file.verdict}", "'other' is never used"),
        ("1.7<!--reply--><!--other-->", "other: {file.verdict}", "'reply' is not among the values"),
        ("1.7", "reply: {file.whole reply:0.0}", "'reply' is never used"),
        ("1.7<!--reply-->", "reply: 1.7", "'reply: 1.7' is no value"),
        ("1.7<!--reply-->", "reply: {file.gone:0.0}", r"there is no 'file\.gone'"),
    ],
)
def test_a_mark_that_cannot_be_filled_is_named(text: str, values: str, told: str) -> None:
    with pytest.raises(figures.FigureError, match=told):
        tables.rewritten(f"{text}\n\n<!-- values\n{values}\n-->\n", TREE)


@pytest.mark.parametrize(
    ("wanted", "body"),
    [
        ("", "| one | .13 | 3,083 |\n| two, any | | 7 |\n"),
        ("\n**both**: two, any", "| **both** | | 7 |\n"),
    ],
)
def test_a_table_is_made_row_by_row(wanted: str, body: str) -> None:
    stale = TABLE.format(wanted=wanted, body="| one | .99 | 1 |\n| three | | 2 |\n")
    assert tables.rewritten(stale, ROWS) == TABLE.format(wanted=wanted, body=body)


def test_a_table_that_is_not_there_is_missed() -> None:
    with pytest.raises(figures.FigureError, match="not followed by"):
        tables.rewritten("<!-- table file.rows.*\n| {*} | {n:0} |\n-->\n\nno table\n", ROWS)


def test_a_table_without_rows_is_missed() -> None:
    with pytest.raises(figures.FigureError, match="has no rows"):
        tables.rewritten(TABLE.format(wanted="", body=""), {"file": {"rows": {}}})


def test_a_wrong_figure_is_found_in_its_line() -> None:
    assert list(tables.differences("a\n1.5\nb", "a\n1.7\nb")) == ["2: got '1.5', wanted '1.7'"]


def test_the_command_says_so() -> None:
    ended = subprocess.run([sys.executable, "benchmarks/tables.py", "--check"], cwd=REPOSITORY, capture_output=True)
    assert ended.returncode == 0, ended.stderr
