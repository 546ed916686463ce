"""Fine-tuning on labels: the encoder hears emotions afterwards, and the rest of the model stays what it was for."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.errors import AssetError, InputError
from espressivo.systems.prosody2vec import task as room
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.systems.prosody2vec.tune import Namer, TuneTask
from espressivo.training import Trainer
from espressivo.training.checkpoint import load_training, save_model, write_training
from tests.systems.learning import learning
from tests.systems.prosody2vec.making import debug, lively, recordings
from tests.systems.resuming import goes_on_as_if_never_stopped

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, neutral, happy and angry, twice each."""
    return recordings(tmp_path_factory.mktemp("data"), emotions=("neutral", "happy", "angry"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that can be told one emotion."""
    folder, net = tmp_path_factory.mktemp("begun"), lively(emotions=("sad",))
    save_model(folder, net, net.config, "# Begun")
    write_training(folder, {"speakers": {"train": ["earlier"]}})
    return folder


def tune(begin: Path | None, **values: object) -> ProsodyRecipe:
    return debug(**{"learns": "emotions", "hide_after": 0, **({"begin": begin} if begin else {}), **values})


def test_it_goes_on_from_a_model_and_can_be_told_what_that_could(data, begun, tmp_path):
    recipe = tune(begun, train=data, name="mine", licence="CC0", output=tmp_path / "mine")
    made = room.make_task(recipe)
    assert isinstance(made, TuneTask)
    known = Prosody2Vec.load(begun)
    for name, value in made.build().net.state_dict().items():
        assert torch.equal(value, known.state_dict()[name]), name
    Trainer(made, recipe).fit()
    after = Prosody2Vec.load(tmp_path / "mine")
    assert (after.config.name, after.config.licence, after.config.emotions) == ("mine", "CC0", ("sad",))
    assert not torch.equal(after.prosody.out.weight, known.prosody.out.weight)
    assert load_training(tmp_path / "mine")["speakers"]["train"] == ["earlier", "made-0", "made-1"]


def test_the_prosody_comes_to_tell_emotions(data, begun):
    made = room.make_task(tune(begun, train=data, name_weight=1.0))
    torch.manual_seed(0)
    namer, batch = made.build().train(), made.batch(np.arange(12), np.random.default_rng(0))
    _, parts = learning(made, namer, batch, 80, 3e-3)
    named = [part["named"] for part in parts]
    assert named[0] == pytest.approx(2 * np.log(3), rel=0.3)
    assert named[-1] < 0.5 * named[0]
    for weight in (namer.felt_inside.weight, namer.felt_said.weight, namer.net.prosody.out.weight):
        assert weight.grad.abs().sum() > 0


def test_what_has_no_label_teaches_no_emotion(data, begun):
    made = room.make_task(tune(begun, train=data))
    namer, batch = made.build(), made.batch(np.arange(4), np.random.default_rng(0))
    assert isinstance(namer, Namer)
    unlabelled = batch._replace(felt=torch.full((4,), -1))
    assert made.loss(namer, unlabelled).parts["named"] == 0
    assert made.loss(namer, batch).parts["named"] > 0


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(data, begun, tmp_path):
    settings = {"train": data, "log_every": 1, "save_every": 2, "schedule": "constant"}
    goes_on_as_if_never_stopped(room.make_task, partial(tune, begun, **settings), tmp_path, 2, 4)


def test_what_cannot_be_tuned(data, begun, tmp_path):
    with pytest.raises(InputError, match="needs begin=FOLDER"):
        room.make_task(tune(None, train=data))
    with pytest.raises(AssetError):
        room.make_task(tune(tmp_path, train=data))
    with pytest.raises(InputError, match="two emotions"):
        room.make_task(tune(begun, train=recordings(tmp_path / "plain", people=1)))
    with pytest.raises(InputError, match="give --recipe tune or express"):
        room.make_task(tune(begun, train=data, learns="speech"))
