"""Speech: the synthetic voice as one value, which marks itself as synthetic when it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

import numpy as np

from espressivo.errors import InputError

# Beyond this, floating-point sound is on another scale; a little over 1 is a resampler's overshoot.
_LOUDEST = 4.0


@dataclass(frozen=True, eq=False)
class Speech:
    """Mono synthetic speech: `samples` float32 (samples,) in [-1, 1], read-only, at `rate` Hz.

    `mark` says whether `save` marks it as synthetic; it stays on unless someone turns it off.

    Raises:
        InputError: no samples, another shape, NaN, another scale, or a rate that is not positive.
    """

    samples: np.ndarray
    rate: int
    mark: bool = True

    def __post_init__(self) -> None:
        samples = np.array(self.samples, np.float32)
        if samples.ndim != 1 or samples.size == 0:
            raise InputError(f"got speech of shape {samples.shape}: give mono samples of shape (samples,)")
        if not np.isfinite(samples).all() or np.abs(samples).max() > _LOUDEST:
            raise InputError("the speech holds samples that are not numbers in [-1, 1]: scale it first")
        if self.rate <= 0:
            raise InputError(f"got a sample rate of {self.rate}: it must be positive")
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples) / self.rate

    def at(self, rate: int) -> Speech:
        """The same speech at another rate."""
        if rate == self.rate:
            return self
        if rate <= 0:
            raise InputError(f"got a sample rate of {rate}: it must be positive")
        import soxr

        return replace(self, samples=soxr.resample(self.samples, self.rate, rate, "HQ"), rate=rate)

    def save(self, path: str | os.PathLike[str], *, mark: bool | None = None) -> None:
        """Write wav, flac, mp3, m4a, ogg or opus, by the suffix, marked as synthetic in sound and metadata.

        Args:
            mark: False leaves out both marks; by default as the speech says.

        Raises:
            OutputError: the file cannot be written; nothing half-written is left.
        """
        from espressivo.media.encode import write_sound
        from espressivo.media.provenance import mark_samples, metadata

        if self.mark if mark is None else mark:
            write_sound(path, mark_samples(self.samples, self.rate), self.rate, metadata=metadata("synthetic speech"))
        else:
            write_sound(path, self.samples, self.rate)

    def __repr__(self) -> str:
        return f"Speech({self.duration:.1f} s, {self.rate / 1000:g} kHz{'' if self.mark else ', not marked'})"
