"""What every measure asks of a waveform before it looks at it."""

from __future__ import annotations

import numpy as np

from espressivo.errors import InputError

# Below this peak (-80 dBFS) a recording holds nothing that anyone could hear: the last bits of a 16-bit file.
SILENT_PEAK = 1e-4


def checked_wave(samples: np.ndarray, rate: int, *, shortest: float = 0.0, task: str = "this measure") -> np.ndarray:
    """One mono waveform as contiguous float32.

    Args:
        samples: (samples,), any real type; full scale is 1.
        rate: samples a second, only to judge how long the sound is.
        shortest: seconds below which `task` makes no sense.
        task: named in the message, e.g. "pitch tracking".

    Raises:
        InputError: not one-dimensional, empty, too short, or holding NaN or infinity.
    """
    wave = np.asarray(samples)
    if wave.ndim != 1 or wave.dtype.kind not in "fiu":
        raise InputError(f"{task} needs mono samples of shape (samples,), got {wave.dtype} of shape {wave.shape}")
    if wave.dtype.kind in "iu":
        raise InputError(f"{task} needs float samples in -1 to 1, got {wave.dtype}: divide by its full scale first")
    if len(wave) == 0 or len(wave) < shortest * rate:
        raise InputError(
            f"{task} needs at least {max(shortest, 1 / rate):.3g} s of sound, got {len(wave) / rate:.3g} s"
        )
    if not np.isfinite(wave).all():
        raise InputError(f"{task} got samples that are not finite (NaN or infinity): repair or drop them first")
    return np.ascontiguousarray(wave, dtype=np.float32)


def refuse_silence(wave: np.ndarray, task: str) -> None:
    """Raises InputError when nothing in `wave` rises above -80 dBFS."""
    if float(np.abs(wave).max(initial=0.0)) < SILENT_PEAK:
        raise InputError(f"{task} got silence: there is no sound above -80 dBFS to work on")
