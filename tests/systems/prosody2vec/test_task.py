"""The first stage by the `debug` recipe on made-up parts: it learns, goes on where it stopped, and is kept."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.corpora.skips import gathering
from espressivo.errors import ConfigError, InputError
from espressivo.systems.prosody2vec import task as room
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.systems.prosody2vec.seconds import seconds_of, spread_out
from espressivo.systems.prosody2vec.task import Learner, ProsodyTask, alike, looked
from espressivo.systems.registry import room as registered
from espressivo.training import Trainer
from espressivo.training.checkpoint import load_training
from espressivo.verbs.train import train
from tests.systems.learning import learning
from tests.systems.prosody2vec.making import debug, lively, recordings, sounding, table
from tests.systems.resuming import goes_on_as_if_never_stopped, losses

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, neutral and happy, three times each."""
    return recordings(tmp_path_factory.mktemp("data"), each=3, emotions=("neutral", "happy"))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight recordings of somebody else."""
    return recordings(tmp_path_factory.mktemp("held"), people=1, each=8, first=5)


def learner_of(made: ProsodyTask) -> Learner:
    torch.manual_seed(0)
    model = made.build()
    assert isinstance(model, Learner)
    return model


def test_one_command_trains_a_model_that_can_be_used(data, held, tmp_path):
    given = [f"train={data}", f"validation={held}", f"output={tmp_path / 'mine'}"]
    outcome = train("prosody2vec", given, recipe="debug")
    assert {"score", "mel", "contour", "pace"} <= set(outcome.metrics)
    assert all(np.isfinite(value) for value in outcome.metrics.values())
    facts = load_training(tmp_path / "mine")
    assert facts["speakers"] == {"train": ["made-0", "made-1"], "validation": ["made-5"]}
    card = (tmp_path / "mine" / "README.md").read_text()
    assert "speech of 2 voices" in card
    assert "as the recordings say" in card
    net = Prosody2Vec.load(tmp_path / "mine")
    assert net.config.emotions == ()  # nobody has told it any
    assert net.styles.unique(dim=0).shape[0] > 1
    assert (net.styles.abs() <= 1).all()


def test_what_is_kept_is_what_was_learned(data, tmp_path):
    recipe = debug(train=data, output=tmp_path / "mine")
    learned = Trainer(room.make_task(recipe), recipe).fit().model.net
    kept = Prosody2Vec.load(tmp_path / "mine").state_dict()
    for name, value in learned.state_dict().items():
        assert torch.equal(kept[name], value.half().float()), name  # kept in fp16


@pytest.mark.parametrize("ear", [{}, {"hearing": "whisper-base", "heard": 6}])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(data, held, tmp_path, ear):
    settings = {"train": data, "validation": held, "log_every": 1, "save_every": 2, **ear}
    settings |= {"schedule": "constant", "hide_after": 0}  # else both would depend on how many steps there are
    goes_on_as_if_never_stopped(room.make_task, partial(debug, **settings), tmp_path, 2, 4)


def test_the_golden_losses_of_three_steps(data, tmp_path):
    """A change of the losses, of the cuts or of the first weights shows here first."""
    recipe = debug(train=data, log_every=1, steps=3, output=tmp_path)
    Trainer(room.make_task(recipe), recipe).fit()
    assert [loss for _, loss in losses(tmp_path)] == pytest.approx(GOLDEN, rel=5e-3)


GOLDEN = [8.4464, 8.6466, 8.1961]


def test_one_batch_is_learned(data):
    made = room.make_task(debug(train=data))
    learner, batch = learner_of(made), made.batch(np.array([0, 1, 6, 7]), np.random.default_rng(0))
    totals, costs = learning(made, learner, batch, 60, 3e-3)
    assert totals[-1] < 0.7 * totals[0]
    for name in ("mel", "contour", "pace", "usual"):
        assert costs[-1][name] < 0.9 * costs[0][name], name


def test_every_weight_is_learned(data):
    made = room.make_task(debug(train=data))
    learner = learner_of(made)
    optimizer = torch.optim.AdamW((p for p in learner.parameters() if p.requires_grad), 1e-3)
    for _ in range(2):  # conditions do nothing before the first step
        optimizer.zero_grad()
        made.loss(learner, made.batch(np.arange(8), np.random.default_rng(0))).total.backward()
        optimizer.step()
    for name, weight in learner.named_parameters():
        assert torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().sum() > 0, name


def test_what_is_usual_for_a_voice_is_learned_from_what_is_usual_alone(data):
    made = room.make_task(debug(train=data, usual_weight=0.0))
    learner = learner_of(made)
    made.loss(learner, made.batch(np.arange(4), np.random.default_rng(0))).total.backward()
    assert not any(weight.grad.any() for weight in learner.net.usual.parameters())


def test_it_learns_with_an_ear_besides(data):
    made = room.make_task(debug(train=data, hearing="whisper-base", layer=2, heard=6))
    learner, batch = learner_of(made), made.batch(np.arange(4), np.random.default_rng(0))
    cost = made.loss(learner, batch)
    cost.total.backward()
    for part in (learner.net.prosody.ear, learner.net.prosody.shade):
        assert part.weight.grad.abs().sum() > 0
    assert (learner.net.config.hearing, learner.net.config.layer) == ("whisper-base", 2)
    # What is heard of the voice as a whole is uncertain while it learns, and certain afterwards.
    again = made.loss(learner, batch)
    assert cost.total != again.total
    learner.eval()
    assert made.loss(learner, batch).total == made.loss(learner, batch).total


@pytest.mark.parametrize("wrong", [{"heard": 6}, {"hearing": "whisper-base"}])
def test_an_ear_and_its_numbers_must_belong_together(data, wrong):
    recipe = debug(train=data, **wrong)
    with pytest.raises(ConfigError, match="heard"):
        first_step(recipe)


def first_step(recipe: ProsodyRecipe) -> float:
    made = room.make_task(recipe)
    return float(made.loss(made.build(), made.batch(np.arange(2), np.random.default_rng(0))).total)


# Numbers that tell of each other


def test_numbers_that_repeat_each_other_cost():
    torch.manual_seed(0)
    free = torch.randn(4000, 3)
    assert alike(free) < 0.01
    assert alike(free[:, [0, 0, 1]]) == pytest.approx(2 / 3, abs=0.01)  # two of three know one other
    assert alike(torch.stack([free[:, 0], -5 * free[:, 0] + 9], dim=1)) == pytest.approx(1, abs=0.01)
    assert alike(torch.zeros(8, 3)) == 0


# The adversaries


def test_the_adversaries_learn_what_the_prosody_unlearns(data):
    made = room.make_task(debug(train=data, hide_after=0))
    learner, batch = learner_of(made), made.batch(np.arange(8), np.random.default_rng(0))
    style = torch.randn(8, 2, 4, requires_grad=True)

    def costs(what: torch.Tensor) -> torch.Tensor:
        who, words = made._hidden(learner, batch, what)
        return who + words

    costs(style).backward()
    with torch.no_grad():
        up = costs(style - 0.01 * style.grad)  # where descent goes
        assert up > costs(style)
        for weight in (*learner.who.parameters(), *learner.what.parameters()):
            weight -= 0.01 * weight.grad
        assert costs(style) < up


def test_the_adversaries_come_in_slowly(data):
    made = room.make_task(debug(train=data, steps=10, hide_after=0.5))
    learner = learner_of(made).train()
    shares = []
    for _ in range(7):
        made.loss(learner, made.batch(np.arange(2), np.random.default_rng(0)))
        shares.append(made._share(learner))
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1])


def test_only_who_is_known_is_to_be_told(data):
    made = room.make_task(debug(train=data))
    learner, batch = learner_of(made), made.batch(np.arange(4), np.random.default_rng(0))
    assert made.who == {"made-0": 0, "made-1": 1}
    assert learner.who[-1].out_features == 2
    style = torch.randn(4, 2, 4)
    one, _ = made._hidden(learner, batch._replace(who=torch.full((4,), -1)), style)
    assert one == 0


def test_seconds_that_are_not_there_do_not_colour_those_before(data, monkeypatch):
    made = room.make_task(debug(train=data, frames=128))
    learner, given = Learner(lively(emotions=("neutral", "happy")), 2), []
    batch = made.batch(np.array([2]), np.random.default_rng(0))
    learner.net.prosody.out.weight.data *= 10
    end = int(batch.mask.sum())
    assert (end, seconds_of(end)) == (86, 2)
    plain = learner.net.mel
    monkeypatch.setattr(learner.net, "mel", lambda *args: given.append(args[4]) or plain(*args))
    made.loss(learner.eval(), batch)
    style = learner.net.prosody(looked(batch, learner.net.expected(batch.speaker)), batch.mask)
    torch.testing.assert_close(given[0][:, :end], spread_out(learner.net.toned(style[:, :2]), end))


# Validation


def test_a_validation_can_be_repeated_and_leaves_the_model_in_training(data, held):
    made = room.make_task(debug(train=data, validation=held))
    learner = learner_of(made)
    found = made.validate(learner)
    assert found == made.validate(learner)
    assert learner.training
    assert found["score"] < 0
    assert room.make_task(debug(train=data)).validate(learner) == {}


def test_a_validation_on_a_few_recordings(data, tmp_path):
    few = recordings(tmp_path, people=1, each=3, first=6)
    made = room.make_task(debug(train=data, validation=few))
    assert made.validate(learner_of(made))["score"] < 0


# What is written


def test_fewer_seconds_than_style_tokens(data, tmp_path):
    made = room.make_task(debug(train=data, styles=500))
    net = lively(styles=500)
    made.save(net, tmp_path / "mine")
    assert torch.isfinite(net.styles).all()
    assert (net.styles[400:] == net.styles[0]).all()


# What cannot be trained


def test_what_cannot_be_used_is_left_out_and_named(tmp_path):
    good = recordings(tmp_path, people=1)
    sounding(tmp_path / "short.wav", 0.3)
    good.write_text(good.read_text() + "short.wav,made-0,,\n")
    with gathering() as skipped:
        made = room.make_task(debug(train=good))
    assert len(made) == 2
    assert [name for name, _ in skipped] == ["short.wav"]
    with pytest.raises(InputError, match=r"no recording can be used: the first is short\.wav"):
        room.make_task(debug(train=table(tmp_path, [{"path": "short.wav", "speaker": "a"}], "bad.csv")))
    with pytest.raises(InputError, match="give train=DATA"):
        room.make_task(debug())


def test_the_task_is_one_of_the_rooms():
    assert registered("prosody2vec") is room
    assert issubclass(ProsodyTask, room.Task)


@pytest.mark.parametrize("there", [True, False])
def test_the_shipped_model_is_named_only_where_it_is(there, tmp_path, monkeypatch):
    if there:
        (tmp_path / "checkpoints" / "prosody2vec").mkdir(parents=True)
    beside: Callable[[str], Path] = lambda name: tmp_path / name  # noqa: E731
    monkeypatch.setattr(room, "beside", beside)
    assert room.shipped() == (tmp_path / "checkpoints" / "prosody2vec" if there else None)
