"""Recordings as a vocoder learns from them: what the cache keeps, and the crops made of it."""

import numpy as np
import pytest
import soxr

from espressivo.errors import InputError
from espressivo.media.read import from_arrays
from espressivo.signal.harmonic import MEL
from espressivo.signal.pitch import PitchTracker
from espressivo.systems.vocoder import waves
from espressivo.systems.vocoder.waves import FULL_SCALE, WaveFeature, cropped
from tests.systems.vocoder.making import hum

FRAMES = 64


def kept(wave: np.ndarray, rate: int = MEL.rate) -> dict[str, np.ndarray]:
    return WaveFeature()(from_arrays(sound=(wave, rate), name="hum"))


@pytest.fixture(scope="module")
def steady() -> dict[str, np.ndarray]:
    """Two seconds at 200 Hz."""
    return kept(hum(200, 2.0))


def vary(monkeypatch: pytest.MonkeyPatch, speed: float = 1.0, gain: float = 0.0) -> None:
    monkeypatch.setattr(waves, "SPEEDS", (speed, speed))
    monkeypatch.setattr(waves, "GAINS", (gain, gain))


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_what_is_kept_has_a_pitch_for_each_hop(steady):
    assert steady["wave"].dtype == np.int16
    assert steady["hz"].dtype == np.float16
    assert len(steady["wave"]) == MEL.hop * len(steady["hz"]) == 2 * MEL.rate // MEL.hop * MEL.hop
    voiced = steady["hz"] > 0
    assert voiced.mean() > 0.9
    assert np.median(steady["hz"][voiced]) == pytest.approx(200, rel=0.01)
    assert np.abs(steady["wave"] / FULL_SCALE - hum(200, 2.0)[: len(steady["wave"])]).max() < 1e-4


@pytest.mark.parametrize(
    ("rate", "highest", "top"),
    [(16_000, 7900, 8000), (22_050, 7000, 8000), (22_050, 10_500, 11_025), (48_000, 2e4, 11_025)],
)
def test_how_high_a_recording_reaches_is_found(rate, highest, top):
    found = kept(hum(150, 1.0, rate, highest), rate)["top"]
    assert found.shape == ()
    assert found == top


def test_what_is_short_or_mute_is_refused():
    with pytest.raises(InputError, match=r"hum is shorter than 0\.5 s"):
        kept(hum(150, 0.49))
    pictures = np.zeros((5, 8, 8, 3), np.uint8)
    with pytest.raises(InputError, match="film has no sound"):
        WaveFeature()(from_arrays(video=(pictures, 25.0), name="film"))


def test_a_crop_is_a_stretch_of_the_recording(steady):
    crop = cropped(steady, FRAMES, random(), varied=0)
    assert crop.wave.shape == (FRAMES * MEL.hop,)
    assert crop.hz.shape == crop.voiced.shape == (FRAMES,)
    assert (crop.wave.dtype, crop.hz.dtype, crop.voiced.dtype) == (np.float32,) * 3
    place = np.flatnonzero(np.round(crop.wave[0] * FULL_SCALE) == steady["wave"])
    whole = steady["wave"].astype(np.float32) / FULL_SCALE
    assert any(np.array_equal(crop.wave, whole[at : at + len(crop.wave)]) for at in place)
    np.testing.assert_array_equal(crop.voiced, crop.hz > 0)


@pytest.mark.parametrize("speed", [0.8, 1.25])
def test_another_speed_is_another_pitch(steady, monkeypatch, speed):
    vary(monkeypatch, speed)
    crop = cropped(steady, FRAMES, random(), varied=1)
    heard = PitchTracker()(soxr.resample(crop.wave, MEL.rate, 16_000))
    assert heard.median == pytest.approx(200 * speed, rel=0.01)
    assert np.median(crop.hz[crop.voiced > 0]) == pytest.approx(200 * speed, rel=0.01)
    assert crop.top == pytest.approx(8000 * speed)
    assert crop.wave.shape == (FRAMES * MEL.hop,)


