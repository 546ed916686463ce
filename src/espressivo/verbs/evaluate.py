"""How good is a system on this data?"""

from __future__ import annotations

import json as jsonlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from espressivo.errors import InputError
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

    Args:
        system: by name.
        data: CutSet or CSV.
        checkpoint: folder of a model, or the name of one that is shipped; None takes the one shipped for this system.
        allow_shared_speakers: measure even on those whom it heard in training.

    Raises:
        ConfigError: unknown system, or no checkpoint.
        InputError: data that cannot be used, hold an id twice, or share a speaker with the training.
        AssetError: the checkpoint is missing or damaged.
        OutputError: the results cannot be written.
    """
    from espressivo.corpora.data import read_data
    from espressivo.training.checkpoint import fingerprint

    home, model = room(system), checkpoint_of(system, checkpoint)
    folder, items = model.folder, read_data(data)
    _check(folder, items, allow_shared_speakers)
    with writing(json) as part:  # finds out now whether it can be written
        begun = time.perf_counter()
        found = home.evaluate(folder, items)
        if found.n == 0:
            reasons = "; ".join(dict.fromkeys(reason for _, reason in found.skipped))
            raise InputError(f"nothing in {str(data)!r} could be judged: {reasons or 'no clips'}")
        facts = {"system": system, "data": items.path.name, "checkpoint": folder.name, "licence": model.licence}
        facts |= {"data_sha256": fingerprint(items.path)["sha256"]}
        _write(part, found, {**facts, "seconds": round(time.perf_counter() - begun, 2)})
        _draw(found, system, items.path.name, Path(json))
    return found


def _check(checkpoint: Path, data: Data, allow: bool) -> None:
    """Nobody whom the model heard, in training or to choose its weights; and no recording twice."""
    from espressivo.corpora.splits import check_disjoint
    from espressivo.corpora.survey import survey
    from espressivo.training.checkpoint import load_training

    heard: dict[str, list[str | None]] = load_training(checkpoint).get("speakers", {})
    known = {name for names in heard.values() for name in names}
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
