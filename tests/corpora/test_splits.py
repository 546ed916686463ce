"""Nobody is on two sides; the sides have the sizes asked for; every emotion can be learned."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.corpora.item import Item
from espressivo.corpora.splits import Subset, by_part, by_speaker, check_disjoint, leave_one_out
from espressivo.corpora.tally import tally
from espressivo.errors import ConfigError, InputError

from .making import items


def ids(part: Subset) -> list[str]:
    return [item.id for item in part]


def voices(part: Subset) -> set[str]:
    return {str(name) for name in part.speakers()}


def test_sides_have_the_shares_asked_for_and_share_nobody() -> None:
    given = items({f"s{n}": ("sad", "happy") for n in range(20)})
    parts = by_speaker(given)
    assert {name: len(voices(part)) for name, part in parts.items()} == {"train": 16, "validation": 2, "test": 2}
    assert sorted(name for part in parts.values() for name in ids(part)) == sorted(item.id for item in given)
    check_disjoint({name: part.speakers() for name, part in parts.items()})
    assert ids(parts["train"]) == ids(parts["train"])


def test_seeds_draw_differently_and_each_the_same_again() -> None:
    given = items({f"s{n}": ("sad",) for n in range(20)})
    draws = [voices(by_speaker(given, seed=seed)["test"]) for seed in range(5)]
    assert len({frozenset(draw) for draw in draws}) > 1
    assert voices(by_speaker(list(reversed(given)), seed=3)["test"]) == draws[3]


def test_hours_count_where_they_are_known() -> None:
    lengths = {"long": 100.0, **{f"s{n}": 10.0 for n in range(10)}}
    given = [Item(f"{who}-{n}", Path("a.wav"), end=end, speaker=who) for who, end in lengths.items() for n in range(3)]
    parts = by_speaker(given, (0.5, 0.25, 0.25))
    seconds = {name: tally(part).seconds for name, part in parts.items()}
    assert seconds == {"train": 300.0, "validation": 150.0, "test": 150.0}
    untimed = [Item(item.id, item.path, speaker=item.speaker) for item in given]
    assert tally(by_speaker(untimed, (0.5, 0.25, 0.25))["train"]).items in (15, 18)


def test_an_emotion_of_two_speakers_is_learned() -> None:
    people = {f"s{n}": ("sad",) for n in range(8)} | {"a": ("bored",), "b": ("bored",)}
    for seed in range(20):
        felt = tally(by_speaker(items(people), (0.6, 0.2, 0.2), seed)["train"]).emotions
        assert "bored" in felt


@settings(max_examples=60, deadline=None)
@given(
    people=st.dictionaries(
        st.text(min_size=1, max_size=4), st.sets(st.sampled_from(["sad", "happy", "bored"]), min_size=1), min_size=2
    ),
    seed=st.integers(0, 5),
)
def test_every_side_has_somebody_and_nobody_is_lost(people: dict[str, set[str]], seed: int) -> None:
    parts = by_speaker(items({who: sorted(felt) for who, felt in people.items()}), seed=seed)
    assert list(parts) == (["train", "test"] if len(people) == 2 else ["train", "validation", "test"])
    assert all(voices(part) for part in parts.values())
    together = [name for part in parts.values() for name in voices(part)]
    assert sorted(together) == sorted(people)


def test_no_validation_if_its_share_is_nothing() -> None:
    parts = by_speaker(items({f"s{n}": ("sad",) for n in range(10)}), (0.7, 0, 0.3))
    assert {name: len(voices(part)) for name, part in parts.items()} == {"train": 7, "test": 3}


@pytest.mark.parametrize("shares", [(0.8, 0.1), (0.8, 0.1, 0.2), (-0.1, 0.1, 1.0), (0, 0.5, 0.5)])
def test_shares_that_make_no_sense(shares: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="give train, validation and test"):
        by_speaker(items({"a": ("sad",), "b": ("sad",)}), shares)


@pytest.mark.parametrize("way", [by_speaker, leave_one_out])
def test_who_speaks_must_be_known_and_more_than_one(way: object) -> None:
    with pytest.raises(InputError, match=r"one speaker only \(anna\)"):
        way(items({"anna": ("sad",)}))  # type: ignore[operator]
    with pytest.raises(InputError, match="2 of 4 items name no speaker, the first is x"):
        way([*items({"anna": ("sad",)}), Item("x", Path("x")), Item("y", Path("y"))])  # type: ignore[operator]
    with pytest.raises(InputError, match="no items to split"):
        way([])  # type: ignore[operator]


def test_each_speaker_is_left_out_once() -> None:
    folds = leave_one_out(items({"anna": ("sad",), "ben": ("sad", "happy"), "cleo": ("sad",)}))
    assert list(folds) == ["anna", "ben", "cleo"]
    for who, sides in folds.items():
        assert voices(sides["test"]) == {who}
        assert voices(sides["train"]) == {"anna", "ben", "cleo"} - {who}
    assert ids(folds["ben"]["test"]) == ["ben-sad-0", "ben-sad-1", "ben-happy-0", "ben-happy-1"]


def parted(**parts: str) -> list[Item]:
    return [Item(f"{who}-{part}", Path("a.wav"), speaker=who, part=part) for part, who in parts.items()]


def test_the_corpus_own_parts_in_their_usual_order() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts = by_part(parted(test="anna", train="ben", extra="cleo"))
    assert {name: ids(part) for name, part in parts.items()} == {
        "train": ["ben-train"],
        "test": ["anna-test"],
        "extra": ["cleo-extra"],
    }
    assert list(parts) == ["train", "test", "extra"]
    with pytest.warns(UserWarning, match="share speakers: anna"):
        by_part(parted(test="anna", train="anna"))
    with pytest.raises(InputError, match="1 of 2 items name no part, the first is x"):
        by_part([*parted(test="anna"), Item("x", Path("x"))])


def test_folds_left_out_in_turn() -> None:
    folds = leave_one_out(parted(fold_1="anna", fold_2="ben", fold_3="cleo"), "part")
    assert voices(folds["fold_2"]["train"]) == {"anna", "cleo"}


def test_shared_speakers_are_named_and_refused() -> None:
    with pytest.raises(InputError, match=r"a speaker is on both sides \(train and test\): ben; split by speaker"):
        check_disjoint({"train": {"anna", "ben"}, "test": {"ben"}})
    many = {f"s{n}" for n in range(8)}
    with pytest.raises(
        InputError, match=r"8 speakers are on both sides .*: s0, s1, s2, s3, s4 and 3 more;.* --allow-shared-speakers"
    ):
        check_disjoint({"train": many, "validation": {"anna"}, "test": many})
    with pytest.warns(UserWarning, match="ben"):
        check_disjoint({"train": {"ben"}, "test": {"ben"}}, allow=True)


@pytest.mark.parametrize("speakers", [{"ben", None}, set()])
def test_what_cannot_be_checked_is_said(speakers: set[str | None]) -> None:
    with pytest.warns(UserWarning, match="who speaks in test is not always known"):
        check_disjoint({"train": {"anna"}, "test": speakers})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_disjoint({"train": {"anna"}, "test": {"ben"}})
