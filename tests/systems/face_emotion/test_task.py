"""Training and evaluating, from made-up people or from labelled recordings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from espressivo.clip import Clip
from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.item import Item
from espressivo.errors import InputError
from espressivo.systems.face_emotion import examples, task
from espressivo.systems.face_emotion.examples import Examples, varied
from espressivo.systems.face_emotion.model import FaceEmotionNet
from espressivo.systems.registry import room
from espressivo.training import Losses, Trainer, read_recipe
from espressivo.verbs.evaluate import evaluate
from espressivo.verbs.train import train
from tests.synthetic import write_clip
from tests.systems.face_emotion.people import made, stream, track


def recipe(name: str = "debug", **changes: object) -> task.FaceRecipe:
    return read_recipe(task.FaceRecipe, name, folder=task.RECIPES).model_copy(update=changes)


GOLDEN = [2.1689, 2.3172, 2.1396]  # the total loss of the first three steps


@pytest.mark.parametrize("path", sorted(task.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(path: Path) -> None:
    assert read_recipe(task.FaceRecipe, path).name.startswith("face-emotion")


def test_the_debug_recipe_starts_as_it_always_did(monkeypatch: pytest.MonkeyPatch) -> None:
    losses: list[float] = []
    loss = task.FaceTask.loss

    def watched(self: task.FaceTask, model: nn.Module, batch: task.Batch) -> Losses:
        found = loss(self, model, batch)
        losses.append(float(found.total.detach()))
        return found

    monkeypatch.setattr(task.FaceTask, "loss", watched)
    Trainer(task.make_task(recipe()), recipe(steps=3)).fit()
    assert losses == pytest.approx(GOLDEN, abs=2e-3)


@pytest.mark.parametrize(("width", "odds"), [(0, False), (0, True), (8, True)])
def test_one_batch_can_be_learned_by_heart(width: int, odds: bool) -> None:
    plan = recipe(
        steps=150, width=width, odds=odds, dropout=0.0, penalty=0.0, varied=False, learning_rate=2e-2, known=0.0
    )
    few = made(2, 1)
    own = task.FaceTask(plan, task.facs.EMOTIONS, few, Examples(), {})
    net = Trainer(own, plan).fit().model
    assert isinstance(net, FaceEmotionNet)
    guess = net.probabilities(own.examples.streams).argmax(axis=1)
    assert (guess == np.array(few.labels)).mean() > 0.9


def test_a_heavy_penalty_says_little() -> None:
    light, heavy = (
        Trainer(task.FaceTask(plan, task.facs.EMOTIONS, made(4), Examples(), {}), plan).fit().model
        for plan in (recipe(steps=60, width=0, penalty=0.0), recipe(steps=60, width=0, penalty=10.0))
    )
    assert heavy.still.weight.norm() < 0.3 * light.still.weight.norm()


def test_two_trainings_are_alike_and_learn(tmp_path: Path) -> None:
    first, again = (train("face-emotion", ["steps=60", f"output={tmp_path / name}"], recipe="debug") for name in "ab")
    assert first.metrics == again.metrics
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    assert first.metrics["known"] > 0.5
    facts = json.loads((tmp_path / "a" / "training.json").read_text())
    assert facts["speakers"] == {"train": []}
    assert "6 made-up people" in (tmp_path / "a" / "README.md").read_text()


def test_the_temperature_is_fitted_unless_the_recipe_has_one(tmp_path: Path) -> None:
    fitted = Trainer(task.make_task(recipe()), recipe(output=tmp_path / "a")).fit().model
    given = Trainer(task.make_task(recipe(temperature=3.0)), recipe(temperature=3.0, output=tmp_path / "b")).fit().model
    assert float(given.temperature) == 3.0
    assert float(fitted.temperature) not in (1.0, 3.0)
    assert float(FaceEmotionNet.load(tmp_path / "b").temperature) == 3.0


def test_variation_keeps_what_a_face_is_like() -> None:
    random, x = np.random.default_rng(0), stream(80)
    for _ in range(30):
        seen = varied(x, random)
        assert seen.shape[1] == 54
        assert 0.45 * 80 < len(seen) <= 1.25 * 80 + 1
        assert seen.dtype == np.float32
        assert abs(seen[:, :51].mean() - x[:, :51].mean()) < 0.05
    assert len(varied(x[:3], random)) >= 2


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Labelled clips of three made-up people, each a tiny file that a made-up tracker knows."""
    found = made(3, 2, seed=5)
    known: dict[str, np.ndarray] = {}
    items = []
    for number, (shown, label, person) in enumerate(zip(found.streams, found.labels, found.people, strict=True)):
        seconds = 0.08 + 0.04 * number  # no two are alike
        path = write_clip(tmp_path / f"{number}.mp4", seconds, face=False, speech=False, size=16)
        items.append(Item(f"clip-{number}", path, speaker=person, emotion=task.facs.EMOTIONS[label]))
        known[f"clip-{number}"] = shown

    def measure(self: object, clip: Clip) -> dict[str, np.ndarray]:
        if clip.name not in known:
            raise InputError(f"no face was seen in {clip.name}")
        own = track(known[clip.name])
        return {"blendshapes": own.blendshapes, "pose": own.pose, "present": own.present}

    monkeypatch.setattr(examples.FaceFeature, "__call__", measure)
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path / "home"))
    parts = {"train": "made-up-0", "validation": "made-up-1", "test": "made-up-2"}
    for part, person in parts.items():
        write_data(tmp_path / f"{part}.csv", [item for item in items if item.speaker == person])
    blank = Item("blank", write_clip(tmp_path / "blank.mp4", 0.04, face=False, speech=False, size=16), emotion="sad")
    write_data(tmp_path / "blank.csv", [replace(blank, speaker="made-up-2")])
    return tmp_path


