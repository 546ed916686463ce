"""Rows of unequal length in one: a clip is read as if it were alone."""

import numpy as np
import pytest
import torch

from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.packing import NOBODY
from tests.systems.avlm.making import WORDS, lively, packed, read, row, seen

LENGTHS = (0.6, 2.2, 1.0)


def rows(fusion, faces=(True, True, True)):
    return [
        row(seconds, seen(int(25 * seconds), n) if there else None, fusion, n)
        for n, (seconds, there) in enumerate(zip(LENGTHS, faces, strict=True))
    ]


@pytest.mark.parametrize("faces", [(True, True, True), (True, False, True), (False, False, False)])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_clip_is_read_with_others_as_it_is_alone(lm, fusion, faces):
    net, given = lively(lm, fusion=fusion), rows(fusion, faces)
    for together, one in zip(read(net, given), given, strict=True):
        torch.testing.assert_close(together, read(net, [one])[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_clip_never_sees_its_neighbours(lm, fusion):
    net, given = lively(lm, fusion=fusion), rows(fusion)
    before = read(net, given)
    after = read(net, [given[0], row(LENGTHS[1], seen(55, 8), fusion, 8), given[2]])
    for n in (0, 2):
        torch.testing.assert_close(after[n], before[n], atol=1e-5, rtol=1e-4)
    assert (after[1] - before[1]).abs().max() > 0.1


def test_rows_lie_one_after_the_other():
    given = rows("prefix")
    batch = packed(given)
    assert batch.lengths.tolist() == [len(one) for one in given]
    np.testing.assert_array_equal(batch.ids, np.concatenate([one.ids for one in given]))
    np.testing.assert_array_equal(batch.position, np.concatenate([np.arange(len(one)) for one in given]))
    styles = batch.ids[batch.manner_at] - WORDS.layout.style_first
    assert ((styles >= 0) & (styles < WORDS.layout.style)).all()
    assert len(styles) == len(batch.manner) == sum(len(one.manner) for one in given)


def test_places_for_a_face_are_those_of_its_own_clip():
    given = rows("prefix")
    batch, first = packed(given), 0
    for one, places, times in zip(given, batch.places, batch.times, strict=True):
        slots = int((one.ids == WORDS.face).sum())
        assert places.tolist() == [*range(first, first + slots), *[NOBODY] * (len(places) - slots)]
        assert times[:slots].tolist() == [2 + 5 * n for n in range(slots)]
        first += len(one)


def test_only_what_is_looked_at_is_carried_along():
    given = rows("prefix", (True, False, True))
    batch = packed(given, encoders=("landmarks",))
    assert batch.lips.shape == (3, 25, 80)
    assert batch.expression.shape[1] == batch.mouth.shape[1] == batch.face.shape[1] == 0
    assert batch.faces.sum(1).tolist() == [15, 0, 25]
    np.testing.assert_array_equal(batch.lips[0, :15], given[0].seen.lips)
    assert not batch.lips[1].any()
