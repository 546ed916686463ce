"""While a face is tracked, the tracker's maker is not told; everything else keeps its connection."""

import ctypes
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from espressivo.media import reports
from espressivo.media.tracker import MediaPipeTracker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no C setenv on Windows")


def proxy() -> bytes | None:
    library = ctypes.CDLL(None)
    library.getenv.restype = ctypes.c_char_p
    return library.getenv(reports.VARIABLE)


def test_held_until_the_last_release_and_then_as_before() -> None:
    before, shown = proxy(), os.environ.get("https_proxy")
    reports.hold()
    reports.hold()
    reports.release()
    assert proxy() == reports.NOWHERE
    assert os.environ.get("https_proxy") == shown
    reports.release()
    assert proxy() == before


@pytest.mark.weights
def test_a_tracker_reports_nowhere(asset: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its report comes to a socket of ours instead: the detour is what keeps it here, so it must be taken."""
    with socket.create_server(("127.0.0.1", 0)) as nowhere:
        nowhere.settimeout(10)
        monkeypatch.setattr(reports, "NOWHERE", f"http://127.0.0.1:{nowhere.getsockname()[1]}".encode())
        tracker = MediaPipeTracker(asset("face-landmarker"))
        tracker.load()
        assert proxy() == reports.NOWHERE
        tracker.close()
        assert proxy() != reports.NOWHERE
        try:
            asked, _ = nowhere.accept()
        except TimeoutError:
            return  # it has stopped reporting: better still
        with asked:
            asked.settimeout(5)
            assert asked.recv(64).startswith(b"CONNECT play.")
