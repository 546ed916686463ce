"""`Prosody` with small networks of random weights and made-up parts: what it hears, what it says, which weights."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.assets.shipped import shipped
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.signal.harmonic import Melody
from espressivo.signal.tokens import SpeechTokens
from espressivo.systems.prosody2vec import pipeline
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import nearest
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR, RATE
from espressivo.systems.prosody2vec.pipeline import USUAL, Prosody
from espressivo.systems.prosody2vec.quality import pooled, vectors
from espressivo.systems.prosody2vec.seconds import seconds_of
from espressivo.systems.speech_units.pipeline import SpeechUnits
from tests.systems.prosody2vec.making import parts_of
from tests.systems.prosody2vec.standing import EMOTIONS, saved, sound, standing_in
from tests.systems.vocoder.making import random_vocoder
from tests.verbs.tiny_prosody import Say, tiny_prosody


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prosody:
    prosody = standing_in(saved(tmp_path_factory.mktemp("model")))
    prosody.vocoder = random_vocoder(tmp_path_factory.mktemp("vocoder"))  # type: ignore[misc]
    return prosody


# Style


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.6])
def test_the_prosody_of_each_second(made, seconds):
    style = made.style(sound(seconds))
    assert style.shape == (seconds_of(int(seconds * 2 * RATE) // 2), 4)
    assert set(np.unique(style)) <= {-1.0, -0.5, 0.0, 0.5, 1.0}


# Tokens


@pytest.mark.parametrize("seconds", [0.5, 0.99, 1.0, 1.01, 2.0, 2.02, 3.3])
def test_tokens_cover_the_same_time(made, seconds):
    given = sound(seconds)
    tokens = made.tokens(given)
    assert len(tokens) == round(seconds * 16_000) // 640
    assert len(tokens.pitch) == -(-len(tokens) // 2)
    assert len(tokens.style) == -(-len(tokens) // 25)
    assert tokens.style.dtype == np.int16
    assert tokens.register == 140
    wanted = nearest(made.style(given), made.net.styles.numpy())
    np.testing.assert_array_equal(tokens.style[: len(wanted)], wanted[: len(tokens.style)])


def test_what_the_tokens_say_is_spoken_as_long(made):
    for seconds in (0.5, 1.0, 2.3):
        tokens = made.tokens(sound(seconds))
        spoken = made.speak(tokens, np.ones(256) / 16)
        assert isinstance(spoken, Speech)
        assert spoken.rate == 22_050
        assert spoken.duration == pytest.approx(tokens.duration, abs=0.5 / RATE + 1e-6)
        assert spoken.mark


def test_what_is_spoken_depends_on_every_kind_of_token(made):
    tokens = made.tokens(sound(1.4))
    voice = np.ones(256) / 16
    plain = made.speak(tokens, voice).samples
    np.testing.assert_array_equal(made.speak(tokens, voice).samples, plain)
    for other in (
        SpeechTokens(tokens.units[::-1], tokens.pitch, tokens.style, tokens.register),
        SpeechTokens(tokens.units, np.where(tokens.pitch > 0, tokens.pitch + 9, 0), tokens.style, tokens.register),
        SpeechTokens(tokens.units, tokens.pitch, tokens.style, 240.0),
        SpeechTokens(tokens.units, tokens.pitch, (tokens.style + 1) % 4, tokens.register),
    ):
        assert np.abs(made.speak(other, voice).samples - plain).max() > 1e-3
    assert np.abs(made.speak(tokens, -voice).samples - plain).max() > 1e-3


def test_tokens_of_a_whisper_are_spoken(made):
    spoken = made.speak(SpeechTokens(np.zeros(30, int), np.zeros(15, int), np.zeros(2, int)), np.ones(256) / 16)
    assert np.isfinite(spoken.samples).all()


def test_what_has_no_style_cannot_be_spoken(made):
    for bad in (
        SpeechTokens(np.zeros(3, int), np.zeros(2, int)),
        SpeechTokens(np.zeros(0, int), np.zeros(0, int), np.zeros(0, int)),
    ):
        with pytest.raises(InputError, match="no tokens to speak, or none for the style"):
            made.speak(bad, np.ones(256) / 16)


def sung(made: Prosody, monkeypatch: pytest.MonkeyPatch, level: float) -> tuple[torch.Tensor, Melody]:
    """What the vocoder gets where every number of the mel is `level`."""
    heard: list[tuple[torch.Tensor, Melody]] = []
    singer = type(made.vocoder)
    monkeypatch.setattr(singer, "sing", lambda self, *given: heard.append(given) or torch.zeros(1, 512))
    monkeypatch.setattr(made.net, "mel", lambda content, *rest: torch.full((*content.shape[:2], PAIR * BANDS), level))
    made.speak(SpeechTokens(np.zeros(25, int), np.arange(13) % 2 * 30, np.zeros(1, int)), np.ones(256) / 16)
    return heard[0]


def test_speech_is_as_loud_as_recordings_usually_are(made, monkeypatch):
    mel, melody = sung(made, monkeypatch, LEVEL + 1)
    assert mel.shape == (1, PAIR * round(RATE), BANDS)
    torch.testing.assert_close(mel, torch.full_like(mel, 1 - USUAL))
    assert melody.hz.shape == melody.voiced.shape == mel.shape[:2]
    assert set(melody.voiced.unique().tolist()) == {0.0, 1.0}
    assert (melody.hz > 0).all()


def test_silence_that_is_spoken_ends_at_the_floor_of_the_mel(made, monkeypatch):
    mel, _ = sung(made, monkeypatch, LEVEL - 50)
    torch.testing.assert_close(mel, torch.full_like(mel, float(np.log(MEL.floor))))


# Weights


def test_licences_and_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr("espressivo.assets.shipped.beside", lambda name: tmp_path / name)
    with pytest.raises(ConfigError, match="unknown licence 'free': choose one of permissive, any"):
        Prosody.from_pretrained(licence="free")
    for licence, name in (("permissive", "prosody2vec"), ("any", "prosody2vec-nc")):
        says = f"the checkpoint {name} is missing from this installation: install espressivo again"
        with pytest.raises(AssetError, match=says) as caught:
            Prosody.from_pretrained(licence=licence)
        assert "\n" not in str(caught.value)
        place = tmp_path / "checkpoints" / name
        place.mkdir(parents=True)
        assert Prosody.from_pretrained(licence=licence).folder == place


@pytest.mark.parametrize(("licence", "name"), sorted(pipeline.CHECKPOINTS.items()))
def test_what_ships_can_be_used_as_promised(licence, name):
    there = {one.folder.name: one for one in shipped()}
    if name not in there:
        pytest.skip(f"{name} does not ship yet")
    prosody = Prosody.from_pretrained(licence=licence)
    assert there[name].permissive or licence != "permissive"
    assert {"neutral", "happy", "sad", "angry"} <= set(prosody.emotions)
    codes = SpeechUnits.from_pretrained(count=prosody.net.config.codes).codebook
    np.testing.assert_allclose(prosody.net.codes.numpy(), codes, atol=2e-3, rtol=2e-3)  # kept in fp16
    assert len(prosody.net.styles.unique(dim=0)) > 50


def test_a_folder_of_ones_own(made, tmp_path):
    assert Prosody.from_pretrained(folder=made.folder).emotions == EMOTIONS
    with pytest.raises(AssetError, match="is not a model's folder") as caught:
        _ = Prosody.from_pretrained(folder=tmp_path / "none").emotions
    assert "\n" not in str(caught.value)


# What a recording is in numbers


def test_vectors(made):
    parts = parts_of(1.5)
    found = vectors(made.net, parts)
    assert {name: len(vector) for name, vector in found.items()} == {
        "prosody": 8,
        "content": 128,
        "mel": 320,
        "voice": 256,
    }
    np.testing.assert_allclose(pooled(np.array([[1.0, 5], [3, 5]])), [2, 5, 1, 0])


# The whole, with real ears


@pytest.mark.weights
def test_a_sentence_to_tokens_and_back(
    tmp_path_factory: pytest.TempPathFactory, say: Say, asset: Callable[[str], Path]
) -> None:
    prosody = Prosody.from_pretrained(folder=tiny_prosody(tmp_path_factory.mktemp("tiny"), say, asset))
    spoken = say("My dog is ill.")
    given = from_arrays(sound=(spoken, 16_000)).sound
    tokens = prosody.tokens(given)
    assert len(np.unique(tokens.units)) > 10
    again = prosody.speak(tokens, prosody.takes(given).speaker)
    assert again.duration == pytest.approx(tokens.duration, abs=0.5 / RATE + 1e-6)
    with pytest.raises(InputError, match=r"prosody needs at least 0\.5 s"):
        prosody.style(sound(0.4))
    with pytest.raises(InputError, match="silence"):
        prosody.convert(from_arrays(sound=(np.zeros(16_000, np.float32), 16_000)).sound, emotion="happy")
