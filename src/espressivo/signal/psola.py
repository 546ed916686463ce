"""Another melody and pace for a recording, on its own waveform: nothing is made anew, so the voice stays.

Speech is cut at its glottal pulses into grains of two periods, which are laid out again closer or farther apart, some
of them twice or not at all.

Source: Moulines and Charpentier, Pitch-synchronous waveform processing techniques for text-to-speech synthesis using
diphones, Speech Communication 9 (1990).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int

HOP = 0.005  # seconds between the grains of what is not voiced
REACH = 0.2  # of a period, in which the next pulse is looked for
WEAKEST = 0.25  # of the fades' sum: where fewer grains lie, sound is not raised any more


class Marks(NamedTuple):
    """Where grains have their middle, in samples, in order; and which of them are pulses."""

    at: Int[np.ndarray, " marks"]
    voiced: np.ndarray


def resung(
    wave: Float[np.ndarray, " samples"],
    rate: int,
    hz: Float[np.ndarray, " frames"],
    frame_rate: float,
    places: Float[np.ndarray, " new"],
    wanted: Float[np.ndarray, " new"],
) -> Float[np.ndarray, " new_samples"]:
    """`wave` along another timeline, at another pitch; as many samples as `places` takes time, and those that no
    frame covers.

    Args:
        hz: its pitch in the middle of each frame, 0 where nothing is voiced.
        places: which frame of `wave` each new frame is, in fractions.
        wanted: how many times higher each new frame is to sound; where `wave` is not voiced it has no effect.
    """
    hop = round(HOP * rate)
    marks = _framed(pulses(wave, rate, hz, frame_rate), hop)
    gaps = np.diff(marks.at, prepend=marks.at[0] - hop, append=marks.at[-1] + hop)
    step = rate / frame_rate
    total = round(len(places) * step) + max(0, len(wave) - round(len(hz) * step))
    made, weight = np.zeros(total, np.float32), np.zeros(total, np.float32)
    last, turned, now = -1, False, 0.0
    while now < total + gaps[-1]:
        frame = now / step - 0.5
        inside = np.clip(frame, 0, len(places) - 1)
        here = (np.interp(inside, np.arange(len(places)), places) + (frame - inside) + 0.5) * step
        one = _nearest(marks.at, here)
        if last < 0:
            now += marks.at[one] - here  # the first grain stays where it was
        turned = not turned if one == last and not marks.voiced[one] else False  # the same hiss twice would hum
        grain = _grain(wave, marks.at[one], gaps[one], gaps[one + 1])
        _lay(made, weight, grain[:, ::-1] if turned else grain, round(now) - (gaps[one + turned] - 1))
        last = one
        now += gaps[one + 1] / (wanted[int(inside + 0.5)] if marks.voiced[one] else 1.0)
    return made / np.sqrt(np.maximum(weight, WEAKEST))  # as much power, however many grains lie on each other


def _framed(marks: Marks, hop: int) -> Marks:
    """The marks, and one more before the first and after the last, so that there is no fade at either end."""
    at, flags = marks
    before, after = (at[1] - at[0], at[-1] - at[-2]) if len(at) > 1 else (hop, hop)
    return Marks(np.array([at[0] - before, *at, at[-1] + after]), np.array([flags[0], *flags, flags[-1]]))


def _nearest(at: np.ndarray, here: float) -> int:
    right = int(np.searchsorted(at, here))
    if right == 0 or (right < len(at) and at[right] - here < here - at[right - 1]):
        return right
    return right - 1


def _grain(wave: np.ndarray, middle: int, left: int, right: int) -> Float[np.ndarray, "two samples"]:
    """From the mark before to the one after `middle`, faded in and out; and the fade alone."""
    fade = np.concatenate([np.hanning(2 * left + 1)[1 : left + 1], np.hanning(2 * right + 1)[right + 1 : -1]])
    inside = np.arange(middle - left + 1, middle + right)
    known = (inside >= 0) & (inside < len(wave))
    return np.stack([fade * np.where(known, wave[inside.clip(0, len(wave) - 1)], 0), fade]).astype(np.float32)


def _lay(made: np.ndarray, weight: np.ndarray, grain: np.ndarray, start: int) -> None:
    first, last = max(0, start), min(len(made), start + grain.shape[1])
    if first < last:
        made[first:last] += grain[0, first - start : last - start]
        weight[first:last] += grain[1, first - start : last - start]


def pulses(wave: np.ndarray, rate: int, hz: np.ndarray, frame_rate: float) -> Marks:
    """A mark a period where it is voiced, where the sound is most like that at the one before; else one each HOP."""
    at: list[int] = []
    voiced: list[bool] = []
    step = rate / frame_rate
    for begin, end in _stretches(hz > 0):
        first, last = round(begin * step), len(wave) if end == len(hz) else min(len(wave), round(end * step))
        first = max(first, at[-1] + 1) if at else first
        if last <= first:
            continue
        if hz[begin] > 0:
            found = _followed(wave, first, last, rate / np.where(hz > 0, hz, 1.0), step)
        else:
            count = max(1, round((last - first) / (HOP * rate)))
            found = np.linspace(first, last, count, endpoint=False).astype(int).tolist()
        at += found
        voiced += [bool(hz[begin] > 0)] * len(found)
    return Marks(np.array(at), np.array(voiced))


def _stretches(flags: np.ndarray) -> list[tuple[int, int]]:
    """Where runs of the same flag begin and end."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8))) + 1
    return list(zip([0, *edges.tolist()], [*edges.tolist(), len(flags)], strict=True))


def _followed(wave: np.ndarray, first: int, last: int, periods: np.ndarray, step: float) -> list[int]:
    """From the strongest sample of the first period on, period by period."""

    def period(place: float) -> float:
        return float(periods[min(len(periods) - 1, int(place / step))])

    place = float(first + np.abs(wave[first : min(last, first + round(period(first)))]).argmax())
    found = []
    while round(place) < last:
        found.append(round(place))
        place += _lasting(wave, found[-1], period(place))
    return found


def _lasting(wave: np.ndarray, place: int, length: float) -> float:
    """How long the period at `place` really is: until the surroundings are most like those of `place`."""
    half, near = max(2, round(length / 2)), max(1, round(REACH * length))
    guess = place + round(length)
    if place - half < 0 or guess + near + half >= len(wave):
        return length
    kernel = wave[place - half : place + half + 1]
    region = wave[guess - near - half : guess + near + half + 1]
    likeness = np.correlate(region, kernel, "valid")
    power = np.convolve(region**2, np.ones(len(kernel), np.float32), "valid")
    likeness = likeness / np.sqrt(power + 1e-9)
    best = int(likeness.argmax())
    return guess - near - place + best + _between(likeness, best)


def _between(values: np.ndarray, top: int) -> float:
    """How far beside `top` the parabola through it and its neighbours is highest: without it, marks would drift."""
    if not 0 < top < len(values) - 1:
        return 0.0
    left, middle, right = (float(value) for value in values[top - 1 : top + 2])
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else 0.5 * (left - right) / bend
