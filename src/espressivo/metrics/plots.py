"""Pictures of an evaluation: who is taken for whom, and whether it is as sure as it is right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.metrics.calibration import Reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, PAPER = "#22223b", "#6e6b85", "#fbfaf7"
BLUE, ORANGE = "#2166ac", "#d6604d"  # told apart by everybody
DPI = 130


def draw_confusion(path: Path, names: tuple[str, ...], counts: np.ndarray, title: str) -> None:
    """Writes the confusion matrix (classes, classes) as a picture (PNG): in each cell the row's share, and the count.

    Classes that are neither labelled nor guessed are left out.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    used = [i for i in range(len(names)) if counts[i].any() or counts[:, i].any()]
    names, counts = tuple(names[i] for i in used), counts[np.ix_(used, used)]
    side = max(3.2, 0.82 * len(names))
    with mpl.rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(side + 2.0, side + 1.5), facecolor=PAPER, layout="constrained")
        axis = figure.subplots()
        _title(figure, title)
        _cells(axis, names, counts)
        figure.savefig(path, dpi=DPI, format="png")


def _title(figure: Figure, title: str) -> None:
    """A line each, the first one bold; none is wider than the picture."""
    first, *more = title.splitlines()
    room = int(7.5 * figure.get_figwidth())
    short = [line if len(line) <= room else f"{line[: room // 2]}…{line[-room // 2 + 1 :]}" for line in (first, *more)]
    figure.suptitle(short[0], color=INK, fontsize=12, fontweight="bold")
    figure.axes[0].set_title("\n".join(short[1:]), color=QUIET, fontsize=10)


def _cells(axis: Axes, names: tuple[str, ...], counts: np.ndarray) -> None:
    n = counts.sum(1, keepdims=True)
    shares = counts / np.maximum(n, 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        if not counts[row, column]:
            continue
        colour = "white" if shares[row, column] > 0.55 else INK
        weight = "bold" if row == column else "normal"
        place = {"xy": (column, row), "textcoords": "offset points", "ha": "center", "color": colour}
        axis.annotate(f"{100 * shares[row, column]:.0f} %", xytext=(0, 1), va="bottom", weight=weight, **place)  # type: ignore[arg-type]
        axis.annotate(str(counts[row, column]), xytext=(0, -3), va="top", fontsize=8, **place)  # type: ignore[arg-type]
    axis.set_xticks(range(len(names)), names, rotation=35, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(names)), [f"{name} ({total})" for name, total in zip(names, n[:, 0], strict=True)])
    axis.set_xlabel("taken for", color=QUIET)
    axis.set_ylabel("labelled (clips)", color=QUIET)
    axis.tick_params(colors=INK, length=0)
    axis.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axis.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
    axis.grid(which="minor", color=PAPER, linewidth=1.5)
    axis.tick_params(which="minor", length=0)
    axis.spines[:].set_visible(False)


def draw_reliability(path: Path, bins: Reliability, title: str) -> None:
    """Writes the reliability diagram as a picture (PNG): share that is right over sureness, and how many are so sure.

    A bar below the diagonal says: surer than right.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(5.4, 6.0), facecolor=PAPER, layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
        _title(figure, title)
        _curve(above, bins)
        width = np.diff(bins.edges)
        n = np.bincount(bins.member, minlength=len(width))
        below.bar(bins.edges[:-1], n, width, align="edge", color=BLUE, edgecolor=PAPER)
        below.set_ylabel("clips", color=QUIET)
        below.set_xlabel("how sure it is (probability of its guess)", color=QUIET)
        for axis in (above, below):
            axis.set_facecolor(PAPER)
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(colors=INK)
        figure.savefig(path, dpi=DPI, format="png")


def _curve(axis: Axes, bins: Reliability) -> None:
    """A bar for each bin up to the share that is right, and what lies between it and how sure it is."""
    sure, right, _ = bins.curve()
    filled = np.unique(bins.member)
    left, width = bins.edges[filled], np.diff(bins.edges)[filled]
    axis.bar(left, right, width, align="edge", color=BLUE, edgecolor=PAPER, label="right")
    gap = {"width": width, "align": "edge", "edgecolor": ORANGE, "linewidth": 1}
    axis.bar(left, sure - right, bottom=right, color="none", hatch="////", label="gap to how sure it is", **gap)
    axis.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1, label="as sure as right")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.set_ylabel("share that is right", color=QUIET)
    axis.legend(loc="upper left", frameon=False, fontsize=9)
