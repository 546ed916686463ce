"""What every benchmark does the same way: find the corpora, name the machine, print a table, write the JSON."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PACKAGES = (
    "accelerate",
    "av",
    "ctranslate2",
    "mediapipe",
    "numpy",
    "onnxruntime",
    "scikit-learn",
    "torch",
    "transformers",
)


def data_root() -> Path:
    """The folder of the real corpora: ESPRESSIVO_DATA, else ../shared/data. Ends the benchmark where there is none."""
    root = Path(os.environ.get("ESPRESSIVO_DATA", REPOSITORY.parent / "shared" / "data"))
    if not root.is_dir():
        sys.exit("no real corpora here: set ESPRESSIVO_DATA to the folder that holds them")
    return root


def machine() -> dict[str, Any]:
    """Processor, cores, what else it was doing, and versions: without them a time means nothing."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": cores,
        "load_average": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def save(name: str, result: Mapping[str, Any]) -> Path:
    """Writes benchmarks/results/NAME.json with the command that made it."""
    path = RESULTS / f"{name}.json"
    content = {"command": f"python benchmarks/{name}.py", **result, "machine": machine()}
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {path.relative_to(REPOSITORY)}")
    return path


def rounded(value: Any, digits: int = 4) -> Any:
    """`value`, and whatever numbers are in it, to `digits` decimals: no more than a reader can use."""
    if isinstance(value, Mapping):
        return {key: rounded(item, digits) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item, digits) for item in value]
    return round(float(value), digits) if isinstance(value, (float, np.floating)) else value


def table(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Prints rows × figures in columns; a figure that a row lacks is left blank."""
    columns = list(dict.fromkeys(key for row in rows.values() for key in row))
    cells = [["", *columns], *([name, *(str(row.get(key, "")) for key in columns)] for name, row in rows.items())]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns) + 1)]
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
