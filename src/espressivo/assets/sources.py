"""Where the bytes of a pinned file may come from. A source yields bytes and never judges them: the hash does that.

In this order: a folder the user names, a package installed here, the package index, the Hugging Face Hub.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib.metadata
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from espressivo.assets import index, web
from espressivo.assets.cache import CHUNK, RefusedError, Tell, UnavailableError, sha256, writing
from espressivo.assets.registry import Archive, Entry, Part, PinnedFile

Source = Callable[[PinnedFile], Iterator[bytes]]


def sources(item: Entry, work: Path, tell: Tell) -> list[tuple[str, Source]]:
    """The sources worth asking, named for messages. Each raises UnavailableError when it does not have a file,
    without a message when that is no news.
    """
    found: list[tuple[str, Source]] = [(str(place), _Folder(place, item, work)) for place in local_folders()]
    found.append(("packages installed here", _installed))
    if web.offline():
        return [*found, ("network", _switched_off)]
    return [*found, ("package index", _Index(work, tell)), ("Hugging Face Hub", _Hub(tell))]


def local_folders() -> list[Path]:
    """The folders in ESPRESSIVO_ASSETS, which hold wheels or the bare files."""
    given = os.environ.get("ESPRESSIVO_ASSETS", "")
    return [Path(place).expanduser() for place in given.split(os.pathsep) if place]


class _Folder:
    """A folder the user filled by hand: the bare file, loose or in a folder named for the asset, or the archives."""

    def __init__(self, place: Path, item: Entry, work: Path) -> None:
        self.place, self.item, self.work = place, item, work

    def __call__(self, file: PinnedFile) -> Iterator[bytes]:
        names = (Path(self.item.name) / file.name, Path(file.name), Path(Path(file.parts[0].member).name))
        for name in names:
            path = self.place / name
            # Many files are called model.onnx or config.json: one of another size is another file, not a damaged one.
            if path.is_file() and path.stat().st_size == file.bytes:
                return _chunks_of(path)
        return _members(file, self._archive, self.work)

    def _archive(self, archive: Archive) -> Path:
        path = self.place / archive.file
        if not path.is_file():
            raise UnavailableError("not there")
        return path


class _Index:
    """The package index. Each archive is downloaded once, however many files are taken out of it."""

    def __init__(self, work: Path, tell: Tell) -> None:
        self.work, self.tell = work, tell
        self.have: dict[Archive, Path | Exception] = {}

    def __call__(self, file: PinnedFile) -> Iterator[bytes]:
        return _members(file, self._archive, self.work)

    def _archive(self, archive: Archive) -> Path:
        if archive not in self.have:
            try:
                self.have[archive] = self._download(archive)
            except (UnavailableError, RefusedError) as error:
                self.have[archive] = error
        result = self.have[archive]
        if isinstance(result, Exception):
            raise result
        return result

    def _download(self, archive: Archive) -> Path:
        path = index.download(archive, self.work, self.tell)
        digest = sha256(path)
        if digest != archive.sha256:
            path.unlink()
            raise RefusedError(f"{archive.file} has SHA-256 {digest}, wanted {archive.sha256}")
        return path


class _Hub:
    """The Hugging Face Hub, for files whose revision is pinned; plain downloads, since its client retries for long."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.settings: web.Settings | None = None  # asking pip takes half a second: once, and only if needed

    def __call__(self, file: PinnedFile) -> Iterator[bytes]:
        if file.hub is None:
            raise UnavailableError
        from huggingface_hub import constants, hf_hub_url

        if constants.HF_HUB_OFFLINE:
            raise UnavailableError("switched off by HF_HUB_OFFLINE")
        self.tell(0, file.bytes, f"asking the Hugging Face Hub for {file.hub.repository}")
        address = hf_hub_url(file.hub.repository, file.hub.path, revision=file.hub.revision)
        if self.settings is None:
            self.settings = index.pip_settings()
        return web.stream(address, self.settings)


def _switched_off(file: PinnedFile) -> Iterator[bytes]:
    raise UnavailableError("switched off by ESPRESSIVO_OFFLINE")


def _installed(file: PinnedFile) -> Iterator[bytes]:
    """A package that is installed here anyway; its files are read, its code is not imported."""
    paths = []
    for part in file.parts:
        try:
            paths.append(Path(str(importlib.metadata.distribution(part.archive.package).locate_file(part.member))))
        except importlib.metadata.PackageNotFoundError:
            raise UnavailableError from None
    if sum(path.stat().st_size for path in paths if path.is_file()) != file.bytes:
        raise UnavailableError  # another version
    return (chunk for path in paths for chunk in _chunks_of(path))


def _chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _members(file: PinnedFile, locate: Callable[[Archive], Path], work: Path) -> Iterator[bytes]:
    """The parts of `file` out of their archives, joined, without unpacking anything else of a wheel."""
    for part, path in [(part, locate(part.archive)) for part in file.parts]:
        try:
            with _member(path, part, work) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except KeyError:
            raise RefusedError(f"{path.name} holds no {part.member}") from None
        except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
            raise RefusedError(f"{path.name} is damaged or cut short ({error})") from error


@contextlib.contextmanager
def _member(path: Path, part: Part, work: Path) -> Iterator[IO[bytes]]:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel, wheel.open(part.member) as stream:
            yield stream
        return
    with tarfile.open(_inflated(path, work)) as source:
        # A source archive keeps everything under a folder named for itself.
        found = source.extractfile(f"{path.name.removesuffix('.tar.gz')}/{part.member}")
        if found is None:
            raise KeyError(part.member)
        yield found


def _inflated(path: Path, work: Path) -> Path:
    """The plain .tar of a .tar.gz, made once: else each of fifty files would inflate all of it again."""
    plain = work / path.stem
    if not plain.exists():
        part = plain.with_suffix(".part")
        with gzip.open(path) as source:
            while chunk := source.read(CHUNK):
                with writing(work), part.open("ab") as target:
                    target.write(chunk)
        part.rename(plain)
    return plain
