"""The Trainer in one process: it learns, repeats itself, stops when it should, and goes on where it stopped."""

import errno
import json
import os
import random
import signal
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from espressivo.assets.model import load_weights
from espressivo.errors import AssetError, ConfigError, OutputError
from espressivo.training import Losses, Stopped, Trainer
from espressivo.training.checkpoint import fingerprint, load_training
from espressivo.training.log import read_log
from espressivo.training.seeds import restore, snapshot
from espressivo.training.trainer import DivergedError

from .toys import Batch, Blobs, ToyRecipe

DROPS = {"dropout": 0.3, "noise": 0.5, "steps": 30, "log_every": 1}


def losses(folder: Path) -> list[tuple[int, float]]:
    return [(row["step"], row["loss"]) for row in read_log(folder) if "loss" in row]


def test_it_learns_and_keeps_what_it_learned(tmp_path: Path) -> None:
    recipe = ToyRecipe(steps=150, learning_rate=0.02, output=tmp_path / "deep" / "run", validate_every=50)
    outcome = Trainer(Blobs(recipe), recipe).fit()
    assert outcome.folder is not None
    assert outcome.score is not None
    assert outcome.score > 0.8
    again = load_weights(outcome.folder, Blobs(recipe).build())
    x = torch.randn(4, 6)
    assert torch.equal(again(x), outcome.model(x))
    facts = load_training(outcome.folder)
    assert facts["speakers"] == {"train": ["toy-a", "toy-b"], "validation": []}
    assert facts["metrics"] == outcome.metrics
    assert str(tmp_path) not in (outcome.folder / "training.json").read_text()


def test_somebody_unknown_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Blobs, "speakers", lambda task: {"train": {"toy-b", None, "toy-a"}})
    recipe = ToyRecipe(steps=1, output=tmp_path / "run")
    Trainer(Blobs(recipe), recipe).fit()
    assert load_training(tmp_path / "run")["speakers"] == {"train": ["toy-a", "toy-b", None]}


def test_it_overfits_one_batch() -> None:
    recipe = ToyRecipe(steps=300, learning_rate=0.03, batch_size=8)
    outcome = Trainer(Blobs(recipe, 8), recipe).fit()
    assert outcome.score == 1.0
    assert outcome.metrics["cost"] < 0.05


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    def weights(seed: int) -> torch.Tensor:
        recipe = ToyRecipe(**DROPS, seed=seed)
        return Trainer(Blobs(recipe), recipe).fit().model.state_dict()["0.weight"]

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_the_golden_losses_of_three_steps(tmp_path: Path) -> None:
    """A change of order, seeds or optimizer shows here first."""
    recipe = ToyRecipe(steps=3, log_every=1, output=tmp_path)
    Trainer(Blobs(recipe), recipe).fit()
    assert [loss for _, loss in losses(tmp_path)] == pytest.approx(GOLDEN, abs=1e-4)


GOLDEN = [1.53968, 0.94108, 1.30899]


def draws() -> tuple[float, float, float]:
    return torch.rand(1).item(), random.random(), np.random.rand()  # noqa: NPY002


def test_others_generators_and_threads_stay_as_they_were() -> None:
    before, threads = snapshot(), torch.get_num_threads()
    expected = draws()
    restore(before)
    recipe = ToyRecipe(**DROPS, threads=threads + 1)
    Trainer(Blobs(recipe), recipe).fit()
    assert draws() == expected
    assert torch.get_num_threads() == threads


class Scored(Blobs):
    """Its score is what the test says, validation by validation."""

    scores = [0.1, 0.5, 0.4, 0.5, 0.3, 0.9]

    def validate(self, model: nn.Module) -> Mapping[str, float]:
        assert not model.training
        self.kept = getattr(self, "kept", [])
        self.kept.append({name: value.clone() for name, value in model.state_dict().items()})
        return {"score": self.scores[len(self.kept) - 1]}


