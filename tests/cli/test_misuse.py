"""Words the command line does not know are answered in one line, too."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .conftest import Run

MISUSE = {
    ("converse",): "Missing argument 'CLIP'",
    ("converse", "x.mp4"): "Missing option '-o'",
    ("converse", "x.mp4", "-o"): "requires an argument",
    ("converse", "x.mp4", "-o", "y", "--start", "abc"): "--start",
    ("recognize", "x.mp4", "--by", "smell"): "'smell' is not one of 'face', 'voice', 'both'",
    ("sing",): "No such command 'sing'",
    ("demo", "--loud"): "No such option: --loud",
}


@pytest.mark.parametrize("arguments", MISUSE, ids=" ".join)
def test_misuse_is_one_line(arguments: tuple[str, ...], run: Run) -> None:
    complaint = run(*arguments).complaint
    assert MISUSE[arguments] in complaint
    assert "--help'" in complaint


def test_no_arguments_show_the_help(run: Run) -> None:
    ended = run()
    assert ended.code == 0
    assert "converse" in ended.out


@pytest.mark.weights
@pytest.mark.parametrize("damage", ["nothing there", "bad model", "bad tokenizer"])
def test_a_folder_without_a_recogniser(
    damage: str, run: Run, tmp_path: Path, asset: Callable[[str], Path], say: Callable[[str], np.ndarray]
) -> None:
    soundfile.write(tmp_path / "talk.wav", say("Is anybody there?"), 16_000)
    folder = tmp_path / "model"
    folder.mkdir()
    if damage != "nothing there":
        for path in asset("whisper-base").iterdir():
            (folder / path.name).symlink_to(path)
        broken = folder / ("model.bin" if damage == "bad model" else "tokenizer.json")
        broken.unlink()
        broken.write_bytes(b"nonsense")
    ended = run("transcribe", tmp_path / "talk.wav", "--model", folder)
    assert "no recogniser could be loaded from" in ended.complaint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_results_that_cannot_be_printed() -> None:
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "espressivo", "assets", "list"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 2
    assert ended.stderr == "espressivo: cannot write the results: no space left on device\n"


def test_ctrl_c_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*given: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("espressivo.media.provenance.detect", interrupted)
    ended = run("detect", "any.wav")
    assert ended.code == 130
    assert ended.err == "espressivo: stopped\n"