def test_the_melody_stays_with_the_sound_at_another_speed(monkeypatch):
    """Half of it at 150 Hz, half at 250: the step is where it is heard."""
    vary(monkeypatch, 1.25)
    found = kept(np.concatenate([hum(150, 0.5), hum(250, 0.5)]))
    length = len(found["hz"]) * 4 // 5 - 2
    crop = cropped(found, length, random(), varied=1)
    heard = PitchTracker()(soxr.resample(crop.wave, MEL.rate, 16_000)).at(MEL.frame_rate, length)
    both = heard.voiced & (crop.voiced > 0)
    assert both.mean() > 0.8
    assert np.median(np.abs(heard.hz[both] / crop.hz[both] - 1)) < 0.02
    steps = [int(np.flatnonzero(hz > 250)[0]) for hz in (np.where(both, heard.hz, 0), np.where(both, crop.hz, 0))]
    assert abs(steps[0] - steps[1]) <= 2


def test_full_band_sound_stays_so_at_any_speed(monkeypatch):
    found = kept(hum(150, 1.0, highest=10_900))
    vary(monkeypatch, 1.25)
    assert cropped(found, 30, random(), varied=1).top == MEL.rate / 2


@pytest.mark.parametrize("gain", [-12.0, 6.0])
def test_another_gain_is_another_level(steady, monkeypatch, gain):
    vary(monkeypatch, gain=gain)
    plain, changed = (cropped(steady, FRAMES, random(), varied) for varied in (0, 1))
    ratio = np.sqrt(np.mean(changed.wave**2) / np.mean(plain.wave**2))
    assert 20 * np.log10(ratio) == pytest.approx(gain, abs=0.5)


def test_what_would_be_too_loud_is_clipped(monkeypatch):
    vary(monkeypatch, gain=6.0)
    assert np.abs(cropped(kept(2 * hum(150)), FRAMES, random(), varied=1).wave).max() == 1


@pytest.mark.parametrize("varied", [0, 1])
def test_a_short_recording_is_padded_with_silence(varied):
    found = kept(hum(200, 0.6))
    crop = cropped(found, 150, random(), varied)
    assert crop.wave.shape == (150 * MEL.hop,)
    assert np.abs(crop.wave[: 30 * MEL.hop]).max() > 0.01
    assert np.abs(crop.wave[70 * MEL.hop :]).max() < 1e-3
    assert not crop.voiced[70:].any()


def test_a_share_of_the_crops_is_varied(steady):
    levels = [np.sqrt(np.mean(cropped(steady, FRAMES, random(n), 0.5).wave ** 2)) for n in range(40)]
    plain = np.isclose(levels, np.median([level for level in levels if level > 0]), rtol=0.02)
    assert 8 <= plain.sum() <= 32


def test_the_louder_of_two_places_is_taken():
    quiet = 0.01 * hum(200, 1.5)
    found = kept(np.concatenate([quiet, hum(200, 1.5)]))
    loud = [np.abs(cropped(found, 40, random(n), 0).wave).max() > 0.1 for n in range(40)]
    assert np.mean(loud) > 0.6  # by chance it would be half


def test_the_same_draw_gives_the_same_crop(steady):
    one, other = (cropped(steady, FRAMES, random(7), 0.5) for _ in range(2))
    assert np.array_equal(one.wave, other.wave)
    assert not np.array_equal(one.wave, cropped(steady, FRAMES, random(8), 0.5).wave)


def test_noise_is_mixed_in_below_the_speech(steady):
    ratios, slopes = [], []
    for n in range(40):
        plain, noisy = (cropped(steady, FRAMES, random(n), 0, share).wave for share in (0, 1))
        noise = noisy - plain
        ratios.append(10 * np.log10(np.mean(plain**2) / np.mean(noise**2)))
        power = np.abs(np.fft.rfft(noise)) ** 2
        slopes.append(power[: len(power) // 2].sum() / power[len(power) // 2 :].sum())
    assert -0.5 < min(ratios) < 8 < 22 < max(ratios) < 30.5
    assert min(slopes) < 2 < 50 < max(slopes)  # white, and brown


def test_a_share_of_the_crops_is_noisy(steady):
    def changed(share: float) -> int:
        waves = ([cropped(steady, FRAMES, random(n), 0, own).wave for own in (0, share)] for n in range(40))
        return sum(not np.array_equal(*pair) for pair in waves)

    assert (changed(0), changed(1)) == (0, 40)
    assert 10 < changed(0.5) < 30
