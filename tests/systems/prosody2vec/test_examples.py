"""Batches of recordings in parts: shapes, whose voice, which feeling, and what is left out."""

from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.clip import Clip
from espressivo.corpora.data import read_data
from espressivo.errors import InputError
from espressivo.systems.prosody2vec.encoder import BANDS, OFFSETS
from espressivo.systems.prosody2vec.examples import (
    BLUR,
    Batch,
    Recordings,
)
from espressivo.systems.prosody2vec.parts import MEL, PAIR, RATE, HeardFeature
from tests.systems.prosody2vec.making import heard_in, recordings, sounding, table

FLOOR = float(np.log(MEL.floor))
pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers with six labelled recordings each, one with two that have no labels."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def data(folder: Path, made_up: None) -> Recordings:
    recordings(folder, people=2, each=2, emotions=("happy", "neutral", "sad"))
    recordings(folder / "more", people=1, each=2, first=2)
    items = [*read_data(folder / "my.csv"), *read_data(folder / "more" / "my.csv")]
    return Recordings(items, HeardFeature())


def batch(data: Recordings, which: list[int], frames: int = 64, seed: int = 0, blur: float = 1.0) -> Batch:
    return data.batch(np.array(which), frames, np.random.default_rng(seed), blur)


# Batches


def test_shapes_of_a_batch_of_unequal_recordings(data):
    found = batch(data, [0, 3, 12])
    assert len({len(data.store[data.items[i]]["hz"]) for i in (0, 3, 12)}) > 1
    n, frames, seconds, runs = 3, 64, 2, found.lengths.shape[1]
    shapes = {
        "mel": (n, frames, PAIR * BANDS),
        "content": (n, frames, 64),
        **dict.fromkeys(("pitch", "voiced", "mask"), (n, frames)),
        "speaker": (n, 256),
        **dict.fromkeys(("noise", "who", "felt", "register", "pitched"), (n,)),
        "blur": (n, OFFSETS),
        "seconds": (n, seconds),
        "said": (n, seconds, 100),
        **dict.fromkeys(("usual", "spread"), (n, BANDS)),
        "heard": (n, frames, 6),
        "heard_usual": (n, 6),
        "runs": (n, runs, 64),
        "run_blend": (n, runs, seconds),
        **dict.fromkeys(("lengths", "run_mask"), (n, runs)),
    }
    assert {name: tuple(part.shape) for name, part in found._asdict().items()} == shapes
    whole = {name for name, part in found._asdict().items() if part.dtype == torch.int64}
    assert whole == {"who", "felt"}
    assert all(part.dtype == torch.float32 for name, part in found._asdict().items() if name not in whole)
    assert all(part.isfinite().all() for part in found)


def test_what_there_is_of_each_second(data):
    found = batch(data, [0, 3], 128)
    torch.testing.assert_close(found.seconds.sum(1), found.mask.sum(1) / RATE)
    assert (found.seconds <= 1.01).all()
    assert found.seconds[0, 2] == 0  # of 1.2 s
    present = found.said.sum(-1)
    assert ((present - 1).abs() < 1e-5).logical_or(present == 0).all()
    assert (present[found.seconds > 0.1] > 0).all()


def test_runs_that_were_cut_off_do_not_count(data):
    found = batch(data, [0, 3, 5], 50)
    for mask, lengths, mix in zip(found.run_mask, found.lengths, found.run_blend, strict=True):
        there = mix.sum(-1) > 0
        assert ((mix.sum(-1) - 1).abs() < 1e-5).logical_or(~there).all()
        assert mask[0] == 0
        assert mask[there][-1] == 0
        assert (mask[there][1:-1] == 1).all()
        assert (mask[~there] == 0).all()
        assert (lengths[there].exp().round() - lengths[there].exp()).abs().max() < 1e-4
        units = lengths[there].exp().sum()
        assert units == pytest.approx(50 / RATE * 25, abs=1.5)


def test_a_batch_is_drawn_from_the_generator_alone(data):
    one, again, other = batch(data, [3, 9]), batch(data, [3, 9]), batch(data, [3, 9], seed=1)
    for name, part in one._asdict().items():
        assert torch.equal(part, getattr(again, name)), name
    assert not torch.equal(one.mel, other.mel)
    assert not torch.equal(one.blur, other.blur)


