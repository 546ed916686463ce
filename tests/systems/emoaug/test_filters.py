"""Words and voices are kept, or the clip is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from espressivo.corpora.item import Item
from espressivo.errors import ConfigError
from espressivo.signal.speaker import speaker_encoder
from espressivo.systems.emoaug.filters import Judge, Limits

Say = Callable[[str], np.ndarray]
SAID = "The train was late again, and I have been waiting."


@pytest.mark.parametrize("similar", [-1.1, 1.1, float("nan")])
def test_a_similarity_that_no_voices_have(similar: float) -> None:
    with pytest.raises(ConfigError, match="least similarity"):
        Limits(least_similar=similar)


@pytest.mark.parametrize("wrong", [-0.1, float("nan")])
def test_a_share_that_no_words_have(wrong: float) -> None:
    with pytest.raises(ConfigError, match="most wrong words"):
        Limits(most_wrong=wrong)


@pytest.mark.weights
def test_a_judgement(say: Say, asset: Callable[[str], Path]) -> None:
    asset("wespeaker-resnet34"), asset("whisper-base")
    judge, source = Judge(Limits()), say(SAID).copy()
    reference = judge.reference(Item("a", Path("a.wav"), language="en"), source)
    assert reference.words[:3] == ("the", "train", "was")
    assert reference.wer == 0
    voice = speaker_encoder().embed(source)

    same = judge(voice, reference, source)
    assert (same.why, same.wer) == (None, 0)
    assert same.similarity == pytest.approx(1, abs=1e-3)

    other = judge(voice, reference, say("We won the match today.").copy())
    assert other.why is not None
    assert other.why.startswith("other words: ")
    assert other.wer is not None
    assert other.wer > 0.5

    noise = np.random.default_rng(0).normal(0, 0.1, len(source)).astype(np.float32)
    stranger = judge(voice, reference, noise)
    assert stranger.why is not None
    assert stranger.why.startswith("another voice: similarity ")
    assert stranger.wer is None

    assert Judge(Limits(least_similar=-1))(voice, None, noise).why is None


@pytest.mark.weights
def test_what_the_recogniser_gets_wrong_in_the_source_is_not_held_against_the_clip(say: Say) -> None:
    judge, source = Judge(Limits()), say(SAID).copy()
    told = Item("a", Path("a.wav"), text="The plane was early, and nobody had to wait for it.", language="en")
    reference = judge.reference(told, source)
    assert reference.wer > 0.5
    verdict = judge(speaker_encoder().embed(source), reference, source)
    assert verdict.wer == reference.wer == verdict.wer_source
    assert verdict.why is None


@pytest.mark.weights
def test_a_language_that_the_recogniser_does_not_know(say: Say) -> None:
    reference = Judge(Limits()).reference(Item("a", Path("a.wav"), language="tlh"), say(SAID))
    assert reference.words[:3] == ("the", "train", "was")
