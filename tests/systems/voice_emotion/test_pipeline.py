"""From samples to a feeling, over the utterance and over time, with the weights that ship."""

from pathlib import Path

import numpy as np
import pytest

from espressivo.assets.shipped import checkpoint
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.systems.voice_emotion.model import load
from espressivo.systems.voice_emotion.pipeline import CHECKPOINTS, VoiceEmotion
from tests.systems.voice_emotion.making import RATE

LINES = (
    "Hello there, my friend.",
    "I did not expect you.",
    "What does this mean?",
    "All is lost.",
    "Here we are again.",
)


@pytest.fixture(scope="module")
def reader() -> VoiceEmotion:
    return VoiceEmotion.from_pretrained()


@pytest.mark.weights
@pytest.mark.parametrize("licence", CHECKPOINTS)
def test_speech_gives_a_reading(say, licence: str) -> None:
    samples = say("I did not expect to see you here at this time of the day.")
    feeling = VoiceEmotion.from_pretrained(licence=licence)(np.pad(samples, (RATE, 0)))
    assert feeling is not None
    assert feeling.curve.shape == (len(feeling.times), len(feeling.emotions))
    np.testing.assert_allclose(feeling.curve.sum(axis=1), 1, atol=1e-5)
    assert set(feeling.scores.probabilities) == set(feeling.emotions)
    np.testing.assert_allclose(np.diff(feeling.times), 0.5)
    assert 1 < feeling.times[0] < feeling.times[-1] < 1 + len(samples) / RATE


@pytest.mark.weights
def test_a_short_word_is_one_window_and_says_what_the_whole_says(reader: VoiceEmotion, say) -> None:
    feeling = reader(say("Hello!")[:RATE])
    assert feeling is not None
    assert len(feeling.times) == 1
    np.testing.assert_allclose(feeling.curve[0], list(feeling.scores.probabilities.values()), atol=1e-5)


@pytest.mark.weights
def test_silence_and_noise_give_none(reader: VoiceEmotion) -> None:
    assert reader(np.zeros(RATE, np.float32)) is None
    assert reader(np.random.default_rng(0).normal(0, 0.2, 3 * RATE).astype(np.float32)) is None


@pytest.mark.weights
def test_who_is_known_is_judged_against_what_is_usual_of_them(reader: VoiceEmotion, say) -> None:
    clips = [say(line) for line in LINES]
    known = reader.adapt(clips)
    before, after = reader(clips[0]), known(clips[0])
    assert before is not None
    assert after is not None
    assert known is not reader
    assert reader.habit is None
    assert not np.allclose(list(before.scores.probabilities.values()), list(after.scores.probabilities.values()))


@pytest.mark.weights
def test_too_few_clips_are_refused(reader: VoiceEmotion, say) -> None:
    silence = np.zeros(RATE, np.float32)
    with pytest.raises(InputError, match="got 2 clips with speech: give at least 5"):
        reader.adapt([say(LINES[0]), silence, say(LINES[1])])


@pytest.mark.parametrize("name", CHECKPOINTS.values())
def test_what_ships_is_whole_and_small(name: str) -> None:
    folder = checkpoint(name)
    net = load(folder)
    assert net.alone.linear.weight.abs().sum() > 0
    assert float(net.alone.temperature) > 1
    assert sum(path.stat().st_size for path in folder.iterdir()) < 300_000
    assert {path.name for path in folder.iterdir()} >= {"README.md", "training.json"}
    assert not {"javanese"} & set(net.config.corpora)


def test_an_unknown_licence_is_refused() -> None:
    with pytest.raises(ConfigError, match="permissive, any"):
        VoiceEmotion.from_pretrained(licence="free")


def test_a_folder_of_ones_own_is_taken_and_a_wrong_one_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="not a model's folder"):
        _ = VoiceEmotion.from_pretrained(folder=tmp_path).net


def test_a_missing_checkpoint_is_named() -> None:
    with pytest.raises(AssetError, match="no-such"):
        checkpoint("no-such")
