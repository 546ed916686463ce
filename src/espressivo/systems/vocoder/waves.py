"""Recordings as a vocoder learns from them: sound at its rate, the melody beside it, and how high the sound reaches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from espressivo.clip import SPEECH_RATE, Clip
from espressivo.errors import InputError
from espressivo.signal.harmonic import MEL
from espressivo.signal.pitch import PitchTracker

FULL_SCALE = 32767
NARROW = 8000.0  # Hz: how high a recording at 16 kHz reaches
WIDE, LEAST = 10_000.0, 2e-5  # above so many Hz a wide recording has at least this share of the energy below NARROW
SHORTEST = 0.5  # seconds
SPEEDS = (0.8, 1.25)
GAINS = (-12.0, 6.0)  # dB
NOISE = (0.0, 30.0)  # dB that noise lies below the speech
COLOURS = (0.0, 2.0)  # its power falls with so many powers of the frequency: from white to brown


class Crop(NamedTuple):
    """A stretch of a recording.

    Shapes: `wave` (frames · hop,) float32, `hz` and `voiced` (frames,) float32; `top` in Hz is how high it reaches.
    """

    wave: np.ndarray
    hz: np.ndarray
    voiced: np.ndarray
    top: float


@dataclass(frozen=True)
class WaveFeature:
    """For the feature cache: `wave` (samples,) int16 at 22.05 kHz, `hz` (frames,) float16 (0 unvoiced), `top` ()."""

    name: str = "waves-22k-2"
    _tracker: list[PitchTracker] = field(default_factory=list, init=False, repr=False, compare=False)

    def __call__(self, clip: Clip) -> dict[str, np.ndarray]:
        """Raises InputError where there is no sound, or less than half a second of it."""
        if clip.sound is None:
            raise InputError(f"{clip.name} has no sound")
        wave = clip.sound.at(MEL.rate).samples
        wave = wave[: len(wave) // MEL.hop * MEL.hop]
        if len(wave) < SHORTEST * MEL.rate:
            raise InputError(f"{clip.name} is shorter than {SHORTEST:g} s")
        if not self._tracker:
            self._tracker.append(PitchTracker())
        pitch = self._tracker[0](clip.sound.at(SPEECH_RATE).samples).at(MEL.frame_rate, len(wave) // MEL.hop)
        whole = np.clip(np.round(wave * FULL_SCALE), -FULL_SCALE, FULL_SCALE).astype(np.int16)
        return {"wave": whole, "hz": pitch.hz.astype(np.float16), "top": np.array(_top(wave), np.float32)}


def _top(wave: np.ndarray) -> float:
    """Half the rate, or NARROW where next to nothing lies above WIDE: once resampled, a recording hides its own rate.

    Not right above NARROW: codecs leak there.
    """
    power = np.abs(np.fft.rfft(wave)) ** 2
    low, high = (round(hertz / (MEL.rate / 2) * (len(power) - 1)) for hertz in (NARROW, WIDE))
    return MEL.rate / 2 if power[high:].sum() > LEAST * power[:low].sum() else NARROW


def cropped(
    kept: dict[str, np.ndarray], frames: int, random: np.random.Generator, varied: float, noisy: float = 0.0
) -> Crop:
    """`frames` frames of a recording from somewhere, silence last.

    Args:
        kept: what WaveFeature made of it.
        varied: how often it is played at another speed and level, which makes other voices of the voice.
        noisy: how often noise is mixed in, to be given back as well.
    """
    import soxr

    changed = random.random() < varied
    speed = float(np.exp(random.uniform(*np.log(SPEEDS)))) if changed else 1.0
    gain = 10 ** (float(random.uniform(*GAINS)) / 20) if changed else 1.0
    length = int(np.ceil(frames * speed)) + (2 if changed else 0)
    begin = _begin(kept["wave"], length, random)
    wave = np.zeros(length * MEL.hop, np.float32)
    part = kept["wave"][begin * MEL.hop : (begin + length) * MEL.hop].astype(np.float32) / FULL_SCALE
    wave[: len(part)] = part
    hz = np.zeros(length, np.float32)
    hz[: len(part) // MEL.hop] = kept["hz"][begin : begin + length]
    if changed:
        wave = soxr.resample(wave, MEL.rate * speed, MEL.rate, "HQ")
        hz = speed * hz[np.minimum((np.arange(frames) * speed + 0.5).astype(int), length - 1)]
    wave = gain * wave[: frames * MEL.hop]
    wave = np.pad(wave, (0, frames * MEL.hop - len(wave)))
    if noisy and random.random() < noisy:
        wave = wave + _noise(wave, random)
    known = hz > 0
    return Crop(wave.clip(-1, 1), hz, known.astype(np.float32), min(speed * float(kept["top"]), MEL.rate / 2))


def _begin(wave: np.ndarray, length: int, random: np.random.Generator) -> int:
    """The frame to begin at: the louder of two places."""
    last = max(0, len(wave) // MEL.hop - length)
    places = [int(place) for place in random.integers(0, last + 1, 2)]
    parts = [wave[place * MEL.hop : (place + length) * MEL.hop : 8].astype(np.float32) for place in places]
    return places[int(np.square(parts[1]).sum() > np.square(parts[0]).sum())] if last else 0


def _noise(wave: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Noise of some colour, so much weaker than `wave`."""
    spectrum = np.fft.rfft(random.normal(size=len(wave)))
    colour = np.arange(1, len(spectrum) + 1) ** (-random.uniform(*COLOURS) / 2)
    noise = np.fft.irfft(spectrum * colour, len(wave))
    power = np.mean(np.square(wave)) * 10 ** (-random.uniform(*NOISE) / 10)
    return (noise * np.sqrt(power / np.mean(np.square(noise)))).astype(np.float32)
