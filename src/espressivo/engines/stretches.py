"""Where to cut long speech for the recogniser: in pauses, into stretches it can hear at once."""

from __future__ import annotations

from espressivo.engines.recognizer import LONGEST_PIECE
from espressivo.signal.vad import Segment

MARGIN = 0.2
"""Seconds kept before and after a stretch, for soft beginnings and ends."""


def stretches(speech: list[Segment], longest: float = LONGEST_PIECE) -> list[Segment]:
    """Neighbouring stretches of speech joined while they fit in `longest` seconds, margins included.

    Someone who never pauses for that long is cut all the same.
    """
    room = longest - 2 * MARGIN
    groups: list[Segment] = []
    for begin, end in speech:
        for start, stop in _slices(begin, end, room):
            if groups and stop - groups[-1][0] <= room:
                groups[-1] = (groups[-1][0], stop)
            else:
                groups.append((start, stop))
    return [(max(0.0, start - MARGIN), stop + MARGIN) for start, stop in groups]


def _slices(begin: float, end: float, room: float) -> list[Segment]:
    count = max(1, -int(-(end - begin) // room))
    step = (end - begin) / count
    return [(begin + i * step, begin + (i + 1) * step) for i in range(count)]
