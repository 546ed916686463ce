"""Another prosody for a recording in parts: pace, melody and colour follow it, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.clip import SPEECH_RATE
from espressivo.media.speech import Speech
from espressivo.signal.pitch import PitchTracker
from espressivo.systems.prosody2vec.conversion import (
    HIGHEST,
    LOWEST,
    MOST,
    Change,
    Converter,
    Manner,
)
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import carried, noise
from espressivo.systems.prosody2vec.model import Contour, Prosody2Vec
from espressivo.systems.prosody2vec.parts import MEL, PAIR, RATE, Parts
from tests.synthetic import speechlike
from tests.systems.prosody2vec.making import parts_of
from tests.systems.prosody2vec.standing import LAG, NET, PARTS, styles
from tests.systems.vocoder.making import hum

FRAME = PAIR * MEL.hop  # samples
NONE = {"pace": 0.0, "melody": 0.0, "colour": 0.0}


def heard(wave: np.ndarray) -> float:
    """The middle of its pitch, in Hz."""
    return PitchTracker()(Speech(wave, MEL.rate).at(SPEECH_RATE).samples).median


def nothing(frames: int, **more: np.ndarray) -> Change:
    """That leaves so many frames as they are, but for what is given."""
    still = {"places": np.arange(frames) + 0.0, "higher": np.ones(frames), "colour": np.zeros((PAIR * frames, BANDS))}
    return Change(**{**still, **more})


# Nothing new


@settings(deadline=None, max_examples=12)
@given(seconds=st.floats(0.5, 9.0), seed=st.integers(0, 9))
def test_the_same_prosody_asks_for_no_change(seconds, seed):
    parts = parts_of(seconds, seed)
    old = styles(parts, seed)
    change = Converter(NET, LAG)(parts, old, old)
    # The last unit may reach half a frame further than the mel, or less far.
    assert abs(len(change.places) - len(parts)) <= 1
    count = min(len(change.places), len(parts)) - 1
    np.testing.assert_allclose(change.places[:count], np.arange(count), atol=1e-6)
    np.testing.assert_array_equal(change.higher, 1)
    np.testing.assert_array_equal(change.colour, 0)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.3])
def test_the_same_prosody_leaves_the_waveform_as_it_is(seconds):
    parts, wave = parts_of(seconds), speechlike(seconds, MEL.rate)
    made = Converter(NET, LAG)(parts, styles(parts), styles(parts)).done(wave, parts)
    np.testing.assert_allclose(made, wave, atol=1e-5)  # and what fills no frame stays as well


# Shapes


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.3])
def test_what_is_to_be_done_at_each_frame(seconds):
    parts = parts_of(seconds)
    change = Converter(NET, LAG)(parts, styles(parts), styles(parts, 1, 2.0))
    frames = len(change.places)
    assert change.higher.shape == (frames,)
    assert change.colour.shape == (PAIR * frames, BANDS)
    for part in (change.places, change.higher, change.colour):
        assert np.isfinite(part).all()
    assert (change.higher > 0).all()
    wave = speechlike(seconds, MEL.rate)
    made = change.done(wave, parts)
    assert made.shape == ((frames - len(parts)) * FRAME + len(wave),)
    assert np.isfinite(made).all()


def test_of_a_whisper_the_melody_cannot_change():
    whisper, wave = parts_of(1.0, voiced=False), speechlike(1.0, MEL.rate)
    change = Converter(NET, LAG)(whisper, styles(whisper), styles(whisper, 1, 2.0))
    assert (change.higher != 1).any()
    flat = replace(change, higher=np.ones_like(change.higher))
    np.testing.assert_array_equal(change.done(wave, whisper), flat.done(wave, whisper))


# How much of it


def test_pace_melody_and_colour_are_switched_on_one_by_one():
    old, new = styles(PARTS), styles(PARTS, 1, 2.0)
    still, paced_, sung, coloured = (
        Converter(NET, LAG, Manner(**NONE | more))(PARTS, old, new)
        for more in ({}, {"pace": 1.0}, {"melody": 1.0}, {"colour": 1.0})
    )
    same = slice(0, -2)
    for change in (still, sung, coloured):
        np.testing.assert_allclose(change.places[same], np.arange(len(PARTS))[same], atol=1e-6)
    for change in (still, paced_, coloured):
        np.testing.assert_array_equal(change.higher, 1)
    for change in (still, paced_, sung):
        np.testing.assert_array_equal(change.colour, 0)
    common = min(len(paced_.places), len(PARTS))
    assert np.abs(paced_.places[:common] - np.arange(common)).max() > 0.5
    assert np.abs(np.log(sung.higher)).max() > 0.02
    assert np.abs(coloured.colour).max() > 0.05


def test_what_is_switched_off_leaves_the_waveform_as_it_is():
    wave = speechlike(2.0, MEL.rate)
    made = Converter(NET, LAG, Manner(**NONE))(PARTS, styles(PARTS), styles(PARTS, 1, 2.0)).done(wave, PARTS)
    np.testing.assert_allclose(made, wave[: len(made)], atol=1e-5)


def test_half_of_the_melody_and_of_the_colour():
    old, new = styles(PARTS), styles(PARTS, 1)
    whole, sung, coloured = (
        Converter(NET, LAG, Manner(**{"pace": 0.0} | more))(PARTS, old, new)
        for more in ({}, {"melody": 0.5}, {"colour": 0.5})
    )
    np.testing.assert_allclose(np.log(sung.higher), 0.5 * np.log(whole.higher), atol=1e-5)
    np.testing.assert_allclose(coloured.colour, 0.5 * whole.colour, atol=1e-5)


# On the waveform


def humming(hertz: float) -> tuple[np.ndarray, Parts]:
    """Two seconds of one note, and its parts."""
    hz = np.full(len(PARTS), hertz, np.float32)
    return hum(hertz, 2.0, MEL.rate), replace(PARTS, hz=hz)


def test_a_note_is_sung_as_much_higher_as_was_found():
    wave, parts = humming(150.0)
    made = nothing(len(parts), higher=np.full(len(parts), 1.3)).done(wave, parts)
    assert heard(made) == pytest.approx(195, rel=0.02)
    assert len(made) == len(wave)


def test_a_note_lasts_as_long_as_its_places():
    wave, parts = humming(150.0)
    made = nothing(100, places=np.linspace(0, len(parts) - 1, 100)).done(wave, parts)
    assert heard(made) == pytest.approx(150, rel=0.02)
    assert len(made) == (100 - len(parts)) * FRAME + len(wave)


def test_colour_is_louder_where_it_says_so():
    wave, parts = humming(150.0)
    later = np.repeat([0.0, 0.5], len(parts))[:, None] * np.ones(BANDS)
    made, half = nothing(len(parts), colour=later).done(wave, parts), len(parts) * FRAME // 2
    margin = 3 * FRAME
    np.testing.assert_allclose(made[: half - margin], wave[: half - margin], atol=1e-4)
    after = slice(half + margin, len(made) - margin)
    np.testing.assert_allclose(made[after], np.exp(0.5) * wave[after], atol=1e-3)


# Melody


def sung(net: Prosody2Vec, by: float) -> Prosody2Vec:
    """Thinks that everything is said so many nats higher, the more the prosody's first number is."""
    net.contour = lambda content, tone: Contour(by * tone[..., 0], tone[..., 0], tone[..., 0])  # type: ignore[method-assign]
    return net


