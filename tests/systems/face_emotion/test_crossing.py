"""People held out in turn: who learns, who is judged, and what comes of it."""

import signal
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from espressivo.systems.face_emotion import task
from espressivo.systems.face_emotion.crossing import Judged, held_in_turn
from espressivo.systems.face_emotion.examples import Examples
from espressivo.systems.face_emotion.model import FaceEmotionNet
from espressivo.training import Stopped, Trainer, read_recipe
from espressivo.training.alone import learned
from tests.systems.face_emotion.people import made, stream

CPU = torch.device("cpu")


def recipe(**changes: object) -> task.FaceRecipe:
    return read_recipe(task.FaceRecipe, "default", folder=task.RECIPES).model_copy(update={"steps": 60, **changes})


def turning(plan: task.FaceRecipe, few: Examples) -> Callable[[torch.device], Judged | None]:
    return partial(task.crossed, plan, task.facs.EMOTIONS, few)


def clips(*shown: tuple[str | None, int]) -> Examples:
    return Examples([stream(12, seed) for seed in range(len(shown))], [n for _, n in shown], [who for who, _ in shown])


def held(examples: Examples, folds: int = 10) -> tuple[Judged | None, list[tuple[Examples, Examples]]]:
    seen: list[tuple[Examples, Examples]] = []

    def judge(rest: Examples, own: Examples) -> Judged:
        seen.append((rest, own))
        return Judged({"strangers": torch.zeros(len(own), 3)}, torch.tensor(own.labels))

    return held_in_turn(examples, folds, 0, judge), seen


