"""What is made of what is wanted, and how it is told: attempts, refusals, and sources that are taken apart once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from espressivo.clip import Sound
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.media.provenance import detect
from espressivo.media.speech import Speech
from espressivo.systems.emoaug import maker as module
from espressivo.systems.emoaug.filters import Limits, Reference, Verdict
from espressivo.systems.emoaug.maker import Maker
from espressivo.systems.emoaug.pipeline import Variation
from espressivo.systems.emoaug.plan import Wanted
from espressivo.systems.emoaug.styles import Prosodies, ways
from espressivo.systems.prosody2vec.model import ProsodyConfig
from espressivo.systems.prosody2vec.parts import MEL, Parts
from tests.corpora.making import wav
from tests.systems.prosody2vec.making import Taking

LAX = Limits(least_similar=-1, most_wrong=float("inf"))


class Saying:
    """In place of EmoAug: says the source again, and remembers what it was asked."""

    config = ProsodyConfig("made", "CC0", emotions=("happy", "sad"))

    def __init__(self) -> None:
        self.prosody = self
        self.taken: list[Sound] = []
        self.asked: list[tuple[Sound, Parts, np.ndarray, Variation]] = []

    def takes(self, sound: Sound) -> Parts:
        self.taken.append(sound)
        return Taking()(sound)

    def __call__(self, sound: Sound, parts: Parts, point: np.ndarray, how: Variation) -> Speech:
        self.asked.append((sound, parts, point, how))
        return Speech(sound.at(MEL.rate).samples, MEL.rate)


class Judging:
    """In place of the judge: refuses the first few."""

    def __init__(self, refuses: int = 0) -> None:
        self.left = refuses
        self.held: list[tuple[np.ndarray, Reference | None, int]] = []

    def reference(self, item: Item, samples: np.ndarray) -> Reference:
        return Reference((item.id,), 0.0, "en")

    def __call__(self, voice: np.ndarray, reference: Reference | None, heard: np.ndarray) -> Verdict:
        self.held.append((voice, reference, len(heard)))
        self.left -= 1
        return Verdict(0.51234, why="another voice" if self.left >= 0 else None)


@pytest.fixture
def sources(tmp_path: Path) -> tuple[Item, ...]:
    """Three recordings, of 0.6, 0.7 and 0.8 s."""
    places = [wav(tmp_path / f"{name}.wav", 0.6 + 0.1 * n, 150 + 50 * n) for n, name in enumerate("abc")]
    return tuple(Item(place.stem, place, speaker="anna", emotion="happy") for place in places)


def made(place: Path, limits: Limits = LAX, refuses: int = 0, seed: int = 0) -> tuple[Maker, Saying, Judging]:
    """A maker of sad clips, and who works for it."""
    points = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    drawn = ways("other", [Prosodies("sad", ("p", "q", "r"), points)])
    saying, judging = Saying(), Judging(refuses)
    maker = Maker(saying, place, drawn, "other", limits, seed)  # type: ignore[arg-type]
    maker._tools["judge"] = judging
    return maker, saying, judging


def wanted(number: int, sources: tuple[Item, ...]) -> Wanted:
    return Wanted(f"sad-{number:04}", "sad", number, sources)


def test_a_clip_is_written_and_told_of(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, saying, _ = made(tmp_path / "clips")
    (tmp_path / "clips").mkdir()
    [row] = maker(wanted(3, sources))
    [(sound, parts, point, how)] = saying.asked
    assert (sound.duration, len(parts)) == (pytest.approx(0.6), len(Taking()(sound)))
    assert point.shape == (4,)
    assert (row["intensity"], row["tempo"]) == (round(how.intensity, 4), round(how.tempo, 4))
    assert how != Variation()
    assert (row["id"], row["source"], row["attempt"]) == ("a#sad-0003", "a", 0)
    assert (row["source_emotion"], row["emotion"], row["speaker"]) == ("happy", "sad", "anna")
    assert (row["model"], row["licence"], row["way"], row["similarity"]) == ("made", "CC0", "other", 0.5123)
    assert row["style_from"][0] in "pqr"
    assert (row["made"], row["clip"], row["seconds"]) == (True, "clips/sad-0003.flac", 0.6)
    info = soundfile.info(tmp_path / row["clip"])
    assert (info.samplerate, info.duration) == (MEL.rate, pytest.approx(0.6, abs=1e-3))
    mark = detect(tmp_path / row["clip"])
    assert (mark.synthetic, mark.watermark) == (True, False)


def test_only_a_source_of_another_emotion_is_told_the_name(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, saying, _ = made(tmp_path)
    maker(wanted(0, sources))
    maker(wanted(1, (replace(sources[0], emotion="sad"),)))
    assert [how.emotion for *_, how in saying.asked] == ["sad", None]


def test_a_clip_that_is_refused_is_tried_with_the_next_source(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, saying, _ = made(tmp_path, refuses=1)
    refused, taken = maker(wanted(0, sources))
    assert (refused["made"], refused["why"], refused["source"], refused["attempt"]) == (False, "another voice", "a", 0)
    assert (taken["made"], taken["source"], taken["attempt"]) == (True, "b", 1)
    assert "clip" not in refused
    assert "given_up" not in refused
    first, second = (how for *_, how in saying.asked)
    assert first != second


def test_a_clip_is_given_up_where_no_source_is_left(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, _, _ = made(tmp_path, refuses=9)
    rows = maker(wanted(0, sources))
    assert [row["source"] for row in rows] == ["a", "b", "c"]
    assert [row.get("given_up", False) for row in rows] == [False, False, True]
    assert not list(tmp_path.glob("*.flac"))


def test_a_source_that_cannot_be_used_is_told_of(sources: tuple[Item, ...], tmp_path: Path) -> None:
    broken = Item("broken", tmp_path / "broken.wav", speaker="anna", emotion="happy")
    broken.path.write_text("no sound")
    maker, saying, _ = made(tmp_path)
    refused, taken = maker(wanted(0, (broken, *sources[1:])))
    assert "not sound or video" in refused["why"]
    assert (refused["made"], taken["made"], taken["source"]) == (False, True, "b")
    assert len(saying.asked) == 1


def test_a_prosody_that_cannot_be_drawn_is_told_of(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, saying, _ = made(tmp_path)
    alone = ways("other", [Prosodies("sad", ("a",), np.zeros((1, 4), np.float32))])
    maker = Maker(maker.emoaug, tmp_path, alone, "other", LAX)
    maker._tools["judge"] = Judging()
    refused, taken = maker(wanted(0, sources[:2]))
    assert "0 recordings of sad besides the source" in refused["why"]
    assert taken["made"]
    assert saying.taken == [saying.asked[0][0]]


# Sources


def test_a_source_is_taken_apart_once(sources: tuple[Item, ...], tmp_path: Path) -> None:
    maker, saying, judging = made(tmp_path)
    for number in range(4):
        maker(wanted(number, sources[number % 2 :]))
    assert len(saying.taken) == 2
    assert len(saying.asked) == 4
    assert saying.asked[0][1] is saying.asked[2][1]
    voices = [voice for voice, *_ in judging.held]
    assert voices[0] is voices[2] is not voices[1]


def test_only_a_few_sources_are_kept(
    sources: tuple[Item, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    maker, saying, _ = made(tmp_path)
    for number, first in enumerate((0, 1, 2, 2, 1, 0)):
        maker(wanted(number, sources[first:]))
    assert [round(sound.duration, 1) for sound in saying.taken] == [0.6, 0.7, 0.8, 0.6]


def test_words_are_held_against_those_of_the_source_if_they_count(sources: tuple[Item, ...], tmp_path: Path) -> None:
    for limits, told in ((Limits(-1), ("a",)), (LAX, None)):
        maker, _, judging = made(tmp_path, limits)
        maker(wanted(0, sources))
        [(_, reference, count)] = judging.held
        assert (None if reference is None else reference.words) == told
        assert count == pytest.approx(0.6 * 16_000, abs=1)


# Seeds


def rows_of(place: Path, sources: tuple[Item, ...], numbers: tuple[int, ...], seed: int = 0) -> dict[int, Any]:
    maker, _, _ = made(place, seed=seed)
    return {number: maker(wanted(number, sources)) for number in numbers}


def test_what_else_is_made_changes_nothing(sources: tuple[Item, ...], tmp_path: Path) -> None:
    first, second = rows_of(tmp_path, sources, (0, 1, 2)), rows_of(tmp_path, sources, (2, 0))
    assert all(first[number] == second[number] for number in (0, 2))
    assert len({row["intensity"] for [row] in first.values()}) == 3
    other = rows_of(tmp_path, sources, (0,), seed=1)
    assert other[0][0]["intensity"] != first[0][0]["intensity"]


def test_a_source_that_fails_halfway_is_not_kept(
    sources: tuple[Item, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, saying, _ = made(tmp_path)

    def deaf(sound: Sound) -> Parts:
        raise InputError("silence")

    monkeypatch.setattr(saying, "takes", deaf)
    assert maker(wanted(0, sources[:1]))[0]["why"] == "silence"
    monkeypatch.undo()
    assert maker(wanted(1, sources[:1]))[0]["made"]
