"""The stages of training: what their examples are, that they learn, what they take over, and what they refuse."""

from functools import partial
from shutil import copytree

import numpy as np
import pytest
import torch

from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.systems.avlm import task as room
from espressivo.systems.avlm.adapt import AdaptTask
from espressivo.systems.avlm.avsr import AvsrTask, noises_of
from espressivo.systems.avlm.fuse import FuseTask
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.sequence import NOTHING, Writer
from espressivo.systems.avlm.stages import STAGES
from espressivo.systems.registry import room as registered
from espressivo.training.checkpoint import load_training, save_model, write_training
from espressivo.verbs.train import train
from tests.systems.avlm.making import WORDS, clips, debug, items, lively, recordings, seen_in
from tests.systems.learning import learning
from tests.systems.resuming import goes_on_as_if_never_stopped

GIVEN = items("happy neutral angry happy")
HELD = items("neutral happy angry", speaker="other")


def task(lm, stage, heard=GIVEN, faces=True, noises=0, **values):
    given = debug(lm, stage=stage, **values)
    return STAGES[stage](given, clips(*heard, faces=faces, noises=noises), clips(*HELD))


def example(made, number=0, seed=0):
    return made.sequence(Writer(made.words), made.heard, number, np.random.default_rng(seed))


def told(made, row):
    """The text that is to be learned."""
    return made.text.decode([token for token in row.targets if NOTHING < token < WORDS.text])


# They learn


@pytest.mark.parametrize("stage", STAGES)
def test_one_batch_is_learned(lm, stage):
    made = task(lm, stage)
    torch.manual_seed(0)
    model, batch = made.build().train(), made.batch(np.arange(4), np.random.default_rng(0))
    totals, _ = learning(made, model, batch, 15, 1e-2)
    assert np.isfinite(totals).all()
    assert totals[-1] < 0.95 * totals[0]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_learns(lm, fusion):
    made = task(lm, "fuse", fusion=fusion)
    torch.manual_seed(0)
    model, batch = made.build().train(), made.batch(np.arange(4), np.random.default_rng(0))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    totals, _ = learning(made, model, batch, 3, 1e-2)
    assert totals[-1] < totals[0]
    changed = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    assert any(name.startswith("fusion.") for name in changed) == (fusion != "none")
    assert {"speech", "adapter.0.up"} <= changed


@pytest.mark.parametrize("stage", STAGES)
def test_a_validation_can_be_repeated(lm, stage):
    made = task(lm, stage)
    torch.manual_seed(0)
    model = made.build()
    found = made.validate(model)
    assert np.isfinite(found["score"])
    assert found == made.validate(model)
    assert STAGES[stage](made.recipe, made.heard).validate(model) == {}


def test_a_validation_is_over_all_targets_whatever_the_batches(lm):
    torch.manual_seed(0)
    few, many = (task(lm, "avsr", batch_size=size, fusion="concatenation") for size in (1, 3))
    model = few.build()
    assert few.surprise(model, few.held) == pytest.approx(many.surprise(model, many.held), rel=1e-4)


def test_whom_it_hears_is_told(lm):
    assert task(lm, "fuse").speakers() == {"train": {"made"}, "validation": {"other"}}


# What the examples are


def test_adapting_is_recognition_synthesis_and_continuation_in_turn(lm):
    made = task(lm, "adapt")
    rows = [example(made, seed=seed) for seed in range(40)]
    spoken = made.voice(made.heard, 0).tokens.ids(WORDS.layout)
    ask, say = made.written("Transcribe: good day"), made.written("Say: good day")
    found = {"recognition": 0, "synthesis": 0, "continuation": 0}
    for row in rows:
        if told(made, row):
            assert told(made, row) == " good day<eos>"
            np.testing.assert_array_equal(row.ids, [WORDS.begin, *spoken, WORDS.end, *ask, made.text.eos_token_id])
            assert len(row.manner)
            found["recognition"] += 1
            continue
        before = list(row.ids[: list(row.ids).index(WORDS.begin)])
        assert before in ([], say)
        found["synthesis" if before else "continuation"] += 1
        np.testing.assert_array_equal(row.ids[len(before) :], [WORDS.begin, *spoken, WORDS.end])
        np.testing.assert_array_equal(row.targets[len(before) : -1], [*spoken, WORDS.end])
        assert not len(row.manner)
    assert min(found.values()) > 5


