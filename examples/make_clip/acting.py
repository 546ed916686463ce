"""What the person does when: the mouth follows the phones, the feeling changes slowly, the head is never still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from voice import Phone

FPS = 25.0

# What the mouth does for a phone, as weights of the rig's poses.
_MOUTH: dict[str, dict[str, float]] = {
    "bpm": {},
    "fv": {"ee": 0.25},
    "ɑaæ": {"aa": 1.0},
    "IW": {"aa": 0.9},
    "ʌəɐᵊ": {"aa": 0.5, "ee": 0.2},
    "ɛe": {"aa": 0.4, "ee": 0.5},
    "iɪᵻA": {"ee": 1.0},
    "OɔY": {"oo": 0.8, "aa": 0.35},
    "uʊw": {"oo": 1.0},
    "ɹɜɚ": {"oo": 0.5, "ee": 0.2},
    "ʃʒʤʧj": {"oo": 0.4, "ee": 0.35},
    "tdnlszɾT": {"ee": 0.45},
    "ðθ": {"ee": 0.5},
    "kɡŋh": {"aa": 0.3, "ee": 0.2},
}
MOUTHS = {phone: mouth for phones, mouth in _MOUTH.items() for phone in phones}
POSES = ("aa", "ee", "oo", "sad", "smile")


@dataclass(frozen=True)
class Moment:
    """One picture: the rig's weights, how far the eyes are shut (0…1), and the head's pose.

    `brows` is how far the inner brows are drawn up; `turn`, `nod` and `tilt` are in degrees.
    """

    weights: dict[str, float]
    shut: float
    brows: float
    turn: float
    nod: float
    tilt: float


def perform(phones: Sequence[Phone], loudness: np.ndarray, seed: int) -> list[Moment]:
    """The whole performance, a Moment for each picture of `loudness`.

    The feeling: sad from the start, saddest at the end of what is said; then, when it is quiet, a small brave smile.
    """
    frames = len(loudness)
    random = np.random.default_rng(seed)
    times = (np.arange(frames) + 0.5) / FPS
    mouth = _mouth(phones, loudness, times)
    said = max((p.end for p in phones if p.symbol in MOUTHS), default=times[-1])
    sad = _curve(times, [(0, 1.1), (said * 0.3, 1.35), (said * 0.8, 1.6), (said, 1.5), (said + 0.45, 0.1)])
    # Less than no smile pulls the corners of the mouth down.
    smile = _curve(times, [(0, -0.6), (said * 0.3, -0.9), (said - 0.1, -0.9), (said + 0.45, 1.2), (said + 1.0, 1.4)])
    shut = _blinks(times, [0.32, said * 0.36, said * 0.74, said + 0.12])
    emphasis = _smooth(loudness, 4)
    drift = [_smooth(random.standard_normal(frames + 100), 14)[50:-50] * 5 for _ in range(3)]
    sink = _curve(times, [(0, 0), (said * 0.5, 0.6), (said, 2.0), (said + 0.6, 0.4)])
    return [
        Moment(
            {**{name: float(mouth[name][i]) for name in mouth}, "sad": float(sad[i]), "smile": float(smile[i])},
            shut=float(shut[i]),
            brows=float(1.35 * sad[i] + 0.25 * (emphasis[i] - 0.5)),
            turn=float(1.4 * drift[0][i]),
            nod=float(0.8 * drift[1][i] + sink[i] + 1.5 * (emphasis[i] - 0.4)),
            tilt=float(0.8 * drift[2][i] + 0.5 * sink[i]),
        )
        for i in range(frames)
    ]


def _mouth(phones: Sequence[Phone], loudness: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
    """Weights of the mouth's poses: 5 ms steps, smoothed as lips are slow, a little ahead of the sound as lips are."""
    step = 0.005
    fine = np.arange(0, times[-1] + 0.1, step)
    tracks = {name: np.zeros(len(fine)) for name in ("aa", "ee", "oo")}
    tight = np.zeros(len(fine))
    for phone in phones:
        span = slice(int(phone.start / step), max(int(phone.start / step) + 1, int(phone.end / step)))
        for name, weight in MOUTHS.get(phone.symbol, {}).items():
            tracks[name][span] = weight
        if phone.symbol in "bpm":
            tight[span] = 1.0
    effort = np.interp(fine, times, _smooth(loudness, 0.8))
    lips = np.clip(1 - 1.3 * _smooth(tight, 0.03 / step), 0, 1)
    ahead = 0.03
    shaped = {}
    for name, track in tracks.items():
        smooth = _smooth(track, 0.028 / step) * (0.2 + 1.0 * effort) * lips
        shaped[name] = np.interp(times + ahead, fine, smooth)
    total = np.maximum(sum(shaped.values()), 1e-6)
    # Lips part only from half a pose on: speech lives in what lies above.
    effort = np.clip(total / np.percentile(total, 95), 0, 1)
    grown = 0.55 * np.clip(effort / 0.15, 0, 1) + 0.8 * effort
    return {name: grown * track / total for name, track in shaped.items()}


def _smooth(values: np.ndarray, width: float) -> np.ndarray:
    """Averaged with a Gaussian of `width` steps, the ends held."""
    reach = int(4 * width) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(np.pad(values, reach, "edge"), kernel / kernel.sum(), "valid")


def _curve(times: np.ndarray, knots: list[tuple[float, float]]) -> np.ndarray:
    """Through the knots, eased in and out."""
    at, values = zip(*knots, strict=True)
    return _smooth(np.interp(times, at, values), 4.0)


def _blinks(times: np.ndarray, centres: list[float]) -> np.ndarray:
    """Shut in 80 ms, open again in 160 ms."""
    shut = np.zeros(len(times))
    for centre in centres:
        late = times - centre
        shut = np.maximum(shut, np.clip(1.25 - np.where(late < 0, -late / 0.07, late / 0.13), 0, 1))
    return shut * shut * (3 - 2 * shut)
