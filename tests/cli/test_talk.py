"""The verbs that work, on clips that are unusual but fine."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.verbs.example import example_clip

from .conftest import Run

SAID = "My dog is ill, and I am worried about him."
Say = Callable[[str], np.ndarray]
pytestmark = pytest.mark.weights


def test_converse_on_the_example(run: Run, tmp_path: Path) -> None:
    ended = run("converse", example_clip(), "-o", tmp_path / "reply")
    assert ended.code == 0, ended
    reply = json.loads((tmp_path / "reply" / "reply.json").read_text())
    assert reply["heard"]["understood"]
    assert set(reply["senses"]) == {"face", "voice"}
    assert reply["reply"]["text"] in ended.out
    assert sorted(path.name for path in (tmp_path / "reply").iterdir()) == ["reply.json", "reply.png", "reply.wav"]
    found = run("detect", tmp_path / "reply" / "reply.wav")
    assert "marked as synthetic by espressivo (metadata and watermark)" in found.out


def test_demo_is_converse_on_the_example(run: Run, tmp_path: Path) -> None:
    ended = run("demo", "-o", tmp_path / "out")
    assert ended.code == 0, ended
    assert (tmp_path / "out" / "reply.wav").stat().st_size > 10_000


def test_phone_sound_and_a_name_of_any_letters(run: Run, say: Say, tmp_path: Path) -> None:
    path = tmp_path / "Мой голос 声.wav"
    soundfile.write(path, say(SAID)[::2], 8_000, subtype="ULAW")
    ended = run("converse", path, "-o", tmp_path / "антword")
    assert ended.code == 0, ended
    assert "dog" in ended.out


def test_an_existing_folder_keeps_its_other_files(run: Run, say: Say, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "talk.wav", say(SAID), 16_000)
    (tmp_path / "mine.txt").write_text("keep me")
    assert run("converse", tmp_path / "talk.wav", "-o", tmp_path).code == 0
    assert (tmp_path / "mine.txt").read_text() == "keep me"


def test_a_part_of_a_long_recording(run: Run, say: Say, tmp_path: Path) -> None:
    long = np.concatenate([np.zeros(70 * 16_000, np.float32), say(SAID), np.zeros(16_000, np.float32)])
    soundfile.write(tmp_path / "long.flac", long, 16_000)
    ended = run("converse", tmp_path / "long.flac", "-o", tmp_path / "reply", "--start", 69, "--end", 75)
    assert ended.code == 0, ended
    assert "dog" in ended.out
    assert (
        "cannot begin at 500.00 s" in run("converse", tmp_path / "long.flac", "-o", tmp_path, "--start", 500).complaint
    )


def test_transcribe_however_long(run: Run, say: Say, tmp_path: Path) -> None:
    gap = np.zeros(40 * 16_000, np.float32)
    soundfile.write(
        tmp_path / "long.flac", np.concatenate([say(SAID), gap, say("The doctor will call tomorrow.")]), 16_000
    )
    assert run("transcribe", tmp_path / "long.flac").out.strip() == f"{SAID} The doctor will call tomorrow."


def test_recognize_as_json_lines(run: Run, say: Say, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "talk.wav", say(SAID), 16_000)
    ended = run("recognize", tmp_path / "talk.wav", tmp_path / "talk.wav", "--json")
    assert ended.code == 0, ended
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert len(lines) == 2
    assert list(lines[0]["senses"]) == ["voice"]
    assert lines[0]["heard"] is None


def test_assets_are_listed_with_the_licence_of_the_weights(run: Run) -> None:
    every, permissive = run("assets", "list").out, run("assets", "list", "--licence", "permissive").out
    assert "whisper-base" in permissive
    assert "random-face" in every
    assert "random-face" not in permissive
    assert run("assets", "verify", "silero-vad").out == "1 sets of weights are exactly as pinned\n"


def test_the_clip_itself_is_never_overwritten(run: Run, say: Say, tmp_path: Path) -> None:
    path = tmp_path / "reply.wav"
    soundfile.write(path, say(SAID), 16_000)
    before = path.read_bytes()
    assert "would overwrite" in run("converse", path, "-o", tmp_path).complaint
    assert path.read_bytes() == before
