"""Measures of classification, beside scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_recall_fscore_support

from espressivo.errors import InputError
from espressivo.metrics.classification import confusion, macro_f1, majority, per_class, targets, uar, war

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_the_same_as_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, guess = np.array(pairs).T
    counts = confusion(truth, guess, 5)
    there = sorted(set(truth.tolist()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # classes that are guessed and not there
        assert uar(counts) == pytest.approx(balanced_accuracy_score(truth, guess))
        f1 = f1_score(truth, guess, labels=there, average="macro", zero_division=0)
        rows = precision_recall_fscore_support(truth, guess, labels=range(5), zero_division=0)
    assert war(counts) == pytest.approx(accuracy_score(truth, guess))
    assert macro_f1(counts) == pytest.approx(f1)
    found = per_class(counts, "abcde")
    for i, name in enumerate("abcde"):
        if name in found:
            assert tuple(found[name].values()) == pytest.approx([row[i] for row in rows])
        else:
            assert i not in truth
            assert i not in guess


def test_many_matrices_at_once() -> None:
    random = np.random.default_rng(0)
    many = random.integers(0, 9, (7, 4, 4))
    for metric in (uar, war, macro_f1):
        np.testing.assert_allclose(metric(many), [metric(one) for one in many])


def test_the_majority_is_what_always_saying_one_thing_gives() -> None:
    found = majority(np.array([0, 0, 0, 1, 2]), 4)
    assert found == pytest.approx({"uar": 1 / 3, "war": 0.6, "macro_f1": 0.25})


def test_labels_become_numbers() -> None:
    assert targets(["sad", "happy", "sad"], ("happy", "sad")).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([], "nothing to evaluate"),
        (["happy", None, None], "2 of 3 clips have no emotion"),
        (
            ["bored", "happy", "bored", "calm"],
            r"never taught 'bored' \(2 clips\), 'calm' \(1 clips\): it knows happy, sad",
        ),
    ],
)
def test_labels_that_cannot_be_judged_are_said(labels: list[str | None], says: str) -> None:
    with pytest.raises(InputError, match=says):
        targets(labels, ("happy", "sad"))
