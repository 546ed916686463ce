"""Any stretch of a sound at any rate, without ever holding more than about a second of it.

The stretch lies on the grid of the whole: sample n of a sound at `rate` is the one at n / rate seconds, wherever the
stretch begins. So a trimmed sound equals the slice of the whole, and chunks laid end to end equal the whole.

soxr was taken over FFmpeg's swresample because at the same speed (both about 6000 times real time from 48 to 16 kHz
on one core) a tone at 8.2 kHz, which must vanish, comes through at -130 dB instead of -15 dB, and one at 7.5 kHz,
which must stay, loses 0.4 dB instead of 2.9 dB (`benchmarks/reading.py` repeats this).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

# Reach of soxr's HQ filter to either side, in samples of the lower rate, with room to spare.
_EDGE = 512

Native = Callable[[int, int], Iterator[np.ndarray]]


def stretch(native: Native, native_rate: int, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
    """Float32 blocks of `start`…`end` seconds at `rate` Hz: exactly round((end - start) * rate) samples in all.

    `native(begin, stop)` gives the samples begin…stop at `native_rate`, in blocks, none missing.
    """
    first, count = round(start * rate), round((end - start) * rate)
    if rate == native_rate:
        yield from (np.clip(block, -1.0, 1.0) for block in native(first, first + count))
        return
    step = math.gcd(rate, native_rate)
    step_in, step_out = native_rate // step, rate // step
    edge_in = math.ceil(_EDGE * max(1.0, native_rate / rate))
    # Begin where a source sample and an output sample fall on the same instant: the filter's phase is then the whole's.
    lead = max(0, (first * step_in // step_out - edge_in) // step_in)
    stop = math.ceil((first + count) * native_rate / rate) + edge_in
    blocks = _converted(native(lead * step_in, stop), native_rate, rate)
    yield from _cut(blocks, first - lead * step_out, count)


def _converted(blocks: Iterator[np.ndarray], native_rate: int, rate: int) -> Iterator[np.ndarray]:
    import soxr

    stream = soxr.ResampleStream(native_rate, rate, 1, "float32", "HQ")
    for block in blocks:
        yield stream.resample_chunk(np.ascontiguousarray(block, np.float32))
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _cut(blocks: Iterator[np.ndarray], skip: int, count: int) -> Iterator[np.ndarray]:
    """`count` samples after the first `skip`; zeros where the blocks end early."""
    for block in blocks:
        kept = block[skip : skip + count]
        skip -= min(skip, len(block))
        count -= len(kept)
        if len(kept):
            yield np.clip(kept, -1.0, 1.0)
        if not count:
            return
    if count:
        yield np.zeros(count, np.float32)
