"""Two processes under torchrun: each sees its own half, and together they are one with twice the batch."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from espressivo.training import Trainer
from espressivo.training.log import read_log

from .pair import EXAMPLES, recipe
from .toys import Blobs

REPOSITORY = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_are_one_with_twice_the_batch(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    command = [*run, "--master-port", str(free_port()), "-m", "tests.training.pair", str(tmp_path)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    told = [json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in range(2)]

    plan = recipe(tmp_path / "one", batch_size=16)
    task = Blobs(plan, EXAMPLES)
    alone = Trainer(task, plan).fit()
    for whole, *apart in zip(task.seen, told[0]["seen"], told[1]["seen"], strict=True):
        assert apart[0] + apart[1] == whole
        assert not set(apart[0]) & set(apart[1])
    assert {len(batch) for batch in task.seen} == {16, 3}

    assert told[0]["weight"] == told[1]["weight"]
    together = torch.tensor(told[0]["weight"])
    torch.testing.assert_close(together, alone.model.state_dict()["0.weight"], rtol=1e-4, atol=1e-5)
    assert told[0]["metrics"] == told[1]["metrics"] == pytest.approx(alone.metrics, rel=1e-4)
    rows, expected = read_log(tmp_path / "two"), read_log(tmp_path / "one")
    assert [row["step"] for row in rows] == [row["step"] for row in expected]  # written once, by the first
    for row, one in zip(rows, expected, strict=True):
        if "loss" in one:
            assert (row["loss"], row["wrong"]) == pytest.approx((one["loss"], one["wrong"]), rel=1e-4)
            assert row["gradient"] == pytest.approx(one["gradient"], rel=1e-3)
