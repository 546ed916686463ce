import numpy as np
import pytest

from espressivo.engines.timed import SILENCE, TimedVoice
from espressivo.errors import InputError
from espressivo.systems.speech_units.phones import PHONES, Speller


@pytest.fixture(scope="module")
def said():
    (sentence,) = TimedVoice().say("See the sea, sir.")
    return sentence


def test_phones_cover_the_sound_in_order_without_gaps(said):
    for (_, _, end), (_, start, _) in zip(said.phones, said.phones[1:], strict=False):
        assert start == end
    assert said.phones[0][0] == SILENCE
    assert said.phones[-1][2] == pytest.approx(len(said.samples) / 16_000, abs=0.1)
    assert "".join(phone for phone, _, _ in said.phones).startswith("siðə")


def test_hissing_lies_where_the_times_say(said):
    """The s of "see" is noise: more crossings of zero than in the vowel after it."""
    spans = {phone: (start, end) for phone, start, end in reversed(said.phones)}

    def crossings(phone: str) -> float:
        start, end = (round(16_000 * t) for t in spans[phone])
        part = said.samples[start:end]
        return float((np.diff(np.sign(part)) != 0).mean())

    assert crossings("s") > 3 * crossings("i")


def test_at_gives_the_phone_of_a_moment(said):
    phone, start, end = said.phones[1]
    assert said.at(np.array([-1.0, (start + end) / 2, 99.0])) == [SILENCE, phone, SILENCE]


def test_nothing_to_read_is_refused():
    with pytest.raises(InputError, match="nothing to read"):
        TimedVoice().say("…")


def test_words_are_spelled_in_phones():
    spell = Speller()
    assert [[PHONES[p] for p in word] for word in spell("The boy.")] == [["ð", "ə"], ["b", "Y"]]
    assert spell("…") == []
