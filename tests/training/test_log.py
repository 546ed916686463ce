"""What a training writes about itself: JSON lines, TensorBoard's events, the display."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from espressivo.training.log import Log, read_log
from espressivo.training.progress import EVERY, Lines, Silent, display


def crc32c(data: bytes) -> int:
    """Castagnoli's checksum, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> int:
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(path: Path) -> Iterator[bytes]:
    """The records of an event file as TensorBoard reads them (TFRecord), every checksum checked."""
    data = path.read_bytes()
    while data:
        (length,), (head,) = struct.unpack("<Q", data[:8]), struct.unpack("<I", data[8:12])
        assert head == masked(data[:8])
        body = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == masked(body)
        yield body
        data = data[16 + length :]


def scalars(folder: Path) -> list[tuple[str, int, float]]:
    from tensorboardX.proto.event_pb2 import Event

    events = [Event.FromString(body) for path in sorted(folder.glob("events*")) for body in records(path)]
    return [(value.tag, event.step, value.simple_value) for event in events for value in event.summary.value]


def test_rows_are_written_twice_over(tmp_path: Path) -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the checksum's own test value
    log = Log(tmp_path)
    log.write({"step": 1, "loss": 0.5})
    log.write({"step": 2, "loss": 0.25})
    log.write({"step": 2, "validation": {"score": 0.75}})
    log.close()
    assert read_log(tmp_path) == [
        {"step": 1, "loss": 0.5},
        {"step": 2, "loss": 0.25},
        {"step": 2, "validation": {"score": 0.75}},
    ]
    assert scalars(tmp_path) == [("train/loss", 1, 0.5), ("train/loss", 2, 0.25), ("validation/score", 2, 0.75)]


def test_rows_past_the_saved_step_are_written_anew(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for step in range(1, 5):
        log.write({"step": step, "loss": float(step)})
    log.close()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')  # killed here
    assert len(read_log(tmp_path)) == 4
    log = Log(tmp_path, step=2)
    log.write({"step": 3, "loss": 3.5})
    log.close()
    assert [(row["step"], row["loss"]) for row in read_log(tmp_path)] == [(1, 1.0), (2, 2.0), (3, 3.5)]


def test_plain_lines_come_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("espressivo.training.progress.time.perf_counter", lambda: now)
    lines = display("voice", steps=100)
    assert isinstance(lines, Lines)
    with lines:
        for step in range(1, 101):
            now += EVERY / 20
            lines.show({"step": step, "loss": 1.5, "examples_per_second": 320.0})
            if step == 30:
                lines.show({"step": step, "validation": {"score": 0.5}})
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "voice: step 20 of 100, loss 1.5, 320 examples/s, 0:40 left"
    assert told[1].endswith("0:30 left, score 0.500")
    assert told[-1] == "voice: step 100 of 100, loss 1.5, 320 examples/s, score 0.500"
    assert len(told) == 5


def test_the_live_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "140")
    live = display("voice", steps=100)
    assert not isinstance(live, Silent)
    with live:
        live.show({"step": 50, "loss": 1.5, "examples_per_second": 320.0})
        live.show({"step": 50, "validation": {"score": 0.5}})
    told = capsys.readouterr().err
    for part in ("voice", "50", "100", "loss 1.5", "320 examples/s", "score 0.500"):
        assert part in told
