"""The code in README and docs runs as it stands there, block after block."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.weights
@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=lambda page: page.name)
def test_code_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").symlink_to(REPOSITORY / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.findall(page.read_text()):
        exec(compile(block, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_no_path_of_a_machine_and_no_corpus_of_people() -> None:
    tracked = [p for p in REPOSITORY.rglob("*") if p.is_file() and not {".git", ".venv"} & set(p.parts)]
    media = [p for p in tracked if p.suffix in {".mp4", ".wav", ".opus", ".flac", ".jpg"}]
    folders = {REPOSITORY / "examples", REPOSITORY / "docs", REPOSITORY / "demo-output"}
    assert [str(p) for p in media if not folders & set(p.parents)] == []
