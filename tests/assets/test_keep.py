"""`espressivo assets`: what the list shows, and a check that does not stop at the first bad file."""

import os
import sys

import pytest

from espressivo import assets
from espressivo.cli import main
from tests.assets.fake_index import World


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["espressivo", *words])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0), *capsys.readouterr()


def test_the_list_in_a_pipe_keeps_rows_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(monkeypatch, capsys, "assets", "list")
    head, *lines = out.splitlines()
    assert code == 0
    assert head.split()[:5] == ["name", "here", "MB", "licence", "permissive"]
    assert [line.split()[0] for line in lines] == [row.name for row in assets.describe()]
    rows = {line.split()[0]: line for line in lines}
    assert "  no  " in rows["fer"]
    assert "FER2013" in rows["fer"]
    assert "  no  " in rows["random-face"]
    assert "FFHQ" in rows["random-face"]
    assert "  no  " in rows["voice-emotion-nc"]
    assert "shipped" in rows["voice-emotion"]
    assert "not confirmed" in rows["voice-emotion"]
    assert "  yes  " in rows["minilm"]


def test_permissive_leaves_the_others_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(monkeypatch, capsys, "assets", "list", "--licence", "permissive")
    names = {line.split()[0] for line in out.splitlines()[1:]}
    assert names == {row.name for row in assets.describe() if row.permissive}
    assert not names & {"fer", "random-face", "voice-emotion-nc"}


def spoil(name: str) -> None:
    place = assets.cache.folder(name)
    for path in place.glob("*.bin"):
        path.write_bytes(path.read_bytes()[:-1] + b"!")
        os.utime(path, ns=(1, 1))


def test_verify_goes_on_and_names_every_bad_one(
    by_hand: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("alpha", "joined", "gamma"):
        assets.fetch(name)
    assert run(monkeypatch, capsys, "assets", "verify")[:2] == (0, "3 sets of weights are exactly as pinned\n")
    spoil("alpha")
    spoil("gamma")
    code, out, said = run(monkeypatch, capsys, "assets", "verify")
    assert (code, out) == (2, "")
    first, second, last = said.splitlines()
    assert first.startswith("espressivo: alpha: alpha.bin has SHA-256")
    assert second.startswith("espressivo: gamma: gamma.bin has SHA-256")
    assert last == "espressivo: 2 of 3 sets of weights are not as pinned: alpha, gamma"


def test_one_bad_one_is_one_line(
    by_hand: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assets.fetch("alpha")
    spoil("alpha")
    code, _, said = run(monkeypatch, capsys, "assets", "verify")
    assert code == 2
    assert len(said.splitlines()) == 1
    assert "removed: get it again with `espressivo assets fetch alpha`" in said
