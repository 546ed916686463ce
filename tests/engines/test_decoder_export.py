"""An export is written whole, verified when it is opened, and made again when it was changed."""

import json
import os
import threading
import time
from pathlib import Path

import pytest

from espressivo.engines.decoder.decoder import Decoder
from espressivo.engines.decoder.export import check, export, exported
from espressivo.engines.decoder.weights import LlamaShape
from espressivo.errors import AssetError, ConfigError


def test_loading_what_is_not_there(tmp_path: Path, exact: Path) -> None:
    with pytest.raises(AssetError, match="no exported decoder"):
        Decoder.load(tmp_path)
    for name in ("decoder.json", "embeddings.npy"):
        (tmp_path / name).write_bytes((exact / name).read_bytes())
    (tmp_path / "model.onnx").write_bytes(b"broken")
    with pytest.raises(AssetError, match="cannot be loaded"):
        Decoder.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "gpt2"),
        ({"attention_bias": True}, "attention_bias"),
        ({"hidden_act": "gelu"}, "gelu"),
        ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1.0}}, "llama3"),
        ({"intermediate_size": 100}, "multiples of 32"),
    ],
)
def test_models_that_would_be_computed_wrongly_are_refused(toy_folder: Path, change: dict, message: str) -> None:
    config = json.loads((toy_folder / "config.json").read_text())
    LlamaShape.from_config(config)
    with pytest.raises(ConfigError, match=message):
        LlamaShape.from_config({**config, **change})


def test_an_export_is_whole_or_not_there(toy_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    config = json.loads((toy_folder / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 4}))
    (broken / "model.safetensors").symlink_to(toy_folder / "model.safetensors")
    with pytest.raises(AssetError, match=r"no tensor model\.layers\.3"):
        export(broken, tmp_path / "out" / "model")
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(AssetError, match="not a model folder"):
        export(tmp_path / "out", tmp_path / "out2")
    with pytest.raises(ConfigError, match="int3"):
        export(toy_folder, tmp_path / "out3", weights="int3")


def test_an_export_is_made_once(toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    asked: list[int] = []

    def source() -> Path:
        asked.append(1)
        return toy_folder

    first, second = exported("toy", source), exported("toy", source)
    assert first == second == tmp_path / "converted" / "toy-int8-v1"
    assert len(asked) == 1
    assert (first / "tokenizer.json").is_file()
    before = (first / "decoder.json").stat().st_ino
    export(toy_folder, first)  # asked for expressly, an old export is replaced
    assert (first / "decoder.json").stat().st_ino != before
    assert [path.name for path in first.parent.iterdir()] == [first.name]


def flip(path: Path) -> None:
    """Change the last byte, as a disk or a hand would: the time of change goes with it."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("name", ["model.onnx.data", "embeddings.npy", "decoder.json", "tokenizer.json"])
def test_a_changed_export_is_refused_or_made_again(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    kept = exported("toy", lambda: toy_folder)
    good = (kept / name).read_bytes()
    assert check(kept) == kept
    flip(kept / name)
    with pytest.raises(AssetError, match=rf"no exported decoder as it was written \({name} has SHA-256 .*export"):
        check(kept)
    assert (exported("toy", lambda: toy_folder) / name).read_bytes() == good
    (kept / name).unlink()
    with pytest.raises(AssetError, match=f"{name} is not there"):
        check(kept)


def test_an_export_is_hashed_once(toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from espressivo.assets import cache

    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    kept = exported("toy", lambda: toy_folder)
    hashed: list[Path] = []
    real = cache.sha256
    monkeypatch.setattr(cache, "sha256", lambda path: hashed.append(path) or real(path))
    assert exported("toy", lambda: toy_folder) == check(kept)
    assert hashed == []
    os.utime(kept / "model.onnx.data", ns=(1, 1))
    assert check(kept) == check(kept)
    assert hashed == [kept / "model.onnx.data"]


def test_an_export_of_another_format_is_made_again(
    toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    manifest = exported("toy", lambda: toy_folder) / "manifest.json"
    written = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(written), "version": 0}))
    with pytest.raises(AssetError, match="of format 0, wanted 1"):
        check(manifest.parent)
    exported("toy", lambda: toy_folder)
    assert manifest.read_text() == written


def test_two_first_runs_export_once(toy_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPRESSIVO_HOME", str(tmp_path))
    asked: list[int] = []

    def source() -> Path:
        asked.append(1)
        time.sleep(0.5)
        return toy_folder

    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(check(exported("toy", source)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert found == [tmp_path / "converted" / "toy-int8-v1"] * 3
