"""How good a model is at what it was last taught."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from espressivo.corpora.data import read_data
from espressivo.errors import InputError
from espressivo.systems.avlm import quality
from espressivo.systems.avlm.feel import FeelTask
from espressivo.systems.avlm.quality import judged, recipe_of, transcripts, word_error
from espressivo.systems.avlm.task import evaluate
from espressivo.training.checkpoint import save_model
from tests.systems.avlm.making import clips, config, debug, items, lively, recordings


@pytest.fixture
def given(monkeypatch):
    """Makes these the clips that data hold."""
    return lambda made: monkeypatch.setattr(quality, "read_clips", lambda data, **how: made)


@pytest.fixture(scope="module")
def feeling(lm):
    """A model that knows emotions, and takes calm people for neutral."""
    people = [item for who in "abc" for item in items("neutral happy angry " * 2, speaker=who)]
    made = FeelTask(debug(lm, stage="emotion", labels={"calm": "neutral"}), clips(*people))
    torch.manual_seed(0)
    net = made.build().net
    made.fit(net)
    return net.eval()


@pytest.mark.parametrize(
    ("stage", "wanted"),
    [
        ("adapt", {"perplexity"}),
        ("fuse", {"perplexity_0.3", "perplexity_0.5", "perplexity_0.7"}),
        ("avsr", {"wer_both", "wer_voice", "wer_face"}),
    ],
)
def test_a_model_is_judged_by_what_it_was_taught(lm, given, stage, wanted):
    given(clips(*items("happy sad angry"), *items("happy", speaker="other")))
    found = judged(lively(lm, stage=stage), [])
    assert set(found.metrics) == wanted
    assert all(np.isfinite(value) for value in found.metrics.values())
    assert (found.n, found.speakers) == (4, 2)


def test_feelings_of_strangers_are_told_by_both_senses(feeling, given):
    given(clips(*items("neutral happy angry " * 2, speaker="z")))
    found = judged(feeling, [])
    assert found.metrics["uar"] == 1
    assert {f"by_{sense}{known}" for sense in ("voice", "face", "both") for known in ("", "_known")} <= set(found.notes)
    assert found.notes["by_face_known"]["uar"] == 1


def test_feelings_that_the_model_does_not_know_do_not_count(feeling, given):
    given(clips(*items("calm happy sad -", speaker="z")))
    assert judged(feeling, []).n == 2
    given(clips(*items("sad sad", speaker="z")))
    with pytest.raises(InputError, match="no recording shows an emotion that the model knows: neutral, happy, angry"):
        judged(feeling, [])


def test_words_are_counted_over_all_clips(lm, monkeypatch):
    monkeypatch.setattr(quality, "transcripts", lambda *given, **how: ["good day", "", "Good... night day"])
    heard = clips(*items("happy sad angry"))
    assert word_error(lively(lm), heard) == pytest.approx(3 / 6)
    mute = clips(*items("happy sad angry", text=None))
    with pytest.raises(InputError, match="no recording has a text: fill in the column 'text'"):
        word_error(lively(lm), mute)


def test_somebody_who_is_not_seen_is_transcribed_by_voice_alone(lm):
    net, given = lively(lm, stage="avsr"), items("happy sad")
    both, blind = (transcripts(net, clips(*given), blind=way) for way in (False, True))
    assert len(both) == len(blind) == 2
    assert both != blind
    assert blind == transcripts(net, clips(*given, faces=()))


def test_examples_are_made_as_in_training(lm):
    made = config(
        lm, fusion="infill", encoders=("pixels",), emotions=("happy", "sad"), stage="emotion", labels={"calm": "sad"}
    )
    assert replace(recipe_of(made).config, emotions=made.emotions) == made


def test_a_folder_is_judged_by_data(lm, made_up, tmp_path):
    net = lively(lm, stage="fuse")
    save_model(tmp_path / "model", net, net.config, "# Made")
    rows = [{"path": name, "speaker": "a"} for name in ("1.wav", "2.wav", "short.wav", "veiled.wav")]
    found = evaluate(tmp_path / "model", read_data(recordings(tmp_path, *rows)))
    assert found.n == 2
    assert sorted(name for name, _ in found.skipped) == ["short.wav", "veiled.wav"]
