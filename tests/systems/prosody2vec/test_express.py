"""The last stage: a critic learns what emotions sound like, the networks learn to please it, no more is touched."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from espressivo.corpora.data import read_data
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.systems.prosody2vec import task as room
from espressivo.systems.prosody2vec.encoder import BANDS
from espressivo.systems.prosody2vec.examples import Batch
from espressivo.systems.prosody2vec.express import MELODY_COST, Actor, ExpressTask, costly
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.parts import PAIR
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.training import Trainer
from espressivo.training.checkpoint import save_model, write_training
from tests.systems.learning import learning
from tests.systems.prosody2vec.making import debug, lively, recordings
from tests.systems.resuming import goes_on_as_if_never_stopped, losses
from tests.systems.vocoder.making import random_folder

pytestmark = pytest.mark.usefixtures("made_up")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two speakers, neutral, happy and sad, twice each."""
    return recordings(tmp_path_factory.mktemp("data"), emotions=("neutral", "happy", "sad"))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of somebody else, and never sad."""
    return recordings(tmp_path_factory.mktemp("held"), people=1, each=3, emotions=("neutral", "happy"), first=5)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a first stage, which knew two of the emotions; its weights lie on disk in fp16."""
    net = lively(emotions=("happy", "calm"))
    folder = tmp_path_factory.mktemp("begun") / "model"
    save_model(folder, net, net.config, "# Begun", half=True)
    return folder


def express(begin: Path, **values: object) -> ProsodyRecipe:
    return debug(**{"learns": "expression", "begin": begin, "rehearse": 2, **values})


def task_of(recipe: ProsodyRecipe) -> ExpressTask:
    made = room.make_task(recipe)
    assert isinstance(made, ExpressTask)
    return made


def liking(made: ExpressTask, actor: Actor, batch: Batch) -> float:
    """How far the critic is from hearing what it should, for the same wishes each time."""
    torch.manual_seed(3)
    with torch.no_grad():
        return float(np.mean([float(made.loss(actor, batch).parts["liked"]) for _ in range(8)]))


# Where it begins


def test_it_goes_on_from_a_model(data, begun):
    actor = task_of(express(begun, train=data, name="mine", licence="CC0")).build()
    before = Prosody2Vec.load(begun)
    assert actor.net.config.emotions == ("neutral", "happy", "sad")
    assert (actor.net.config.name, actor.net.config.licence) == ("mine", "CC0")
    after = actor.net.state_dict()
    for name, value in before.state_dict().items():
        if ".told." not in name:
            assert torch.equal(after[name], value), name
        else:
            assert torch.equal(after[name][:, 1], value[:, 0])  # happy was known
            assert not after[name][:, [0, 2]].any()
    assert actor.critic.eye.out.out_features == actor.critic.ear.out.out_features == 3
    assert all(weight.requires_grad == (".told." in name) for name, weight in actor.net.named_parameters())


def test_what_it_hears_through_is_as_the_model_says(data, tmp_path):
    net = lively(hearing="whisper-base", layer=5, heard=6)
    save_model(tmp_path, net, net.config, "# Hears")
    made = task_of(express(tmp_path, train=data))
    assert made.batch(np.arange(2), np.random.default_rng(0)).heard.shape[-1] == 6
    assert made.build().net.config.layer == 5


def test_the_trained_model_sees_as_it_did_and_says_more(data, begun, tmp_path):
    recipe = express(begun, train=data, output=tmp_path / "mine", rehearse=1)
    outcome = Trainer(room.make_task(recipe), recipe).fit()
    before, after = Prosody2Vec.load(begun).state_dict(), Prosody2Vec.load(tmp_path / "mine").state_dict()
    for name, value in before.items():
        if ".told." not in name and name != "styles":
            assert torch.equal(after[name], value), name  # bit for bit
    assert outcome.model.step == 4
    for part in ("decoder", "melody", "pace"):
        assert (after[f"{part}.blocks.0.told.weight"] != 0).any(dim=0).sum() >= 2


