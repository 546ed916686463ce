"""From the end of a clip to the finished spoken reply: how long, and where the time goes.

    python benchmarks/conversation.py [CLIP]

Runs `converse` on the first 4 s of the example clip (or of CLIP) with everything loaded, from reading the file to the
last sample of the reply, and once more from a cold start in a process of its own, files and picture included.
Writes benchmarks/results/conversation.json.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import espressivo
from common import save, table
from espressivo.systems.cascade.pipeline import Cascade
from espressivo.verbs.converse import save as save_reply
from espressivo.verbs.example import example_clip

RUNS = 7
TURN = 4.0


def warm(path: Path) -> dict[str, dict[str, float]]:
    """Median seconds of each stage with everything loaded, and of the whole; the picture is drawn after the reply."""
    pipeline = Cascade.from_pretrained()
    espressivo.converse(espressivo.read(path, end=TURN), pipeline=pipeline)
    stages: dict[str, list[float]] = {}
    for _ in range(RUNS):
        begun = time.perf_counter()
        reply = espressivo.converse(espressivo.read(path, end=TURN), pipeline=pipeline)
        whole = time.perf_counter() - begun
        with tempfile.TemporaryDirectory() as folder:
            save_reply(reply, folder)
            drawn = time.perf_counter() - begun - whole
        parts = {**reply.perception.seconds, **reply.seconds, "whole reply": whole, "files and picture": drawn}
        for name, value in parts.items():
            stages.setdefault(name, []).append(value)
    return {
        name: {"median": round(statistics.median(v), 3), "least": round(min(v), 3), "most": round(max(v), 3)}
        for name, v in stages.items()
    }


def cold(path: Path) -> float:
    """Seconds of one run of the command line, models loaded and files written."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        command = [sys.executable, "-m", "espressivo", "converse", str(path), "-o", folder, "--end", str(TURN)]
        subprocess.run(command, check=True, capture_output=True)
        return round(time.perf_counter() - begun, 2)


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else example_clip()
    stages = warm(path)
    table(stages)
    seconds = [cold(path) for _ in range(3)]
    print(f"from a cold start, files written: {statistics.median(seconds)} s")
    save(
        "conversation",
        {"clip": path.name, "clip_seconds": TURN, "runs": RUNS, "warm": stages, "cold": seconds},
    )


if __name__ == "__main__":
    main()