def test_stretches_come_from_anywhere(data):
    item = data.items[3]
    mel = data.store[item]["mel"].astype(np.float32)
    begins = set()
    for seed in range(60):
        found = batch(data, [3], 64, seed)
        begins |= {b for b in range(len(mel)) if np.array_equal(mel[b : b + 64], found.mel[0].numpy())}
        assert found.mask.all()
    assert len(begins) > 15
    assert max(begins) <= len(mel) - 64


def test_the_offsets_are_blurred_as_strongly_as_asked(data):
    assert (batch(data, [0, 1], blur=0.0).blur == 0).all()
    many = [batch(data, [0], 8, seed, blur=2.0).blur[0].numpy() for seed in range(200)]
    np.testing.assert_allclose(np.std(many, axis=0), 2 * np.array(BLUR), rtol=0.25)


def test_feelings_and_speakers_by_number(data):
    assert data.emotions == ("neutral", "happy", "sad")  # as the taxonomy has them
    assert data.speakers() == {"made-0", "made-1", "made-2"}
    assert data.known(5) == {"made-0": 0, "made-1": 1}
    found = batch(data, list(range(len(data))))
    assert found.who.tolist() == [0] * 6 + [1] * 6 + [-1] * 2
    assert found.felt.tolist() == [1, 0, 2, 1, 0, 2] * 2 + [-1] * 2
    data.known(1000)
    assert (batch(data, [0, 13]).who == -1).all()


def test_the_voice_is_of_any_recording_of_the_same_person(data):
    voices = np.stack([data.parts(item).speaker for item in data.items])
    found = np.stack([batch(data, [0], 8, seed).speaker[0].numpy() for seed in range(60)])
    of = {int(np.abs(voices - voice).sum(axis=1).argmin()) for voice in found}
    assert of == set(range(6))


def test_a_voice_that_nobody_names_is_its_own(folder):
    rows = [{"path": f"{number}-0.wav", "speaker": "", "emotion": ""} for number in (0, 1)]
    alone = Recordings(list(read_data(table(folder, rows, "unnamed.csv"))))
    assert alone.speakers() == {None}
    assert alone.known(1) == {}
    for seed in range(10):
        found = batch(alone, [0], 8, seed)
        np.testing.assert_array_equal(found.speaker[0], alone.parts(alone.items[0]).speaker)


def test_hours(data):
    seconds = sum(len(data.parts(item)) for item in data.items) / RATE
    assert data.hours * 3600 == pytest.approx(seconds)


def test_parts_come_back_in_single_precision(data):
    parts = data.parts(data.items[0])
    assert {a.dtype for a in (parts.mel, parts.content, parts.hz, parts.speaker, parts.heard)} == {np.dtype("float32")}
    assert parts.heard.shape[1] == 6


# What cannot be used


def test_recordings_that_cannot_be_used_are_left_out_and_named(tmp_path):
    good = recordings(tmp_path, people=1)
    sounding(tmp_path / "short.wav", 0.3)
    good.write_text(good.read_text() + "short.wav,made-0,,\nmissing.wav,made-0,,\n")
    found = Recordings(list(read_data(good)))
    assert len(found) == 2
    assert {name for name, _ in found.skipped} == {"short.wav", "missing.wav"}
    bad = table(tmp_path, [{"path": "short.wav", "speaker": "a"}], "bad.csv")
    with pytest.raises(InputError, match=r"no recording can be used: the first is short\.wav"):
        Recordings(list(read_data(bad)))
    with pytest.raises(InputError, match="no recording can be used: there are none"):
        Recordings([])


@pytest.fixture
def half_deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recordings:
    """Of two recordings one cannot be heard."""

    def deaf(feature: HeardFeature, clip: Clip) -> dict[str, np.ndarray]:
        if clip.name == "0-1.wav":
            raise InputError(f"{clip.name} was not heard")
        return heard_in(clip)

    monkeypatch.setattr(HeardFeature, "__call__", deaf)
    monkeypatch.setattr("espressivo.corpora.features.cache_dir", lambda: tmp_path / "cache")
    return Recordings(list(read_data(recordings(tmp_path, people=1))), HeardFeature())


def test_a_recording_that_nothing_was_heard_in_is_left_out(half_deaf):
    assert [item.id for item in half_deaf.items] == ["0-0.wav"]
    assert batch(half_deaf, [0]).heard.shape[-1] == 6


def test_a_recording_that_nothing_was_heard_in_is_named(half_deaf):
    assert dict(half_deaf.skipped).keys() == {"0-1.wav"}
