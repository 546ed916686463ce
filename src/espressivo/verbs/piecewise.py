"""Long speech in pieces: cut where nobody speaks, changed one after the other, joined again without a click.

Neighbouring pieces overlap by a moment and are faded into each other there. Where a piece comes back as it was, the
result is the recording itself, to the sample.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from espressivo.clip import SPEECH_RATE, Sound
from espressivo.media.speech import Speech
from espressivo.signal.vad import Segment

LONGEST = 20.0  # seconds of a piece, overlap included
PAUSE = 2.0  # seconds without speech, above which they are left as they are
MARGIN = 0.5  # seconds kept around speech before that, for soft beginnings and ends, and as a piece must not be short
FADE = 0.04  # seconds that two pieces share
GRID = 0.02  # seconds: cuts lie on it, as that is a whole number of samples at every usual rate


@dataclass(frozen=True)
class Piece:
    """A stretch of a recording, in seconds, and whether there is speech in it."""

    start: float
    end: float
    spoken: bool


def plan(sound: Sound, speech: Sequence[Segment], longest: float = LONGEST) -> list[Piece]:
    """`sound` cut into pieces that follow each other without gaps.

    Pauses above PAUSE are pieces of their own, however long. What lies between them is cut, if need be, in the widest
    pause near its middle; of somebody who never pauses, where it is quietest.

    Args:
        speech: where somebody speaks, in seconds, in order; not empty.
        longest: seconds of a piece with speech in it, overlap included.
    """
    pieces: list[Piece] = []
    at = 0.0
    for start, end in _regions(speech, sound.duration):
        if start > at:
            pieces.append(Piece(at, start, False))
        cuts = _cuts(sound, speech, (start, end), longest - FADE)
        edges = [start, *cuts, end]
        pieces += [Piece(one, other, True) for one, other in pairwise(edges)]
        at = end
    if at < sound.duration:
        pieces.append(Piece(at, sound.duration, False))
    return pieces


def changed(sound: Sound, pieces: Sequence[Piece], change: Callable[[Sound], Speech]) -> Speech:
    """`sound` with `change` done to each of `pieces` that has speech in it, one at least; the others are resampled.

    No more of the recording than a piece is in memory at a time.
    """
    windows = [_window(sound, pieces, n) for n in range(len(pieces))]
    made = deque(change(window) if piece.spoken else None for window, piece in zip(windows, pieces, strict=True))
    rate = next(speech.rate for speech in made if speech is not None)
    windows = [window.at(rate) for window in windows]
    lengths = [len(window if speech is None else speech.samples) for window, speech in zip(windows, made, strict=True)]
    blocks = (window.samples if (speech := made.popleft()) is None else speech.samples for window in windows)
    return Speech(_joined(blocks, lengths, round(FADE * rate)), rate)


def _regions(speech: Sequence[Segment], duration: float) -> list[Segment]:
    """Speech with what lies around it, without long pauses; the two ends of the recording count as speech."""
    regions: list[Segment] = []
    begin, last = (0.0 if speech[0][0] <= PAUSE else speech[0][0] - MARGIN), speech[0][1]
    for start, end in speech[1:]:
        if start - last > PAUSE:
            regions.append((_on_grid(begin), _on_grid(last + MARGIN)))
            begin = start - MARGIN
        last = end
    rest = duration - last
    regions.append((_on_grid(begin), duration if rest <= PAUSE else _on_grid(last + MARGIN)))
    return regions


def _cuts(sound: Sound, speech: Sequence[Segment], region: Segment, longest: float) -> list[float]:
    """Where to cut `region`, in order, so that nothing is longer than `longest` seconds."""
    start, end = region
    if end - start <= longest:
        return []
    third = (end - start) / 3
    inside = [one for one in speech if start < one[1] and one[0] < end]
    gaps = [(before[1], after[0]) for before, after in pairwise(inside)]
    gaps = [gap for gap in gaps if start + third <= _middle(gap) <= end - third]
    if gaps:
        at = _on_grid(_middle(max(gaps, key=lambda gap: gap[1] - gap[0])))
    else:
        at = _quietest(sound, start + third, end - third)
    return [*_cuts(sound, inside, (start, at), longest), at, *_cuts(sound, inside, (at, end), longest)]


def _middle(gap: Segment) -> float:
    return (gap[0] + gap[1]) / 2


def _on_grid(seconds: float) -> float:
    return round(seconds / GRID) * GRID


def _quietest(sound: Sound, start: float, end: float) -> float:
    """The moment within two seconds around the middle of `start`…`end` where a fade is heard least."""
    middle = (start + end) / 2
    first = _on_grid(max(start, middle - 1))
    frame = round(GRID * SPEECH_RATE)
    samples = sound.trim(first, min(end, middle + 1)).at(SPEECH_RATE).samples
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    power = np.square(frames).mean(axis=1)
    return _on_grid(first + (1 + int(np.argmin(power[:-1] + power[1:]))) * GRID)


def _window(sound: Sound, pieces: Sequence[Piece], n: int) -> Sound:
    """The piece with half of what it shares with each neighbour."""
    start = pieces[n].start - (FADE / 2 if n else 0.0)
    end = pieces[n].end + (FADE / 2 if n + 1 < len(pieces) else 0.0)
    return sound.trim(start, end)


def _joined(blocks: Iterable[np.ndarray], lengths: Sequence[int], fade: int) -> np.ndarray:
    """The blocks, of such `lengths`, faded into each other over `fade` samples, which each of them has at least."""
    whole = np.zeros(sum(lengths) - fade * (len(lengths) - 1), np.float32)
    rise = ((np.arange(fade) + 0.5) / fade).astype(np.float32)
    at = 0
    for n, block in enumerate(blocks):
        part = block.copy()
        if n > 0:
            part[:fade] *= rise
        if n + 1 < len(lengths):
            part[-fade:] *= 1 - rise
        whole[at : at + len(part)] += part
        at += len(part) - fade
    return whole
