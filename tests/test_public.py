"""What users rely on does not change by accident: public names, verbs, flags, errors, import time."""

import subprocess
import sys

import pytest
import typer

import espressivo
from espressivo import errors
from espressivo.cli.app import app

NAMES = [
    "read",
    "converse",
    "recognize",
    "transcribe",
    "detect",
    "speak",
    "convert",
    "augment",
    "learn_words",
    "lipread",
]
NAMES += ["lips_to_speech", "separate", "animate"]

FLAGS = {
    "converse": {"clip", "--out", "-o", "--portrait", "--start", "--end", "--chat", "--voice", "--licence"},
    "recognize": {"clips", "--by", "--json", "--licence"},
    "speak": {"text", "--emotion", "--emphasis", "--speaker", "-o", "--out"},
    "convert": {
        "sound",
        "--emotion",
        "--reference",
        "--intensity",
        "--licence",
        "--checkpoint",
        "-o",
        "--out",
    },
    "augment": {
        "data",
        "--per-class",
        "--style",
        "--from",
        "--seed",
        "--licence",
        "--checkpoint",
        "--least-similar",
        "--most-wrong",
        "--jobs",
        "-o",
        "--out",
    },
    "transcribe": {"audio", "--model", "--language"},
    "learn-words": {"words", "-o", "--out"},
    "lipread": {"video"},
    "lips-to-speech": {"video", "-o", "--out"},
    "separate": {"mixture", "--face", "--voice", "-o", "--out"},
    "animate": {"portrait", "--speech", "--feeling", "-o", "--out"},
    "prepare": {"corpus", "folder", "-o", "--out", "--jobs", "--ray", "--shards"},
    "split": {"data", "--by", "-o", "--out", "--shares", "--seed"},
    "train": {"system", "settings", "--recipe", "--resume", "--allow-shared-speakers"},
    "evaluate": {"system", "--data", "--checkpoint", "--json", "--allow-shared-speakers"},
    "detect": {"file"},
    "studio": {"--port"},
    "demo": {"-o", "--out"},
}
ASSETS = {"list": {"--licence"}, "fetch": {"names", "--for"}, "verify": {"names"}}


def flags(command: object) -> set[str]:
    spelled = set()
    for parameter in command.params:  # type: ignore[attr-defined]
        named = [*parameter.opts, *parameter.secondary_opts]
        spelled |= {name for name in named if name not in ("--help", "-h")}
    return spelled


def test_public_names() -> None:
    assert sorted(espressivo.__all__) == sorted(NAMES)
    assert len(NAMES) <= 15
    for name in NAMES:
        assert callable(getattr(espressivo, name))
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        _ = espressivo.sing


def test_verbs_and_flags_are_frozen() -> None:
    group = typer.main.get_command(app)
    commands = group.commands  # type: ignore[attr-defined]
    assert set(commands) == {*FLAGS, "assets"}
    assert {name: flags(commands[name]) for name in FLAGS} == FLAGS
    assert {name: flags(command) for name, command in commands["assets"].commands.items()} == ASSETS


def test_every_verb_has_an_example_in_its_help() -> None:
    group = typer.main.get_command(app)
    commands = dict(group.commands)  # type: ignore[attr-defined]
    commands.update(commands.pop("assets").commands)
    missing = [name for name, command in commands.items() if "Example: espressivo " not in (command.help or "")]
    assert missing == []


def test_every_error_is_ours_and_drawn_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    found = {name: value for name, value in vars(errors).items() if isinstance(value, type)}
    for name, value in found.items():
        assert issubclass(value, errors.EspressivoError)
        assert name in tree


def test_import_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import time, sys; begun = time.process_time(); import espressivo; print(time.process_time() - begun);"
        "print([m for m in ('torch', 'numpy', 'transformers', 'mediapipe', 'av', 'onnxruntime') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert float(out[0]) < 1.0  # of processor time: the other tests' load does not count
    assert out[1] == "[]"


def test_the_command_line_starts_without_heavy_imports() -> None:
    code = (
        "import sys, espressivo.cli.app; print([m for m in ('torch', 'transformers', 'mediapipe') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