def test_your_own_clips_are_learned_and_judged(followed: Path) -> None:
    settings = [f"{part}={followed / part}.csv" for part in ("train", "validation")]
    outcome = train("face-emotion", [*settings, "penalty=0.01", "known=1.0", f"output={followed / 'out'}"])
    assert outcome.metrics["score"] == outcome.metrics["known"] > 0.5
    assert "strangers" not in outcome.metrics
    found = evaluate("face-emotion", followed / "test.csv", followed / "found.json", checkpoint=followed / "out")
    assert found.n == 14
    assert found.notes["people_are"] == "known"
    assert found.metrics["macro_f1"] > 0.4 > found.baseline["macro_f1"]
    assert set(found.notes["if_people_were_strangers"]) == set(found.metrics)
    with pytest.raises(InputError, match="speaker is on both sides"):
        evaluate("face-emotion", followed / "train.csv", followed / "found.json", checkpoint=followed / "out")


def test_without_validation_data_people_are_held_out_in_turn(followed: Path) -> None:
    write_data(followed / "two.csv", [*read_data(followed / "train.csv"), *read_data(followed / "validation.csv")])
    outcome = train("face-emotion", [f"train={followed / 'two.csv'}", f"output={followed / 'out'}", "steps=60"])
    assert outcome.metrics == {}
    assert float(FaceEmotionNet.load(followed / "out").temperature) != 1
    assert "**Macro-F1 on held-out people**: strangers 0." in (followed / "out" / "README.md").read_text()
    heard = json.loads((followed / "out" / "training.json").read_text())["speakers"]["train"]
    assert heard == ["made-up-0", "made-up-1"]


def test_clips_without_a_face_are_left_out_and_named(followed: Path) -> None:
    both = [*read_data(followed / "test.csv"), *read_data(followed / "blank.csv")]
    write_data(followed / "both.csv", both)
    found = evaluate("face-emotion", followed / "both.csv", followed / "found.json")
    assert found.n == 14
    assert list(found.skipped) == [("blank", "no face was seen in blank")]
    assert found.notes["people_are"] == "strangers"
    with pytest.raises(InputError, match=r"nothing in .* could be judged: .*no face was seen"):
        evaluate("face-emotion", followed / "blank.csv", followed / "found.json")


def test_what_cannot_be_learned_from_is_refused(followed: Path) -> None:
    with pytest.raises(InputError, match="nothing to learn from: give train=DATA"):
        task.make_task(recipe("default"))
    with pytest.raises(InputError, match=r"no face could be followed in any of 1 recordings; the first is blank: no"):
        task.make_task(recipe("default", train=followed / "blank.csv"))
    write_data(followed / "bare.csv", [replace(item, emotion=None) for item in read_data(followed / "test.csv")])
    with pytest.raises(InputError, match="none of 14 recordings with a face has an emotion: fill in the column"):
        task.make_task(recipe("default", train=followed / "bare.csv"))


def test_the_room_is_registered_and_ships_permissive_weights() -> None:
    home = room("face-emotion")
    assert home.RECIPE is task.FaceRecipe
    folder = home.shipped()
    assert folder is not None
    net = FaceEmotionNet.load(folder)
    assert net.config.licence == "CC-BY-4.0"
    assert float(net.temperature) >= 2  # it learned from made-up people only: it must not be sure
    assert json.loads((folder / "training.json").read_text())["speakers"] == {"train": ["grid-s1"]}
    assert torch.isfinite(net.still.weight).all()
