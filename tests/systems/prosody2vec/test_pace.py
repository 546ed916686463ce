"""The pace follows another prosody, sound by sound, within its limits; a tempo comes on top."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.systems.prosody2vec.conversion import FASTEST, SLOWEST, Converter, Manner
from espressivo.systems.prosody2vec.model import Prosody2Vec
from tests.systems.prosody2vec.making import parts_of
from tests.systems.prosody2vec.standing import LAG, NET, PARTS, styles


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


@pytest.mark.parametrize(("by", "factor"), [(0.0, 1.0), (0.3, np.exp(0.3)), (9, SLOWEST), (-9, FASTEST)])
@pytest.mark.parametrize("tempo", [0.5, 0.94, 1.06, 2.0])
def test_a_tempo_comes_on_top_of_the_pace_and_of_its_limits(by, factor, tempo, net):
    old, new = np.zeros((2, 4), np.float32), np.eye(4, dtype=np.float32)[[0, 0]]
    places = Converter(paced(net, by), LAG, Manner(tempo=tempo)).timed(PARTS, old, new)
    assert len(places) == pytest.approx(len(PARTS) * factor * tempo, abs=2.1)
    np.testing.assert_allclose(np.diff(places)[5:-5], 1 / (factor * tempo), atol=0.02)


def test_a_tempo_is_kept_where_the_pace_is_switched_off():
    converter = Converter(NET, LAG, Manner(pace=0, tempo=1.5))
    change = converter(PARTS, styles(PARTS), styles(PARTS, 1, 2.0))
    assert len(change.places) == pytest.approx(1.5 * len(PARTS), abs=1.1)
    assert change.places[60] == pytest.approx(60.5 / 1.5 - 0.5, abs=0.01)


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
