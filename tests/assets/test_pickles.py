"""Pickles are read as data only, in one place."""

import os
import re
from pathlib import Path

import pytest

import espressivo
from espressivo.assets import pickles
from espressivo.errors import AssetError


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    import torch

    torch.save({"model": Evil()}, tmp_path / "evil.pt")
    monkeypatch.setattr(pickles, "fetch", lambda name, progress: tmp_path / "evil.pt")
    for source in ("resemblyzer", tmp_path / "evil.pt"):
        with pytest.raises(AssetError, match="not a PyTorch checkpoint of plain tensors"):
            pickles.load_pickle(source)
    assert not (tmp_path / "ran").exists()


def test_a_text_is_a_pinned_name_and_never_a_path(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="no pinned weights are called"):
        pickles.load_pickle(str(tmp_path / "weights.pt"))


def test_what_a_user_names_is_read_and_must_be_a_dictionary(tmp_path: Path) -> None:
    import torch

    torch.save({"model": {"weight": torch.ones(2)}}, tmp_path / "own.pt")
    assert pickles.load_pickle(tmp_path / "own.pt")["model"]["weight"].tolist() == [1, 1]
    torch.save(torch.ones(2), tmp_path / "own.pt")
    with pytest.raises(AssetError, match="names in it"):
        pickles.load_pickle(tmp_path / "own.pt")


def test_no_other_module_unpickles() -> None:
    package = Path(espressivo.__file__).parent
    call = re.compile(r"\btorch\.load\(|\b(un)?pickle\.loads?\(|allow_pickle=True|joblib")
    found = [path.relative_to(package) for path in package.rglob("*.py") if call.search(path.read_text("utf-8"))]
    assert found == [Path("assets/pickles.py")]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("hifigan-universal", "generator"),
        ("whisper-tiny-en", "model_state_dict"),
        ("resemblyzer", "model_state"),
        ("perth", "model"),
        ("distill-mos", "model"),
    ],
)
def test_the_pinned_pickles_are_plain_tensors(name: str, key: str) -> None:
    import torch

    assert all(isinstance(value, torch.Tensor) for value in pickles.load_pickle(name)[key].values())
