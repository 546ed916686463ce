"""Which examples each step sees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import InputError
from espressivo.training.batches import Plan, batches

from .toys import Blobs, ToyRecipe

SIZES = st.integers(1, 60), st.integers(1, 9), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**31)


@settings(max_examples=60, deadline=None)
@given(*SIZES)
def test_an_epoch_is_every_example_once(examples: int, size: int, accumulate: int, processes: int, seed: int) -> None:
    if examples < processes:
        return
    recipe = ToyRecipe(batch_size=size, accumulate=accumulate, seed=seed)
    task = Blobs(recipe, examples)
    plans = [Plan(task, recipe, processes, rank) for rank in range(processes)]
    for epoch in range(2):
        seen: list[int] = []
        for step in range(plans[0].steps_per_epoch * epoch, plans[0].steps_per_epoch * (epoch + 1)):
            pieces = [plan.pieces(step) for plan in plans]
            assert all(1 <= len(each) <= accumulate for each in pieces)
            assert all(1 <= len(piece.indices) <= size for each in pieces for piece in each)
            seen += [index for each in pieces for piece in each for index in piece.indices]
        assert len(set(seen)) == len(seen)
        # Fewer than the processes may be left over at the end.
        assert 0 <= examples - len(seen) < processes


def test_the_order_hangs_on_seed_and_epoch_alone() -> None:
    def first(seed: int, step: int) -> list[int]:
        recipe = ToyRecipe(seed=seed)
        return Plan(Blobs(recipe), recipe).pieces(step)[0].indices.tolist()

    assert first(0, 0) == first(0, 0)
    assert first(0, 0) != first(1, 0)
    per_epoch = Plan(Blobs(ToyRecipe()), ToyRecipe()).steps_per_epoch
    assert first(0, 0) != first(0, per_epoch)


def test_steps_can_be_asked_for_in_any_order() -> None:
    recipe = ToyRecipe()
    ahead, back = Plan(Blobs(recipe), recipe), Plan(Blobs(recipe), recipe)
    forwards = [ahead.pieces(step)[0].indices.tolist() for step in range(20)]
    backwards = [back.pieces(step)[0].indices.tolist() for step in reversed(range(20))]
    assert forwards == backwards[::-1]


def test_two_processes_share_the_step_of_one_with_twice_the_batch() -> None:
    small, large = ToyRecipe(batch_size=4), ToyRecipe(batch_size=8)
    for step in range(20):
        shares = [Plan(Blobs(small), small, 2, rank).pieces(step)[0].indices for rank in range(2)]
        whole = Plan(Blobs(large), large).pieces(step)[0].indices
        assert np.concatenate(shares).tolist() == whole.tolist()


def test_workers_make_the_very_same_batches() -> None:
    def made(workers: int) -> list[np.ndarray]:
        recipe = ToyRecipe(workers=workers, noise=1.0, accumulate=2)
        steps = batches(Plan(Blobs(recipe), recipe), 3, 9)
        return [x.numpy() for step in steps for (x, _), _ in step]

    for alone, worker in zip(made(0), made(2), strict=True):
        np.testing.assert_array_equal(alone, worker)


def test_too_few_examples_are_said() -> None:
    with pytest.raises(InputError, match="got 0 examples"):
        Plan(Blobs(ToyRecipe(), 0), ToyRecipe())
    with pytest.raises(InputError, match="at least one for each process"):
        Plan(Blobs(ToyRecipe(), 2), ToyRecipe(), processes=3)