def steady(hertz: float) -> Parts:
    return replace(PARTS, hz=np.full(len(PARTS), hertz, np.float32))


@pytest.mark.parametrize("by", [-0.6, -0.2, 0.0, 0.4, 0.9])
def test_the_melody_follows_by_as_many_nats(by, net):
    old, new = np.zeros((2, 4), np.float32), np.eye(4, dtype=np.float32)[[0, 0]]
    change = Converter(sung(net, by), LAG)(steady(150.0), old, new)
    np.testing.assert_allclose(change.higher, np.exp(by), rtol=1e-5)


def test_the_melody_may_change_along_the_way(net):
    old, new = np.zeros((2, 4), np.float32), np.zeros((2, 4), np.float32)
    new[1, 0] = 1
    change = Converter(sung(net, 0.5), LAG, Manner(pace=0))(steady(150.0), old, new)
    at = (np.arange(len(change.higher)) + 0.5) / RATE
    np.testing.assert_allclose(np.log(change.higher), 0.5 * np.clip(at - 0.5, 0, 1), atol=1e-5)


@pytest.mark.parametrize(("by", "limit"), [(-9.0, LOWEST), (9.0, HIGHEST)])
def test_the_melody_has_its_limits(by, limit, net):
    old, new = styles(PARTS), styles(PARTS)
    new[:, 0] += 1
    change = Converter(sung(net, by), LAG, Manner(pace=0))(PARTS, old, new)
    pitch = np.exp(carried(PARTS.hz))[np.round(change.places).astype(int)]
    np.testing.assert_allclose(pitch * change.higher, limit, rtol=1e-4)


