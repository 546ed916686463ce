"""Warnings of ours are seen at once, whatever comes after; those of libraries are not."""

import logging
import warnings

import pytest

import espressivo.cli
from espressivo.errors import InputError

from .conftest import Run

OURS = espressivo.cli.__file__


@pytest.mark.parametrize("end", [InputError("no data"), KeyboardInterrupt(), RuntimeError("a bug"), None], ids=repr)
def test_ours_are_said_at_once_however_it_ends(
    run: Run, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], end: BaseException | None
) -> None:
    seen: list[str] = []

    def work() -> int:
        for _ in range(2):
            warnings.warn_explicit("the licence\nallows more", UserWarning, OURS, 1)
            warnings.warn_explicit("for programmers", UserWarning, "/lib/torch/nn.py", 1)
            warnings.warn_explicit("soon gone", DeprecationWarning, OURS, 1)
        logging.getLogger("espressivo.somewhere").info("part %d of %d", 1, 2)
        logging.getLogger("torch").info("not this")
        seen.append(capfd.readouterr().err)
        if end is not None:
            raise end
        return 0

    monkeypatch.setattr(espressivo.cli, "_run", work)
    shown, level = warnings.showwarning, logging.getLogger("espressivo").level
    if isinstance(end, RuntimeError):
        with pytest.raises(RuntimeError, match="a bug"):
            run("train")
    else:
        run("train")
    assert seen == ["espressivo: the licence allows more\nespressivo: part 1 of 2\n"]
    assert warnings.showwarning is shown
    assert logging.getLogger("espressivo").level == level