def test_what_has_no_text_is_continued(lm):
    made = task(lm, "adapt", items("happy", text=None))
    assert all(example(made, seed=seed).ids[0] == WORDS.begin for seed in range(9))
    assert not any(told(made, example(made, seed=seed)) for seed in range(9))


def test_fusing_drops_a_share_that_is_drawn(lm):
    made = task(lm, "fuse", drop=[0.2, 0.8])
    shares = []
    for seed in range(40):
        row = example(made, seed=seed)
        dropped = row.ids == WORDS.dropped
        np.testing.assert_array_equal(row.targets[:-1] != NOTHING, dropped[1:])
        shares.append(dropped.sum() / (len(row) - (row.ids == WORDS.face).sum() - 2))
    low = [share for share in shares if share < 0.5]
    assert 10 < len(low) < 30
    assert np.mean(low) == pytest.approx(0.2, abs=0.06)


def test_a_face_lasts_as_long_as_the_voice(lm):
    made = task(lm, "fuse")
    row = example(made)
    assert len(row.seen) == len(made.voice(made.heard, 0))


def test_a_long_recording_is_cut(lm):
    made = task(lm, "fuse", longest=0.4)
    assert (len(made.voice(made.heard, 0)), len(example(made).seen)) == (10, 10)


def test_nobody_looks_where_there_is_no_fusion(lm):
    assert example(task(lm, "fuse", fusion="none")).seen is None


@pytest.mark.parametrize(("deaf", "blind"), [(0, 0), (1, 0), (0, 1)])
def test_what_is_said_is_written_down_by_voice_and_face_or_by_one_of_them(lm, deaf, blind):
    made = task(lm, "avsr", deaf=float(deaf), blind=float(blind))
    row = example(made)
    assert told(made, row) == " good day<eos>"
    spoken = [token for token in row.ids if token >= WORDS.text and token not in (WORDS.begin, WORDS.end, WORDS.face)]
    assert all(token == WORDS.dropped for token in spoken) == bool(deaf)
    assert (row.seen is None) == bool(blind)
    assert WORDS.face not in row.ids if blind else WORDS.face in row.ids


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_the_voices_is_heard_in_noise(lm, share):
    made = task(lm, "avsr", noises=2, noisy=share, deaf=0.0)
    voices = [made.heard.spoken(0, noise).tokens.ids(WORDS.layout).tolist() for noise in range(3)]
    found = np.zeros(3)
    for seed in range(60):
        ids = example(made, seed=seed).ids
        found[voices.index([t for t in ids if t in range(WORDS.text, WORDS.begin)])] += 1
    assert found[0] / 60 == pytest.approx(1 - share, abs=0.2)
    assert (found[1:] > 5).all() == (share > 0)


# Perplexity


def test_a_model_that_knows_nothing_might_foresee_any_token(lm):
    made = task(lm, "fuse")
    torch.manual_seed(0)
    net = made.build()
    found = made.perplexity(net, made.heard, 0.5)
    assert set(found) == {"all", "unit", "pitch", "style"}
    assert 0.6 * WORDS.added < found["all"] < 1.7 * WORDS.added
    assert found == made.perplexity(net, made.heard, 0.5)
    assert found != made.perplexity(net, made.heard, 0.5, seed=1)


def test_perplexity_is_of_all_tokens_whatever_the_batches(lm):
    torch.manual_seed(0)
    few, many = (task(lm, "fuse", fusion="none", batch_size=size) for size in (1, 4))
    net = few.build()
    assert few.perplexity(net, few.heard, 0.5) == pytest.approx(many.perplexity(net, many.heard, 0.5), rel=1e-4)


# What is taken over


def begun(lm, folder, **changes):
    net = lively(lm, 1, **{"depth": 1, **changes})
    save_model(folder, net, net.config, "# Begun")
    return net.state_dict()


