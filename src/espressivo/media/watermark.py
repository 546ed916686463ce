"""An inaudible mark in the sound: every short stretch of every band is made a little louder or softer, as a key says.

The sound is cut into cells of 12 ms × 125 Hz between 300 Hz and 7 kHz. A fixed pattern of +1 and -1, as long as
`PERIOD` cells and then again from its start, says which cells are raised and which are lowered by a decibel or two.
The detector does not know the original. It takes each cell's level against its neighbours in time and frequency,
limits it, and adds up these residues with the signs of the pattern, at every place the pattern could have begun.

*How sure it is.* Let y be the residues and c the pattern. For a sound made without knowledge of the pattern, the
sum Σ c·y over independent fair signs c has mean 0 and, by Hoeffding's inequality, for whatever y,

    P(Σ c·y ≥ z · sqrt(Σ y²)) ≤ exp(-z² / 2).

So z needs no training data, no model of speech and no assumption on the sound: with the number of places tried,
`tests`, the probability of a false alarm is at most tests · exp(-z² / 2). The threshold is where that is `FALSE_ALARM`.

All is worked out at 16 kHz and only the difference is brought to the sound's own rate, so one detector serves every
rate from 8 kHz on. It is worked out a stretch at a time, each with what reaches into it from its neighbours, so a long
sound needs little more memory than its samples, and has no seams.

The pattern is public, and a mark so faint can be removed by who wants to: it tells honest people.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from espressivo.errors import InputError
from espressivo.media import resample

RATE = 16_000
FALSE_ALARM = 1e-5
PERIOD = 128
LOWEST_RATE = 8_000

_KEY = b"espressivo sound mark, first pattern"
_WINDOW, _HOP, _STEPS = 256, 64, 3  # a cell is _STEPS hops long: 12 ms
_FIRST_BIN, _BANDS, _WIDTH = 5, 54, 2  # 54 bands of two bins of 62.5 Hz, from 312 Hz on
_FAINTEST, _STRONGEST = 1.2, 3.6  # decibels; the overlap of windows and bands leaves about half of them
_ENOUGH = 13.0  # a mark found this clearly survives what codecs and phones do to it (benchmarks/marking.py)
_QUIETEST = 1e-6  # cells this far below the loudest one say nothing
_STRETCH = 6 * RATE  # a whole number of hops; the detector looks at six seconds at a time, three seconds apart
_EDGE = 2 * _WINDOW  # windows that reach into a stretch begin no earlier and end no later


@dataclass(frozen=True)
class Finding:
    """What the detector saw: its clearest `score` (z above) among `tests` places, in `heard` seconds of sound."""

    score: float
    tests: int
    heard: float

    @property
    def threshold(self) -> float:
        """The score above which a false alarm is less likely than `FALSE_ALARM`."""
        return math.sqrt(2 * math.log(max(self.tests, 1) / FALSE_ALARM))

    @property
    def false_alarm(self) -> float:
        """At most how likely an unmarked sound reaches this score."""
        return min(1.0, self.tests * math.exp(-(max(self.score, 0.0) ** 2) / 2))

    @property
    def found(self) -> bool:
        return self.score >= self.threshold


def embed(samples: np.ndarray, rate: int) -> np.ndarray:
    """The same sound with the mark in it, float32 of the same shape (samples,).

    The mark is made only as strong as the detector needs to find it clearly, so short sounds get a stronger one.

    Raises:
        InputError: the rate is below 8 kHz, or the samples are not finite floats of shape (samples,).
    """
    given = np.asarray(samples)
    if given.ndim != 1 or given.dtype.kind != "f" or not np.isfinite(given).all():
        raise InputError(f"cannot mark {given.dtype} of shape {given.shape}: give finite floats of shape (samples,)")
    if rate < LOWEST_RATE:
        raise InputError(f"cannot mark sound at {rate} Hz: {LOWEST_RATE} Hz is the least that can carry the mark")
    sound = given.astype(np.float32)
    plain = _at_16k(sound, rate)
    changes = (change for _, change in _changes(plain, _strength(plain)))
    at = 0
    for change in resample.stretch(lambda *_: changes, RATE, 0.0, len(sound) / rate, rate):
        sound[at : at + len(change)] += change
        at += len(change)
    return np.clip(sound, -1.0, 1.0, out=sound)


def search(blocks: Iterable[np.ndarray]) -> Finding:
    """Look for the mark in mono 16 kHz sound that comes in blocks of any length; memory stays flat."""
    best, tests, heard = 0.0, 0, 0.0
    for stretch, fresh in _stretches(blocks):
        score, active = _looked(stretch)
        best = max(best, score)
        tests += PERIOD * _STEPS
        heard += active * min(1.0, fresh / max(len(stretch), 1))
    return Finding(best, tests, heard)


@cache
def _pattern() -> np.ndarray:
    """(PERIOD, bands) of ±1 from a hash, which is the same on every machine and in every version of numpy."""
    count = PERIOD * _BANDS
    bits = np.unpackbits(np.frombuffer(hashlib.shake_256(_KEY).digest(count // 8), np.uint8))
    signs = bits.reshape(PERIOD, _BANDS).astype(np.float32) * 2 - 1
    signs.flags.writeable = False
    return signs


def _taper() -> np.ndarray:
    """Square root of a periodic Hann window: applied twice, four overlapping ones add up to 2."""
    return np.sin(np.pi * np.arange(_WINDOW) / _WINDOW).astype(np.float32)


def _spectra(sound: np.ndarray) -> np.ndarray:
    """(frames, bins): frame i is centred on sample i · _HOP."""
    padded = np.pad(sound, _WINDOW // 2 + _WINDOW)[_WINDOW:]
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    return np.fft.rfft(frames * _taper(), axis=1)


def _strength(plain: np.ndarray) -> float:
    """Decibels: the faintest mark that is found clearly."""
    strength = _FAINTEST
    while strength < _STRONGEST and (score := _clarity(plain, strength)) < _ENOUGH:
        # The score grows about as the strength does; at least a tenth more, so that this ends.
        strength = min(_STRONGEST, strength * max(1.1, _ENOUGH / max(score, 1.0)))
    return strength


def _clarity(plain: np.ndarray, strength: float) -> float:
    """The score of the mark of this strength, or the first score that is enough: the rest need not be looked at."""
    best = 0.0
    for stretch, _ in _stretches(sound + change for sound, change in _changes(plain, strength)):
        best = max(best, _looked(stretch)[0])
        if best >= _ENOUGH:
            break
    return best


def _changes(plain: np.ndarray, strength: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each stretch of a 16 kHz sound and what the mark adds to it: laid end to end, `_change` of the whole."""
    for start in range(0, len(plain), _STRETCH):
        edge = min(start, _EDGE)
        change = _change(plain[start - edge : start + _STRETCH + _EDGE], strength, (start - edge) // _HOP)
        yield plain[start : start + _STRETCH], change[edge : edge + _STRETCH]


def _change(sound: np.ndarray, strength: float, first: int = 0) -> np.ndarray:
    """What the mark adds to a 16 kHz sound that begins `first` hops into the whole, of the same length."""
    spectra = _spectra(sound)
    signs = _pattern()[(first + np.arange(len(spectra))) // _STEPS % PERIOD]
    gains = np.zeros(spectra.shape, np.float32)
    gains[:, _FIRST_BIN : _FIRST_BIN + _BANDS * _WIDTH] = np.repeat(10 ** (strength / 20 * signs) - 1, _WIDTH, axis=1)
    pieces = np.fft.irfft(spectra * gains, _WINDOW, axis=1) * (_taper() / 2)
    return _fitted(_overlapped(pieces)[_WINDOW // 2 :], len(sound))


def _overlapped(pieces: np.ndarray) -> np.ndarray:
    """Lay (frames, _WINDOW) pieces _HOP apart and add them."""
    quarters = pieces.reshape(len(pieces), _WINDOW // _HOP, _HOP)
    out = np.zeros((len(pieces) + _WINDOW // _HOP - 1, _HOP))
    for i in range(_WINDOW // _HOP):
        out[i : i + len(pieces)] += quarters[:, i]
    return out.ravel().astype(np.float32)


def _looked(stretch: np.ndarray) -> tuple[float, float]:
    """The highest score in a stretch, and how many seconds of it are not silence."""
    residues, active = _residues(stretch)
    return max(map(_best_match, residues), default=0.0), active


def _residues(sound: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Residues (cells, bands) for each of _STEPS ways to lay the grid; and how many seconds are not silence."""
    power = np.abs(_spectra(sound)[:, _FIRST_BIN : _FIRST_BIN + _BANDS * _WIDTH]) ** 2
    bands = power.reshape(len(power), _BANDS, _WIDTH).sum(2)
    loudest = float(bands.max(initial=0.0))
    if loudest < 1e-20 or len(bands) < 2 * _STEPS:
        return [], 0.0
    active = bands.max(axis=1) > loudest * 1e-4
    grids = (bands[step : step + (len(bands) - step) // _STEPS * _STEPS] for step in range(_STEPS))
    residues = [_residue(grid.reshape(-1, _STEPS, _BANDS).sum(1), loudest) for grid in grids]
    return residues, float(active.sum() * _HOP / RATE)


def _residue(energy: np.ndarray, loudest: float) -> np.ndarray:
    """Each cell's level against its neighbours, limited so that no cell outvotes the others.

    Cells count less the quieter they are and the nearer to the band's steady noise, which covers the mark.
    """
    level = np.log(energy + loudest * _QUIETEST / 1000)
    rest = level - _around(level, 2, 0)
    rest -= (_around(rest, 2, 1) * 4 + rest) / 5
    audible = np.clip((level - math.log(loudest * _QUIETEST)) / math.log(100), 0.0, 1.0)
    noise = np.percentile(energy, 10, axis=0)
    return np.tanh(0.4 * rest) * audible * np.clip(1 - 4 * noise / (energy + 1e-30), 0.0, 1.0)


def _around(values: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """Mean of the neighbours up to `reach` away along `axis`, without the value itself."""
    edges = [(0, 0), (0, 0)]
    edges[axis] = (reach, reach)
    padded = np.pad(values, edges, mode="reflect" if values.shape[axis] > reach else "edge")
    window = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=axis)
    return (window.sum(axis=-1) - values) / (2 * reach)


def _best_match(residue: np.ndarray) -> float:
    """The highest z over all places where the pattern could begin."""
    laps = np.pad(residue, ((0, -len(residue) % PERIOD), (0, 0))).reshape(-1, PERIOD, _BANDS).sum(0)
    size = math.sqrt(float((laps**2).sum()))
    if size == 0.0:
        return 0.0
    product = np.fft.rfft(laps, axis=0) * np.fft.rfft(_pattern(), axis=0).conj()
    return float(np.fft.irfft(product.sum(1), PERIOD).max()) / size


def _stretches(blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int]]:
    """Overlapping stretches of the sound, each with the number of samples that the one before did not hold."""
    held, seen = np.zeros(0, np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block])
        while len(held) >= _STRETCH:
            yield held[:_STRETCH], _STRETCH - seen
            held, seen = held[_STRETCH // 2 :], _STRETCH // 2
    if len(held) > seen:
        yield held, len(held) - seen


def _at_16k(sound: np.ndarray, rate: int) -> np.ndarray:
    """A copy, for the sound itself is about to be changed."""
    import soxr

    return sound.copy() if rate == RATE else soxr.resample(sound, rate, RATE, "HQ")


def _fitted(sound: np.ndarray, length: int) -> np.ndarray:
    return np.pad(sound[:length], (0, max(0, length - len(sound))))
