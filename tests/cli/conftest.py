"""The command line as a user meets it: arguments in; exit code, output and complaints out."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from espressivo.cli import main


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line of a refusal; fails the test if there is anything else."""
        assert self.code == 2, self
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("espressivo: ")
        return lines[0]


Run = Callable[..., Ended]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`run("converse", path, "-o", folder)`; captured by file descriptor, so that a library's own noise counts too."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["espressivo", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capfd.readouterr()
        return Ended(code, captured.out, captured.err)

    return call
