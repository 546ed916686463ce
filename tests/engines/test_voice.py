"""Plain voices: text in, sound out, and a clear word on what cannot be read."""

import numpy as np
import pytest

from espressivo.engines.voice import HibariVoice, make_voice
from espressivo.errors import ConfigError, InputError


def test_speech_is_as_long_as_its_words() -> None:
    voice = HibariVoice()
    short, long = voice.say("Hello."), voice.say("Hello, it is good to see you again after all these years.")
    assert short.rate == 24_000
    assert short.duration < long.duration < 8
    assert np.abs(long.samples).max() > 0.05


def test_slower_is_longer() -> None:
    voice = HibariVoice()
    text = "Take your time, there is no hurry."
    assert voice.say(text, speed=0.8).duration > 1.1 * voice.say(text).duration


def test_streamed_sentences_are_the_whole() -> None:
    voice = HibariVoice()
    text = "I am here. Tell me more."
    assert np.array_equal(np.concatenate(list(voice.stream(text))), voice.say(text).samples)


@pytest.mark.parametrize("text", ["", "   ", "日本語", "😀", "!!!", "…"])
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(InputError, match="nothing to read aloud"):
        HibariVoice().say(text)


@pytest.mark.parametrize("name", ["espeak", "hibari:heart", "", "kokoro:nobody"])
@pytest.mark.weights
def test_unknown_voices_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown"):
        make_voice(name)
