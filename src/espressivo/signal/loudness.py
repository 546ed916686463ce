"""How loud a sound is, to a meter and to an ear.

Integrated loudness follows ITU-R BS.1770-4: a K-weighting filter (a shelf for the head, a high-pass for the ear's
deafness to bass), mean squares over 400 ms blocks, and two gates that leave the pauses out.
"""

from __future__ import annotations

import numpy as np

from espressivo.errors import InputError
from espressivo.signal.wave import checked_wave, refuse_silence

BLOCK = 0.4
STEP = 0.1
ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
# The calibration constant of BS.1770: it cancels the filter's gain at 997 Hz.
OFFSET = -0.691
# Both filters have died out below 1e-9 after this long; see k_weighted.
FILTER_MEMORY = 0.25
# Samples filtered at once.
STRETCH = 1 << 18
SILENCE_FLOOR = -60.0


def k_weighted(wave: np.ndarray, rate: int) -> np.ndarray:
    """`wave` through the K-weighting of BS.1770, (samples,) float64.

    The standard gives two recursive filters at 48 kHz. Here their transfer functions, re-derived for `rate`, multiply
    the spectrum of overlapping stretches: a recursion in Python would be slow, and the filters forget within a quarter
    of a second, so that a stretch preceded by that much context comes out the same as in one run.
    """
    memory, stretch = int(FILTER_MEMORY * rate), min(STRETCH, len(wave))
    size = 1 << (stretch + 2 * memory - 1).bit_length()
    response = _k_response(rate, size)
    padded = np.concatenate([np.zeros(memory), wave])
    parts = []
    for start in range(0, len(wave), stretch):
        piece = padded[start : start + memory + stretch]
        spectrum = np.fft.rfft(piece, size) * response
        parts.append(np.fft.irfft(spectrum, size)[memory : len(piece)])
    return np.concatenate(parts)


