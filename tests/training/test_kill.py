"""kill -9 at any step, resume: the losses are those of a run that was left alone, to the last bit."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from espressivo.training import Trainer
from espressivo.training.log import read_log

from .toys import Blobs
from .victim import recipe

REPOSITORY = Path(__file__).resolve().parents[2]


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("seconds", "examples_per_second")}


def test_killed_and_resumed_gives_the_same_losses(tmp_path: Path) -> None:
    at = random.Random(time.time_ns()).randint(9, 45)
    command = [sys.executable, "-m", "tests.training.victim", str(tmp_path / "killed")]
    with subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as victim:
        waited = time.monotonic() + 60
        while len(read_log(tmp_path / "killed")) < at:
            assert victim.poll() is None, victim.communicate()
            assert time.monotonic() < waited
            time.sleep(0.005)
        victim.kill()
    killed = [row["step"] for row in read_log(tmp_path / "killed")]
    assert at <= len(killed) < 66, "it was not killed in the middle"
    again = recipe(tmp_path / "killed")
    resumed = Trainer(Blobs(again), again).fit(resume=True)
    plan = recipe(tmp_path / "whole")
    whole = Trainer(Blobs(plan), plan).fit()
    rows = [[timeless(row) for row in read_log(tmp_path / name)] for name in ("killed", "whole")]
    assert len(rows[0]) == 60 + 7
    assert rows[0] == rows[1]
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)
