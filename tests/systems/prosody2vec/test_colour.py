"""What is laid over a recording is broad and slow: it tilts a voice, it does not draw its detail."""

import numpy as np
import pytest
import torch
from torch import Tensor

from espressivo.systems.prosody2vec.colour import CEPSTRA, SPAN, broad, smoothed
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.parts import PAIR


def wave(order: int) -> Tensor:
    """So many half turns over the bands: the cosine that stands for a cepstrum."""
    return torch.from_numpy(np.cos(np.pi * order * (np.arange(BANDS) + 0.5) / BANDS)).float()


def pairs(single: Tensor) -> Tensor:
    """Single frames (frames, bands) as pairs of a batch of one."""
    return single.reshape(1, -1, PAIR * BANDS)


def singles(pair: Tensor) -> Tensor:
    return pair.reshape(-1, BANDS)


def still(frames: int, bands: Tensor) -> Tensor:
    """The same in each frame."""
    return pairs(bands.expand(PAIR * frames, BANDS))


@pytest.mark.parametrize("frames", [1, 2, 3, 40])
@pytest.mark.parametrize("by", [-1.5, 0.0, 0.75])
def test_a_flat_difference_stays(frames, by):
    flat = torch.full((3, frames, PAIR * BANDS), by)
    torch.testing.assert_close(smoothed(flat), flat, atol=1e-5, rtol=0)


# Broad


def test_the_first_cepstra_pass_and_no_others():
    for order in range(BANDS):
        given = still(20, wave(order))
        wanted = given if order < CEPSTRA else torch.zeros_like(given)
        torch.testing.assert_close(smoothed(given), wanted, atol=1e-5, rtol=0)


def test_what_is_broad_already_is_not_changed_again():
    once = broad()
    torch.testing.assert_close(once @ once, once, atol=1e-5, rtol=0)
    torch.testing.assert_close(once.T, once, atol=1e-6, rtol=0)
    assert np.linalg.matrix_rank(once.numpy(), tol=1e-3) == CEPSTRA == 12


# Slow


def test_one_frame_is_spread_over_its_neighbours():
    lone = torch.zeros(40, BANDS)
    lone[21] = 1.0  # the second of its pair
    made = singles(smoothed(pairs(lone)))
    wanted = torch.zeros(40, BANDS)
    wanted[21 - SPAN // 2 : 21 + SPAN // 2 + 1] = 1 / SPAN
    torch.testing.assert_close(made, wanted, atol=1e-5, rtol=0)


def test_a_steady_rise_stays_but_for_the_ends():
    rise = torch.arange(40.0)[:, None].expand(-1, BANDS)
    made, inside = singles(smoothed(pairs(rise))), slice(SPAN // 2, -(SPAN // 2))
    torch.testing.assert_close(made[inside], rise[inside], atol=1e-4, rtol=0)
    torch.testing.assert_close(made[0], torch.full((BANDS,), 1.0), atol=1e-4, rtol=0)  # of the first three
    torch.testing.assert_close(made[-1], torch.full((BANDS,), 38.0), atol=1e-4, rtol=0)


def test_what_jumps_from_frame_to_frame_is_not_heard():
    jumps = torch.tensor([1.0, -1.0]).repeat(20)[:, None].expand(-1, BANDS)
    assert singles(smoothed(pairs(jumps)))[SPAN:-SPAN].abs().max() <= 1 / SPAN + 1e-5


def test_recordings_of_a_batch_do_not_mix():
    torch.manual_seed(0)
    batch = torch.randn(3, 11, PAIR * BANDS)
    alone = torch.cat([smoothed(one[None]) for one in batch])
    torch.testing.assert_close(smoothed(batch), alone)


# In training


def gradient() -> Tensor:
    """Of what becomes of a random difference, against a random weight."""
    torch.manual_seed(0)
    given, weight = torch.randn(2, 9, PAIR * BANDS, requires_grad=True), torch.randn(2, 9, PAIR * BANDS)
    (smoothed(given) * weight).sum().backward()
    assert given.grad is not None
    return given.grad


def test_gradients_pass():
    found = gradient()
    assert found.abs().min() > 0
    torch.manual_seed(0)
    given, weight = torch.randn(2, 9, PAIR * BANDS), torch.randn(2, 9, PAIR * BANDS)
    step = 0.1 * torch.randn_like(given)
    grown = ((smoothed(given + step) - smoothed(given)) * weight).sum()  # it is linear
    assert float((found * step).sum()) == pytest.approx(float(grown), rel=1e-3)


def test_gradients_pass_after_a_conversion_in_the_same_process():
    broad.cache_clear()
    with torch.inference_mode():
        smoothed(torch.zeros(1, 9, PAIR * BANDS))
    gradient()


def test_precision_stays():
    assert smoothed(torch.zeros(1, 9, PAIR * BANDS, dtype=torch.float64)).dtype == torch.float64
