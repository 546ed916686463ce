"""Another prosody for a recording in parts: pace, melody and colour follow it, and nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.conversion import (
    FASTEST,
    HIGHEST,
    LOWEST,
    SLOWEST,
    Converter,
    Manner,
    aligned,
    borrowed,
    stretched,
)
from espressivo.systems.prosody2vec.examples import carried
from espressivo.systems.prosody2vec.model import BANDS, Prosody2Vec, seconds_of
from espressivo.systems.prosody2vec.parts import MEL, PAIR, Parts
from tests.systems.prosody2vec.making import CODES, lively, parts_of

NET = lively()
LAG = 0.015
PARTS = parts_of(2.0)


@pytest.fixture
def net() -> Prosody2Vec:
    return lively()


def styles(parts: Parts, seed: int = 0, scale: float = 0.5) -> np.ndarray:
    """A prosody for each second."""
    count = seconds_of(len(parts))
    return (scale * np.random.default_rng(seed).normal(size=(count, 4))).astype(np.float32)


# Nothing new


@settings(deadline=None, max_examples=12)
@given(seconds=st.floats(0.5, 9.0), seed=st.integers(0, 9))
def test_the_same_prosody_leaves_the_recording_as_it_is(seconds, seed):
    parts = parts_of(seconds, seed)
    old = styles(parts, seed)
    made = Converter(NET, LAG, Manner(own=1.0))(parts, old, old)
    # The last unit may reach half a frame further than the mel, or less far.
    assert abs(len(made.places) - len(parts)) <= 1
    count = min(len(made.places), len(parts)) - 1
    np.testing.assert_allclose(made.places[:count], np.arange(count), atol=1e-6)
    single = PAIR * (count - 1)
    np.testing.assert_allclose(made.mel[:single], parts.mel.reshape(-1, BANDS)[:single], atol=1e-4)
    np.testing.assert_array_equal(made.voiced[:single], np.repeat(parts.hz > 0, PAIR)[:single])
    pairs = np.log(made.hz[:single]).reshape(-1, PAIR).mean(axis=1)
    np.testing.assert_allclose(pairs[1:], carried(parts.hz)[1 : count - 1], atol=0.02)


def test_what_is_made_anew_comes_in_as_far_as_asked():
    old = styles(PARTS)
    kept, half, anew = (Converter(NET, LAG, Manner(own=own))(PARTS, old, old).mel for own in (1.0, 0.5, 0.0))
    inside = (half > -11) & (kept > -11) & (anew > -11)
    np.testing.assert_allclose(half[inside], (0.5 * kept + 0.5 * anew)[inside], atol=1e-4)
    assert np.abs(kept - anew).max() > 1


# Shapes


@pytest.mark.parametrize("seconds", [0.5, 1.0, 3.3])
def test_what_goes_to_the_vocoder(seconds):
    parts = parts_of(seconds)
    made = Converter(NET, LAG)(parts, styles(parts), styles(parts, 1))
    frames = len(made.mel)
    assert made.mel.shape == (frames, BANDS)
    assert made.hz.shape == made.voiced.shape == (frames,)
    assert made.places.shape == (frames // PAIR,)
    assert {made.mel.dtype, made.hz.dtype, made.voiced.dtype} == {np.dtype(np.float32)}
    assert np.isfinite(made.mel).all()
    assert made.mel.min() >= np.float32(np.log(MEL.floor))
    assert set(np.unique(made.voiced)) <= {0.0, 1.0}
    assert made.hz.min() >= LOWEST - 0.01
    assert made.hz.max() <= HIGHEST + 0.01


def test_a_whisper_is_converted_too():
    whisper = parts_of(1.0, voiced=False)
    made = Converter(NET, LAG)(whisper, styles(whisper), styles(whisper, 1))
    assert (made.voiced == 0).all()
    assert (made.hz > 0).all()


def test_a_new_prosody_changes_pace_melody_and_colour_each_as_far_as_asked():
    old, new = styles(PARTS), styles(PARTS, 1, 2.0)
    none = {"pace": 0.0, "melody": 0.0, "colour": 0.0}
    still, paced_, sung, coloured = (
        Converter(NET, LAG, Manner(own=1, **none | more))(PARTS, old, new)
        for more in ({}, {"pace": 1.0}, {"melody": 1.0}, {"colour": 1.0})
    )
    same = slice(0, len(still.mel) - PAIR * 2)
    np.testing.assert_allclose(still.mel[same], PARTS.mel.reshape(-1, BANDS)[same], atol=1e-4)
    np.testing.assert_allclose(still.places[:-2], np.arange(len(still.places) - 2), atol=1e-6)
    common = min(len(paced_.places), len(still.places))
    assert np.abs(paced_.places[:common] - still.places[:common]).max() > 0.5
    assert np.abs(np.log(sung.hz / still.hz)).max() > 0.02
    np.testing.assert_array_equal(sung.mel, still.mel)
    assert np.abs(coloured.mel - still.mel).max() > 0.05
    np.testing.assert_array_equal(coloured.hz, still.hz)


# Timing


def paced(net: Prosody2Vec, by: float) -> Prosody2Vec:
    """Thinks that everything lasts so many nats longer, the more the prosody's first number is."""
    net.lengths = lambda runs, style: by * style[..., 0]  # type: ignore[method-assign]
    return net


