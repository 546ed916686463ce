"""A small world for the asset tests: a registry of tiny files, their wheels, an empty cache, no network."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from espressivo.assets import registry
from tests.assets.fake_index import ALPHA, BETA, GAMMA, World, write_registry, write_source_archive, write_wheel


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """`alpha` is one file, `joined` a folder whose first file has two parts, `gamma` sits in a source archive."""
    made = World(tmp_path / "index", tmp_path / "home", tmp_path / "registry.toml")
    made.index.mkdir()
    write_wheel(made.wheel("one"), {"one/alpha.bin": ALPHA, "one/__init__.py": b"raise SystemExit('ran')"})
    write_wheel(made.wheel("two"), {"two/beta": BETA})
    boom = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
    write_source_archive(made.index / "three-1.0.tar.gz", {"js/gamma.bin": GAMMA, "setup.py": boom})
    made.registry.write_text(write_registry(made.index))
    monkeypatch.setattr(registry, "REGISTRY", made.registry)
    monkeypatch.setenv("ESPRESSIVO_HOME", str(made.home))
    for name in list(os.environ):
        if name.startswith("PIP_") or name in ("ESPRESSIVO_ASSETS", "ESPRESSIVO_OFFLINE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.index))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return made


@pytest.fixture
def by_hand(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same world with the wheels in ESPRESSIVO_ASSETS and every network switched off: quick."""
    monkeypatch.setenv("ESPRESSIVO_ASSETS", str(world.index))
    monkeypatch.setenv("ESPRESSIVO_OFFLINE", "1")
    return world


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it makes every connection and every new process an error for the rest of the test."""

    def cut() -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("the network was used")

        monkeypatch.setattr("socket.socket.connect", refuse)
        monkeypatch.setattr("socket.getaddrinfo", refuse)
        monkeypatch.setattr("subprocess.Popen", refuse)

    return cut