@pytest.mark.parametrize(("folds", "parts"), [(10, 5), (2, 2)])
def test_everybody_is_judged_once_by_those_who_never_met_them(folds: int, parts: int) -> None:
    everybody = clips(*((f"p{i % 5}", i // 5) for i in range(15)))
    judged, seen = held(everybody, folds)
    assert judged is not None
    assert len(seen) == parts
    assert sorted(name for _, own in seen for name in set(own.people)) == [f"p{i}" for i in range(5)]
    assert all(not set(rest.people) & set(own.people) for rest, own in seen)
    assert all(len(rest) + len(own) == 15 for rest, own in seen)
    assert sorted(judged.target.tolist()) == sorted(everybody.labels)


def test_who_is_not_named_is_on_neither_side() -> None:
    _, seen = held(clips(*((("a", "b", None)[i % 3], i % 2) for i in range(18))))
    assert len(seen) == 2
    assert all({*rest.people, *own.people} == {"a", "b"} for rest, own in seen)


def test_an_emotion_that_only_one_person_shows_is_not_held_against_the_others() -> None:
    judged, _ = held(clips(*((f"p{i % 3}", i % 2) for i in range(18)), ("p0", 2), ("p0", 2)))
    assert judged is not None
    assert set(judged.target.tolist()) == {0, 1}


@pytest.mark.parametrize(
    "shown",
    [
        [("a", i % 2) for i in range(8)],
        [(None, i % 2) for i in range(8)],
        [("a", 0), ("b", 1)] * 2,
        [("a", 0), ("a", 0), ("a", 0), ("a", 0), ("b", 1), ("b", 1), ("b", 1), ("b", 1)],
    ],
    ids=["one person", "nobody named", "too few clips", "one emotion each"],
)
def test_where_nobody_can_be_held_out_nothing_is_judged(shown: list[tuple[str | None, int]]) -> None:
    assert held(clips(*shown)) == (None, [])


def test_they_calibrate_and_the_model_learns_from_all() -> None:
    plan, few = recipe(), made(4, 2)
    turned = task.crossed(plan, task.facs.EMOTIONS, few, CPU)
    assert turned is not None
    own = task.FaceTask(plan, task.facs.EMOTIONS, few, Examples(), {}, lambda device: turned)
    net = Trainer(own, plan).fit().model
    assert isinstance(net, FaceEmotionNet)
    found = own.calibrate(net)
    assert set(found) == {"score", "strangers"}
    assert float(net.temperature) == pytest.approx(turned.temperature())
    assert float(net.temperature) != 1
    # What it learned from is easier for it than people held out were.
    guess = net.probabilities(few.streams).argmax(axis=1)
    assert (guess == np.array(few.labels)).mean() > found["strangers"]


def test_both_ways_of_judging_call_for_one_temperature() -> None:
    target, sure = torch.tensor([0, 1, 0, 1]), torch.tensor([[3.0, 0], [3, 0], [3, 0], [0, 3]])
    both = Judged({"strangers": sure, "known": sure}, target)
    assert both.temperature() == pytest.approx(Judged({"known": sure}, target).temperature())
    assert both.scores()["score"] == both.scores()["known"]


@pytest.mark.parametrize("changes", [{"folds": 0}, {"temperature": 2.0}])
def test_it_is_not_done_where_it_is_not_asked_for(changes: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "learned", lambda *_: pytest.fail("something was trained"))
    assert task.crossed(recipe(**changes), task.facs.EMOTIONS, made(3), CPU) is None


def test_without_anybody_to_hold_out_it_says_that_it_is_not_calibrated(tmp_path: Path) -> None:
    few = made(1, 2)
    for changes, warns in (({}, True), ({"temperature": 2.0}, False)):
        plan = recipe(output=tmp_path / str(warns), **changes)
        own = task.FaceTask(plan, task.facs.EMOTIONS, few, Examples(), {}, turning(plan, few))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            Trainer(own, plan).fit()
        said = [str(one.message) for one in told if "calibrate" in str(one.message)]
        assert len(said) == warns
        assert not said or "give validation=DATA, or clips of several people" in said[0]


def test_stopping_meanwhile_keeps_the_training_which_is_not_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    plan, few, steps = recipe(output=tmp_path / "out"), made(3, 2), [0]

    def counted(self: task.FaceTask, *given: Any) -> task.Batch:
        steps[0] += 1
        if steps[0] == plan.steps + 3:  # of the first part
            signal.raise_signal(signal.SIGTERM)
        return batch(self, *given)

    batch = task.FaceTask.batch
    monkeypatch.setattr(task.FaceTask, "batch", counted)
    caplog.set_level("INFO", "espressivo")

    def fit(resume: bool) -> None:
        own = task.FaceTask(plan, task.facs.EMOTIONS, few, Examples(), {}, turning(plan, few))
        assert caplog.messages == []  # nobody is held out before the end
        Trainer(own, plan).fit(resume)

    with pytest.raises(Stopped, match="all else is saved; go on with the same command and --resume"):
        fit(resume=False)
    assert steps[0] == plan.steps + 3
    assert not (tmp_path / "out" / "config.json").exists()
    caplog.clear()
    fit(resume=True)
    assert steps[0] == plan.steps + 3 + 3 * plan.steps
    assert caplog.messages == [f"holding people out in turn to calibrate: {n} of 3" for n in (1, 2, 3)]
    assert float(FaceEmotionNet.load(tmp_path / "out").temperature) != 1


@pytest.mark.parametrize("changes", [{}, {"batch_size": 8, "width": 4, "dropout": 0.3, "varied": True, "warmup": 5}])
def test_a_part_learns_just_as_the_trainer_teaches(changes: dict[str, object]) -> None:
    plan = recipe(**changes)
    own = task.FaceTask(plan, task.facs.EMOTIONS, made(3), Examples(), {})
    there, here = Trainer(own, plan).fit().model.state_dict(), learned(own, plan, CPU).state_dict()
    assert all(torch.equal(there[name], here[name]) for name in there)


def test_the_default_penalty_fades_as_clips_are_added() -> None:
    plan = recipe()
    light, heavy = (task.FaceTask(plan, task.facs.EMOTIONS, made(n), Examples(), {}).penalty for n in (8, 2))
    assert heavy == pytest.approx(4 * light)
    assert heavy == pytest.approx(216 / (2 * len(made(2))))


@pytest.mark.parametrize("known", [0.0, 1.0])
def test_the_recipe_for_ones_own_clips_ends_where_nothing_is_left_to_learn(known: float) -> None:
    plan = recipe(steps=500, known=known)
    nets = [
        Trainer(task.FaceTask(plan, task.facs.EMOTIONS, made(3, 2), Examples(), {}), each).fit().model
        for each in (plan, plan.model_copy(update={"seed": 1, "steps": 700}))
    ]
    first, again = (net.state_dict()["still.weight"] for net in nets)
    torch.testing.assert_close(first, again, atol=2e-3, rtol=0)
    assert first.abs().max() > 0.02
