"""Pickles are read as data only."""

import os
import pickle
from pathlib import Path

import pytest

from espressivo.assets import pickles


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "ran"),)

    import torch

    torch.save({"model": Evil()}, tmp_path / "evil.pt")
    monkeypatch.setattr(pickles, "fetch", lambda name, progress: tmp_path / "evil.pt")
    with pytest.raises(pickle.UnpicklingError):
        pickles.load_pickle("resemblyzer")
    assert not (tmp_path / "ran").exists()


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