@pytest.mark.parametrize(
    ("hertz", "asked", "comes"),
    [
        *((40.0, 30.0, 40.0), (40.0, 50.0, 50.0), (40.0, 100.0, 100.0), (40.0, 900.0, HIGHEST)),
        *((700.0, 900.0, 700.0), (700.0, 650.0, 650.0), (700.0, 300.0, 300.0), (700.0, 20.0, LOWEST)),
    ],
)
def test_what_lay_beyond_the_limits_may_stay_but_goes_no_further(hertz, asked, comes):
    contour = np.full(len(PARTS), np.log(asked), np.float32)
    change = Converter(NET, LAG)(steady(hertz), styles(PARTS), styles(PARTS), contour)
    np.testing.assert_allclose(hertz * change.higher, comes, rtol=1e-4)


def test_a_contour_that_is_given_is_taken():
    contour = np.linspace(np.log(100), np.log(300), len(PARTS)).astype(np.float32)
    change = Converter(NET, LAG)(PARTS, styles(PARTS), styles(PARTS, 1), contour)
    was, wanted = (np.interp(change.places, np.arange(len(PARTS)), course) for course in (carried(PARTS.hz), contour))
    np.testing.assert_allclose(np.log(change.higher), wanted - was, atol=1e-5)


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 9), scale=st.floats(0, 20))
def test_a_melody_stays_within_what_can_be_sung(seed, scale):
    parts = parts_of(1.5, seed)
    change = Converter(NET, LAG)(parts, styles(parts), styles(parts, seed + 1, scale))
    pitch = np.interp(change.places, np.arange(len(parts)), carried(parts.hz))
    assert np.exp(pitch.min()) > LOWEST
    assert (np.exp(pitch) * change.higher).min() > LOWEST * 0.999
    assert (np.exp(pitch) * change.higher).max() < HIGHEST * 1.001


# Colour


def test_a_broad_difference_of_the_mels_is_the_colour(net):
    net.mel = lambda content, speaker, pitch, voiced, tone, quiet: tone[..., :1].expand(-1, -1, PAIR * BANDS)  # type: ignore[method-assign]
    old, new = styles(PARTS), styles(PARTS)
    new[:, 0] += 0.75
    np.testing.assert_allclose(Converter(net, LAG)(PARTS, old, new).colour, bounded(0.75), atol=1e-5)


@pytest.mark.parametrize("asked", [-30.0, 0.01, 4.0])
def test_the_colour_has_its_limits(net, asked):
    net.mel = lambda content, speaker, pitch, voiced, tone, quiet: tone[..., :1].expand(-1, -1, PAIR * BANDS)  # type: ignore[method-assign]
    old, new = styles(PARTS), styles(PARTS)
    new[:, 0] += asked
    found = Converter(net, LAG)(PARTS, old, new).colour
    np.testing.assert_allclose(found, bounded(asked), atol=1e-5)
    assert np.abs(found).max() <= MOST


def bounded(colour: float) -> float:
    return MOST * float(np.tanh(colour / MOST))


def test_the_fine_detail_of_the_mels_is_left_to_the_recording(net):
    wave = np.cos(np.pi * 30 * (np.arange(BANDS) + 0.5) / BANDS)  # 30 half turns over the bands
    detail = torch.from_numpy(np.tile(wave, PAIR).astype(np.float32))
    net.mel = lambda content, speaker, pitch, voiced, tone, quiet: tone[..., :1] * detail  # type: ignore[method-assign]
    old, new = styles(PARTS), styles(PARTS)
    new[:, 0] += 0.75
    np.testing.assert_allclose(Converter(net, LAG)(PARTS, old, new).colour, 0, atol=1e-5)


def test_colour_hears_the_melody_too(net):
    net.mel = lambda content, speaker, pitch, voiced, tone, quiet: pitch[..., None].expand(-1, -1, PAIR * BANDS)  # type: ignore[method-assign]
    contour = np.full(len(PARTS), np.log(220.0), np.float32)
    colour = Converter(net, LAG)(steady(150.0), styles(PARTS), styles(PARTS), contour).colour
    np.testing.assert_allclose(colour, bounded(np.log(220 / 150)), atol=1e-5)


def test_what_is_made_is_told_of_quiet_pauses_only_if_so_wished(net):
    def told(content, speaker, pitch, voiced, tone, quiet):
        return quiet[:, None, None].expand(-1, content.shape[1], PAIR * BANDS)

    net.mel = told  # type: ignore[method-assign]
    old, own = styles(PARTS), noise(PARTS)["noise"]
    assert (Converter(net, LAG)(PARTS, old, styles(PARTS, 1)).colour == 0).all()
    clean = Converter(net, LAG, Manner(clean=own + 2.0))(PARTS, old, old).colour
    np.testing.assert_allclose(clean, bounded(2.0), atol=1e-5)