def _k_response(rate: int, size: int) -> np.ndarray:
    z = np.exp(-1j * np.linspace(0, np.pi, size // 2 + 1))
    response = np.ones_like(z)
    for ahead, back in (_shelf(rate), _high_pass(rate)):
        response *= (ahead[0] + ahead[1] * z + ahead[2] * z**2) / (back[0] + back[1] * z + back[2] * z**2)
    return response


# The analogue prototypes behind the standard's two coefficient tables: bilinear transform at 48 kHz gives its numbers.
def _shelf(rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    k, q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    ahead = (high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k)
    return ahead, (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)


def _high_pass(rate: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    norm = 1 + k / q + k * k
    return (1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm)


def integrated_loudness(samples: np.ndarray, rate: int) -> float:
    """Gated loudness in LUFS (ITU-R BS.1770-4); -inf when everything lies below the absolute gate of -70.

    Args:
        samples: (samples,) or (channels, samples) float, full scale 1; one or two channels.
        rate: samples a second.

    Raises:
        InputError: shorter than one block of 0.4 s, more than two channels, or not finite.
    """
    channels = np.atleast_2d(np.asarray(samples))
    if channels.ndim != 2 or len(channels) > 2:
        raise InputError(f"loudness needs (samples,) or (1 or 2 channels, samples), got shape {np.shape(samples)}")
    task = "loudness"
    power = sum(_block_power(checked_wave(c, rate, shortest=BLOCK, task=task), rate) for c in channels)
    assert isinstance(power, np.ndarray)
    kept = power[_lufs(power) > ABSOLUTE_GATE]
    if not len(kept):
        return -np.inf
    kept = kept[_lufs(kept) > _lufs(kept.mean()) + RELATIVE_GATE]
    return float(_lufs(kept.mean()))


def _block_power(wave: np.ndarray, rate: int) -> np.ndarray:
    """Mean square of each K-weighted block of 400 ms, a new one every 100 ms; (blocks,)."""
    block, step = round(BLOCK * rate), round(STEP * rate)
    energy = np.concatenate([[0.0], np.cumsum(k_weighted(wave, rate) ** 2)])
    starts = np.arange(0, len(wave) - block + 1, step)
    return (energy[starts + block] - energy[starts]) / block


def _lufs(power: np.ndarray) -> np.ndarray:
    return OFFSET + 10 * np.log10(np.maximum(power, 1e-20))


def true_peak(samples: np.ndarray, rate: int) -> float:
    """The highest value between the samples too, as a share of full scale: the peak after fourfold oversampling.

    Raises:
        InputError: not mono, empty or not finite.
    """
    import soxr

    wave = checked_wave(samples, rate, task="a peak measure")
    # soxr's filter rings into the padding, not into a missing neighbour: the last sample counts like the others.
    oversampled = soxr.resample(np.pad(wave, 64), rate, 4 * rate)
    return float(max(np.abs(wave).max(), np.abs(oversampled).max()))


def normalise(samples: np.ndarray, rate: int, target: float = -23.0, peak: float = -1.0) -> np.ndarray:
    """`samples` at `target` LUFS, or as near as the peak allows: one gain for all of it, nothing is squashed.

    Args:
        samples: (samples,) float in [-1, 1].
        rate: samples a second.
        target: integrated loudness in LUFS; EBU R 128 asks for -23.
        peak: the true peak in dBFS that is not exceeded.

    Returns:
        (samples,) float32.

    Raises:
        InputError: silence, shorter than 0.4 s, or not finite.
    """
    wave = checked_wave(samples, rate, shortest=BLOCK, task="loudness normalisation")
    refuse_silence(wave, "loudness normalisation")
    loudness = integrated_loudness(wave, rate)
    if loudness == -np.inf:
        raise InputError("loudness normalisation got sound below -70 LUFS throughout: too faint to be raised")
    gain = min(10 ** ((target - loudness) / 20), 10 ** (peak / 20) / true_peak(wave, rate))
    return (wave * gain).astype(np.float32)


def frame_energy(samples: np.ndarray, rate: int, frame_rate: float = 100.0, window: float = 0.025) -> np.ndarray:
    """Root mean square of each frame in dBFS (a full-scale sine is -3), (frames,) float32, not below -120.

    Frame i is centred on (i + 0.5) / frame_rate seconds; the windows at both ends are cut where the sound ends.

    Raises:
        InputError: not mono, empty or not finite.
    """
    wave = checked_wave(samples, rate, task="frame energy")
    centres = (np.arange(max(1, round(len(wave) / rate * frame_rate))) + 0.5) / frame_rate * rate
    starts = np.clip(np.round(centres - window * rate / 2).astype(int), 0, len(wave) - 1)
    ends = np.clip(np.round(centres + window * rate / 2).astype(int), starts + 1, len(wave))
    energy = np.concatenate([[0.0], np.cumsum(wave.astype(np.float64) ** 2)])
    return (10 * np.log10(np.maximum((energy[ends] - energy[starts]) / (ends - starts), 1e-12))).astype(np.float32)


def silence_ratio(samples: np.ndarray, rate: int, floor: float = SILENCE_FLOOR) -> float:
    """The share of frames whose energy lies below `floor` dBFS, 0 to 1."""
    return float((frame_energy(samples, rate) < floor).mean())


def clipping_ratio(samples: np.ndarray, rate: int, run: int = 3) -> float:
    """The share of samples that sit flat at the sound's own peak for at least `run` samples: 0 for a clean recording.

    It is the sound's own peak because a clipped recording may have been turned down later.

    Raises:
        InputError: not mono, empty or not finite.
    """
    wave = np.abs(checked_wave(samples, rate, task="a clipping measure"))
    peak = float(wave.max())
    if peak < 1e-3:
        return 0.0
    flat = np.concatenate([[False], wave >= peak * 0.9995, [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    lengths = edges[1::2] - edges[::2]
    return float(lengths[lengths >= run].sum() / len(wave))