def test_whom_the_first_stage_heard_is_not_forgotten(data, tmp_path):
    net = lively()
    save_model(tmp_path, net, net.config, "# Heard")
    write_training(tmp_path, {"speakers": {"train": ["anna", None], "validation": ["bert"]}})
    found = task_of(express(tmp_path, train=data)).speakers()
    assert found == {"train": {"anna", None, "made-0", "made-1"}, "validation": {"bert"}}


def test_emotions_can_be_taken_for_others(data, begun):
    made = task_of(express(begun, train=data, labels="{sad: neutral}"))
    assert made.heard.emotions == ("neutral", "happy")
    felt = made.batch(np.arange(12), np.random.default_rng(0)).felt
    assert felt.tolist() == [0, 1, 0, 0, 1, 0] * 2
    with pytest.raises(ConfigError, match="unknown emotion 'hungry'"):
        room.make_task(express(begun, train=data, labels="{sad: hungry}"))


def test_emotions_to_rename_may_be_called_as_people_call_them(data, begun):
    assert task_of(express(begun, train=data, labels="{sadness: neutral}")).heard.emotions == ("neutral", "happy")


def test_what_cannot_be_learned_from(data, begun, tmp_path):
    with pytest.raises(InputError, match="give recordings of two emotions at least"):
        room.make_task(express(begun, train=data, labels="{sad: happy, neutral: happy}"))
    with pytest.raises(InputError, match="give recordings of two emotions at least"):
        room.make_task(express(begun, train=recordings(tmp_path, people=1)))
    with pytest.raises(AssetError, match="is not a model's folder"):
        room.make_task(express(tmp_path / "none", train=data))
    with pytest.raises(AssetError, match="holds a vocoder model"):
        room.make_task(express(random_folder(tmp_path / "vocoder"), train=data))
    with pytest.raises(InputError, match="give train=DATA"):
        room.make_task(express(begun))


def test_there_are_as_many_style_tokens_as_before(data, begun, tmp_path):
    made = task_of(express(begun, train=data, styles=7))
    made.export(made.build(), tmp_path / "mine")
    assert Prosody2Vec.load(tmp_path / "mine").styles.shape == (4, 4)


# What is learned


def test_the_golden_losses_of_three_steps(data, begun, tmp_path):
    """Two of the critic, one of the networks."""
    recipe = express(begun, train=data, log_every=1, steps=3, output=tmp_path)
    Trainer(room.make_task(recipe), recipe).fit()
    assert [loss for _, loss in losses(tmp_path)] == pytest.approx(GOLDEN, rel=5e-3)


GOLDEN = [2.2685, 3.4145, 3.7897]


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(data, begun, tmp_path):
    settings = {"train": data, "log_every": 1, "save_every": 3, "schedule": "constant"}
    goes_on_as_if_never_stopped(room.make_task, partial(express, begun, **settings), tmp_path, 3, 5)


def test_what_moves_is_costly_and_what_stays_is_not(data, begun):
    batch = task_of(express(begun, train=data)).batch(np.arange(3), np.random.default_rng(0))
    count = batch.mask.shape[1]
    still, none = torch.randn(3, 1, PAIR * BANDS).expand(-1, count, -1), torch.zeros(3, count)
    assert costly(still, none, batch) == pytest.approx(0, abs=1e-5)
    assert costly(0 * still, none + 0.1, batch) == pytest.approx(0.1 * MELODY_COST)
    moving = torch.randn(3, count, PAIR * BANDS)
    once = costly(still + moving, none, batch)
    assert once > 0.5
    assert costly(2 * moving, none, batch) == pytest.approx(2 * float(once), rel=1e-4)
    beyond = torch.where(batch.mask[..., None] > 0, moving, 99.0)
    torch.testing.assert_close(costly(beyond, none, batch), once)


