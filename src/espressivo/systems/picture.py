"""A reply as one picture: the face, the sound and its melody, the feeling over time, and the words on both sides."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.media.draw import draw_landmarks
from espressivo.signal.pitch import PitchTracker
from espressivo.systems.cascade.feeling import Feeling
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
HEIGHTS = {"faces": 1.7, "sound": 1.7, "face": 0.9, "voice": 0.9, "words": 1.2}


def draw(reply: Reply, path: Path | str) -> None:
    """Writes the picture of `reply` to `path` (PNG, about 1,600 pixels wide)."""
    import matplotlib as mpl

    # Words may hold dollar signs or letters the font lacks: neither is an error nor a reason to talk about it.
    with mpl.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        _figure(reply).savefig(path, dpi=130)


def _figure(reply: Reply) -> Figure:
    from matplotlib.figure import Figure

    rows = _rows(reply.perception)
    figure = Figure(figsize=(12, sum(HEIGHTS[row] for row in rows) + 0.6), facecolor=PAPER, layout="constrained")
    axes = figure.subplots(len(rows), 1, height_ratios=[HEIGHTS[row] for row in rows])
    places = dict(zip(rows, np.atleast_1d(axes), strict=True))
    _title(figure, reply.perception)
    if "faces" in places:
        _faces(places["faces"], reply.perception)
    if "sound" in places:
        _sound(places["sound"], reply.perception)
    for sense in ("face", "voice"):
        if sense in places:
            _feeling(places[sense], reply.perception.senses[sense], sense, reply.perception.clip.duration)
    _words(places["words"], reply)
    return figure


def _rows(perception: Perception) -> list[str]:
    rows = ["faces"] if perception.track is not None and perception.track.present.any() else []
    rows += ["sound"] if perception.clip.sound is not None else []
    return [*rows, *(s for s in ("face", "voice") if s in perception.senses), "words"]


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
    scaled = (pitch.semitones() / 24).clip(-1, 1)
    axis.plot(pitch.times, scaled, color="#d1495b", linewidth=2.2, solid_capstyle="round")
    axis.text(0.0, 1.02, f"pitch, median {pitch.median:.0f} Hz", color="#d1495b", fontsize=8, transform=axis.transAxes)
    heard = perception.transcript
    for i, word in enumerate(heard.words if heard is not None and perception.understood else ()):
        text = textwrap.shorten(word.text, 24, placeholder="…") or word.text[:23] + "…"
        middle = min((word.start + word.end) / 2, perception.clip.duration)
        label = axis.text(middle, -1.15 - 0.35 * (i % 2), text, ha="center", va="top", fontsize=9, color=INK)
        label.set_in_layout(False)  # a long word must not squeeze the axes
    _bare(axis)
    axis.set_ylim(-1.9, 1.1)
    axis.set_xlim(0, perception.clip.duration)


def _envelope(times: np.ndarray, wave: np.ndarray, columns: int = 1500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    step = max(1, len(wave) // columns)
    whole = len(wave) // step * step
    blocks = wave[:whole].reshape(-1, step)
    return times[:whole:step], blocks.min(1), blocks.max(1)


def _feeling(axis: Axes, line: Feeling, sense: str, duration: float) -> None:
    """Stacked scores over time; the strongest emotions are named where they are strongest."""
    bottom = np.zeros(len(line.times))
    for column, emotion in enumerate(line.emotions):
        top = bottom + line.curve[:, column]
        axis.fill_between(line.times, bottom, top, color=COLOURS[emotion], linewidth=0, alpha=0.9)
        peak = int(line.curve[:, column].argmax())
        if line.curve[peak, column] > 0.3:
            middle = float(bottom[peak] + top[peak]) / 2
            edge = min(0.04 * duration, float(line.times[-1] - line.times[0]) / 2)
            x = float(np.clip(line.times[peak], line.times[0] + edge, line.times[-1] - edge))
            axis.text(x, middle, emotion, ha="center", va="center", fontsize=9, color="white", fontweight="bold")
        bottom = top
    _bare(axis)
    axis.set_ylabel(sense, color=INK, fontsize=10)
    axis.set_xlim(0, duration)
    axis.set_ylim(0, 1)


def _words(axis: Axes, reply: Reply) -> None:
    heard = reply.perception.transcript
    said = heard.text if heard is not None and reply.perception.understood else "(words not understood)"
    axis.set_axis_off()
    colours: Mapping[str, str] = {"heard": QUIET, "reply": INK}
    for line, (who, text) in enumerate((("heard", said), ("reply", reply.text))):
        wrapped = "\n".join(textwrap.wrap(text, 105)[:3])
        y = 1.0 - 0.5 * line
        axis.text(0.0, y, who, fontsize=9, color=QUIET, va="top", transform=axis.transAxes)
        axis.text(0.06, y, wrapped, fontsize=13, color=colours[who], va="top", transform=axis.transAxes)
