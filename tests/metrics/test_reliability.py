"""Calibration error by hand, and on data that is calibrated by construction."""

import numpy as np
import pytest

from espressivo.metrics.calibration import ece, reliability


def test_a_table_done_by_hand() -> None:
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.62, 0.38]])
    truth = np.array([0, 1, 1, 0])
    # One bin holds .95 twice, half of them right; the other .65 and .62, both right.
    assert ece(truth, probabilities) == pytest.approx(0.5 * 0.45 + 0.5 * (1 - 0.635))
    sure, right, n = reliability(truth, probabilities).curve()
    assert (sure.tolist(), right.tolist(), n.tolist()) == ([0.635, 0.95], [1.0, 0.5], [2, 2])


def test_full_sureness_is_in_the_last_bin() -> None:
    bins = reliability(np.array([0, 0]), np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert bins.member.tolist() == [9, 4]


def drawn(n: int, sharpen: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    true = random.dirichlet(np.full(4, 0.6), n)
    truth = (true.cumsum(1) > random.random((n, 1))).argmax(1)
    said = true**sharpen
    return truth, said / said.sum(1, keepdims=True)


@pytest.mark.parametrize("adaptive", [False, True])
def test_drawn_labels_are_calibrated_and_sharpened_ones_are_not(adaptive: bool) -> None:
    assert ece(*drawn(20_000, 1.0), adaptive=adaptive) < 0.015
    assert ece(*drawn(20_000, 3.0), adaptive=adaptive) > 0.1


def test_adaptive_bins_hold_equally_many() -> None:
    _, _, n = reliability(*drawn(1_000, 1.0), adaptive=True).curve()
    assert len(n) == 10
    assert n.max() - n.min() <= 2


def test_one_clip_and_equal_sureness_are_fine() -> None:
    assert ece(np.array([0]), np.array([[1.0, 0.0]]), adaptive=True) == 0.0
    flat = np.full((20, 4), 0.25)
    assert ece(np.arange(20) % 4, flat, adaptive=True) == pytest.approx(0.0)
