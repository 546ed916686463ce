"""The code in README and docs runs as it stands there, block after block."""

import re
import subprocess
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


TRACKED = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True).stdout.splitlines()
MEDIA = (".mp4", ".wav", ".opus", ".flac", ".mp3", ".jpg", ".png", ".webp")
MACHINE = re.compile(r"(?<![\w.~$/])/(?:home|root|work|Users|mnt)/\w")


@pytest.mark.skipif(not TRACKED, reason="not a git checkout")
def test_no_path_of_a_machine() -> None:
    texts = [REPOSITORY / name for name in TRACKED if not name.endswith((*MEDIA, ".safetensors"))]
    assert [str(path) for path in texts if path.is_file() and MACHINE.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.skipif(not TRACKED, reason="not a git checkout")
def test_no_recording_but_the_made_up_example() -> None:
    """The sounds to listen to are synthetic voices: tests/examples/test_listening.py."""
    media = {name for name in TRACKED if name.endswith(MEDIA) and not name.startswith("docs/sounds/")}
    assert media == {"examples/talking_face.mp4", "examples/portrait.jpg", "docs/images/conversation.webp"}
