"""Linear probes: they find what is planted, are no better than chance on noise, and keep groups apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.metrics.probes import FOLDS, Probe, probe


def planted(labels: list[str], strength: float, dim: int = 6, seed: int = 0) -> np.ndarray:
    """Noise, and each label a direction of its own."""
    random = np.random.default_rng(seed)
    names = sorted(set(labels))
    x = random.normal(size=(len(labels), dim))
    for row, label in zip(x, labels, strict=True):
        row[names.index(label)] += strength
    return x.astype(np.float32)


@settings(deadline=None, max_examples=6)
@given(count=st.integers(2, 4), each=st.integers(FOLDS, 12), scale=st.sampled_from([1e-3, 1.0, 1e3]))
def test_a_planted_label_is_found_on_any_scale(count, each, scale):
    labels = [f"l{i}" for i in range(count)] * each
    assert probe(scale * planted(labels, 20.0), labels) == Probe(1.0, 1 / count)


def test_noise_is_named_by_chance():
    labels = ["a", "b", "c"] * 60
    found = probe(planted(labels, 0.0), labels)
    assert found.chance == pytest.approx(1 / 3)
    assert found.times_chance == pytest.approx(1, abs=0.3)


def test_labels_count_alike_however_rare():
    """Always saying the commonest is no better than chance; so is what a probe makes of noise."""
    labels = ["a"] * 150 + ["b"] * 15
    assert probe(planted(labels, 0.0), labels).recall == pytest.approx(0.5, abs=0.2)
    assert probe(planted(labels, 9.0), labels).recall > 0.95


def test_what_only_the_group_tells_does_not_count():
    """Each speaker sounds another way, and says each label in a way of their own."""
    random = np.random.default_rng(0)
    ways = random.normal(size=(6, 2, 12)) * 5
    labels, groups, rows = [], [], []
    for speaker in range(6):
        for number in range(20):
            labels.append("ab"[number % 2])
            groups.append(f"s{speaker}")
            rows.append(ways[speaker, number % 2] + random.normal(size=12))
    x = np.array(rows, np.float32)
    assert probe(x, labels).recall > 0.95
    assert probe(x, labels, groups).recall < 0.85


def test_what_groups_have_in_common_is_found_across_them():
    labels, groups = ["a", "b"] * 20, [f"s{i // 10}" for i in range(40)]
    assert probe(planted(labels, 20.0), labels, groups).recall == 1


def test_of_two_groups_each_is_judged_by_the_other():
    labels, groups = ["a", "b"] * 10, ["one"] * 10 + ["two"] * 10
    x = planted(labels, 20.0)
    x[10:] = planted(["b", "a"] * 5, 20.0)  # in the second group it is the other way round
    assert probe(x, labels, groups).recall == 0


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        (["a"] * 20, None),
        (["a"] * 20 + ["b"] * (FOLDS - 1), None),
        (["a", "b"] * 10, ["one"] * 20),
    ],
)
def test_where_there_is_nothing_to_tell_apart(labels, groups):
    assert probe(planted(labels, 1.0), labels, groups) is None


def test_where_each_group_has_a_label_of_its_own():
    labels = ["a"] * 10 + ["b"] * 10
    found = probe(planted(labels, 5.0), labels, labels)
    assert found is None or found.recall <= found.chance


def test_the_seed_decides_the_folds():
    labels = ["a", "b"] * 30
    x = planted(labels, 0.7)
    assert probe(x, labels, seed=3) == probe(x, labels, seed=3)
    assert len({probe(x, labels, seed=seed).recall for seed in range(5)}) > 1
