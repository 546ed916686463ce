"""`Prosody` with small networks of random weights and made-up parts: what it takes, what it gives, what it refuses."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.assets.shipped import shipped
from espressivo.clip import Sound
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.media.provenance import detect
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.signal.harmonic import Melody
from espressivo.signal.tokens import SpeechTokens
from espressivo.systems.prosody2vec import pipeline
from espressivo.systems.prosody2vec.conversion import Change, Converter, Manner
from espressivo.systems.prosody2vec.examples import nearest
from espressivo.systems.prosody2vec.model import BANDS, seconds_of
from espressivo.systems.prosody2vec.parts import LEVEL, MEL, PAIR, RATE, Parts
from espressivo.systems.prosody2vec.pipeline import USUAL, Prosody, changed
from espressivo.systems.prosody2vec.quality import pooled, vectors
from espressivo.systems.speech_units.pipeline import SpeechUnits
from espressivo.training.checkpoint import save_model
from tests.synthetic import tone
from tests.systems.prosody2vec.making import Taking, Units, lively, parts_of
from tests.systems.vocoder.making import random_vocoder
from tests.verbs.tiny_prosody import Say, tiny_prosody

EMOTIONS = ("neutral", "happy", "sad")


def sound(seconds: float, hz: float = 220.0) -> Sound:
    found = from_arrays(sound=(tone(seconds, hz=hz), 16_000)).sound
    assert found is not None
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prosody]:
    folder = tmp_path_factory.mktemp("model")
    net = lively(emotions=EMOTIONS)
    save_model(folder, net, net.config, "# Made")
    prosody = standing_in(Prosody(folder))
    prosody.vocoder = random_vocoder(tmp_path_factory.mktemp("vocoder"))  # type: ignore[misc]
    return prosody


def standing_in(prosody: Prosody) -> Prosody:
    """With what needs no weights in place of what takes recordings apart."""
    prosody.takes, prosody._units = Taking(), Units()  # type: ignore[misc, assignment]
    return prosody


@pytest.fixture
def taken(made: Prosody, monkeypatch: pytest.MonkeyPatch) -> list[Sound]:
    """What was taken apart."""
    given: list[Sound] = []
    real = Taking.__call__

    def noted(self: Taking, one: Sound) -> Parts:
        given.append(one)
        return real(self, one)

    monkeypatch.setattr(Taking, "__call__", noted)
    return given


@pytest.fixture
def asked(made: Prosody, monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """The old style, the new one and the contour of each conversion."""
    calls: list[tuple[np.ndarray, np.ndarray, np.ndarray | None]] = []
    real = Converter.__call__

    def noted(
        self: Converter, parts: Parts, old: np.ndarray, new: np.ndarray, contour: np.ndarray | None = None
    ) -> Change:
        calls.append((old, new, contour))
        return real(self, parts, old, new, contour)

    monkeypatch.setattr(Converter, "__call__", noted)
    return calls


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
    for changed in (
        SpeechTokens(tokens.units[::-1], tokens.pitch, tokens.style, tokens.register),
        SpeechTokens(tokens.units, np.where(tokens.pitch > 0, tokens.pitch + 9, 0), tokens.style, tokens.register),
        SpeechTokens(tokens.units, tokens.pitch, tokens.style, 240.0),
        SpeechTokens(tokens.units, tokens.pitch, (tokens.style + 1) % 4, tokens.register),
    ):
        assert np.abs(made.speak(changed, voice).samples - plain).max() > 1e-3
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


# Conversion


def test_an_intensity_of_nothing_leaves_the_prosody_as_it_is(made, asked):
    for wish in ({"emotion": "sad"}, {"reference": sound(2.0, 150)}):
        made.convert(sound(1.5), intensity=0.0, **wish)
        old, new, contour = asked.pop()
        np.testing.assert_array_equal(old, new)
        if contour is not None:
            np.testing.assert_allclose(contour, pipeline.carried(made.takes(sound(1.5)).hz), atol=1e-6)


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_an_intensity_of_nothing_leaves_the_recording_as_it_is(made, wish):
    given = sound(1.5)
    spoken = made.convert(given, intensity=0.0, **wish)
    wave = given.at(MEL.rate).samples
    assert len(wave) - PAIR * MEL.hop < len(spoken.samples) <= len(wave)
    np.testing.assert_allclose(spoken.samples, wave[: len(spoken.samples)], atol=1e-5)


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_a_wish_changes_the_recording(made, wish):
    given = sound(1.5)
    spoken, still = (made.convert(given, intensity=intensity, **wish).samples for intensity in (1.0, 0.0))
    count = min(len(spoken), len(still))
    assert np.abs(spoken[:count] - still[:count]).max() > 0.01


@pytest.mark.parametrize("intensity", [0.3, 1.0])
def test_an_emotion_moves_the_mean_towards_its_own(made, asked, intensity):
    made.convert(sound(2.5), emotion="Happiness", intensity=intensity)
    old, new, contour = asked.pop()
    assert contour is None
    mean = made.net.feeling(torch.tensor(1)).numpy()
    np.testing.assert_allclose(new.mean(axis=0), (1 - intensity) * old.mean(axis=0) + intensity * mean, atol=1e-6)
    np.testing.assert_allclose(new - new.mean(axis=0), old - old.mean(axis=0), atol=1e-6)  # the course stays


def test_a_reference_gives_its_prosody_and_its_melody(made, asked):
    other = sound(2.0, 150)
    made.convert(sound(1.5), reference=other)
    _, new, contour = asked.pop()
    np.testing.assert_allclose(new.mean(axis=0), np.pad(made.style(other).mean(axis=0), (0, 3)), atol=1e-6)
    assert contour.shape == (len(made.takes(sound(1.5))),)
    made.convert(sound(1.5), reference=other, intensity=0.25)
    own = pipeline.carried(made.takes(sound(1.5)).hz)
    np.testing.assert_allclose(asked.pop()[2], own + 0.25 * (contour - own), atol=1e-5)


def test_of_a_whisper_there_is_no_melody_to_take(made, asked):
    made.convert(sound(1.5), reference=sound(2.0, 50))
    assert asked.pop()[2] is None


def test_what_comes_out_is_speech_that_marks_itself(made, tmp_path):
    given = sound(1.5)
    spoken = made.convert(given, emotion="sad")
    assert isinstance(spoken, Speech)
    assert spoken.rate == MEL.rate
    assert 0.55 * given.duration < spoken.duration < 1.9 * given.duration
    assert spoken.mark
    assert len(spoken.samples) % (PAIR * MEL.hop) == 0
    spoken.save(tmp_path / "sad.wav")
    assert detect(tmp_path / "sad.wav").synthetic


def test_the_manner_is_handed_on(made):
    assert made.converter.manner == Manner()
    assert made.converter.lag == 0.015
    slow = standing_in(Prosody(made.folder, Manner(pace=0, tempo=1.5)))
    assert slow.convert(sound(1.5), emotion="sad").duration == pytest.approx(2.25, abs=2 / RATE)


# Wishes


def test_a_wish_of_an_emotion_needs_no_recording(made, taken):
    wish = made.wish(emotion="Happiness")
    np.testing.assert_array_equal(wish.tone, made.net.feeling(torch.tensor(1)).numpy())
    assert wish.parts is None
    assert taken == []


def test_a_reference_is_taken_apart_once_for_many_recordings(made, taken):
    other, others = sound(2.0, 150), [sound(1.5), sound(1.0, 180), sound(0.7, 300)]
    wish = made.wish(reference=other)
    for one in others:
        made.give(one, wish)
    assert taken == [other, *others]


@pytest.mark.parametrize("wish", [{"emotion": "sad"}, {"reference": sound(2.0, 150)}], ids=["emotion", "reference"])
def test_a_wish_that_is_given_later_is_the_same(made, wish):
    given = sound(1.5)
    at_once, later = made.convert(given, intensity=0.7, **wish), made.give(given, made.wish(**wish), 0.7)
    np.testing.assert_array_equal(at_once.samples, later.samples)


def test_an_emotion_has_the_number_of_its_place(made):
    assert [made.number_of(name) for name in ("neutral", "Happiness", "sadness")] == [0, 1, 2]


def test_a_model_that_has_learnt_no_emotions_says_so(tmp_path):
    save_model(tmp_path, lively(), lively().config, "# Made")
    with pytest.raises(ConfigError, match="has learnt no emotions, so not 'sad' either: give a reference recording"):
        Prosody(tmp_path).wish(emotion="sad")


def test_an_intensity_is_looked_at_before_the_recording(made, taken):
    wish = made.wish(emotion="sad")
    for wrong in (-0.1, 1.01, float("nan")):
        with pytest.raises(ConfigError, match=f"got an intensity of {wrong:g}: give 0"):
            made.give(sound(1.0), wish, wrong)
    assert taken == []


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({}, "give either an emotion or a reference recording"),
        ({"emotion": "sad", "reference": sound(1.0)}, "give either an emotion or a reference recording"),
        ({"emotion": "hungry"}, "cannot make it sound 'hungry': choose one of neutral, happy, sad"),
        ({"emotion": "angry"}, "cannot make it sound 'angry': choose one of neutral, happy, sad"),
        ({"emotion": "sad", "intensity": 1.01}, r"got an intensity of 1\.01: give 0"),
        ({"emotion": "sad", "intensity": -0.5}, r"got an intensity of -0\.5"),
        ({"emotion": "sad", "intensity": float("nan")}, "got an intensity of nan"),
    ],
)
def test_wishes_that_cannot_be_met(made, wish, says):
    with pytest.raises(ConfigError, match=says) as caught:
        made.convert(sound(1.0), **wish)
    assert "\n" not in str(caught.value)


# Loudness


def louder(given: Sound, nats: float) -> tuple[Speech, np.ndarray]:
    """What becomes of a recording that is so much louder in all bands; and that recording, as long."""
    parts = parts_of(given.duration)
    frames = len(parts)
    colour = np.full((PAIR * frames, BANDS), nats)
    spoken = changed(given, parts, Change(np.arange(frames) + 0.0, np.ones(frames), colour))
    return spoken, given.at(MEL.rate).samples[: len(spoken.samples)]


def test_what_gets_too_loud_is_made_to_fit():
    spoken, wave = louder(sound(1.0), 2.0)  # 0.3 to 2.2
    assert np.abs(spoken.samples).max() == pytest.approx(1)
    inside = slice(2000, -2000)
    np.testing.assert_allclose(spoken.samples[inside] / np.abs(spoken.samples[inside]).max(), wave[inside] / 0.3, atol=0.01)


@pytest.mark.parametrize("nats", [-1.0, 0.0, 1.0])
def test_what_fits_stays_as_loud_as_it_is(nats):
    spoken, wave = louder(sound(1.0), nats)
    inside = slice(2000, -2000)
    np.testing.assert_allclose(spoken.samples[inside], np.exp(nats) * wave[inside], atol=1e-3)


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
