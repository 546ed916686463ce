"""Reading model folders: a config as what it was, and one plain line on whatever is not this model."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from espressivo.assets.model import load_config, load_weights, read_config, read_object
from espressivo.errors import AssetError, ConfigError


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def put(folder: Path, model: nn.Module, config: dict[str, object]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return put(tmp_path / "model", net(), {"width": 4})


def test_weights_are_loaded_ready_for_use(tmp_path: Path) -> None:
    first, again = net(), net()
    loaded = load_weights(put(tmp_path / "model", first, {}), again)
    assert loaded is again
    assert not loaded.training
    for name, value in first.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)


def test_weights_take_the_precision_of_the_model(tmp_path: Path) -> None:
    first = nn.Linear(3, 4)
    folder = put(tmp_path / "model", first.half(), {})
    assert load_weights(folder, nn.Linear(3, 4)).weight.dtype == torch.float32


def test_an_object_is_what_the_file_says(saved: Path) -> None:
    assert load_config(saved) == read_object(saved, "config.json") == {"width": 4}
    with pytest.raises(AssetError, match=r"is not a model's folder: training\.json: no such file"):
        read_object(saved, "training.json")


def spoil(folder: Path, how: str) -> None:
    weights = folder / "model.safetensors"
    if how == "missing":
        weights.unlink()
    elif how == "cut":
        weights.write_bytes(weights.read_bytes()[:-10])
    elif how == "another's":
        put(folder, nn.Linear(9, 9), {})
    elif how == "not finite":
        broken = net()
        broken[0].weight.data[0, 0] = float("nan")  # type: ignore[index]
        put(folder, broken, {})


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
