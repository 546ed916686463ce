"""Whisper hears synthetic speech right, says when, and says how sure it is."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from espressivo.engines.recognizer import LONGEST_PIECE, Recognizer, _joined, _stammers, _token_times
from espressivo.errors import ConfigError, InputError

TEXT = "My sister is coming home for the holidays, and I can hardly wait."


def spoken(text: str) -> list[str]:
    """The words alone: whether Whisper writes a comma hangs on the last bits of a processor's sums."""
    return re.findall(r"\w+", text.lower())


@pytest.fixture(scope="module")
def recognizer(asset: Callable[[str], object]) -> Recognizer:
    asset("whisper-base")
    return Recognizer().load()


@pytest.mark.weights
def test_words_language_and_sureness(recognizer: Recognizer, say: Callable[[str], np.ndarray]) -> None:
    samples = say(TEXT)
    heard = recognizer(samples)
    assert spoken(heard.text) == spoken(TEXT)
    assert heard.language == "en"
    assert heard.confidence > 0.7
    assert len(heard.words) == len(TEXT.split())
    starts = [word.start for word in heard.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= len(samples) / 16_000 + 0.02 for word in heard.words)


@pytest.mark.weights
def test_word_times_follow_the_sound(recognizer: Recognizer, say: Callable[[str], np.ndarray]) -> None:
    plain, pause = say(TEXT), np.zeros(16_000, np.float32)
    early = recognizer(plain).words[3].start
    late = recognizer(np.concatenate([pause, plain])).words[3].start
    assert late - early == pytest.approx(1.0, abs=0.15)


@pytest.mark.weights
def test_pieces_join_with_their_own_times(recognizer: Recognizer, say: Callable[[str], np.ndarray]) -> None:
    one, two = say("I lost my keys."), say("They were in the car.")
    heard = recognizer.pieces([(0.0, one), (40.0, two)])
    assert spoken(heard.text) == spoken("I lost my keys. They were in the car.")
    assert heard.words[-1].start > 40
    assert recognizer.pieces([]).text == ""


@pytest.mark.weights
def test_refuses_what_does_not_fit(recognizer: Recognizer) -> None:
    with pytest.raises(InputError, match="too long"):
        recognizer(np.zeros(int((LONGEST_PIECE + 1) * 16_000), np.float32))
    with pytest.raises(ConfigError, match="no language 'xx'"):
        recognizer(np.zeros(16_000, np.float32), language="xx")


@pytest.mark.parametrize(
    ("text", "stammers"),
    [
        ("set red with i8 now", False),
        ("set red with i8 now. set red with i8 now.", True),
        ("no no no", False),
        ("no no no no no", True),
        ("x" * 200, True),
        ("", False),
    ],
)
def test_stammering_is_noticed(text: str, stammers: bool) -> None:
    assert _stammers(text, 3.0) is stammers


def test_token_times_never_run_backwards_or_past_the_end() -> None:
    times = _token_times([(0, 5), (1, 20), (2, 10), (3, 900)], 5, seconds=2.0)
    assert times == sorted(times)
    assert times[-1] == 2.0
    assert times[0] == pytest.approx(0.1)


def test_nothing_heard_is_an_empty_transcript() -> None:
    assert _joined([]).text == ""
    assert _joined([]).confidence == 0.0
