"""`EmoAug` with small networks of random weights and made-up parts: the source's own waveform, with another prosody."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from espressivo.clip import Clip, Sound
from espressivo.errors import AssetError, InputError
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.systems.emoaug.pipeline import (
    INTENSITIES,
    LONGEST,
    NAMED,
    TEMPO,
    EmoAug,
    ProsodyFeature,
    Variation,
    utterance,
)
from espressivo.systems.prosody2vec.conversion import Change, Converter, Manner
from espressivo.systems.prosody2vec.parts import MEL, RATE, Parts
from tests.synthetic import tone
from tests.systems.prosody2vec.standing import EMOTIONS, saved, sound, standing_in

AS_IT_IS = Manner(pace=0, melody=0, colour=0)
POINT = np.array([1, -1, 0.5, 0], np.float32)


def clip(seconds: float, hz: float = 220.0) -> Clip:
    return from_arrays(sound=(tone(seconds, hz=hz), 16_000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("model"))


def with_manner(folder: Path, manner: Manner | None = None) -> EmoAug:
    return EmoAug(standing_in(folder, manner))


@pytest.fixture
def emoaug(folder: Path) -> EmoAug:
    return with_manner(folder)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, ...]]]:
    """The old and the new manner that each converter was given."""
    calls: list[tuple[Any, ...]] = []
    real = Converter.__call__

    def noted(self: Converter, parts: Parts, *given: np.ndarray) -> Change:
        calls.append(given[:2])
        return real(self, parts, *given)

    monkeypatch.setattr(Converter, "__call__", noted)
    return calls


def said(emoaug: EmoAug, given: Sound, point: np.ndarray, *how: Variation) -> Speech:
    return emoaug(given, emoaug.prosody.takes(given), point, *how)


# What is drawn besides


def test_what_is_drawn_lies_within_its_limits() -> None:
    random = np.random.default_rng(0)
    drawn = [Variation.drawn(random) for _ in range(500)]
    intensities, tempos = ([getattr(one, name) for one in drawn] for name in ("intensity", "tempo"))
    assert (min(intensities), max(intensities)) == pytest.approx(INTENSITIES, abs=0.01)
    assert (min(tempos), max(tempos)) == pytest.approx((np.exp(-TEMPO), np.exp(TEMPO)), abs=0.005)
    assert abs(np.corrcoef(intensities, tempos)[0, 1]) < 0.2


def test_a_name_is_drawn_in_as_well() -> None:
    random = np.random.default_rng(0)
    named = [Variation.drawn(random, "sad").named for _ in range(500)]
    assert (min(named), max(named)) == pytest.approx(NAMED, abs=0.01)
    assert Variation.drawn(random).named == 0


def test_the_same_seed_draws_the_same() -> None:
    one, two, other = (Variation.drawn(np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert one == two != other


# What is made


@pytest.mark.parametrize("intensity", [0.5, 1.0, 1.1])
def test_the_mean_moves_towards_the_wanted_one(emoaug: EmoAug, asked: list[Any], intensity: float) -> None:
    said(emoaug, sound(2.5), POINT, Variation(intensity))
    [(old, new)] = asked  # and no contour: the melody is the networks'
    wanted = np.pad(POINT, (0, len(EMOTIONS)))  # no emotion by name
    np.testing.assert_allclose(new.mean(axis=0), (1 - intensity) * old.mean(axis=0) + intensity * wanted, atol=1e-6)
    np.testing.assert_allclose(new - new.mean(axis=0), old - old.mean(axis=0), atol=1e-6)  # the course stays


def test_a_known_emotion_is_told_by_name_as_well(emoaug: EmoAug, asked: list[Any]) -> None:
    for emotion in ("sad", "disgusted"):  # the second is none of the model's
        said(emoaug, sound(1.5), POINT, Variation(emotion=emotion, named=0.25))
    named, plain = (new.mean(axis=0) for _, new in asked)
    feeling = emoaug.prosody.wish(emotion="sad").tone
    np.testing.assert_allclose(named, 0.75 * np.pad(POINT, (0, len(EMOTIONS))) + 0.25 * feeling, atol=1e-6)
    np.testing.assert_allclose(plain, np.pad(POINT, (0, len(EMOTIONS))), atol=1e-6)


def test_what_is_made_is_speech_and_not_the_source(emoaug: EmoAug) -> None:
    given = sound(1.5)
    made = said(emoaug, given, POINT)
    assert isinstance(made, Speech)
    assert made.rate == MEL.rate
    wave = given.at(MEL.rate).samples
    count = min(len(wave), len(made.samples))
    assert np.abs(made.samples[:count] - wave[:count]).max() > 0.01


@pytest.mark.parametrize("point", ["own", "switched off"])
def test_where_nothing_changes_the_source_comes_back(folder: Path, point: str) -> None:
    emoaug, given = with_manner(folder, AS_IT_IS if point == "switched off" else None), sound(1.5)
    own = emoaug.prosody_of(emoaug.prosody.takes(given)).mean(axis=0)
    made = said(emoaug, given, own if point == "own" else POINT)
    np.testing.assert_allclose(made.samples, given.at(MEL.rate).samples, atol=1e-3)


@pytest.mark.parametrize("tempo", [0.94, 1.0, 1.06])
def test_it_takes_so_many_times_as_long(folder: Path, tempo: float) -> None:
    emoaug = with_manner(folder, AS_IT_IS)
    made = said(emoaug, sound(2.0), POINT, Variation(tempo=tempo))
    assert made.duration == pytest.approx(2.0 * tempo, abs=2 / RATE)


def test_a_tempo_is_of_one_clip_alone(folder: Path) -> None:
    manner = replace(AS_IT_IS, colour=0.5)
    emoaug = with_manner(folder, manner)
    said(emoaug, sound(1.0), POINT, Variation(tempo=1.5))
    assert emoaug.prosody.manner == manner
    assert said(emoaug, sound(1.0), POINT).duration == pytest.approx(1.0, abs=2 / RATE)


def test_the_same_is_made_again(emoaug: EmoAug) -> None:
    one, two = (said(emoaug, sound(1.0), POINT, Variation(0.9, 1.03)).samples for _ in range(2))
    np.testing.assert_array_equal(one, two)


# Where it comes from


def test_it_is_sent_to_others_without_its_models(folder: Path) -> None:
    emoaug = with_manner(folder, AS_IT_IS)
    said(emoaug, sound(1.0), POINT)  # loads them
    sent = pickle.dumps(emoaug)
    assert len(sent) < 1000
    there = pickle.loads(sent)
    assert (there.folder, there.prosody.manner) == (folder, AS_IT_IS)
    assert "net" not in vars(there.prosody)


def test_where_no_model_is(tmp_path: Path) -> None:
    nowhere = EmoAug.from_pretrained(folder=tmp_path)
    with pytest.raises(AssetError, match="is not a model's folder"):
        _ = nowhere.config
    with pytest.raises(AssetError, match=r"no model\.safetensors; give another one"):
        _ = nowhere.digest


# What is heard


def test_the_prosody_of_a_clip(emoaug: EmoAug) -> None:
    feature = ProsodyFeature(emoaug)
    found = feature(clip(2.5))["mean"]
    style = emoaug.prosody_of(emoaug.prosody.takes(sound(2.5)))
    assert style.shape == (3, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, style.mean(axis=0), atol=1e-6)


def test_what_other_weights_heard_has_another_name(emoaug: EmoAug, tmp_path: Path) -> None:
    other = ProsodyFeature(EmoAug.from_pretrained(folder=saved(tmp_path, seed=1)))
    assert ProsodyFeature(emoaug).name == ProsodyFeature(emoaug).name != other.name


def test_an_utterance_has_sound_and_is_no_longer_than_a_minute() -> None:
    assert utterance(clip(1.0)).duration == 1
    mute = from_arrays(video=(np.zeros((2, 32, 32, 3), np.uint8), 25.0))
    with pytest.raises(InputError, match="has no sound"):
        utterance(mute)
    with pytest.raises(InputError, match="lasts 61 s: an utterance lasts at most 60 s; cut it up, with start and end"):
        utterance(clip(LONGEST + 1))
