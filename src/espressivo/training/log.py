"""What a training says about itself on disk: log.jsonl, a row a line, and the same for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espressivo.training.state import reported

NAME = "log.jsonl"


class Log:
    """Rows of `{"step": …, "loss": …}` or `{"step": …, "validation": {…}}`.

    Args:
        folder: of the training.
        step: that it goes on from; rows past it are from a run that was killed, and are written anew.
    """

    def __init__(self, folder: Path, step: int = 0) -> None:
        from tensorboardX import SummaryWriter

        self.folder = folder
        with reported(folder):
            kept = [line for line, row in _rows(folder / NAME) if row["step"] <= step]
            (folder / NAME).write_text("".join(line + "\n" for line in kept), encoding="utf-8")
            self._file = (folder / NAME).open("a", encoding="utf-8")
            # TensorBoard leaves out what an earlier file says of these steps.
            self._board = SummaryWriter(str(folder), purge_step=step + 1)

    def write(self, row: Mapping[str, Any]) -> None:
        """One row. Raises OutputError if the disk is full."""
        with reported(self.folder):
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        step = row["step"]
        group = "validation" if "validation" in row else "train"
        for name, value in row.get("validation", row).items():
            if name != "step":
                self._board.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        with reported(self.folder):
            self._file.close()
            self._board.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """All rows of a training's log; a last line that was cut off by a kill is left out."""
    return [row for _, row in _rows(folder / NAME)]


def _rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows.append((line, row))
    return rows
