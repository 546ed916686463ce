"""A reply as one picture: the face, the sound and its melody, the feeling over time, and the words on both sides."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.clip import Word
from espressivo.media.draw import draw_landmarks
from espressivo.signal.pitch import PitchTracker
from espressivo.systems.feeling import Feeling
from espressivo.systems.reply import Perception, Reply

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, PAPER = "#22223b", "#8d8aa5", "#fbfaf7"
COLOURS = {
    "neutral": "#9a9aa8",
    "calm": "#7fb7be",
    "happy": "#f2b134",
    "sad": "#4a7fb5",
    "angry": "#d1495b",
    "fearful": "#7d5ba6",
    "disgusted": "#6a994e",
    "surprised": "#ef8354",
    "bored": "#b0a18f",
    "contemptuous": "#8c5e58",
}
FACES = 8
HEIGHTS = {"faces": 1.7, "sound": 1.9, "face": 0.8, "voice": 0.8}
WIDTH, LINE = 12.0, 0.24
COLUMNS = 105
"""Letters in a line of the words below; nothing of them is ever cut."""
DARK_TEXT_ON = {"happy", "neutral", "bored", "calm", "surprised"}


def draw(reply: Reply, path: Path | str) -> None:
    """Writes the picture of `reply` to `path` (PNG, about 1,600 pixels wide)."""
    import matplotlib as mpl

    # Words may hold dollar signs or letters the font lacks: neither is an error nor a reason to talk about it.
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        _figure(reply).savefig(path, dpi=130)


def _figure(reply: Reply) -> Figure:
    from matplotlib.figure import Figure

    seen, words = reply.perception, _wrapped(reply)
    heights = {row: HEIGHTS[row] for row in _rows(seen)} | {"words": LINE * (len(words) + 0.5)}
    figure = Figure(figsize=(WIDTH, sum(heights.values()) + 0.8), facecolor=PAPER, layout="constrained")
    axes = figure.subplots(len(heights), 1, height_ratios=list(heights.values()))
    places = dict(zip(heights, np.atleast_1d(axes), strict=True))
    _title(figure, seen)
    if "faces" in places:
        _faces(places["faces"], seen)
    if "sound" in places:
        _sound(places["sound"], seen)
    for sense, feeling in seen.senses.items():
        _feeling(places[sense], feeling, sense, seen.clip.duration)
    timed = [places[row] for row in places if row not in ("faces", "words")]
    for axis in timed[:-1]:
        axis.tick_params(labelbottom=False)
    if timed:
        timed[-1].set_xlabel("seconds", color=QUIET, fontsize=8, loc="right", labelpad=-8)
    _words(places["words"], words)
    return figure


def _rows(perception: Perception) -> list[str]:
    rows = ["faces"] if perception.track is not None and perception.track.present.any() else []
    rows += ["sound"] if perception.clip.sound is not None else []
    return [*rows, *perception.senses]


def _title(figure: Figure, perception: Perception) -> None:
    name = perception.clip.name
    text = f"{name if len(name) <= 60 else '…' + name[-59:]}   ·   {perception.emotion.top}, {perception.sureness}"
    figure.suptitle(text, color=INK, fontsize=14, fontweight="bold", x=0.015, ha="left")


def _bare(axis: Axes) -> None:
    axis.set_facecolor(PAPER)
    axis.set_yticks([])
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.spines["bottom"].set_color(QUIET)
    axis.tick_params(colors=QUIET, labelsize=8)


def _faces(axis: Axes, perception: Perception) -> None:
    """A strip of the face, upright and equally large, the landmarks drawn in on every other picture."""
    track, video = perception.track, perception.clip.video
    assert track is not None
    assert video is not None
    seen = np.flatnonzero(track.present)
    wanted = sorted({int(seen[i]) for i in np.linspace(0, len(seen) - 1, FACES).round().astype(int)})
    frames = islice(video.within(max(track.size)).frames(), wanted[-1] + 1)
    strip = [_portrait(f, track.points[i]) for i, f in enumerate(frames) if i in set(wanted)]
    axis.imshow(np.concatenate([part for tile in strip for part in (tile, _GAP)][:-1], axis=1), aspect="equal")
    axis.set_axis_off()


TILE = 224
_GAP = np.full((TILE, 10, 3), [251, 250, 247], np.uint8)


def _portrait(frame: np.ndarray, points: np.ndarray) -> np.ndarray:
    from PIL import Image

    drawn = draw_landmarks(frame, points)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    limits = np.array([frame.shape[1], frame.shape[0]], np.float32)
    half = min(0.68 * float((high - low).max()), float(limits.min()) / 2)
    centre = np.clip((low + high) / 2, half, limits - half)  # nothing from beyond the picture's edge
    left, top = centre - half
    box = (float(left), float(top), float(left + 2 * half), float(top + 2 * half))
    square = Image.fromarray(drawn).transform((TILE, TILE), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)
    return np.asarray(square)


def _sound(axis: Axes, perception: Perception) -> None:
    """The wave, with its pitch above it and the words below, each where it was said."""
    sound = perception.clip.sound
    assert sound is not None
    samples = sound.samples
    times = np.arange(len(samples)) / sound.rate
    peak = max(float(np.abs(samples).max()), 1e-3)
    axis.fill_between(*_envelope(times, samples / peak), color="#c9c6d8", linewidth=0)
    pitch = PitchTracker()(samples)
    octaves = pitch.semitones() / 12
    # Beyond an octave, or an octave's leap from one frame to the next, is a slip of the tracker, not melody.
    slip = (np.abs(octaves) > 1) | (np.abs(np.diff(octaves, prepend=octaves[:1])) > 0.6)
    axis.plot(pitch.times, np.where(slip, np.nan, octaves), color="#d1495b", linewidth=2.2, solid_capstyle="round")
    scale = f"pitch: middle {pitch.median:.0f} Hz, top and bottom an octave away" if pitch.median else "no pitch"
    axis.text(0.0, 1.02, scale, color="#d1495b", fontsize=8, transform=axis.transAxes)
    heard = perception.transcript
    spoken = heard.words if heard is not None and perception.understood else ()
    _labels(axis, spoken, perception.clip.duration)
    _bare(axis)
    axis.set_ylim(-2.1, 1.1)
    axis.set_xlim(0, perception.clip.duration)


def _labels(axis: Axes, words: Sequence[Word], duration: float, rows: int = 3) -> None:
    """Each word under its sound, in the first row where it does not touch another; left out where there is no room."""
    letter = 0.085 * duration / WIDTH
    taken = [0.0] * rows
    for word in words:
        text = word.text if len(word.text) <= 24 else word.text[:23] + "…"
        half = (len(text) + 1.5) * letter / 2
        middle = min(max((word.start + word.end) / 2, half), duration - half)
        row = next((row for row in range(rows) if taken[row] <= middle - half), None)
        if row is None:
            continue
        taken[row] = middle + half
        label = axis.text(middle, -1.15 - 0.31 * row, text, ha="center", va="top", fontsize=9, color=INK)
        label.set_in_layout(False)  # a long word must not squeeze the axes


def _envelope(times: np.ndarray, wave: np.ndarray, columns: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    step = max(1, len(wave) // columns)
    whole = len(wave) // step * step
    blocks = wave[:whole].reshape(-1, step)
    return times[:whole:step], blocks.min(1), blocks.max(1)


def _feeling(axis: Axes, line: Feeling, sense: str, duration: float) -> None:
    """Stacked scores over time, each emotion named where it is strongest; a window of sound counts at its middle."""
    times = np.concatenate([[0.0], line.times, [duration]])
    curve = np.concatenate([line.curve[:1], line.curve, line.curve[-1:]])
    bottom = np.zeros(len(times))
    for column, emotion in enumerate(line.emotions):
        top = bottom + curve[:, column]
        axis.fill_between(times, bottom, top, color=COLOURS[emotion], linewidth=0, alpha=0.9)
        peak = int(line.curve[:, column].argmax()) + 1
        if curve[peak, column] > 0.16:
            edge = 0.04 * duration
            colour = INK if emotion in DARK_TEXT_ON else "white"
            x, y = float(np.clip(times[peak], edge, duration - edge)), float(bottom[peak] + top[peak]) / 2
            axis.text(x, y, emotion, ha="center", va="center", fontsize=8, color=colour, fontweight="bold")
        bottom = top
    _bare(axis)
    axis.set_ylabel(sense, color=INK, fontsize=10)
    axis.set_xlim(0, duration)
    axis.set_ylim(0, 1)


def _wrapped(reply: Reply) -> list[tuple[str, str, str]]:
    """(who, colour, text) of each line below the picture: what was heard, then the whole reply."""
    heard = reply.perception.transcript
    said = heard.text if heard is not None and reply.perception.understood else "(words not understood)"
    lines = []
    for who, text, colour in (("heard", said, QUIET), ("reply", reply.text, INK)):
        wrapped = textwrap.wrap(text, COLUMNS) or [""]
        lines += [(who if i == 0 else "", colour, part) for i, part in enumerate(wrapped)]
    return lines


def _words(axis: Axes, lines: list[tuple[str, str, str]]) -> None:
    axis.set_axis_off()
    for i, (who, colour, text) in enumerate(lines):
        y = 1 - (i + 0.25) / (len(lines) + 0.5)
        axis.text(0.0, y, who, fontsize=9, color=QUIET, va="top", transform=axis.transAxes)
        axis.text(0.06, y, text, fontsize=13, color=colour, va="top", transform=axis.transAxes).set_in_layout(False)