@pytest.mark.parametrize(("by", "factor"), [(0.3, np.exp(0.3)), (-0.3, np.exp(-0.3)), (9, SLOWEST), (-9, FASTEST)])
def test_the_tempo_follows_and_has_its_limits(by, factor, net):
    old, new = np.zeros((2, 4), np.float32), np.eye(4, dtype=np.float32)[[0, 0]]
    places = Converter(paced(net, by), LAG).timed(PARTS, old, new)
    assert len(places) == pytest.approx(len(PARTS) * factor, abs=1.1)
    assert (np.diff(places) >= 0).all()
    np.testing.assert_allclose(np.diff(places)[5:-5], 1 / factor, atol=0.01)
    assert (places[0], places[-1]) == pytest.approx((0, len(PARTS) - 1), abs=1)


def test_the_tempo_may_change_along_the_way(net):
    old, new = np.zeros((2, 4), np.float32), np.zeros((2, 4), np.float32)
    new[1, 0] = 1
    places = Converter(paced(net, 0.5), LAG).timed(PARTS, old, new)
    assert np.diff(places)[3:10] == pytest.approx(1, abs=0.05)
    assert np.diff(places)[-12:-6] == pytest.approx(np.exp(-0.5), abs=0.05)


def test_half_of_the_pace(net):
    old, new = np.zeros((2, 4), np.float32), np.eye(4, dtype=np.float32)[[0, 0]]
    places = Converter(paced(net, 0.4), LAG, Manner(pace=0.5)).timed(PARTS, old, new)
    assert len(places) == pytest.approx(len(PARTS) * np.exp(0.2), abs=1.1)


@settings(deadline=None, max_examples=12)
@given(seconds=st.floats(0.5, 5), seed=st.integers(0, 5), scale=st.floats(0, 5))
@torch.inference_mode()
def test_time_never_runs_backwards_nor_beyond(seconds, seed, scale):
    parts = parts_of(seconds, seed)
    places = Converter(NET, LAG).timed(parts, styles(parts), styles(parts, seed + 1, scale))
    assert (np.diff(places) >= 0).all()
    assert places.min() >= 0
    assert places.max() <= len(parts) - 1
    assert FASTEST - 0.1 < len(places) / len(parts) < SLOWEST + 0.1


def test_a_mel_played_in_its_own_time_is_itself():
    np.testing.assert_allclose(stretched(PARTS.mel, np.arange(len(PARTS))), PARTS.mel, atol=1e-5)
    one = PARTS.mel[:1]
    np.testing.assert_allclose(stretched(one, np.zeros(1)), one, atol=1e-5)


def test_a_mel_played_slowly_goes_through_the_same():
    line = np.arange(40, dtype=np.float32)[:, None] * np.ones(BANDS, np.float32)  # single frames that count
    slow = stretched(line.reshape(20, -1), np.linspace(0, 19, 58)).reshape(-1, BANDS)[:, 0]
    assert len(slow) == 2 * 58
    assert (np.diff(slow) >= -1e-4).all()
    np.testing.assert_allclose(np.diff(slow)[4:-4], 1 / 3, atol=1e-3)


# Melody


def test_a_contour_that_is_given_is_taken():
    contour = np.linspace(np.log(100), np.log(300), len(PARTS)).astype(np.float32)
    old = styles(PARTS)
    made = Converter(NET, LAG)(PARTS, old, styles(PARTS, 1), contour)
    np.testing.assert_allclose(
        made.hz[::PAIR], np.exp(np.interp(made.places, np.arange(len(PARTS)), contour)), rtol=0.02
    )


