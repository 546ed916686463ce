"""The melody of another recording: sounds are matched in order, and it is moved to the voice's own register."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.conversion import aligned, borrowed
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import carried
from tests.systems.prosody2vec.making import CODES, parts_of
from tests.systems.prosody2vec.standing import LAG, NET, PARTS


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


def test_the_melody_of_other_words_does_not_fit():
    assert borrowed(PARTS, parts_of(2.0, seed=9), NET, LAG) is None


def test_nothing_can_be_borrowed_where_nothing_is_voiced():
    whisper = parts_of(1.0, voiced=False)
    assert borrowed(PARTS, whisper, NET, LAG) is None
    assert borrowed(whisper, PARTS, NET, LAG) is None
