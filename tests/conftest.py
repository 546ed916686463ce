"""What every test may ask for: the real corpora and the pinned weights, or a clear reason why a test is skipped.

A test that needs real recordings carries `@pytest.mark.corpus` and takes the fixture `data_root`; one that needs
pinned weights carries `@pytest.mark.weights` and takes `asset`. Where they are out of reach such a test is skipped,
unless ESPRESSIVO_REQUIRE_DATA=1 (corpora) or ESPRESSIVO_REQUIRE_WEIGHTS=1 (weights) says that they must be there.
"""

import os
from collections.abc import Callable, Generator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests import shapes  # noqa: F401  before anything of espressivo

REPOSITORY = Path(__file__).resolve().parents[1]


def corpus_root() -> Path | None:
    """The folder of the corpora: ESPRESSIVO_DATA, else ../shared/data beside the repository; None if absent."""
    given = os.environ.get("ESPRESSIVO_DATA")
    root = Path(given).expanduser() if given else REPOSITORY.parent / "shared" / "data"
    return root if root.is_dir() else None


def _absent(what: str, switch: str) -> None:
    if os.environ.get(switch) == "1":
        pytest.fail(f"{switch}=1, but {what}")
    pytest.skip(what)


def _need_corpora() -> Path:
    root = corpus_root()
    if root is None:
        _absent("no real corpora here: set ESPRESSIVO_DATA to the folder that holds them", "ESPRESSIVO_REQUIRE_DATA")
    assert root is not None
    return root


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the real corpora; the test is skipped where there is none."""
    return _need_corpora()


@pytest.fixture
def corpus(data_root: Path) -> Callable[[str], Path]:
    """`corpus("grid")` is that corpus' folder; the test is skipped where it is absent."""

    def folder(name: str) -> Path:
        if not (data_root / name).is_dir():
            _absent(f"no corpus {name!r} under ESPRESSIVO_DATA or ../shared/data", "ESPRESSIVO_REQUIRE_DATA")
        return data_root / name

    return folder


@pytest.fixture(scope="session")
def asset() -> Callable[[str], Path]:
    """`asset("fer")` is the verified file or folder, fetched if need be; skips when it is out of reach."""

    def resolve(name: str) -> Path:
        from espressivo.assets import OutOfReachError, fetch

        try:
            return fetch(name)
        except OutOfReachError as error:
            _absent(f"weights out of reach: {error}", "ESPRESSIVO_REQUIRE_WEIGHTS")
            raise

    return resolve


@pytest.fixture(scope="session")
def say() -> Callable[[str], np.ndarray]:
    """`say(text)`: synthetic speech, float32 at 16 kHz, by a voice that is a dependency: nothing is fetched."""
    from espressivo.engines.voice import HibariVoice

    voice = HibariVoice()
    return cache(lambda text: voice.say(text).at(16_000).samples)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `corpus` is skipped without the corpora even if it forgets to ask for `data_root`."""
    if item.get_closest_marker("corpus"):
        _need_corpora()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test marked `weights` is skipped, not failed, when the weights it loads by itself are out of reach.

    Only that: weights with a wrong hash, or a cache that cannot be written, are failures.
    """
    from espressivo.assets import OutOfReachError

    try:
        return (yield)
    except OutOfReachError as error:
        if item.get_closest_marker("weights"):
            _absent(f"weights out of reach: {error}", "ESPRESSIVO_REQUIRE_WEIGHTS")
        raise
