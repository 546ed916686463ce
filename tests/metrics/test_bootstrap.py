"""Intervals: as a plain loop gives them, holding the truth as often as they say, and quick."""

import time

import numpy as np
import pytest

from espressivo.metrics.bootstrap import confusion_rows, interval
from espressivo.metrics.classification import confusion, uar, war


def mean(sums: np.ndarray) -> np.ndarray:
    return sums[:, 0] / sums[:, 1]


def rows(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones(len(values))], axis=1)


def test_rows_add_up_to_the_confusion_matrix() -> None:
    random = np.random.default_rng(0)
    truth, guess = random.integers(4, size=(2, 100))
    assert confusion_rows(truth, guess, 4).sum(0).reshape(4, 4).tolist() == confusion(truth, guess, 4).tolist()


def test_a_plain_loop_gives_the_same() -> None:
    random = np.random.default_rng(1)
    truth, guess = random.integers(3, size=(2, 200))
    who = random.integers(9, size=200)
    looped = []
    for _ in range(2_000):
        drawn = np.concatenate([np.flatnonzero(who == one) for one in random.integers(9, size=9)])
        looped.append(float(uar(confusion(truth[drawn], guess[drawn], 3))))
    found = interval(
        confusion_rows(truth, guess, 3), lambda s: uar(s.reshape(-1, 3, 3)), [str(one) for one in who], resamples=20_000
    )
    assert found == pytest.approx(np.quantile(looped, [0.025, 0.975]), abs=0.01)


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        low, high = interval(rows((random.random(150) < 0.3).astype(float)), mean, resamples=400)
        held += low <= 0.3 <= high
    assert 0.90 < held / 300 < 0.99


def test_people_who_are_alike_in_themselves_make_it_wider() -> None:
    random = np.random.default_rng(3)
    who = np.repeat(np.arange(10), 50)
    values = random.random(10)[who] + 0.01 * random.random(500)
    spread = {}
    for name, groups in (("clips", None), ("people", [str(one) for one in who])):
        low, high = interval(rows(values), mean, groups)
        spread[name] = high - low
    assert spread["people"] > 4 * spread["clips"]


def test_who_is_unknown_is_a_person_of_their_own() -> None:
    values = rows(np.arange(40.0))
    assert interval(values, mean, [None] * 40) == interval(values, mean)


def test_one_or_two_people_say_nothing_about_others_so_clips_are_drawn() -> None:
    values = rows(np.random.default_rng(5).random(40))
    assert interval(values, mean, ["anna"] * 40) == interval(values, mean)
    assert interval(values, mean, ["anna", "ben"] * 20) == interval(values, mean)
    assert interval(values, mean, ["anna", "ben", "cleo", "dan"] * 10) != interval(values, mean)


def test_the_seed_decides() -> None:
    values = rows(np.random.default_rng(4).random(50))
    assert interval(values, mean, seed=1) == interval(values, mean, seed=1)
    assert interval(values, mean, seed=1) != interval(values, mean, seed=2)


def test_a_thousand_resamples_of_1400_clips_take_less_than_a_second() -> None:
    random = np.random.default_rng(5)
    cells = confusion_rows(*random.integers(8, size=(2, 1_400)), 8)
    begun = time.process_time()
    interval(cells, lambda s: war(s.reshape(-1, 8, 8)))
    assert time.process_time() - begun < 1.0
