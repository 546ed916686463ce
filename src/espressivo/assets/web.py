"""Plain downloads over the network, with the certificates and the proxy that pip is set to use."""

from __future__ import annotations

import base64
import os
import ssl
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit, urlunsplit

from espressivo.assets.cache import CHUNK, UnavailableError

TIMEOUT = 30.0

Settings = dict[str, str]
"""pip's settings by name: "cert", "proxy", "index-url" …"""


def offline() -> bool:
    """Whether ESPRESSIVO_OFFLINE forbids every connection that would leave this machine."""
    return os.environ.get("ESPRESSIVO_OFFLINE", "0") not in ("", "0")


def open_address(address: str, settings: Settings) -> IO[bytes]:
    """An open answer to a GET of `address`. Raises OSError or HTTPException."""
    answer: IO[bytes] = _opener(settings).open(_request(address), timeout=TIMEOUT)
    return answer


def stream(address: str, settings: Settings) -> Iterator[bytes]:
    """The bytes at `address`, piece by piece. Raises UnavailableError with the reason if the network fails."""
    try:
        with open_address(address, settings) as answer:
            while chunk := answer.read(CHUNK):
                yield chunk
    except (OSError, HTTPException) as error:
        raise UnavailableError(f"it cannot be reached ({reason(error)})") from error


def reason(error: Exception) -> str:
    """The few words of a network error that tell a person something, on one line."""
    inner = getattr(error, "reason", error)
    text = str(getattr(inner, "strerror", None) or inner)
    return " ".join(text.split()) or type(error).__name__


def _pip_authorities() -> str | None:
    """The certificates pip carries: some Python builds find none of the system's."""
    try:
        from pip._vendor import certifi
    except ImportError:
        return None
    return str(certifi.where())


def _opener(settings: Settings) -> urllib.request.OpenerDirector:
    trust = ssl.create_default_context()
    authorities = settings.get("cert") or _pip_authorities()
    if authorities:
        folder = Path(authorities).is_dir()
        trust.load_verify_locations(capath=authorities) if folder else trust.load_verify_locations(authorities)
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
