"""No reports home: MediaPipe's own builds tell their maker about each use, and offer no switch.

They are sent by libcurl, mostly when a model is closed (seen with strace on 1.2.2; also MediaPipe's issue 6291). What
libcurl heeds is a proxy in the C library's environment. So while any of its models is open, that is set to an address
on this machine where nothing listens; Python's own `os.environ`, and so everything else that this process asks for,
stays as it is.

The C environment has no lock: who adds or removes a variable can move the table while another thread looks something
up in it. Setting the variable once and for ever would avoid that, but every program started later without `env=` (a
user's git, curl or pip) would inherit a dead proxy for good, and that is a fault that always strikes instead of one
that hardly ever does. So there is neither: one entry of ours is put into the table once, and from then on only its
first letter changes, between `https_proxy` and a name that nobody asks for. Nothing is moved and nothing is freed.
A program started without `env=` *while* a face is tracked does inherit the dead proxy; pass `env=os.environ` to avoid
that.
"""

from __future__ import annotations

import ctypes
import threading
from functools import cache
from typing import Any

NOWHERE = b"http://127.0.0.1:9"
VARIABLE = b"https_proxy"
_ASLEEP = b"_"

_lock = threading.Lock()
_open = 0
_before: bytes | None = None
_entry: Any = None


def hold() -> None:
    """From now on reports go nowhere, until as many `release` calls as `hold` calls were made."""
    global _open
    with _lock:
        _open += 1
        if _open == 1:
            _divert()


def release() -> None:
    """Puts the environment back as it was when the last model is closed."""
    global _open
    with _lock:
        _open -= 1
        if _open == 0:
            _restore()


def _divert() -> None:
    global _before, _entry
    library = _library()
    _before = library.getenv(VARIABLE)
    if _before is not None:  # the user's own proxy: its entry changes its value and keeps its place
        library.setenv(VARIABLE, NOWHERE, 1)
        return
    _entry = _lasting(NOWHERE)
    _entry[0] = VARIABLE[:1]
    if library.getenv(VARIABLE) is None:  # not in the table, or no more: someone has set and unset the variable since
        library.putenv(_entry)


def _restore() -> None:
    if _before is not None:
        _library().setenv(VARIABLE, _before, 1)
    else:
        _entry[0] = _ASLEEP


@cache
def _lasting(value: bytes) -> Any:
    """An entry for the table; the table points into it, so it must never be freed."""
    return ctypes.create_string_buffer(VARIABLE + b"=" + value)


class _Elsewhere:
    """Where the C library has no setenv (Windows): nothing is done."""

    def __getattr__(self, name: str) -> Any:
        return lambda *arguments: None


@cache
def _library() -> Any:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):
        return _Elsewhere()
    if not hasattr(library, "setenv"):
        return _Elsewhere()
    library.getenv.restype = ctypes.c_char_p
    return library