def built(lm, begin=None, **changes):
    """The weights of a training at its beginning."""
    torch.manual_seed(0)
    return task(lm, "fuse", **changes, **({} if begin is None else {"begin": begin})).build().state_dict()


def test_it_goes_on_from_a_model(lm, tmp_path):
    before = begun(lm, tmp_path)
    for name, weight in built(lm, tmp_path).items():
        assert torch.equal(weight, before[name]), name


@pytest.mark.parametrize(
    ("other", "own"),
    [
        ({"fusion": "infill"}, ("fusion.",)),
        ({"fusion": "none"}, ("fusion.", "eye.")),
        ({"encoders": ("expression",)}, ("eye.",)),
    ],
)
def test_of_a_model_that_looked_otherwise_only_what_means_the_same_is_taken(lm, tmp_path, other, own):
    before, first = begun(lm, tmp_path, **other), built(lm)
    for name, weight in built(lm, tmp_path).items():
        assert torch.equal(weight, (first if name.startswith(own) else before)[name]), name


def test_of_another_shape_nothing_is_taken(lm, tmp_path):
    before, first = begun(lm, tmp_path, width=8), built(lm)
    for name, weight in built(lm, tmp_path).items():
        same = name in before and before[name].shape == weight.shape
        assert torch.equal(weight, (before if same else first)[name]), name


def test_a_model_that_does_not_go_with_this_one(lm, tmp_path):
    begun(lm, tmp_path / "begun", rank=3)
    twin = str(copytree(lm, tmp_path / "twin"))
    for other in ({}, {"lm": twin, "rank": 3}):
        says = r"begun' goes with (rank=3|lm=.*): give the same, or another begin=$"
        with pytest.raises(ConfigError, match=says) as caught:
            built(**{"lm": lm, "begin": tmp_path / "begun", **other})
        assert "\n" not in str(caught.value)
    with pytest.raises(AssetError, match="is not a model's folder"):
        built(lm, tmp_path / "nowhere")


def test_a_task_goes_on_from_what_its_recipe_names(lm, tmp_path):
    before = begun(lm, tmp_path)
    write_training(tmp_path, {"speakers": {"train": ["earlier"]}})
    made = task(lm, "avsr", begin=tmp_path)
    assert torch.equal(made.build().speech, before["speech"])
    assert made.speakers() == {"train": {"made", "earlier"}, "validation": {"other"}}


# The scale of what is seen


def test_the_eye_has_the_scale_of_the_faces(lm):
    made = task(lm, "fuse")
    frames = np.concatenate([seen_in(item).expression for item in GIVEN])
    encoder = made.build().eye.encoders["expression"]
    np.testing.assert_allclose(encoder.mean, frames.mean(axis=0), atol=1e-3)


def test_where_nobody_is_seen_there_is_nothing_to_look_at(lm):
    with pytest.raises(InputError, match=r"^no face is in the recordings: give some with faces, or fusion=none$"):
        task(lm, "fuse", faces=()).build()


# From recordings to a model


@pytest.fixture
def data(made_up, tmp_path):
    rows = [{"path": f"{n}.wav", "speaker": "made", "text": "Yes, please", "emotion": "happy"} for n in range(4)]
    return recordings(tmp_path / "data", *rows)


def test_one_command_trains_a_model_that_can_be_used(lm, data, tmp_path):
    begin = tmp_path / "begun"
    begun(lm, begin)
    given = [f"train={data}", f"lm={lm}", f"begin={begin}", f"output={tmp_path / 'mine'}"]
    train("avlm", given, recipe="debug")
    net = Avlm.load(tmp_path / "mine")
    assert (net.config.stage, net.config.fusion, net.config.rank) == ("fuse", "prefix", 2)
    assert load_training(tmp_path / "mine")["speakers"] == {"train": ["made"]}
    card = (tmp_path / "mine" / "README.md").read_text()
    for said in (
        "as the recordings say",
        "to foresee speech with a face in view",
        "It went on from `begun`",
        "of 1 peop",
    ):
        assert said in card


