"""Model folders are written whole, loaded as they were saved, and know their data by content."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from espressivo.assets.model import load_config, load_weights
from espressivo.errors import AssetError
from espressivo.training.checkpoint import fingerprint, load_training, save_model


@dataclass
class Config:
    width: int = 4
    names: tuple[str, ...] = ("a", "b")


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_saved_is_loaded_the_same(tmp_path: Path) -> None:
    first = net()
    save_model(tmp_path / "model", first, Config(), "# A model\n")
    again = load_weights(tmp_path / "model", net())
    assert not again.training
    for name, value in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    assert load_config(tmp_path / "model") == {"width": 4, "names": ["a", "b"]}
    assert (tmp_path / "model" / "README.md").read_text() == "# A model\n"


def test_half_is_half_as_large_and_nearly_the_same(tmp_path: Path) -> None:
    big = nn.Linear(200, 200)
    save_model(tmp_path / "full", big, {}, "")
    save_model(tmp_path / "half", big, {}, "", half=True)
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("full", "half")]
    assert sizes[1] < 0.51 * sizes[0]
    again = load_weights(tmp_path / "half", nn.Linear(200, 200))
    assert again.weight.dtype == torch.float32
    torch.testing.assert_close(again.weight, big.weight, rtol=1e-3, atol=1e-4)


def test_tied_weights_can_be_saved(tmp_path: Path) -> None:
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    save_model(tmp_path / "tied", tied, {}, "")
    assert load_weights(tmp_path / "tied", tied) is tied


def test_no_folder_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="no such file"):
        load_training(tmp_path / "nowhere")


def test_a_file_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path\n")
    found = fingerprint(tmp_path / "a.csv")
    assert found["name"] == "a.csv"
    assert str(tmp_path) not in json.dumps(found)
    assert found["sha256"] == hashlib.sha256(b"path\n").hexdigest()


def test_a_folder_is_known_by_the_files_in_it(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "cuts.000000.jsonl.gz").write_bytes(b"abc")
    assert fingerprint(tmp_path / "one")["sha256"] == fingerprint(tmp_path / "two")["sha256"]
    (tmp_path / "two" / "cuts.000000.jsonl.gz").write_bytes(b"abcd")
    assert fingerprint(tmp_path / "one")["sha256"] != fingerprint(tmp_path / "two")["sha256"]