def test_it_stops_early_and_keeps_the_best_weights() -> None:
    recipe = ToyRecipe(steps=60, validate_every=10, patience=3)
    task = Scored(recipe)
    outcome = Trainer(task, recipe).fit()
    assert (outcome.steps, outcome.step, outcome.score) == (50, 20, 0.5)  # as good as before is not better
    assert torch.equal(outcome.model.state_dict()["0.weight"], task.kept[1]["0.weight"])
    assert not torch.equal(task.kept[1]["0.weight"], task.kept[4]["0.weight"])


def test_without_validation_the_last_weights_are_kept() -> None:
    class Blind(Blobs):
        def validate(self, model: nn.Module) -> Mapping[str, float]:
            return {}

    recipe = ToyRecipe(steps=7, validate_every=2)
    outcome = Trainer(Blind(recipe), recipe).fit()
    assert (outcome.step, outcome.score) == (7, None)
    with pytest.raises(ConfigError, match="patience=1 wants a score"):
        Trainer(Blind(recipe), recipe.model_copy(update={"patience": 1})).fit()


class Broken(Blobs):
    """Its loss is not a number from the given batch on."""

    at, value = 13, float("nan")

    def loss(self, model: nn.Module, batch: Batch) -> Losses:
        lost = super().loss(model, batch)
        return lost if len(self.seen) < self.at else lost._replace(total=lost.total * self.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_names_its_step_and_is_never_saved(tmp_path: Path, value: float) -> None:
    recipe = ToyRecipe(steps=40, save_every=5, log_every=100, output=tmp_path)
    task = Broken(recipe)
    task.value = value
    with pytest.raises(DivergedError, match=rf"the loss is {value} at step 13: try a learning_rate below 0\.01"):
        Trainer(task, recipe).fit()
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["step-00000005", "step-00000010"]


class Interrupted(Blobs):
    """Somebody presses Ctrl-C while the given batch is made."""

    at = 17

    def batch(self, indices: np.ndarray, random: np.random.Generator) -> Batch:
        made = super().batch(indices, random)
        if len(self.seen) == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        return made


@pytest.mark.parametrize("at", [1, 17, 29])
def test_stopped_and_resumed_is_as_if_nothing_had_happened(tmp_path: Path, at: int) -> None:
    """17 is in the middle of an epoch of 7 steps."""

    def recipe(name: str) -> ToyRecipe:
        return ToyRecipe(**DROPS, output=tmp_path / name, validate_every=6, schedule="linear", warmup=5)

    whole = Trainer(Blobs(recipe("whole")), recipe("whole")).fit()
    task = Interrupted(recipe("cut"))
    task.at = at
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped, match=f"stopped after step {at} of 30: all is saved .*--resume"):
        Trainer(task, recipe("cut")).fit()
    assert signal.getsignal(signal.SIGINT) is before
    resumed = Trainer(Blobs(recipe("cut")), recipe("cut")).fit(resume=True)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    assert resumed.metrics == whole.metrics
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)


def test_workers_change_nothing(tmp_path: Path) -> None:
    for workers in (0, 1):
        recipe = ToyRecipe(**DROPS, workers=workers, output=tmp_path / str(workers))
        Trainer(Blobs(recipe), recipe).fit()
    assert losses(tmp_path / "0") == losses(tmp_path / "1")


def cut(folder: Path, **changes: Any) -> ToyRecipe:
    """A run that was stopped after step 17."""
    recipe = ToyRecipe(**{**DROPS, "save_every": 5, "output": folder, **changes})
    with pytest.raises(Stopped):
        Trainer(Interrupted(recipe), recipe).fit()
    return recipe


