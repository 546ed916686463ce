"""Who is told of a fetch that nobody passed a callback to."""

import contextlib
import threading
from pathlib import Path

import pytest

from espressivo import assets
from espressivo.assets.report import teller
from tests.assets.fake_index import World


def test_a_fetch_without_a_callback_tells_whoever_asked(by_hand: World) -> None:
    told: list[tuple[str, int, int, str]] = []
    with assets.reporting(lambda *step: told.append(step)):
        path = assets.fetch("alpha")
    assert told[-1][:3] == ("alpha", path.stat().st_size, path.stat().st_size)
    told.clear()
    assets.fetch("joined")
    assert told == [], "nobody is told once it is over"


def test_a_callback_of_ones_own_comes_first(by_hand: World) -> None:
    told: list[str] = []
    with assets.reporting(lambda *step: told.append("everyone")):
        assets.fetch("alpha", lambda *step: told.append("own"))
    assert set(told) == {"own"}


def test_worker_threads_are_heard_too(by_hand: World) -> None:
    told: list[str] = []
    with assets.reporting(lambda name, *step: told.append(name)):
        worker = threading.Thread(target=assets.fetch, args=("alpha",))
        worker.start()
        worker.join()
    assert set(told) == {"alpha"}


def test_the_innermost_is_told_and_an_error_ends_it() -> None:
    told: list[str] = []
    with assets.reporting(lambda *step: told.append("outer")):
        with contextlib.suppress(KeyError), assets.reporting(lambda *step: told.append("inner")):
            teller("alpha")(0, 0, "")
            raise KeyError
        teller("alpha")(0, 0, "")
    teller("alpha")(0, 0, "")
    assert told == ["inner", "outer"]


def test_two_threads_that_report_hear_their_own() -> None:
    told: dict[str, list[str]] = {"one": [], "two": []}
    together = threading.Barrier(2)

    def work(name: str) -> None:
        with assets.reporting(lambda asset, *step: told[name].append(asset)):
            together.wait()
            teller(name)(0, 0, "")
            together.wait()

    threads = [threading.Thread(target=work, args=(name,)) for name in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == {"one": ["one"], "two": ["two"]}


@pytest.mark.parametrize(("value", "expected"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)])
def test_offline(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool) -> None:
    monkeypatch.delenv("ESPRESSIVO_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("ESPRESSIVO_OFFLINE", value)
    assert assets.offline() == expected


def test_an_address_is_not_opened_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    from espressivo.errors import InputError
    from espressivo.media.read import read

    monkeypatch.setenv("ESPRESSIVO_OFFLINE", "1")
    with pytest.raises(InputError, match=r"'http://127.0.0.1:9/a.mp4': ESPRESSIVO_OFFLINE=1 forbids connections"):
        read("http://127.0.0.1:9/a.mp4")


def test_a_file_that_may_not_be_read_is_fetched_again(by_hand: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = assets.fetch("alpha")
    (path.parent / assets.cache.STAMP).unlink()
    real = Path.open

    def refuse(self: Path, mode: str = "r", **how: object) -> object:
        if self == path and "r" in mode:
            raise PermissionError(13, "Permission denied")
        return real(self, mode, **how)

    monkeypatch.setattr(Path, "open", refuse)
    assert assets.cached("alpha") is None
