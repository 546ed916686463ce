"""Model folders: saved is loaded the same, and what is not a model is refused in one line."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from espressivo.assets.model import load_config, load_weights, read_config
from espressivo.errors import AssetError, ConfigError
from espressivo.training.checkpoint import fingerprint, load_training, save_model


@dataclass
class Config:
    width: int = 4
    names: tuple[str, ...] = ("a", "b")


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    save_model(folder, net(), Config(), "# A model")
    return folder


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


def spoil(folder: Path, how: str) -> None:
    weights = folder / "model.safetensors"
    if how == "missing":
        weights.unlink()
    elif how == "cut":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif how == "another's":
        save_model(folder, nn.Linear(9, 9), {}, "")
    elif how == "not finite":
        broken = net()
        broken[0].weight.data[0, 0] = float("nan")  # type: ignore[index]
        save_model(folder, broken, {}, "")


@pytest.mark.parametrize("how", ["missing", "cut", "another's", "not finite"])
def test_damaged_weights_are_refused_in_one_line(saved: Path, how: str) -> None:
    spoil(saved, how)
    with pytest.raises(AssetError, match="does not hold this model's weights") as caught:
        load_weights(saved, net())
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("content", [None, "{", "[1]", b"\xff\xfe"])
def test_a_damaged_config_is_refused(saved: Path, content: str | bytes | None) -> None:
    path = saved / "config.json"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(AssetError, match=r"is not a model's folder: config\.json"):
        load_config(saved)


@dataclass(frozen=True)
class Toy:
    width: int
    names: tuple[str, ...] = ()
    dropout: float = 0.5
    labels: dict[str, str] | None = None
    system: str = "toy"

    def __post_init__(self) -> None:
        if self.width > 9:
            raise ConfigError("it is too wide")


@pytest.mark.parametrize("values", [{"width": 4, "names": ["a"], "system": "toy"}, {"width": 4, "dropout": 0}])
def test_a_config_is_read_as_what_it_was(tmp_path: Path, values: dict[str, object]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(values))
    found = read_config(tmp_path, Toy, "toy")
    names = tuple(values.get("names", ()))  # type: ignore[arg-type]
    assert found == Toy(4, names, dropout=values.get("dropout", 0.5))  # type: ignore[arg-type]
    assert isinstance(found.dropout, float)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"width": 4, "system": "piano"}, "holds a piano model, not toy: give the folder of a toy model"),
        ({"width": 4, "system": ["x" * 999]}, "model, not toy"),
        ({}, "holds no toy model: config.json: 'width' is missing; train or fetch one"),
        ({"width": 4, "heads": 2}, "unknown key 'heads'"),
        ({"width": 4, "y" * 999: 2}, "unknown key"),
        ({"width": "4"}, "width: input should be a valid integer, got '4'"),
        ({"width": 4, "names": ["a", 3]}, "names.1: input should be a valid string, got 3"),
        ({"width": 4, "names": "a"}, "names: input should be a valid array"),
        ({"width": 4, "labels": {"a": 1}}, "labels.a: "),
        ({"width": 4, "labels": ["z" * 999]}, "labels: "),
        ({"width": 10}, "config.json: it is too wide; train"),
    ],
)
def test_another_config_is_refused_in_one_plain_line(tmp_path: Path, values: dict[str, object], says: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(AssetError) as caught:
        read_config(tmp_path, Toy, "toy")
    line = str(caught.value)
    assert says in line
    assert "\n" not in line
    assert len(line) < 400
    assert not [word for word in ("__init__", "argument", "Toy(", "pydantic") if word in line]


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
