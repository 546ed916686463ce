"""Long speech in pieces: nothing is lost, nothing is longer than asked, no click where pieces meet."""

from itertools import pairwise

import numpy as np
import pytest

from espressivo.clip import Sound
from espressivo.media.read import from_arrays
from espressivo.media.speech import Speech
from espressivo.verbs.piecewise import FADE, PAUSE, changed, plan
from tests.synthetic import tone

RATE, OUT = 16_000, 22_050
Segments = list[tuple[float, float]]


def sound_of(samples: np.ndarray, start: float = 0.0) -> Sound:
    sound = from_arrays(sound=(samples, RATE)).trim(start, len(samples) / RATE).sound
    assert sound is not None
    return sound


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).clip(-1, 1).astype(np.float32)


def as_it_was(window: Sound) -> Speech:
    return Speech(window.at(OUT).samples, OUT)


def talk(seed: int, duration: float) -> Segments:
    """Stretches of speech of 0.25 to 12 s with pauses of 0.1 to 6 s."""
    random, found = np.random.default_rng(seed), []
    at = float(random.uniform(0, 6))
    while at < duration - 0.3:
        end = min(duration, at + float(random.uniform(0.25, 12)))
        found.append((at, end))
        at = end + float(random.choice([0.1, 0.5, 1.9, 2.1, 6.0]))
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("longest", [5.0, 20.0])
def test_pieces_follow_each_other_and_hold_all_speech(seed: int, longest: float) -> None:
    duration = 97.3
    speech = talk(seed, duration)
    pieces = plan(sound_of(noise(duration)), speech, longest)
    assert pieces[0].start == 0
    assert pieces[-1].end == duration
    assert all(one.end == other.start for one, other in pairwise(pieces))
    spoken = [piece for piece in pieces if piece.spoken]
    assert all(0.7 < piece.end - piece.start <= longest - FADE + 1e-6 for piece in spoken)
    for start, end in speech:
        inside = sum(max(0.0, min(end, piece.end) - max(start, piece.start)) for piece in spoken)
        assert inside == pytest.approx(end - start)
    silent = [piece for piece in pieces if not piece.spoken]
    edges = [(0.0, 0.0), *speech, (duration, duration)]
    assert len(silent) == sum(other[0] - one[1] > PAUSE for one, other in pairwise(edges))


def test_short_speech_is_one_piece() -> None:
    [piece] = plan(sound_of(noise(15)), [(1.0, 3.0), (4.5, 14.0)])
    assert (piece.start, piece.end, piece.spoken) == (0.0, 15.0, True)


def test_it_is_cut_in_the_widest_pause_near_the_middle() -> None:
    speech = [(0.0, 2.0), (3.9, 13.0), (13.2, 17.0), (17.6, 29.0)]
    pieces = plan(sound_of(noise(29)), speech)
    assert [round(piece.start, 2) for piece in pieces] == [0.0, 17.3]


def test_who_never_pauses_is_cut_where_it_is_quietest() -> None:
    samples = tone(30, RATE)
    samples[round(15.5 * RATE) : round(15.6 * RATE)] *= 0.01
    first, second = plan(sound_of(samples), [(0.0, 30.0)])
    assert first.end == second.start
    assert 15.52 <= first.end <= 15.58


@pytest.mark.parametrize("start", [0.0, 0.3337])
@pytest.mark.parametrize("seed", range(3))
def test_unchanged_pieces_make_the_recording_again(seed: int, start: float) -> None:
    sound = sound_of(noise(61.7), start)
    speech = talk(seed, sound.duration)
    pieces = plan(sound, speech, 8.0)
    assert len(pieces) > 8
    made = changed(sound, pieces, as_it_was)
    assert made.rate == OUT
    np.testing.assert_allclose(made.samples, sound.at(OUT).samples, atol=1e-6)


def test_only_speech_is_changed_and_may_take_longer() -> None:
    sound = sound_of(noise(20))
    heard = []

    def slower(window: Sound) -> Speech:
        heard.append(window.duration)
        return Speech(np.repeat(window.at(OUT).samples, 2) * 0, OUT)

    pieces = plan(sound, [(6.0, 8.0)])
    made = changed(sound, pieces, slower)
    assert [piece.spoken for piece in pieces] == [False, True, False]
    assert heard == [pytest.approx(3 + FADE)]
    assert made.duration == pytest.approx(23 + FADE)
    before, after = (part.at(OUT).samples for part in (sound.trim(0, 5.4), sound.trim(8.6, 20)))
    np.testing.assert_allclose(made.samples[: len(before)], before, atol=1e-6)
    np.testing.assert_allclose(made.samples[-len(after) :], after, atol=1e-6)
    assert not made.samples[round(5.6 * OUT) : round(11.4 * OUT)].any()


def test_no_click_where_pieces_of_different_levels_meet() -> None:
    sound = sound_of(np.full(RATE * 60, 0.5, np.float32))
    levels = iter([1.0, -1.0] * 10)
    pieces = plan(sound, [(0.0, 60.0)], 10.0)
    made = changed(sound, pieces, lambda window: Speech(window.at(OUT).samples * next(levels), OUT))
    assert len(pieces) >= 6
    inner = made.samples[OUT // 10 : -OUT // 10]  # at both ends of the recording the resampler rings
    assert inner.min() == pytest.approx(-0.5, abs=0.01)
    assert np.abs(np.diff(inner)).max() < 2 / (FADE * OUT)