def test_half_written_and_damaged_states_are_left_out(tmp_path: Path) -> None:
    recipe = cut(tmp_path / "run")
    states = tmp_path / "run" / "state"
    assert sorted(path.name for path in states.iterdir()) == ["step-00000015", "step-00000017"]
    (states / ".step-00000020").mkdir()
    (states / ".step-00000020" / "state.json").write_text("{")
    tensors = states / "step-00000017" / "tensors.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="step-00000017 is damaged and left out"):
        Trainer(Blobs(recipe), recipe).fit(resume=True)
    whole = recipe.model_copy(update={"output": tmp_path / "whole"})
    Trainer(Blobs(whole), whole).fit()
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")
    (states / "step-00000025" / "state.json").write_text("{")
    (states / "step-00000030" / "state.json").unlink()
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(AssetError, match="no state in"):
        Trainer(Blobs(recipe), recipe).fit(resume=True)


def test_another_recipe_is_no_way_to_resume(tmp_path: Path) -> None:
    recipe = cut(tmp_path)
    with pytest.raises(ConfigError, match=r"cannot resume with learning_rate=0\.5: it began with 0\.01"):
        Trainer(Blobs(recipe), recipe.model_copy(update={"learning_rate": 0.5})).fit(resume=True)
    longer = recipe.model_copy(update={"steps": 33, "save_every": 0})
    assert Trainer(Blobs(longer), longer).fit(resume=True).steps == 33


def changed(path: Path) -> None:
    path.write_text(path.read_text() + "x.wav\n")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_other_data_are_no_way_to_resume(tmp_path: Path, part: str) -> None:
    for name in ("train", "validation"):
        (tmp_path / f"{name}.csv").write_text("path\na.wav\n")
    paths = {name: tmp_path / f"{name}.csv" for name in ("train", "validation")}
    recipe = cut(tmp_path / "run", **paths)
    kept = paths[part].read_text()
    changed(paths[part])
    with pytest.raises(ConfigError) as caught:
        Trainer(Blobs(recipe), recipe).fit(resume=True)
    assert f"cannot resume: the data {part}={str(paths[part])!r} are not those it began with" in str(caught.value)
    assert "\n" not in str(caught.value)
    paths[part].write_text(kept)
    assert Trainer(Blobs(recipe), recipe).fit(resume=True).steps == 30
    prints = load_training(tmp_path / "run")["data"]
    assert prints == {name: fingerprint(path) for name, path in paths.items()}
    noted = json.loads((tmp_path / "run" / "data.json").read_text())
    assert noted == {**prints, "examples": 52, "speakers": {"train": ["toy-a", "toy-b"], "validation": []}}


def test_fewer_recordings_behind_the_same_data_are_no_way_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = cut(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"cannot resume: 52 examples when it began, 51 now: give all recordings"):
        Trainer(Blobs(recipe, 51), recipe).fit(resume=True)
    speakers = {"train": {"toy-b", None}, "validation": {"toy-a"}}
    monkeypatch.setattr(Blobs, "speakers", lambda task: speakers)
    with pytest.raises(ConfigError) as caught:
        Trainer(Blobs(recipe), recipe).fit(resume=True)
    monkeypatch.undo()
    told = "cannot resume: speakers missing: toy-a; speakers new: somebody unknown, toy-a: give"
    assert told in str(caught.value)
    assert Trainer(Blobs(recipe), recipe).fit(resume=True).steps == 30


