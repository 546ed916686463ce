import numpy as np
import pytest

from espressivo.metrics.clusters import bits, pnmi, purity


def test_units_that_are_the_phones():
    phones = np.array(list("aabbcc"))
    assert purity(np.array([3, 3, 1, 1, 2, 2]), phones) == 1
    assert pnmi(np.array([3, 3, 1, 1, 2, 2]), phones) == pytest.approx(1)


def test_one_unit_says_nothing():
    phones = np.array(list("aabc"))
    assert purity(np.zeros(4, int), phones) == 0.5
    assert pnmi(np.zeros(4, int), phones) == pytest.approx(0)
    assert bits(np.zeros(4, int)) == pytest.approx(0)


def test_half_of_what_there_is_to_know():
    phones = np.array(list("aabbccdd"))
    assert purity(np.array([0, 0, 0, 0, 1, 1, 1, 1]), phones) == 0.5
    assert pnmi(np.array([0, 0, 0, 0, 1, 1, 1, 1]), phones) == pytest.approx(0.5)


def test_bits_of_equal_units():
    assert bits(np.arange(8)) == pytest.approx(3)