@pytest.mark.parametrize("stage", ["adapt", "avsr"])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(lm, data, tmp_path, stage):
    settings = {"stage": stage, "train": data, "log_every": 1, "save_every": 2, "schedule": "constant"}
    goes_on_as_if_never_stopped(room.make_task, partial(debug, lm, **settings), tmp_path, 2, 4)


def test_the_task_is_one_of_the_rooms():
    assert registered("avlm") is room
    assert room.RECIPE is type(debug("lm"))


@pytest.mark.parametrize("there", [True, False])
def test_the_shipped_model_is_named_only_where_it_is(there, tmp_path, monkeypatch):
    if there:
        (tmp_path / "checkpoints" / "avlm-nc").mkdir(parents=True)
    monkeypatch.setattr(room, "beside", lambda name: tmp_path / name)
    assert room.shipped() == (tmp_path / "checkpoints" / "avlm-nc" if there else None)


# What cannot be trained


def refused(error, says, recipe):
    with pytest.raises(error, match=says) as caught:
        room.make_task(recipe)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stage", STAGES)
def test_without_data_there_is_nothing_to_learn(lm, stage):
    refused(InputError, "give train=DATA", debug(lm, stage=stage))


def test_data_without_text(lm, made_up, tmp_path):
    rows = [{"path": f"{n}.wav", "text": "yes" if n else ""} for n in range(2)]
    none, some = recordings(tmp_path / "none", rows[0]), recordings(tmp_path / "some", *rows)
    refused(InputError, "^no recording has a text: fill in the column 'text'$", debug(lm, stage="adapt", train=none))
    assert isinstance(room.make_task(debug(lm, stage="adapt", train=some)), AdaptTask)
    refused(InputError, "recordings without a text: fill in the column 'text'", debug(lm, stage="avsr", train=some))


def test_data_without_faces(lm, made_up, tmp_path):
    veiled = recordings(tmp_path, {"path": "veiled.wav", "text": "yes"})
    for stage in ("fuse", "avsr"):
        refused(
            InputError, r"^no recording can be used: the first is veiled\.wav", debug(lm, stage=stage, train=veiled)
        )
    blind = debug(lm, stage="fuse", train=veiled, fusion="none")
    assert isinstance(room.make_task(blind), FuseTask)


@pytest.mark.parametrize("emotion", ["", "happy"])
def test_data_without_two_emotions(lm, made_up, tmp_path, emotion):
    data = recordings(tmp_path, *({"path": f"{n}.wav", "emotion": emotion} for n in range(3)))
    says = "give recordings of two emotions at least, in a column 'emotion'"
    refused(InputError, says, debug(lm, stage="emotion", train=data))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"fusion": "addition"}, "unknown fusion 'addition': choose one of none, concatenation"),
        ({"encoders": ["gaze"]}, "got the encoders gaze: choose from"),
        ({"lm": "/no/such/model"}, "unknown language model '/no/such/model'"),
    ],
)
def test_models_that_there_are_not(lm, data, wrong, says):
    refused(ConfigError, says, debug(**{"lm": lm, "train": data, **wrong}))


def test_noises(lm, data, tmp_path):
    given = partial(debug, lm, stage="avsr", train=data)
    refused(InputError, "holds no recordings of ESC-10: give its folder", given(noise=tmp_path))
    for name in ("1-1-A-0.ogg", "4-1-A-0.ogg"):
        (tmp_path / name).touch()
    found = room.make_task(given(noise=tmp_path, babble=data, noises=2))
    assert isinstance(found, AvsrTask)
    assert len(found.heard.heard) == 5
    refused(ConfigError, "a range of decibels", given(babble=data, decibel=[3.0, 0.0]))


def test_other_voices_are_another_noise(lm, made_up, tmp_path):
    names = set()  # of features in the cache
    for folder in "ab":
        talk = recordings(tmp_path / folder, {"path": f"{folder}.wav", "text": "yes"})
        (noise,) = noises_of(debug(lm, stage="avsr", babble=talk, noises=1))
        names.add(noise.name)
    assert len(names) == 2
