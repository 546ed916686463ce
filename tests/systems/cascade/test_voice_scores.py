"""From samples to a feeling, over the utterance and over time, with the weights that ship."""

import numpy as np
import pytest

from espressivo.errors import AssetError, ConfigError
from espressivo.systems.cascade.voice_scores import CHECKPOINTS, VoiceReader, checkpoint


@pytest.mark.weights
@pytest.mark.parametrize("licence", CHECKPOINTS)
def test_speech_gives_a_reading(say, licence: str) -> None:
    samples = say("I did not expect to see you here at this time of the day.")
    feeling = VoiceReader(licence)(samples)
    assert feeling is not None
    assert feeling.curve.shape == (len(feeling.times), len(feeling.emotions))
    np.testing.assert_allclose(feeling.curve.sum(axis=1), 1, atol=1e-5)
    assert set(feeling.scores.probabilities) == set(feeling.emotions)
    np.testing.assert_allclose(np.diff(feeling.times), 0.5)
    assert 0 < feeling.times[0] < feeling.times[-1] < len(samples) / 16_000


@pytest.mark.weights
def test_a_short_word_is_one_window_and_says_what_the_whole_says(say) -> None:
    samples = say("Hello!")[:16_000]
    feeling = VoiceReader()(samples)
    assert feeling is not None
    assert len(feeling.times) == 1
    np.testing.assert_allclose(feeling.curve[0], list(feeling.scores.probabilities.values()), atol=1e-5)


@pytest.mark.weights
def test_silence_and_noise_give_none() -> None:
    reader = VoiceReader()
    assert reader(np.zeros(16_000, np.float32)) is None
    assert reader(np.random.default_rng(0).normal(0, 0.2, 48_000).astype(np.float32)) is None


def test_an_unknown_licence_is_refused() -> None:
    with pytest.raises(ConfigError, match="permissive, any"):
        VoiceReader("free")


def test_a_missing_checkpoint_is_named() -> None:
    with pytest.raises(AssetError, match="no-such"):
        checkpoint("no-such")
