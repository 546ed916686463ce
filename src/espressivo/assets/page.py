"""One archive from a package index page, without pip, so that no code of the package runs.

The page is the plain one that every index serves: a list of links, one for each file of the package.
"""

from __future__ import annotations

import urllib.request
from html.parser import HTMLParser
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from espressivo.assets import web
from espressivo.assets.cache import Tell, UnavailableError, writing
from espressivo.assets.registry import Archive
from espressivo.assets.web import Settings


def download(archive: Archive, path: Path, settings: Settings, tell: Tell) -> None:
    """Download `archive` to `path` from where pip's `settings` point. Raises UnavailableError, or OutputError."""
    done = 0
    for chunk in web.stream(_find(archive, settings), settings):
        # Opened for each piece, so that what the network refuses is never taken for what the disk refuses.
        with writing(path.parent), path.open("ab") as target:
            target.write(chunk)
        done += len(chunk)
        tell(min(done, archive.bytes), archive.bytes, f"downloading {archive.file}")


def _find(archive: Archive, settings: Settings) -> str:
    """The address of the archive: in a folder or page of find-links, or on the page of an index."""
    places = settings.get("find-links", "").split()
    if settings.get("no-index", "0").lower() in ("0", "false", "no", ""):
        indexes = [settings.get("index-url") or _default_index(), *settings.get("extra-index-url", "").split()]
        places += [f"{index.rstrip('/')}/{archive.package}/" for index in indexes if index]
    failure: Exception = UnavailableError(f"it has no {archive.file}")
    for place in places:
        try:
            if (address := _address(place, archive.file, settings)) is not None:
                return address
        except HTTPError as error:
            failure = failure if error.code == 404 else UnavailableError(f"it answered {error.code}")
        except (OSError, HTTPException) as error:
            failure = UnavailableError(f"it cannot be reached ({web.reason(error)})")
    raise failure


def _address(place: str, name: str, settings: Settings) -> str | None:
    if urlsplit(place).scheme in ("", "file"):
        local = Path(urllib.request.url2pathname(urlsplit(place).path)).expanduser().absolute()
        if (local / name).is_file():
            return (local / name).as_uri()
        page = local / "index.html" if local.is_dir() else local
        if not page.is_file():
            return None
        place = page.as_uri()
    with web.open_address(place, settings) as answer:
        links = _Links()
        links.feed(answer.read().decode("utf-8", "replace"))
        base = answer.geturl() if isinstance(answer, HTTPResponse) else place
    for link in links.found:
        address = urljoin(base, link)
        if unquote(urlsplit(address).path).endswith("/" + name):
            return _with_password_of(place, address)
    return None


def _with_password_of(place: str, address: str) -> str:
    """`address` without its fragment, and with the name and password of `place` if both are on one host."""
    ours, theirs = urlsplit(place), urlsplit(address)._replace(fragment="")
    same = (ours.hostname, ours.port) == (theirs.hostname, theirs.port)
    return urlunsplit(theirs._replace(netloc=ours.netloc) if same else theirs)


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
