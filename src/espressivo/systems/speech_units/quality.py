"""Do the units keep the words and drop the speaker? Measured against phones that people labelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from espressivo.corpora.data import Data
from espressivo.corpora.features import extract
from espressivo.corpora.item import Item
from espressivo.corpora.readers.emodb import phones
from espressivo.errors import InputError
from espressivo.metrics.clusters import bits, pnmi, purity
from espressivo.metrics.report import Evaluation
from espressivo.signal.tokens import UNIT_RATE
from espressivo.systems.speech_units.frames import UnitFeature
from espressivo.systems.speech_units.model import UnitNet

PAUSE = ""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Frames of one recording. Shapes: `x` (units, 2 × dim); `phone` (units,), PAUSE where nothing is said."""

    item: Item
    x: np.ndarray
    phone: np.ndarray


def phone_row(path: Path, units: int, lag: float) -> np.ndarray:
    """The phone that each of `units` tells of, (units,) names, from EmoDB's labels."""
    times = (np.arange(units) + 0.5) / UNIT_RATE - lag
    row = np.full(units, PAUSE, dtype=object)
    for start, end, phone in phones(path):
        row[(times >= start) & (times < end)] = phone
    return row


def labelled(data: Iterable[Item], feature: UnitFeature, lag: float) -> list[Labelled]:
    """Those of `data` that come with phones.

    Raises:
        InputError: none does.
    """
    wanted = [item for item in data if "phones" in item.notes]
    store = extract(wanted, feature).store
    found = []
    for item in wanted:
        kept = store.get(item)
        try:
            row = None if kept is None else phone_row(Path(item.notes["phones"]), len(kept["frames"]), lag)
        except InputError:  # a recording that was labelled only in part
            continue
        if kept is not None and row is not None:
            found.append(Labelled(item, kept["frames"], row))
    if not found:
        raise InputError("no recording has phones labelled by hand: units are measured on EmoDB (`prepare emodb`)")
    return found


def judged(net: UnitNet, data: Data) -> Evaluation:
    """Purity, PNMI and bitrate for each codebook; pauses do not count."""
    config = net.config
    found = labelled(data, UnitFeature(config.encoder, config.layer), config.lag)
    phone = np.concatenate([one.phone for one in found])
    x, said = np.concatenate([one.x for one in found]), phone != PAUSE
    metrics: dict[str, float] = {}
    with torch.inference_mode():
        for count in config.counts:
            units = net.units(torch.from_numpy(x.astype(np.float32)), count).numpy()
            metrics |= scores(units, phone.astype(str), said, f"_{count}")
    return Evaluation(
        len(found),
        metrics,
        speakers=len({one.item.speaker for one in found}),
        notes={"frames": int(said.sum()), "phones": len(set(phone[said])), "lag": config.lag},
    )


def scores(units: np.ndarray, phone: np.ndarray, said: np.ndarray, name: str = "") -> dict[str, float]:
    """Of one row of units (n,) against one row of phones (n,), where `said`."""
    return {
        f"purity{name}": purity(units[said], phone[said]),
        f"pnmi{name}": pnmi(units[said], phone[said]),
        f"bits_per_second{name}": bits(units) * UNIT_RATE,
    }
