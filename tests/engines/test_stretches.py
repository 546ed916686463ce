"""Long speech is cut in pauses, and nothing of it is lost."""

from hypothesis import given
from hypothesis import strategies as st

from espressivo.engines.stretches import MARGIN, stretches

gaps = st.lists(st.tuples(st.floats(0.1, 5.0), st.floats(0.25, 90.0)), min_size=1, max_size=30)


def test_short_turns_stay_whole() -> None:
    assert stretches([(1.0, 2.0), (2.5, 6.0)], longest=28) == [(1.0 - MARGIN, 6.0 + MARGIN)]


def test_silence_gives_nothing() -> None:
    assert stretches([]) == []


@given(gaps)
def test_every_moment_of_speech_is_in_a_stretch_short_enough(parts: list[tuple[float, float]]) -> None:
    speech, now = [], 0.0
    for gap, length in parts:
        speech.append((now + gap, now + gap + length))
        now += gap + length
    found = stretches(speech, longest=28.0)
    assert all(end - start <= 28.0 + 1e-6 for start, end in found)
    for begin, end in speech:
        moments = [begin + (end - begin) * i / 50 for i in range(51)]
        assert all(any(a <= moment <= b for a, b in found) for moment in moments)
