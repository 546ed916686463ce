"""What it costs to get a large corpus ready: opening files, measuring features, shards; and what a million hours cost.

Synthetic speech (8 s, as in VoxCeleb2 on average) in AAC, linked many times, so the files come from the page cache: a
slow disk or network comes on top. Everything runs through the functions that `espressivo prepare` and the systems use.
"A core-hour" is an hour of processor time in one process with one thread, so other work on the machine counts little;
files a second are by the clock, and want an idle machine.

    python benchmarks/preparation.py [--quick]     minutes on two cores; writes benchmarks/results/preparation.json
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common import save, table
from espressivo.clip import Clip
from espressivo.corpora.data import read_data, write_data
from espressivo.corpora.features import FeatureStore, extract
from espressivo.corpora.item import Item
from espressivo.corpora.spread import cores, spread
from espressivo.engines.voice import HibariVoice
from espressivo.media.speech import Speech
from espressivo.signal.encoder import speech_encoder
from espressivo.verbs.prepare import prepare
from espressivo.verbs.split import split

SECONDS, SPEAKERS = 8.0, 50
TEXT = "When the rain finally stopped, the children ran outside and shouted with joy. "
ENCODERS = {"whisper-tiny-en": (1, 2, 3), "wakehubert-tiny": (0,)}
SCALES = {  # hours, recordings. VoxCeleb2: Chung et al. 2018, table 2.
    "VoxCeleb2": (2_442, 1_128_246),
    "a million hours": (1_000_000, round(1_000_000 * 3600 / SECONDS)),
}
CORES = (2, 16, 1000)


@dataclass(frozen=True)
class Layers:
    """Layers of a speech encoder in half precision, as training wants them."""

    encoder: str

    @property
    def name(self) -> str:
        return f"{self.encoder}-1"

    def __call__(self, clip: Clip) -> dict[str, np.ndarray] | None:
        if self.encoder not in _loaded:
            _loaded[self.encoder] = speech_encoder(self.encoder)
        assert clip.sound is not None
        return {"layers": _loaded[self.encoder](clip.sound.samples, ENCODERS[self.encoder]).astype(np.float16)}


_loaded: dict[str, Any] = {}


def nothing(number: int) -> int:
    return number


def corpus(root: Path, count: int) -> Path:
    """`count` recordings in a folder for each speaker; there are ten different ones, the others are links to them."""
    samples = HibariVoice().say(TEXT * 3).samples
    long = round(SECONDS * HibariVoice.rate)
    takes = [root / f"take-{number}.m4a" for number in range(10)]
    for number, take in enumerate(takes):
        shifted = np.resize(np.roll(samples, number * long // 10), long)
        Speech(shifted, HibariVoice.rate).save(take, mark=False)
    folder = root / "corpus"
    for number in range(count):
        place = folder / f"person-{number % SPEAKERS:03}" / f"{number:06}.m4a"
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(takes[number % 10], place)
    return folder


def seconds(job: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    begun = clock()
    job()
    return clock() - begun


def per_core(count: int, job: Callable[[], object]) -> dict[str, float]:
    """What an hour of one core gets through: files, and hours of sound."""
    taken = seconds(job, time.process_time)
    return {"files/core-hour": 3600 * count / taken, "hours/core-hour": count * SECONDS / taken}


def opening(root: Path, count: int) -> dict[str, dict[str, float]]:
    """`espressivo prepare` with one process and with as many as there are cores, and into shards; shards read back."""
    folder, rows = corpus(root, count), dict[str, dict[str, float]]()
    one = root / "1.jsonl.gz"
    taken = seconds(
        lambda: rows.update({"prepare, 1 process": per_core(count, lambda: prepare("folder", folder, one))})
    )
    rows["prepare, 1 process"]["files/s"] = count / taken
    taken = seconds(lambda: prepare("folder", folder, root / "all.jsonl.gz", jobs=cores()))
    rows["prepare, a process for each core"] = {"files/s": count / taken}
    shards, some = root / "shards", folder / "person-000"
    few = len(list(some.iterdir()))
    rows["write shards"] = per_core(few, lambda: prepare("folder", some, shards, shards=True))
    size = sum(path.stat().st_size for path in shards.iterdir())
    rows["write shards"]["MB/hour"] = size / 1e6 / (few * SECONDS / 3600)
    rows["read shards"] = per_core(few, lambda: listen(read_data(shards)))
    return rows


def listen(items: Iterable[Item]) -> None:
    """Decodes every sound, as a training does."""
    for item in items:
        sound = item.clip().sound
        assert sound is not None
        assert len(sound.samples)


def measuring(root: Path, encoder: str, count: int) -> dict[str, float]:
    """A speech encoder through the feature cache; the clock starts when it is loaded."""
    items = list(read_data(root / "1.jsonl.gz"))[: count + 1]
    marks: list[float] = []
    report = extract(
        items, Layers(encoder), root / "features", tell=lambda done, total: marks.append(time.process_time())
    )
    assert report.made == len(items), report.skipped
    size, hours = sum(path.stat().st_size for path in report.folder.glob("*.safetensors")), len(items) * SECONDS / 3600
    store = FeatureStore(report.folder)
    read = seconds(lambda: [store[item]["layers"].max() for item in items])
    return {
        "hours/core-hour": count * SECONDS / (marks[-1] - marks[0]),
        "MB/hour": size / 1e6 / hours,
        "read back, hours/hour": hours * 3600 / read,
    }


def overhead(count: int) -> dict[str, float]:
    """What `spread` adds to each item, in milliseconds."""
    rows = {}
    for name, jobs in {"one process": 1, "all cores": cores()}.items():
        results = spread(nothing, range(count + 100), jobs=jobs)
        for _ in range(100):
            next(results)  # the processes have begun
        rows[name] = 1000 * seconds(partial(deque, results, maxlen=0)) / count
    return rows


def memory(root: Path, sizes: tuple[int, ...]) -> dict[str, dict[str, float]]:
    """The peak of a process of its own that splits a CSV by speaker and goes through the parts."""
    rows = {}
    for size in sizes:
        items = (Item(f"{n:07}", root / f"{n}.wav", end=SECONDS, speaker=f"p{n % 6000}") for n in range(size))
        write_data(root / f"{size}.csv", items)
        command = [sys.executable, __file__, "--peak", str(root / f"{size}.csv"), "--quick"]
        peak, taken = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        rows[f"{size} items"] = {"peak MB": float(peak), "split, items/s": size / float(taken)}
    return rows


def peak(data: Path) -> None:
    """Prints the peak of this process in MB, and the seconds it took."""
    taken = seconds(lambda: split(data, data.with_suffix(".parts")))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024), taken)


def costs(result: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What the measured speeds make of large corpora: core-hours, days, terabytes."""
    opened, shards = result["files"]["prepare, 1 process"]["files/core-hour"], result["files"]["write shards"]
    rows = {}
    for name, (hours, files) in SCALES.items():
        row = {"hours": hours, "recordings": files, "prepare, core-hours": files / opened}
        row |= {"shards, core-hours": hours / shards["hours/core-hour"], "shards, TB": hours * shards["MB/hour"] / 1e6}
        for encoder, speed in result["features"].items():
            work = hours / speed["hours/core-hour"]
            row |= {f"{encoder}, core-hours": work, f"{encoder}, TB": hours * speed["MB/hour"] / 1e6}
            row |= {f"{encoder}, days on {number} cores": work / number / 24 for number in CORES}
        rows[name] = row
    return rows


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return float(f"{value:.3g}") if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer files; nothing is written")
    parser.add_argument("--peak", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        peak(arguments.peak)
        return
    files, clips, items = (500, 20, 1_000) if arguments.quick else (5_000, 60, 20_000)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        result: dict[str, Any] = {"seconds": SECONDS, "cores": cores(), "files": opening(root, files)}
        result["features"] = {encoder: measuring(root, encoder, clips) for encoder in ENCODERS}
        result["spread, ms an item"] = overhead(items)
        result["memory"] = memory(root, (1_000, 10 * items if arguments.quick else 100_000))
    result["costs"] = costs(result)
    result = rounded(result)
    for name in ("files", "features", "memory", "costs"):
        table(result[name])
    print(result["spread, ms an item"])
    if not arguments.quick:
        save("preparation", result)


if __name__ == "__main__":
    main()
