"""Draws how a clip becomes tokens: docs/images/avlm_tokens.svg, from the made-up person of talking_face.mp4.

python examples/avlm_tokens.py [-o FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from espressivo.clip import SPEECH_RATE, VIDEO_RATE
from espressivo.media.face import track
from espressivo.media.facetrack import BLENDSHAPES
from espressivo.media.read import read
from espressivo.signal.tokens import PITCH_RATE, UNIT_RATE
from espressivo.systems.avlm.seen import glance
from espressivo.systems.avlm.sequence import PER_SLOT, Writer
from espressivo.systems.avlm.spoken import Ear, Spoken
from espressivo.systems.avlm.vocabulary import Vocabulary

HERE = Path(__file__).parent
START, SECONDS, WOVEN = 1.6, 2.0, 44
SHAPES = ("browInnerUp", "eyeBlinkLeft", "jawOpen", "mouthSmileLeft", "mouthPucker")
HOP = 80  # samples that a point of the sound's outline stands for
COLOURS = {"face": "#e8a33d", "unit": "#4c72b0", "pitch": "#55a868", "style": "#c44e52", "mark": "#8c8c8c"}


def drawn(clip: Path, out: Path) -> None:
    given = read(clip, start=START, end=START + SECONDS)
    assert given.sound is not None
    assert given.video is not None
    spoken, found = Ear()(given.sound), track(given.video)
    plt.rcParams |= {"font.size": 8, "svg.fonttype": "none", "svg.hashsalt": "espressivo"}
    figure, axes = plt.subplots(
        6, 1, figsize=(9, 6), height_ratios=(1.6, 0.8, 0.5, 1.2, 0.5, 1.1), layout="constrained"
    )
    face(axes[0], found.blendshapes, found.fps, len(spoken))
    sound(axes[1], given.sound.at(SPEECH_RATE).samples)
    boxes(axes[2], spoken.tokens.units, UNIT_RATE, "unit", "units, 25 a second")
    melody(axes[3], spoken)
    assert spoken.tokens.style is not None
    boxes(axes[4], spoken.tokens.style, 1.0, "style", "style, 1 a second")
    for axis in axes[:5]:
        axis.set_xlim(0, spoken.seconds)
        axis.set_xticks([])
        axis.spines[:].set_visible(False)
    row = Writer(Vocabulary(0)).face(glance(found).cut(len(spoken)), True).speech(spoken).done()
    woven(axes[5], row.ids[:WOVEN])
    figure.savefig(out, metadata={"Date": None})


def face(axis: Axes, blendshapes: np.ndarray, fps: float, frames: int) -> None:
    rows = blendshapes[:, [BLENDSHAPES.index(name) for name in SHAPES]].T
    axis.imshow(np.nan_to_num(rows), aspect="auto", cmap="Oranges", extent=(0, rows.shape[1] / fps, len(SHAPES), 0))
    for slot in range(1, -(-frames // PER_SLOT)):
        axis.axvline(slot * PER_SLOT / VIDEO_RATE, color=COLOURS["face"], linewidth=0.8)
    axis.set_yticks(np.arange(len(SHAPES)) + 0.5, SHAPES)
    axis.set_title("face: 54 numbers, 25 a second; lines: what the fusion 'prefix' makes one token of", loc="left")


def sound(axis: Axes, samples: np.ndarray) -> None:
    loud = np.abs(samples[: len(samples) // HOP * HOP]).reshape(-1, HOP).max(axis=1)
    axis.fill_between(np.arange(len(loud)) * HOP / SPEECH_RATE, -loud, loud, color="#444444", linewidth=0)
    axis.set_yticks([])
    axis.set_title("sound", loc="left")


def boxes(axis: Axes, tokens: np.ndarray, rate: float, kind: str, title: str) -> None:
    for number, token in enumerate(tokens.tolist()):
        axis.barh(0, 1 / rate, left=number / rate, color=COLOURS[kind], edgecolor="white", linewidth=0.5, alpha=0.8)
        axis.text((number + 0.5) / rate, 0, str(token), ha="center", va="center", fontsize=4, color="white")
    axis.set_yticks([])
    axis.set_title(title, loc="left")


def melody(axis: Axes, spoken: Spoken) -> None:
    pitch = spoken.tokens.pitch.astype(float)
    pitch[pitch == 0] = np.nan
    times = (np.arange(len(pitch)) + 0.5) / PITCH_RATE
    axis.plot(times, pitch, "o", color=COLOURS["pitch"], markersize=3)
    axis.set_title("pitch, 12.5 a second: half semitones about the register; none where unvoiced", loc="left")


def woven(axis: Axes, ids: np.ndarray) -> None:
    words = Vocabulary(0)
    for place, token in enumerate(ids.tolist()):
        kind = words.layout.kind(token) or ("face" if token == words.face else "mark")
        axis.barh(0, 1, left=place, color=COLOURS[kind], edgecolor="white")
        axis.text(place + 0.5, 0, {"mark": "▸"}.get(kind, kind[0].upper()), ha="center", va="center", color="white")
    axis.set_xlim(0, len(ids))
    axis.set_yticks([])
    axis.set_xticks([])
    axis.spines[:].set_visible(False)
    axis.set_title("the row: face, then speech woven by time: style, pitch, two units, pitch, two units …", loc="left")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--out", type=Path, default=HERE.parent / "docs" / "images" / "avlm_tokens.svg")
    drawn(HERE / "talking_face.mp4", parser.parse_args().out)


if __name__ == "__main__":
    main()
