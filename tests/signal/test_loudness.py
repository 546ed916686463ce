import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.errors import InputError
from espressivo.signal import loudness
from espressivo.signal.loudness import (
    clipping_ratio,
    frame_energy,
    integrated_loudness,
    k_weighted,
    normalise,
    silence_ratio,
    true_peak,
)

RATES = [8000, 16_000, 22_050, 44_100, 48_000]


def sine(decibels: float, seconds: float, rate: int = 48_000, hertz: float = 997.0) -> np.ndarray:
    return 10 ** (decibels / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def stereo(*parts: tuple[float, float], hertz: float = 1000.0) -> np.ndarray:
    wave = np.concatenate([sine(decibels, seconds, hertz=hertz) for decibels, seconds in parts])
    return np.stack([wave, wave])


def test_the_filters_are_those_of_the_standard_at_48_khz():
    ahead, back = loudness._shelf(48_000)
    np.testing.assert_allclose(np.array(ahead) / back[0], [1.53512485958697, -2.69169618940638, 1.19839281085285])
    np.testing.assert_allclose(np.array(back[1:]) / back[0], [-1.69065929318241, 0.73248077421585])
    _, back = loudness._high_pass(48_000)
    np.testing.assert_allclose(back, [1, -1.99004745483398, 0.99007225036621])


@pytest.mark.parametrize("rate", [8000, 48_000])
def test_filtering_in_stretches_is_the_recursive_filter(rate, monkeypatch):
    wave = np.random.default_rng(0).normal(size=3 * rate)
    expected = wave
    for ahead, back in (loudness._shelf(rate), loudness._high_pass(rate)):
        out = np.zeros(len(expected))
        x1 = x2 = y1 = y2 = 0.0
        for i, x in enumerate(expected):
            y = (ahead[0] * x + ahead[1] * x1 + ahead[2] * x2 - back[1] * y1 - back[2] * y2) / back[0]
            x1, x2, y1, y2 = x, x1, y, y1
            out[i] = y
        expected = out
    np.testing.assert_allclose(k_weighted(wave, rate), expected, atol=1e-8)
    monkeypatch.setattr(loudness, "STRETCH", rate // 3)
    np.testing.assert_allclose(k_weighted(wave, rate), expected, atol=1e-8)


@pytest.mark.parametrize("rate", RATES)
def test_the_reference_tone_of_the_standard(rate):
    # BS.1770: 997 Hz at 0 dBFS in one front channel reads -3.01; at -20 dBFS in both, -20.
    assert integrated_loudness(sine(0, 5, rate), rate) == pytest.approx(-3.01, abs=0.05)
    tone = sine(-20, 5, rate)
    assert integrated_loudness(np.stack([tone, tone]), rate) == pytest.approx(-20.0, abs=0.05)
    assert integrated_loudness(tone, rate) == pytest.approx(-23.01, abs=0.05)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        # EBU Tech 3341, table 1, cases 1 to 5.
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_the_gates_pass_the_cases_of_the_ebu(parts, expected):
    assert integrated_loudness(stereo(*parts), 48_000) == pytest.approx(expected, abs=0.1)


def test_bass_counts_less_and_treble_more():
    levels = [integrated_loudness(sine(-20, 2, hertz=h), 48_000) for h in (30, 100, 1000, 4000)]
    assert levels == sorted(levels)
    assert levels[0] < levels[2] - 8


def test_silence_has_no_loudness():
    assert integrated_loudness(np.zeros(16_000), 16_000) == -np.inf
    assert integrated_loudness(sine(-90, 1), 48_000) == -np.inf


@settings(max_examples=25, deadline=None)
@given(st.floats(-40, -6), st.floats(-35, -12))
def test_normalising_reaches_the_target(level, target):
    out = normalise(sine(level, 1, 16_000), 16_000, target)
    assert integrated_loudness(out, 16_000) == pytest.approx(target, abs=0.05)
    assert out.dtype == np.float32


def test_the_peak_wins_over_the_target():
    clicks = sine(-40, 2, 16_000)
    clicks[::4000] = 0.5
    out = normalise(clicks, 16_000, target=-10, peak=-3)
    assert 20 * np.log10(true_peak(out, 16_000)) == pytest.approx(-3, abs=0.1)
    assert integrated_loudness(out, 16_000) < -10
    correlation = np.corrcoef(out, clicks)[0, 1]
    assert correlation == pytest.approx(1, abs=1e-6)


def test_true_peak_sees_between_the_samples():
    # A quarter of the rate, sampled off its crests: every sample reads 0.707, the wave reaches 1.
    wave = np.sin(np.pi / 2 * np.arange(48_000) + np.pi / 4) * np.hanning(48_000)
    assert np.abs(wave).max() == pytest.approx(0.707, abs=0.01)
    assert true_peak(wave, 48_000) == pytest.approx(1, abs=0.01)


def test_frame_energy_of_a_sine_is_three_below_its_peak():
    energy = frame_energy(sine(-20, 1, 16_000), 16_000)
    assert energy.shape == (100,)
    np.testing.assert_allclose(energy[2:-2], -23.01, atol=0.1)
    assert (frame_energy(np.zeros(1600), 16_000) == -120).all()
    assert frame_energy(np.ones(1), 16_000).shape == (1,)


def test_silence_ratio():
    wave = np.concatenate([sine(-20, 1, 16_000), np.zeros(48_000)])
    assert silence_ratio(wave, 16_000) == pytest.approx(0.75, abs=0.02)


def test_clipping_is_seen_even_after_turning_down(noise):
    loud = np.clip(8 * noise, -1, 1)
    assert clipping_ratio(noise, 16_000) == 0
    assert clipping_ratio(sine(0, 1, 16_000), 16_000) == 0
    assert clipping_ratio(np.zeros(100), 16_000) == 0
    share = clipping_ratio(loud, 16_000)
    assert share > 0.005
    assert clipping_ratio(loud * 0.3, 16_000) == pytest.approx(share)
    flat = np.r_[np.zeros(10), np.ones(5), np.zeros(10), np.ones(2), np.zeros(3)]
    assert clipping_ratio(flat, 16_000) == pytest.approx(5 / 30)


@pytest.mark.parametrize("measure", [integrated_loudness, normalise, true_peak, frame_energy, clipping_ratio])
@pytest.mark.parametrize("samples", [np.zeros(0), np.full(16_000, np.nan), np.zeros((3, 16_000))])
def test_bad_sound_is_refused(measure, samples):
    with pytest.raises(InputError):
        measure(samples, 16_000)


def test_what_cannot_be_normalised_is_refused():
    for wave, word in (
        (np.zeros(16_000), "silence"),
        (sine(-10, 0.3, 16_000), "0.4 s"),
        (sine(-78, 1, 16_000), "faint"),
    ):
        with pytest.raises(InputError, match=word):
            normalise(wave, 16_000)
