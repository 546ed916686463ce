"""While a face is tracked, the tracker's maker is not told; everything else keeps its connection."""

import ctypes
import itertools
import os
import socket
import subprocess
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


def table() -> tuple[int | None, int]:
    """Where the C library's table of variables lies, and how many are in it."""
    library = ctypes.CDLL(None)
    entries = ctypes.POINTER(ctypes.c_char_p).in_dll(library, "environ")
    count = next(n for n in itertools.count() if entries[n] is None)
    return ctypes.cast(entries, ctypes.c_void_p).value, count


def test_nothing_moves_under_the_feet_of_other_threads() -> None:
    reports.hold()
    reports.release()
    before = table()
    for _ in range(3):
        reports.hold()
        assert table() == before
        reports.release()
        assert table() == before


def test_a_proxy_of_the_user_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    reports.hold()
    reports.release()
    monkeypatch.setenv("https_proxy", "http://mine:1")
    reports.hold()
    assert proxy() == reports.NOWHERE
    reports.release()
    assert proxy() == b"http://mine:1"
    monkeypatch.delenv("https_proxy")
    reports.hold()
    assert proxy() == reports.NOWHERE
    reports.release()
    assert proxy() is None


def test_programs_started_afterwards_inherit_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("https_proxy", raising=False)

    def inherited() -> str:
        return subprocess.run(["/bin/sh", "-c", "echo $https_proxy"], capture_output=True, text=True, check=True).stdout

    reports.hold()
    assert inherited().strip() == reports.NOWHERE.decode()  # what the docstring warns of
    reports.release()
    assert inherited().strip() == ""


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
