"""How good is a system on this data?"""

from __future__ import annotations

import json as jsonlib
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espressivo.corpora.skips import left_out
from espressivo.errors import InputError, OutputError
from espressivo.media.files import writing
from espressivo.systems.registry import room
from espressivo.verbs.checkpoint import checkpoint_of

if TYPE_CHECKING:
    from espressivo.corpora.data import Data
    from espressivo.metrics.report import Evaluation


def evaluate(
    system: str,
    data: Path | str,
    json: Path | str,
    *,
    checkpoint: Path | str | None = None,
    allow_shared_speakers: bool = False,
) -> Evaluation:
    """Measures a system on labelled data; writes the numbers to `json`, and pictures beside it.

    What was measured (the checkpoint's name and licence, the data) is in the `notes` of what comes back.

    Args:
        system: by name.
        data: CutSet or CSV.
        checkpoint: folder of a model, or the name of one that is shipped; None takes the one shipped for this system.
        allow_shared_speakers: measure even on those whom it heard in training.

    Raises:
        ConfigError: unknown system, or no checkpoint.
        InputError: data that cannot be used, hold an id twice, or share a speaker with the training.
        AssetError: the checkpoint is missing or damaged.
        OutputError: the results cannot be written, or would overwrite anything but results.
    """
    from espressivo.corpora.data import read_data
    from espressivo.training.checkpoint import fingerprint

    home, model = room(system), checkpoint_of(system, checkpoint)
    with writing(json) as part:  # finds out now whether it can be written
        _check_place(Path(json), Path(data), model.folder)
        items = read_data(data)
        _check(model.folder, items, allow_shared_speakers)
        begun = time.perf_counter()
        found = home.evaluate(model.folder, items)
        if found.n == 0:
            raise InputError(f"nothing in {str(data)!r} could be judged: {left_out(found.skipped) or 'no clips'}")
        facts = {"system": system, "data": items.path.name, "checkpoint": model.folder.name, "licence": model.licence}
        facts["data_sha256"] = fingerprint(items.path)["sha256"]
        _write(part, found, {**facts, "seconds": round(time.perf_counter() - begun, 2)})
        _draw(found, system, items.path.name, Path(json))
    return replace(found, notes={**found.notes, **facts})


def _check_place(json: Path, data: Path, checkpoint: Path) -> None:
    """The results may take the place of older ones, and of nothing else. Raises OutputError."""
    from espressivo.metrics.report import picture_paths

    older = _results(json)
    for path in (json, *picture_paths(json).values()):
        place = Path(os.path.realpath(path))
        for what, kept in (("the data", data), ("the checkpoint", checkpoint)):
            if place.is_relative_to(os.path.realpath(kept)):
                how = "into" if kept.is_dir() else "over"
                raise OutputError(f"{str(path)!r} would be written {how} {what} {str(kept)!r}: give another --json")
        if not older and place.is_file() and place.stat().st_size:
            told = f"{str(path)!r} is there already, and 'evaluate' did not write it"
            raise OutputError(f"{told}: give another --json, or move that file away")


def _results(path: Path) -> bool:
    """Whether it is what `_write` writes."""
    try:
        found = jsonlib.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"system", "metrics"} <= found.keys()


def _check(checkpoint: Path, data: Data, allow: bool) -> None:
    """Nobody whom the model heard, in training or to choose its weights; and no recording twice."""
    from espressivo.corpora.splits import check_disjoint
    from espressivo.corpora.survey import survey
    from espressivo.training.checkpoint import load_speakers

    known = {name for names in load_speakers(checkpoint).values() for name in names}
    check_disjoint({f"the training of {checkpoint.name}": known, data.path.name: survey(data).speakers}, allow)


def _write(path: Path, found: Evaluation, facts: dict[str, Any]) -> None:
    from espressivo.metrics.report import versions

    whole = found.as_dict(**facts) | {"versions": versions()}
    path.write_text(jsonlib.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _draw(found: Evaluation, system: str, data: str, json: Path) -> None:
    from espressivo.metrics.calibration import reliability
    from espressivo.metrics.plots import draw_confusion, draw_reliability
    from espressivo.metrics.report import picture_paths

    guesses = found.guesses
    if guesses is None:
        return
    places, title = picture_paths(json), f"{system} on {data}\nn = {found.n}"
    with writing(places["confusion"]) as part:
        draw_confusion(part, guesses.names, guesses.counts, f"{title}, {_told(found, 'uar')}")
    with writing(places["reliability"]) as part:
        bins = reliability(guesses.truth, guesses.probabilities)
        draw_reliability(part, bins, f"{title}, {_told(found, 'ece')}")


def _told(found: Evaluation, name: str) -> str:
    low, high = found.intervals[name]
    return f"{name.upper()} {found.metrics[name]:.2f} ({low:.2f}–{high:.2f})"
