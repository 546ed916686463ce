"""Learning emotions: how often each is drawn, which could have been meant, made-up faces, and the heads at the end."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from espressivo.errors import InputError
from espressivo.systems.avlm import task as room
from espressivo.systems.avlm.feel import LEAST, Evened, FeelTask, often, people_of
from espressivo.systems.avlm.heads import SENSES
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.quality import likely, sensed
from espressivo.systems.avlm.sequence import NOTHING, Writer
from espressivo.training import Trainer
from tests.systems.avlm.making import FEELINGS, WORDS, clips, debug, items, recordings

MIXED = items("neutral happy happy angry") + items("neutral happy", speaker="ravdess-1")
EASY = [item for who in "abc" for item in items("neutral happy angry " * 2, speaker=who)]
STRANGERS = items("neutral happy angry " * 3, speaker="z")


def feel(lm, *given, faces=True, held=None, **values):
    recipe = debug(lm, stage="emotion", **values)
    return FeelTask(recipe, clips(*given, faces=faces), None if held is None else clips(*held))


def test_emotions_are_those_of_the_data_in_the_order_of_the_taxonomy(lm):
    made = feel(lm, *MIXED)
    assert made.emotions == made.config.emotions == ("neutral", "happy", "angry")
    with pytest.raises(InputError, match=r"^nothing to learn: give recordings of two emotions at least"):
        feel(lm, *items("happy happy"))


# How often


def test_rare_emotions_are_drawn_as_often(lm):
    made = feel(lm, *items("neutral " * 8 + "happy happy"))
    random = np.random.default_rng(0)
    orders = [made.order(epoch, random) for epoch in range(200)]
    assert all(len(order) == len(made) for order in orders)
    assert np.mean(np.concatenate(orders) >= 8) == pytest.approx(0.5, abs=0.04)


def test_a_corpus_weighs_as_much_as_it_has_clips(lm):
    made = feel(lm, *MIXED)
    weight = made.weights(made.heard)
    assert weight[:4].sum() == pytest.approx(4)
    assert weight[4:].sum() == pytest.approx(2)
    np.testing.assert_allclose(weight[:4], [4 / 3, 2 / 3, 2 / 3, 4 / 3])


# Labels


def test_what_a_corpus_has_not_cannot_have_been_meant(lm):
    label, allowed = feel(lm, *MIXED).labels(MIXED)
    assert label.tolist() == [0, 1, 1, 2, 0, 1]
    assert allowed.tolist() == [[True, True, True]] * 4 + [[True, True, False]] * 2


def test_what_cannot_have_been_meant_is_no_mistake(lm):
    made = feel(lm, *MIXED)
    model, batch = made.build(), made.batch(np.arange(6), np.random.default_rng(0))
    model.head[1].bias.data[2] = 50  # sure that everybody is angry
    own, all_of_them = (
        batch._replace(label=0 * batch.label, allowed=one) for one in (batch.allowed, batch.allowed | True)
    )
    assert made.loss(model, own).parts["head"] < 0.8 * made.loss(model, all_of_them).parts["head"]


def test_the_feeling_is_named_as_a_word(lm):
    made = feel(lm, *MIXED)
    row = made.sequence(Writer(made.words), made.heard, 3, np.random.default_rng(0))
    assert made.text.decode(row.ids[row.ids < WORDS.text]) == "Emotion: angry"
    assert made.text.decode(row.targets[row.targets != NOTHING]) == " angry"


def test_inputs_are_evened_in_a_batch_of_one_as_well():
    even, random = Evened(3).train(), torch.Generator().manual_seed(0)
    many = torch.randn(3000, 3, generator=random) * torch.tensor([0.1, 1.0, 50.0]) + 5
    for part in many.split(20):
        even(part)
    alone = torch.cat([even(row[None]) for row in many])
    assert torch.allclose(alone.std(0), torch.ones(3), atol=0.3)


# Senses


@pytest.mark.parametrize(("deaf", "blind"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
def test_one_of_the_senses_may_be_missing(lm, deaf, blind):
    made = feel(lm, *MIXED, deaf=deaf, blind=blind)
    rows = made.batch(np.arange(6), np.random.default_rng(0)).rows
    heard = (rows.ids >= WORDS.text) & (rows.ids < WORDS.begin)
    assert bool(heard.any()) == (not deaf)
    assert bool((rows.ids == WORDS.dropped).any()) == bool(deaf)
    assert bool((rows.ids == WORDS.face).any()) == bool(rows.faces.any()) == (not blind)


def test_whoever_is_not_seen_is_given_a_made_up_face_if_that_is_wished(lm):
    shown = MIXED[0].id
    for wished in (True, False):
        made = feel(lm, *MIXED, faces=(shown,), made_up=wished)
        rows = made.batch(np.arange(6), np.random.default_rng(0)).rows
        assert made.perceived(made.heard, 0, np.random.default_rng(0))[1].mouth.any()
        spoken, face = made.perceived(made.heard, 1, np.random.default_rng(0))
        assert (face is not None) == wished
        assert not wished or len(face) == len(spoken)
        assert bool(rows.faces[1:].any()) == wished


def test_made_up_faces_of_one_speaker_are_the_same_person_where_that_is_wished(lm):
    made = feel(lm, *items("neutral " * 9 + "happy"), faces=(), made_up=True)

    def rests(other):
        faces = [made.perceived(made.heard, n, np.random.default_rng(n), other)[1].expression for n in range(9)]
        return np.stack([np.median(face, axis=0) for face in faces])

    assert rests("#0").std(axis=0).mean() < 0.8 * rests("").std(axis=0).mean()
    assert np.abs(rests("#0").mean(axis=0) - rests("#1").mean(axis=0)).mean() > 0.01


def test_whoever_has_no_name_is_somebody_else_in_each_clip(lm):
    given = [replace(item, speaker=None) for item in items("neutral neutral happy", speaker="own")]
    made = feel(lm, *given, faces=(), made_up=True)
    one, other = (made.perceived(made.heard, n, np.random.default_rng(0), "'s double")[1] for n in range(2))
    frames = min(len(one), len(other))
    assert np.abs(one.expression[:frames] - other.expression[:frames]).mean() > 0.01


def test_it_learns_from_voices_that_have_no_faces_but_made_up_ones(lm):
    made = feel(lm, *MIXED, faces=(), made_up=True, encoders=["expression"])
    model = made.build()
    assert torch.isfinite(made.loss(model, made.batch(np.arange(6), np.random.default_rng(0))).total)


def test_it_learns_from_voices_alone(lm):
    made = feel(lm, *MIXED, faces=False, fusion="none")
    model = made.build()
    assert torch.isfinite(made.loss(model, made.batch(np.arange(6), np.random.default_rng(0))).total)


def test_whoever_has_few_clips_is_not_known(lm):
    made = feel(lm, *items("neutral happy " * 3, speaker="a"), *items("happy angry", speaker="b"))
    people = people_of(made.heard)
    assert people.tolist() == ["a"] * 6 + ["b"] * 2
    assert often(people).tolist() == [True] * 6 + [False] * 2
    assert LEAST == 5
    assert len(set(people_of(clips(*items("happy happy", speaker="nobody"))))) == 1


# A validation


def test_emotions_of_a_validation_that_are_not_learned_are_passed_over(lm):
    made = feel(lm, *items("neutral happy"), held=items("neutral happy angry", speaker="z"))
    assert np.isfinite(made.validate(made.build())["score"])


# At the end


@pytest.fixture(scope="module")
def kept(lm, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    made = feel(lm, *EASY)
    torch.manual_seed(0)
    made.export(made.build(), folder)
    return folder


@pytest.mark.parametrize("sense", SENSES)
def test_heads_of_a_model_that_is_kept_tell_feelings_apart(kept, sense):
    net, strange = Avlm.load(kept), clips(*STRANGERS)
    p = likely(net, sense, sensed(net, strange)[sense])
    assert [net.config.emotions[i] for i in p.argmax(1)] == [item.emotion for item in STRANGERS]
    people = people_of(strange)
    p = likely(net, sense, sensed(net, strange)[sense], people)
    assert [net.config.emotions[i] for i in p.argmax(1)] == [item.emotion for item in STRANGERS]


def test_a_model_that_is_kept_says_what_it_knows(kept):
    assert Avlm.load(kept).config.emotions == FEELINGS
    assert "Emotions: neutral, happy, angry." in (kept / "README.md").read_text()


def test_where_nobody_has_many_clips_there_is_no_head_for_whoever_is_known(lm):
    made = feel(lm, *MIXED)
    model = made.build()
    made.fit(model.net)
    for sense in SENSES:
        assert model.net.head(sense).weight.any()
        assert not model.net.head(sense, known=True).weight.any()


def test_heads_are_fitted_to_made_up_faces_too(lm):
    shown = [item.id for item in EASY[:6]]
    made = feel(lm, *EASY, faces=shown, made_up=True)
    model = made.build()
    made.fit(model.net)
    x = made.senses(model.net, made.heard)
    for sense in SENSES:
        found = model.net.head(sense)(x[sense]).argmax(1)
        assert (found == made.labels(EASY)[0]).float().mean() > 0.6


def test_heads_go_on_from_those_of_an_earlier_model(lm, kept):
    names = ("happy", "angry", "fearful")
    made = feel(lm, *items("happy angry fearful " * 2, speaker="d"), begin=kept)
    assert made.emotions == names
    model, strange = made.build(), [item for item in STRANGERS if item.emotion in names]
    made.fit(model.net)
    found = model.net.head("both")(sensed(model.net, clips(*strange))["both"])[:, :2].argmax(1)
    assert [names[i] for i in found] == [item.emotion for item in strange]


# From recordings


def test_labels_are_renamed_and_left_out(lm, made_up, tmp_path):
    emotions = ("calm", "Sadness", "bored", "", "happy")
    data = recordings(tmp_path, *({"path": f"{n}.wav", "emotion": name} for n, name in enumerate(emotions)))
    wishes = {"labels": {"calmness": "neutral"}, "leave_out": ["boredom"]}
    made = room.make_task(debug(lm, stage="emotion", train=data, **wishes))
    assert [item.emotion for item in made.heard.items] == ["neutral", "sad", "happy"]


def test_it_is_trained_and_kept(lm, made_up, tmp_path):
    rows = [{"path": f"{n}.wav", "speaker": "a", "emotion": FEELINGS[n % 3]} for n in range(6)]
    recipe = debug(lm, stage="emotion", train=recordings(tmp_path, *rows), output=tmp_path / "mine")
    Trainer(room.make_task(recipe), recipe).fit()
    net = Avlm.load(tmp_path / "mine")
    assert (net.config.stage, net.config.emotions) == ("emotion", FEELINGS)
    assert net.head("both", known=True).weight.any()
