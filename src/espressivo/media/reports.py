"""No reports home: MediaPipe's own builds tell their maker about each use, and offer no switch.

They are sent by libcurl, mostly when a model is closed (seen with strace on 1.2.2; also MediaPipe's issue 6291). What
libcurl heeds is a proxy in the C library's environment. So while any of its models is open, that is set to an address
on this machine where nothing listens; Python's own `os.environ`, and so everything else that this process asks for,
stays as it is.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any

NOWHERE = b"http://127.0.0.1:9"
VARIABLE = b"https_proxy"

_lock = threading.Lock()
_open = 0
_before: bytes | None = None


def hold() -> None:
    """From now on reports go nowhere, until as many `release` calls as `hold` calls were made."""
    global _open, _before
    with _lock:
        if _open == 0:
            _before = _library().getenv(VARIABLE)
            _library().setenv(VARIABLE, NOWHERE, 1)
        _open += 1


def release() -> None:
    """Puts the environment back as it was when the last model is closed."""
    global _open
    with _lock:
        _open -= 1
        if _open > 0:
            return
        if _before is None:
            _library().unsetenv(VARIABLE)
        else:
            _library().setenv(VARIABLE, _before, 1)


class _Elsewhere:
    """Where the C library has no setenv (Windows): nothing is done."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


@cache
def _library() -> Any:
    library = ctypes.CDLL(None)
    if not hasattr(library, "setenv"):
        return _Elsewhere()
    library.getenv.restype = ctypes.c_char_p
    return library
