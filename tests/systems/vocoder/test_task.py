"""The room by the `debug` recipe on babble: it learns, goes on where it stopped, and is kept as it was."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from espressivo.assets.model import load_weights
from espressivo.corpora.skips import gathering
from espressivo.errors import ConfigError, InputError
from espressivo.signal.harmonic import MEL, HarmonicNet
from espressivo.signal.harmonic_vocoder import HarmonicVocoder
from espressivo.systems.registry import room as registered
from espressivo.systems.vocoder import task as room
from espressivo.systems.vocoder.task import VocoderRecipe, VocoderTask
from espressivo.training import Trainer, read_recipe
from espressivo.training.checkpoint import load_training
from espressivo.verbs.train import train
from tests.systems.learning import learning
from tests.systems.resuming import goes_on_as_if_never_stopped, losses
from tests.systems.vocoder.making import recordings, table


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recordings(tmp_path_factory.mktemp("data"))


def debug(**values: object) -> VocoderRecipe:
    return read_recipe(VocoderRecipe, "debug", [f"{key}={value}" for key, value in values.items()], room.RECIPES)


@pytest.mark.parametrize("path", sorted(room.RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_valid(path: Path) -> None:
    recipe = read_recipe(VocoderRecipe, path)
    assert recipe.name
    HarmonicNet(recipe.network)


def test_what_no_recipe_has_is_refused_and_named() -> None:
    with pytest.raises(ConfigError, match="did you mean 'layers'"):
        debug(layer=3)
    with pytest.raises(ConfigError, match="varied"):
        debug(varied=1.5)


def test_one_command_trains_a_vocoder_that_can_be_used(data: Path, tmp_path: Path) -> None:
    other = recordings(tmp_path / "held", speakers=1, first=5)
    outcome = train("vocoder", [f"train={data}", f"validation={other}", f"output={tmp_path / 'mine'}"], recipe="debug")
    assert set(outcome.metrics) == {"score", "spectra", "mel", "melody"}
    assert all(np.isfinite(value) for value in outcome.metrics.values())
    facts = load_training(tmp_path / "mine")
    assert facts["speakers"] == {"train": ["made-0", "made-1"], "validation": ["made-5"]}
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "speech of 2 voices" in card
    model = HarmonicVocoder(tmp_path / "mine")
    assert model.config.licence == "as the recordings say"
    assert model(torch.full((1, 9, MEL.n_mels), -5.0)).shape == (1, 9 * MEL.hop)


def test_what_is_kept_is_what_was_learned(data: Path, tmp_path: Path) -> None:
    recipe = debug(train=data, output=tmp_path / "mine")
    learned = Trainer(room.make_task(recipe), recipe).fit().model
    again = load_weights(tmp_path / "mine", HarmonicNet(recipe.network))
    for name, value in learned.state_dict().items():
        assert torch.equal(again.state_dict()[name], value.half().float()), name  # kept in fp16
    mel = torch.full((1, 20, MEL.n_mels), -5.0)
    one, other = HarmonicVocoder(tmp_path / "mine"), HarmonicVocoder(tmp_path / "mine")
    assert torch.equal(one(mel), other(mel))


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(data: Path, tmp_path: Path) -> None:
    settings = {"train": data, "log_every": 1, "save_every": 2, "schedule": "constant"}
    goes_on_as_if_never_stopped(room.make_task, partial(debug, **settings), tmp_path, 2, 4)


def test_the_golden_losses_of_three_steps(data: Path, tmp_path: Path) -> None:
    """A change of the losses, of the crops or of the first weights shows here first."""
    recipe = debug(train=data, log_every=1, steps=3, output=tmp_path)
    Trainer(room.make_task(recipe), recipe).fit()
    assert [loss for _, loss in losses(tmp_path)] == pytest.approx(GOLDEN, rel=5e-3)


GOLDEN = [2.5129, 3.0802, 2.3798]


def test_one_batch_is_learned(data: Path) -> None:
    recipe = debug(train=data, varied=0.0)
    made = room.make_task(recipe)
    torch.manual_seed(0)
    net, batch = made.build(), made.batch(np.array([0, 2]), np.random.default_rng(0))
    totals, costs = learning(made, net, batch, 60, 3e-3)
    assert totals[-1] < 0.75 * totals[0]
    for name in ("spectra", "mel", "melody"):
        assert costs[-1][name] < 0.9 * costs[0][name], name


def test_every_weight_is_learned(data: Path) -> None:
    made = room.make_task(debug(train=data))
    net = made.build()
    made.loss(net, made.batch(np.arange(4), np.random.default_rng(0))).total.backward()
    assert all(weight.grad is not None and torch.isfinite(weight.grad).all() for weight in net.parameters())
    assert all(weight.grad.abs().sum() > 0 for weight in net.parameters() if weight.grad is not None)


def test_a_share_of_the_batches_is_given_the_trackers_melody(data: Path) -> None:
    made = room.make_task(debug(train=data, told=0.5))
    told = [bool(made.batch(np.array([0]), np.random.default_rng(n)).told) for n in range(30)]
    assert 5 < sum(told) < 25
    for share in (0.0, 1.0):
        one = room.make_task(debug(train=data, told=share))
        assert bool(one.batch(np.array([0]), np.random.default_rng(0)).told) is bool(share)


def test_a_melody_that_is_told_is_used(data: Path) -> None:
    made = room.make_task(debug(train=data, varied=0.0))
    net, batch = made.build(), made.batch(np.arange(4), np.random.default_rng(0))
    told, own = (made.loss(net, batch._replace(told=torch.tensor(which))) for which in (True, False))
    assert told.parts["spectra"] != own.parts["spectra"]
    assert told.parts["melody"] == own.parts["melody"]


def test_a_validation_can_be_repeated_and_leaves_the_model_in_training(data: Path, tmp_path: Path) -> None:
    held = recordings(tmp_path, speakers=1, first=5)
    made = room.make_task(debug(train=data, validation=held))
    net = made.build()
    assert made.validate(net) == made.validate(net)
    assert net.training
    assert room.make_task(debug(train=data)).validate(net) == {}


def test_what_cannot_be_used_is_left_out_and_named(data: Path, tmp_path: Path) -> None:
    good = recordings(tmp_path, speakers=1)
    soundfile.write(tmp_path / "short.wav", np.zeros(100), MEL.rate)
    (tmp_path / "empty.wav").touch()
    good.write_text(good.read_text() + "short.wav,a\nempty.wav,a\n")
    with gathering() as skipped:
        made = room.make_task(debug(train=good))
    assert len(made) == 2
    assert {name for name, _ in skipped} == {"short.wav", "empty.wav"}
    with pytest.raises(InputError, match=r"no recording can be used: the first is short\.wav"):
        room.make_task(debug(train=table(tmp_path, [{"path": "short.wav", "speaker": "a"}], "bad.csv")))
    with pytest.raises(InputError, match="give train=DATA"):
        room.make_task(debug())


def test_the_task_is_one_of_the_rooms() -> None:
    assert registered("vocoder") is room
    assert issubclass(VocoderTask, room.Task)