def test_a_melody_stays_within_what_can_be_sung():
    for height, limit in ((2.0, LOWEST), (9.0, HIGHEST)):
        contour = np.full(len(PARTS), height, np.float32)
        made = Converter(NET, LAG)(PARTS, styles(PARTS), styles(PARTS), contour)
        np.testing.assert_allclose(made.hz, limit, rtol=1e-4)


def warped(count: int, power: float, slower: float, dtype: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sounds along a time, the same at another pace, and where in the first each frame of the second lies."""
    times = np.linspace(0, count - 1, 4 * count)
    place = (count - 1) * np.linspace(0, 1, round(4 * count * slower)) ** power
    one, other = (
        np.stack([np.interp(at, np.arange(count), CODES[:count, dim]) for dim in range(64)], axis=1).astype(dtype)
        for at in (times, place)
    )
    return one, other, place


def strayed(one: np.ndarray, other: np.ndarray, place: np.ndarray) -> np.ndarray:
    """By how many frames what was matched lies apart."""
    match = aligned(one, other)
    scale = (len(one) - 1) / place[-1]
    return np.abs(place[match] * scale - np.arange(len(one)))


@pytest.mark.parametrize("power", [0.8, 1.0, 1.4])
@pytest.mark.parametrize("slower", [0.6, 1.0, 1.7])
def test_the_same_words_at_another_pace_are_found(power, slower):
    assert strayed(*warped(30, power, slower, np.float64)).max() < 3


@pytest.mark.parametrize(("power", "slower"), [(1.0, 1.7), (1.4, 1.7), (1.5, 2.0)])
def test_the_same_words_are_found_in_single_precision_too(power, slower):
    assert strayed(*warped(30, power, slower, np.float32)).max() < 3


@given(n=st.integers(1, 25), m=st.integers(1, 25), seed=st.integers(0, 30))
def test_a_match_is_in_order_and_as_good_as_any(n, m, seed):
    random = np.random.default_rng(seed)
    one, other = random.normal(size=(n, 3)), random.normal(size=(m, 3))
    match = aligned(one, other)
    assert match.shape == (n,)
    assert match[0] == 0
    assert (np.diff(match) >= 0).all()
    assert match.max() < m
    assert through(one, other, match) == pytest.approx(best(one, other), abs=1e-6)


def cost(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    units = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (one, other)]
    return 1 - units[0] @ units[1].T


def best(one: np.ndarray, other: np.ndarray) -> float:
    """The cost of the best path, by the textbook."""
    costs = cost(one, other)
    total = np.full((len(one) + 1, len(other) + 1), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(costs.shape):
        total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[-1, -1])


def through(one: np.ndarray, other: np.ndarray, match: np.ndarray) -> float:
    """The cost of the best path that first meets `match` in each row: on along a row, then down or down and on."""
    costs, starts = cost(one, other), [*match, len(other)]
    total = 0.0
    for i, start in enumerate(match):
        last = i == len(one) - 1
        ends = {len(other) - 1} if last else {max(start, starts[i + 1] - 1), max(start, starts[i + 1])}
        total += min(costs[i, start : end + 1].sum() for end in ends if end < len(other))
    return total


def test_a_recording_matches_itself():
    np.testing.assert_array_equal(aligned(PARTS.content, PARTS.content), np.arange(len(PARTS.content)))


def test_a_melody_is_borrowed_around_ones_own_register(net):
    net.usual = torch.nn.Linear(256, 1 + BANDS)  # type: ignore[assignment]
    torch.nn.init.zeros_(net.usual.bias)
    higher = replace(PARTS, hz=PARTS.hz * np.float32(1.5), speaker=-PARTS.speaker)
    taken = borrowed(PARTS, higher, net, LAG)
    with torch.no_grad():
        own, theirs = (float(net.expected(torch.from_numpy(part.speaker)[None])[0]) for part in (PARTS, higher))
    assert abs(own - theirs) > 0.01
    np.testing.assert_allclose(taken, carried(PARTS.hz) + np.log(1.5) + own - theirs, atol=1e-4)


def test_of_another_length_the_melody_is_stretched():
    slow = parts_of(3.0)
    taken = borrowed(PARTS, slow, NET, LAG)
    assert taken.shape == (len(PARTS),)
    assert np.isfinite(taken).all()


def test_nothing_can_be_borrowed_where_nothing_is_voiced():
    whisper = parts_of(1.0, voiced=False)
    assert borrowed(PARTS, whisper, NET, LAG) is None
    assert borrowed(whisper, PARTS, NET, LAG) is None
