"""What the AVLM's benchmarks train and test on: sentences of GRID's talker 1, and people of the javanese clips."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from common import data_root
from espressivo.assets.cache import cache_dir
from espressivo.corpora.item import Item
from espressivo.systems.avlm.clips import Clips, read_clips
from espressivo.systems.avlm.noise import TALKERS, Noise, esc10
from voice_emotion import items

PARTS = {"test": (0,), "validation": (1,), "train": tuple(range(2, 10))}
"""Of the tenths that sentences fall into, by a hash of their names."""
RATIOS = (10, 0, -5)  # decibel
TEST_FOLDS = (4, 5)


def grid(part: str) -> list[Item]:
    """Sentences of one part of GRID."""
    return [item for item in items("grid") if tenth(item.id) in PARTS[part]]


def tenth(name: str) -> int:
    return int(sha256(name.encode()).hexdigest(), 16) % 10


def noises() -> dict[str, Noise]:
    """Those to test in, of which none was trained with: other folds of ESC-10, other talkers."""
    files = {"esc10": esc10(data_root() / "esc10", TEST_FOLDS), "babble": talkers(train=False)}
    return {
        f"{kind} {ratio} dB": Noise(f"test-{kind}-{ratio}", found, (ratio, ratio), TALKERS if kind == "babble" else 1)
        for kind, found in files.items()
        for ratio in RATIOS
    }


def talkers(train: bool) -> tuple[Path, ...]:
    """Recordings of LibriSpeech to make babble of; a fifth of the speakers is kept to test with."""
    return tuple(item.path for item in items("librispeech") if (tenth(str(item.speaker)) > 1) == train)


def clips(of: list[Item], ear: str = "permissive", faces: bool = True, **more: Any) -> Clips:
    return read_clips(of, ear=ear, faces=faces, **more)


def averaged(rows: Mapping[str, Mapping[str, list[float]]]) -> dict[str, dict[str, float]]:
    """Mean of each row's values, and their deviation."""
    return {
        row: {name: float(np.mean(own)) for name, own in values.items()}
        | {f"{name} ±": float(np.std(own)) for name, own in values.items()}
        for row, values in rows.items()
    }


def once(told: str, make: Callable[[], Any]) -> Any:
    """What `make` gives, as JSON; made once for all that `told` says."""
    path = cache_dir() / "benchmarks" / "avlm" / f"{sha256(told.encode()).hexdigest()[:24]}.json"
    if not path.is_file():
        found = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"told": told, "found": found}))
        part.replace(path)
    return json.loads(path.read_text())["found"]