def test_the_critic_learns_and_then_the_networks_please_it(data, begun):
    made = task_of(express(begun, train=data, rehearse=25, please=3.0, spare=0, frames=40))
    torch.manual_seed(0)
    actor, batch = made.build().train(), made.batch(np.arange(0, 12, 2), np.random.default_rng(0))
    torch.manual_seed(1)
    _, rehearsed = learning(made, actor, batch, 25, 3e-3)
    assert set(rehearsed[0]) == {"critic", "right"}
    assert rehearsed[-1]["right"] == 1 > 0.7 > rehearsed[0]["right"]
    assert rehearsed[-1]["critic"] < 0.1 * rehearsed[0]["critic"]
    judges = {name: value.clone() for name, value in actor.state_dict().items() if name.startswith("critic")}
    before = liking(made, actor, batch)
    torch.manual_seed(1)
    _, acted = learning(made, actor, batch, 60, 3e-2)
    assert set(acted[0]) == {"mel", "contour", "pace", "liked", "hit", "size"}
    assert liking(made, actor, batch) < before - 0.1
    assert all(torch.equal(actor.state_dict()[name], value) for name, value in judges.items())


def test_only_the_judges_learn_in_rehearsal_and_only_the_networks_afterwards(data, begun):
    made = task_of(express(begun, train=data, rehearse=1))
    actor, batch = made.build().train(), made.batch(np.arange(6), np.random.default_rng(0))
    touched = []
    for _ in range(2):
        actor.zero_grad()
        made.loss(actor, batch).total.backward()
        touched.append({n.split(".")[0] for n, p in actor.named_parameters() if p.grad is not None and p.grad.any()})
    assert touched == [{"critic"}, {"net"}]
    learned = {name.split(".")[1] for name, weight in actor.named_parameters() if weight.grad is not None}
    assert {"decoder", "melody", "pace"} <= learned


def test_recordings_without_labels_are_learned_from_as_well(data, begun, tmp_path):
    unnamed = recordings(tmp_path, people=1, each=4, first=3)
    text = data.read_text() + "".join(f"{tmp_path}/{line}\n" for line in unnamed.read_text().splitlines()[1:])
    both = data.with_name("both.csv")
    both.write_text(text)
    made = task_of(express(begun, train=both, rehearse=1))
    assert len(made) == 16
    actor, batch = made.build().train(), made.batch(np.arange(12, 16), np.random.default_rng(0))
    assert (batch.felt == -1).all()
    rehearsed, acted = made.loss(actor, batch), made.loss(actor, batch)
    assert (rehearsed.parts["critic"], rehearsed.parts["right"]) == (0, 0)
    assert torch.isfinite(acted.total)


# Validation


def test_a_validation_leaves_the_count_of_steps_alone(data, held, begun):
    made = task_of(express(begun, train=data, validation=held, rehearse=0))
    actor = made.build()
    actor.step += 1
    found = made.validate(actor)
    assert {"score", "mel", "contour", "pace"} <= set(found)
    assert actor.step == 1
    assert actor.training


def test_weights_of_the_rehearsal_are_not_the_best(data, held, begun):
    made = task_of(express(begun, train=data, validation=held, rehearse=1))
    actor = made.build().train()
    assert made.validate(actor) is None  # the networks are as they were
    actor.step += 2
    assert made.validate(actor)["score"] < 0


def test_patience_waits_for_the_rehearsal_to_end(data, held, begun):
    recipe = express(begun, train=data, validation=held, patience=2, validate_every=1)
    outcome = Trainer(room.make_task(recipe), recipe).fit()
    assert outcome.step > 2
    assert outcome.score < 0


def test_a_validation_can_be_repeated(data, held, begun):
    made = task_of(express(begun, train=data, validation=held, rehearse=0))
    actor = made.build()
    actor.step += 1
    assert made.validate(actor) == made.validate(actor)


def test_emotions_have_the_same_numbers_in_validation(begun, data, tmp_path):
    others = recordings(tmp_path, people=1, emotions=("happy", "sad"), first=7)
    made = task_of(express(begun, train=data, validation=others))
    names = made.build().net.config.emotions
    felt = made.held.batch(np.arange(4), 64, np.random.default_rng(0), 0.0).felt
    assert [names[number] for number in felt] == [item.emotion for item in read_data(others)]
