import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espressivo.errors import ConfigError, InputError
from espressivo.signal.pitch import Pitch
from espressivo.signal.tokens import Layout, PitchScale, SpeechTokens, deduplicated, pitch_tokens

LAYOUT = Layout(units=50, scale=PitchScale(16), style=10, first=1000)


def made(n: int, seed: int = 0, styled: bool = True) -> SpeechTokens:
    random = np.random.default_rng(seed)
    style = random.integers(10, size=-(-n // 25)) if styled else None
    return SpeechTokens(random.integers(50, size=n), random.integers(16, size=-(-n // 2)), style, 120.0)


def same(one: SpeechTokens, other: SpeechTokens) -> None:
    np.testing.assert_array_equal(one.units, other.units)
    np.testing.assert_array_equal(one.pitch, other.pitch)
    assert (one.style is None) == (other.style is None)
    if one.style is not None and other.style is not None:
        np.testing.assert_array_equal(one.style, other.style)


@given(n=st.integers(1, 130), seed=st.integers(0, 9), styled=st.booleans())
def test_ids_and_back(n, seed, styled):
    tokens = made(n, seed, styled)
    same(SpeechTokens.of_ids(tokens.ids(LAYOUT), LAYOUT, register=120.0), tokens)


def test_a_second_is_style_then_pitch_and_two_units():
    kinds = [LAYOUT.kind(token) for token in made(27).ids(LAYOUT)]
    assert kinds[:7] == ["style", "pitch", "unit", "unit", "pitch", "unit", "unit"]
    # Unit 25 is the second half of a pitch token: the style of the new second comes before it.
    assert kinds[1 + 12 * 3 :] == ["pitch", "unit", "style", "unit", "pitch", "unit"]


def test_ids_lie_behind_the_text():
    ids = made(60).ids(LAYOUT)
    assert ids.min() >= 1000
    assert ids.max() < 1000 + LAYOUT.size
    assert LAYOUT.kind(999) is None
    assert LAYOUT.kind(1000 + LAYOUT.size) is None


def test_a_row_out_of_turn_is_refused_and_can_be_repaired():
    row = made(8, styled=False).ids(LAYOUT).tolist()
    with pytest.raises(InputError, match="got unit, wanted pitch"):
        SpeechTokens.of_ids(row[1:], LAYOUT)
    mended = SpeechTokens.of_ids([5, *row[:3], *row[4:], 7], LAYOUT, repair=True)
    assert len(mended) == 8
    assert mended.pitch[1] == mended.pitch[0]  # the one that was taken out


@given(st.lists(st.integers(990, 1090), max_size=80))
def test_whatever_a_model_writes_can_be_repaired(row):
    tokens = SpeechTokens.of_ids(row, LAYOUT, repair=True)
    assert len(tokens) == sum(LAYOUT.kind(token) == "unit" for token in row)
    same(SpeechTokens.of_ids(tokens.ids(LAYOUT), LAYOUT), tokens) if len(tokens) else None


def test_a_row_that_breaks_off_is_refused():
    with pytest.raises(InputError, match="ends with pitch"):
        SpeechTokens.of_ids([*made(4, styled=False).ids(LAYOUT).tolist(), LAYOUT.pitch_first], LAYOUT)


def test_lengths_must_belong_together():
    with pytest.raises(InputError, match="3 pitch"):
        SpeechTokens(np.zeros(5, int), np.zeros(5, int))
    with pytest.raises(ConfigError, match="unit token 50"):
        SpeechTokens(np.array([50]), np.array([0])).ids(LAYOUT)


def test_pitch_keeps_the_melody_and_drops_the_register():
    melody = np.array([0, 100, 112.246, 89.09, 0, 200], np.float32)
    scale = PitchScale()
    low, high = scale.tokens(melody, 100.0), scale.tokens(melody * 1.7, 170.0)
    np.testing.assert_array_equal(low, high)
    assert low[0] == low[4] == 0
    assert low[2] - low[1] == 4  # two semitones in steps of a half
    back = scale.hertz(low, 100.0)
    np.testing.assert_allclose(back, melody, rtol=0.015)


def test_pitch_beyond_the_scale_stays_at_its_end():
    scale = PitchScale()
    assert scale.tokens(np.array([1000.0, 10.0]), 100.0).tolist() == [63, 1]
    assert scale.tokens(np.array([100.0]), 0.0).tolist() == [0]


def test_pitch_tokens_cover_the_units():
    hz = np.full(63, 150, np.float32)
    hz[30:] = 0
    pitch = Pitch(hz, hz > 0, np.ones(63, np.float32), 62.5, 63 / 62.5)
    tokens, register = pitch_tokens(pitch, 25)
    assert register == pytest.approx(150)
    assert len(tokens) == 13
    assert (tokens[:5] == 32).all()
    assert (tokens[-6:] == 0).all()


@given(st.lists(st.integers(0, 3)))
def test_runs_become_one_and_their_lengths(row):
    units, lasting = deduplicated(row)
    np.testing.assert_array_equal(np.repeat(units, lasting), row)
    assert (units[1:] != units[:-1]).all()
