"""What is to be made: the right number, out of sources that come equally often."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest

from espressivo.corpora.item import Item
from espressivo.errors import ConfigError
from espressivo.systems.emoaug.plan import ATTEMPTS, dealt, evenly, labels, lacking, plan
from tests.corpora.making import items

VOICES = {"anna": ("happy", "sad"), "ben": ("happy",), "cleo": ("sad", "angry")}


def hands(given: list[Item], count: int) -> list[Item]:
    return list(islice(dealt(given, np.random.default_rng(0)), count))


def test_what_is_lacking() -> None:
    counts = {"sad": 3, "happy": 5, "angry": 9, "neutral": 0}
    assert lacking(counts, 5) == {"sad": 2}
    assert list(lacking(counts, 10).items()) == [("happy", 5), ("sad", 7), ("angry", 1)]
    assert labels(items(VOICES)) == {"happy": 4, "sad": 4, "angry": 2}


def test_speakers_and_then_recordings_come_equally_often() -> None:
    given = items(VOICES, each=3)
    hand = hands(given, 3 * 12)
    assert Counter(item.speaker for item in hand) == {"anna": 12, "ben": 12, "cleo": 12}
    of = Counter(item.id for item in hand)
    assert {of[item.id] for item in given if item.speaker == "anna"} == {2}
    assert {of[item.id] for item in given if item.speaker == "ben"} == {4}
    assert hands(given, 20) == hands(given, 20)
    assert hands([], 5) == []


def test_whoever_is_unknown_counts_as_one() -> None:
    nameless = [Item(str(n), item.path) for n, item in enumerate(items(VOICES))]
    assert Counter(item.id for item in hands(nameless, 20)) == {str(n): 2 for n in range(10)}


def test_a_part_of_many_is_drawn_evenly() -> None:
    given = items({"anna": ("sad",) * 20, "ben": ("sad",)}, each=1)
    given = [Item(str(n), item.path, speaker=item.speaker, emotion="sad") for n, item in enumerate(given)]
    chosen = evenly(given, 5, 0)
    assert Counter(item.speaker for item in chosen) == {"anna": 4, "ben": 1}
    assert [int(item.id) for item in chosen] == sorted(int(item.id) for item in chosen)
    assert evenly(given, 50, 0) == given


def test_a_plan() -> None:
    given = items(VOICES, each=3)
    wanted = plan({"happy": 4, "angry": 2}, given, [])
    assert [one.tag for one in wanted] == [*(f"happy-000{n}" for n in range(4)), "angry-0000", "angry-0001"]
    assert all(len(one.sources) == ATTEMPTS for one in wanted)
    first = Counter(one.sources[0].speaker for one in wanted)
    assert first == {"anna": 2, "ben": 2, "cleo": 2}
    assert wanted == plan({"happy": 4, "angry": 2}, given, [])
    assert wanted != plan({"happy": 4, "angry": 2}, given, [], seed=1)


def test_sources_of_the_same_emotion() -> None:
    given = items(VOICES, each=3)
    for one in plan({"happy": 4, "angry": 2}, given, [], sources="same"):
        assert {item.emotion for item in one.sources} == {one.emotion}


def test_no_id_comes_twice() -> None:
    taken = ["x#happy-0000", "y#happy-0002", "happy-0001"]
    wanted = plan({"happy": 2}, items(VOICES), taken)
    assert [(one.tag, one.number) for one in wanted] == [("happy-0003", 3), ("happy-0004", 4)]


def test_other_sources() -> None:
    with pytest.raises(ConfigError, match="cannot take sources from 'nobody': choose one of any, same"):
        plan({"happy": 2}, items(VOICES), [], sources="nobody")
