"""Prosodies are drawn from the emotion that is wanted, and never from the source."""

import numpy as np
import pytest

from espressivo.errors import ConfigError, InputError
from espressivo.systems.emoaug.styles import Prosodies, deviation, way, ways

SIZE = 6


def prosodies(emotion: str, count: int, seed: int = 0, spread: float = 1.0) -> Prosodies:
    means = np.random.default_rng(seed).normal(seed, spread, (count, SIZE)).astype(np.float32)
    return Prosodies(emotion, tuple(f"{emotion}{n}" for n in range(count)), means)


def draws(name: str, own: Prosodies, count: int, source: str = "") -> np.ndarray:
    drawn, random = ways(name, [own])[own.emotion], np.random.default_rng(0)
    return np.stack([drawn.draw(random, source).point for _ in range(count)])


def test_other_is_one_of_the_emotion_but_not_the_source() -> None:
    own = prosodies("happy", 4)
    drawn, random = ways("other", [own, prosodies("sad", 4, 5)])["happy"], np.random.default_rng(0)
    found = [drawn.draw(random, "happy1") for _ in range(60)]
    assert {target.ids for target in found} == {("happy0",), ("happy2",), ("happy3",)}
    for target in found:
        assert np.array_equal(target.point, own.means[own.ids.index(target.ids[0])])
        assert target.weight is None


def test_a_mix_lies_between_two() -> None:
    own, random = prosodies("happy", 4), np.random.default_rng(0)
    drawn, weights = ways("mix", [own])["happy"], []
    for _ in range(60):
        target = drawn.draw(random, "happy1")
        one, two = (own.means[own.ids.index(name)] for name in target.ids)
        assert "happy1" not in target.ids
        assert target.ids[0] != target.ids[1]
        assert target.weight is not None
        assert np.allclose(target.point, target.weight * one + (1 - target.weight) * two, atol=1e-6)
        weights.append(target.weight)
    assert min(weights) < 0.1
    assert max(weights) > 0.9


def test_a_sample_follows_the_emotion() -> None:
    """Mean, deviations and a correlation, where there are recordings enough to know them."""
    random = np.random.default_rng(0)
    means = random.normal(0, 1, (400, SIZE)) * np.array([1, 2, 0.5, 1, 1, 1])
    means[:, 1] = 2 * means[:, 0] + 0.1 * means[:, 1]
    own = Prosodies("sad", tuple(map(str, range(400))), (means + 3).astype(np.float32))
    points = draws("sample", own, 2000)
    assert np.allclose(points.mean(axis=0), own.means.mean(axis=0), atol=0.2)
    assert np.allclose(points.std(axis=0), own.means.std(axis=0), rtol=0.15)
    assert np.corrcoef(points.T)[0, 1] > 0.9


def test_a_sample_of_few_recordings_leaves_their_span() -> None:
    """Of two, whose own covariance knows one direction only."""
    own, others = prosodies("happy", 2), prosodies("sad", 50, 1)
    drawn, random = ways("sample", [own, others])["happy"], np.random.default_rng(0)
    points = np.stack([drawn.draw(random, "").point for _ in range(200)])
    assert np.isfinite(points).all()
    assert np.linalg.matrix_rank(points - points.mean(axis=0)) == SIZE


def test_a_sample_leaves_alone_what_never_moves() -> None:
    own = prosodies("happy", 20)
    own.means[:, 2] = 7
    points = draws("sample", own, 100)
    assert np.allclose(points[:, 2], 7, atol=0.02)


def test_few_recordings_are_trusted_less() -> None:
    """Of two numbers that always move together, what many recordings know of it, and three hardly."""
    means = np.random.default_rng(0).normal(0, 1, (400, 1)).astype(np.float32) * np.ones(SIZE, np.float32)
    together = []
    for count in (3, 400):
        own = Prosodies("happy", tuple(map(str, range(count))), means[:count])
        together.append(np.corrcoef(draws("sample", own, 500).T)[0, 1])
    assert together[0] < together[1] - 0.1
    assert together[1] > 0.95


def test_the_same_seed_draws_the_same() -> None:
    for name in ("other", "mix", "sample"):
        assert np.array_equal(draws(name, prosodies("happy", 5), 3), draws(name, prosodies("happy", 5), 3))


def test_the_deviation_is_that_within_emotions() -> None:
    apart = [prosodies("happy", 200, 0), prosodies("sad", 200, 9)]
    assert np.allclose(deviation(apart), 1, atol=0.15)


@pytest.mark.parametrize(("name", "count"), [("other", 1), ("mix", 2)])
def test_too_few_besides_the_source(name: str, count: int) -> None:
    with pytest.raises(InputError, match=f"{count - 1} recordings of happy besides the source, {count} needed"):
        draws(name, prosodies("happy", count), 1, "happy0")


def test_too_few_for_a_sample() -> None:
    with pytest.raises(InputError, match="1 recordings of happy, 2 needed"):
        draws("sample", prosodies("happy", 1), 1)


def test_unknown_way() -> None:
    with pytest.raises(ConfigError, match="unknown style 'best': choose one of other, mix, sample"):
        way("best")