def test_a_run_from_before_examples_were_counted_goes_on(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("path\na.wav\n")
    recipe = cut(tmp_path / "run", train=tmp_path / "train.csv")
    (tmp_path / "run" / "data.json").write_text(json.dumps({"train": fingerprint(tmp_path / "train.csv")}))
    assert Trainer(Blobs(recipe, 51), recipe).fit(resume=True).steps == 30
    assert json.loads((tmp_path / "run" / "data.json").read_text())["examples"] == 51


@pytest.mark.parametrize("content", [None, "{", "[1]", '{"train": {}}', '{"train": 5}', '{"speakers": {"train": 5}}'])
def test_a_run_without_fingerprints_goes_on_and_damage_is_said(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "train.csv").write_text("path\na.wav\n")
    recipe = cut(tmp_path / "run", train=tmp_path / "train.csv")
    noted = tmp_path / "run" / "data.json"
    noted.unlink() if content is None else noted.write_text(content)
    changed(tmp_path / "train.csv")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        assert Trainer(Blobs(recipe), recipe).fit(resume=True).steps == 30
    told = {str(warning.message) for warning in caught if warning.category is UserWarning}
    damaged = f"{noted} is damaged: whether the data are those that the training began with cannot be checked"
    assert told == (set() if content is None else {damaged})


def test_data_that_changed_on_the_way_are_told_as_they_were_when_it_began(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("path\na.wav\n")
    before = fingerprint(tmp_path / "train.csv")

    class Meanwhile(Blobs):
        def validate(self, model: nn.Module) -> Mapping[str, float]:
            changed(tmp_path / "train.csv")
            return {}

    recipe = ToyRecipe(train=tmp_path / "train.csv", output=tmp_path / "run")
    Trainer(Meanwhile(recipe), recipe, facts={"weather": "rain"}).fit()
    facts = load_training(tmp_path / "run")
    assert facts["data"] == {"train": before} != {"train": fingerprint(tmp_path / "train.csv")}
    assert facts["weather"] == "rain"


def test_a_state_that_does_not_fit_is_no_way_to_resume(tmp_path: Path) -> None:
    recipe = cut(tmp_path)

    class Grown(Blobs):
        def build(self) -> nn.Module:
            return nn.Linear(6, 3)

    with pytest.raises(AssetError, match="does not fit"):
        Trainer(Grown(recipe), recipe).fit(resume=True)
    (tmp_path / "state" / "step-00000017" / "state.json").write_text("{}")
    with pytest.raises(AssetError, match="does not fit"):
        Trainer(Blobs(recipe), recipe).fit(resume=True)


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    recipe = ToyRecipe(output=tmp_path)
    with pytest.raises(ConfigError, match="nothing to resume"):
        Trainer(Blobs(recipe), recipe).fit(resume=True)


def test_a_finished_run_is_resumed_to_its_end(tmp_path: Path) -> None:
    recipe = ToyRecipe(output=tmp_path, validate_every=5)
    first = Trainer(Blobs(recipe), recipe).fit()
    written = (tmp_path / "model.safetensors").read_bytes()
    again = Trainer(Blobs(recipe), recipe).fit(resume=True)
    assert (again.step, again.steps, again.metrics) == (first.step, first.steps, first.metrics)
    assert (tmp_path / "model.safetensors").read_bytes() == written


def test_an_output_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    recipe = ToyRecipe(output=tmp_path / "file" / "run")
    with pytest.raises(OutputError, match=r"cannot write into .*: not a directory"):
        Trainer(Blobs(recipe), recipe).fit()

    full = cut(tmp_path / "full")

    def no_space(tensors: object, path: Path) -> None:
        path.write_bytes(b"as far as it goes")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("safetensors.torch.save_file", no_space)
    with pytest.raises(OutputError, match="no space left on device"):
        Trainer(Blobs(full), full).fit(resume=True)
    monkeypatch.undo()
    assert Trainer(Blobs(full), full).fit(resume=True).steps == 30


def test_quiet_means_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = ToyRecipe(validate_every=5, save_every=5)
    Trainer(Blobs(recipe), recipe).fit()
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_many_small_trainings_are_quick() -> None:
    """Whatever a step costs, a training must not cost much more: leave-one-speaker-out takes a hundred of them."""
    recipe = ToyRecipe(steps=1, validate_every=0)
    Trainer(Blobs(recipe), recipe).fit()
    begun = time.process_time()
    for _ in range(10):
        Trainer(Blobs(recipe), recipe).fit()
    assert (time.process_time() - begun) / 10 < 0.1
