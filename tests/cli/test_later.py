"""Verbs that are not built yet exist, and say so in one line."""

import pytest

from espressivo.cli.later import VERBS

from .conftest import Run

CALLS = {
    "speak": ("hello", "--emotion", "sad", "-o", "x.wav"),
    "learn-words": ("words.txt", "-o", "x"),
    "lipread": ("a.mp4",),
    "lips-to-speech": ("a.mp4", "-o", "x.wav"),
    "separate": ("a.wav", "-o", "x.wav"),
    "animate": ("a.png", "--speech", "a.wav", "-o", "x.mp4"),
    "prepare": ("grid", "folder", "-o", "x.jsonl.gz"),
    "split": ("data.csv", "--by", "speaker", "-o", "x"),
    "studio": (),
}


@pytest.mark.parametrize("verb", VERBS)
def test_says_that_it_is_not_built(verb: str, run: Run) -> None:
    assert f"'{verb}' is not built yet: it waits for" in run(verb, *CALLS[verb]).complaint
