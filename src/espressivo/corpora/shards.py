"""Shards: the sound of many items in a few large files, read from one end to the other.

Millions of small files are slow to open, over a network above all. A shard is Lhotse's Shar format, so that Lhotse's
own loaders read it too: `cuts.000000.jsonl.gz` has a cut a line, and `recording.000000.tar` for each of them its
sound as FLAC, then what Lhotse wants to know about it. Pictures have no place in it.
Format: https://lhotse.readthedocs.io/en/latest/cuts.html (Lhotse Shar).
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from espressivo.clip import SPEECH_RATE, Clip
from espressivo.corpora.cuts import cut_of, item_of
from espressivo.corpora.item import Item
from espressivo.corpora.recorded import Medium, Recorded
from espressivo.errors import InputError, OutputError
from espressivo.media.files import writing_folder
from espressivo.media.read import from_arrays

SIZE = 1000  # items a shard: about 100 MB of utterances


@dataclass(frozen=True, kw_only=True)
class Packed(Recorded):
    """An item that carries its sound with it, as the bytes of a FLAC file. `path` is where it was taken from."""

    flac: bytes = field(repr=False)

    def clip(self) -> Clip:
        """Its sound, decoded at once: it is an utterance, and far quicker so than stretch by stretch.

        Raises:
            InputError: the bytes are no sound.
        """
        import soundfile

        try:
            samples, rate = soundfile.read(io.BytesIO(self.flac), dtype="float32")
        except soundfile.SoundFileError as error:
            raise InputError(f"the sound of {self.id} is damaged ({error}): make its shard again") from None
        clip = from_arrays(sound=(samples, rate), name=self.id)
        return replace(clip, text=self.text, speaker=self.speaker, emotion=self.emotion)


def pack(item: Item, rate: int = SPEECH_RATE) -> Packed:
    """`item` with its stretch of sound in it: mono, 16 bit, `rate` Hz.

    Raises:
        InputError: it cannot be opened, or has no sound.
    """
    import soundfile

    if isinstance(item, Packed) and item.medium.rate == rate:
        return item
    sound = item.clip().sound
    if sound is None:
        raise InputError(f"{str(item.path)!r} has no sound to put into a shard")
    samples = sound.at(rate).samples
    with io.BytesIO() as file:
        soundfile.write(file, samples, rate, format="FLAC", subtype="PCM_16")
        flac = file.getvalue()
    whole = {"start": 0.0, "end": None, "face": None}
    return Packed(**{**vars(item), **whole, "medium": Medium(len(samples) / rate, rate, len(samples), 1), "flac": flac})


def write_shards(folder: str | os.PathLike[str], items: Iterable[Item], size: int = SIZE) -> int:
    """Writes the sound of `items` to a folder of shards with `size` items each; returns how many there were.

    Raises:
        InputError: no items, or one that `pack` refuses.
        OutputError: the folder cannot be written; nothing half-written is left.
    """
    count = 0
    with writing_shards(folder, size) as write:
        for item in items:
            write(item)
            count += 1
        if not count:
            raise InputError(f"there are no items to write to {str(folder)!r}")
    return count


@contextmanager
def writing_shards(folder: str | os.PathLike[str], size: int = SIZE) -> Iterator[Callable[[Item], None]]:
    """A function that adds an item to the shards in `folder`, which are there when the block ends well.

    Raises:
        OutputError: the folder cannot be written, or holds shards already, which would be mixed with the new ones.
    """
    if next(Path(folder).glob("cuts.*"), None) is not None:
        raise OutputError(f"{str(folder)!r} holds shards already: give another folder, or delete it first")
    count = 0
    with writing_folder(folder) as part, ExitStack() as opened:
        cuts = tar = None

        def write(item: Item) -> None:
            nonlocal cuts, tar, count
            if count % size == 0:
                opened.close()
                number = f"{count // size:06d}"
                cuts = opened.enter_context(gzip.open(part / f"cuts.{number}.jsonl.gz", "wt", encoding="utf-8"))
                tar = opened.enter_context(tarfile.open(part / f"recording.{number}.tar", "w"))
            assert cuts is not None
            assert tar is not None
            packed = pack(item)
            cut = cut_of(packed)
            cut["recording"]["sources"] = [{"type": "shar", "channels": [0], "source": ""}]
            _add(tar, f"{packed.id}.flac", packed.flac)
            _add(tar, f"{packed.id}.json", json.dumps(cut["recording"]).encode())
            print(json.dumps(cut), file=cuts)
            count += 1

        yield write


def read_shards(folder: Path) -> Iterator[Packed]:
    """The items of the shards in `folder`, in order, each with its sound; one is in memory at a time.

    Raises:
        InputError: no shards there, or one that is cut off.
    """
    for manifest in _manifests(folder):
        tar = manifest.with_name(manifest.name.replace("cuts.", "recording.", 1).removesuffix(".jsonl.gz") + ".tar")
        with _reported(tar), tarfile.open(tar, "r|") as sounds:
            yield from _shard(_cuts(manifest), sounds, tar)


def read_labels(folder: Path) -> Iterator[tuple[str, Recorded]]:
    """What the cuts of the shards in `folder` tell, and where each stands; their sound is left alone.

    Raises:
        InputError: as `read_shards`, of the cuts.
    """
    for manifest in _manifests(folder):
        for number, item in _cuts(manifest):
            yield f"{manifest.name} line {number}", item


def _manifests(folder: Path) -> list[Path]:
    found = sorted(folder.glob("cuts.*.jsonl.gz"))
    if not found:
        raise InputError(f"no shards in {str(folder)!r}: it should hold cuts.000000.jsonl.gz and recording.000000.tar")
    return found


def _cuts(manifest: Path) -> Iterator[tuple[int, Recorded]]:
    """The items of a shard's cuts, each with its line."""
    with _reported(manifest), gzip.open(manifest, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _cut(line, f"{str(manifest)!r} line {number}", manifest.parent)


def _cut(line: str, where: str, folder: Path) -> Recorded:
    try:
        return _described(json.loads(line), folder)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{where} is not a cut ({type(error).__name__}: {error}): make its shard again") from None


@contextmanager
def _reported(shard: Path) -> Iterator[None]:
    """What is wrong with a file of a shard, as one line."""
    try:
        yield
    except (
        OSError,
        EOFError,
        zlib.error,
        tarfile.TarError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the shard {str(shard)!r} is cut off or damaged ({error}): make it again") from None


def _shard(cuts: Iterable[tuple[int, Recorded]], sounds: tarfile.TarFile, tar: Path) -> Iterator[Packed]:
    members = iter(sounds)
    for _, item in cuts:
        sound = next(members, None)
        if sound is None or not sound.name.startswith(f"{item.id}."):
            raise InputError(f"{str(tar)!r} does not go with its cuts (at {item.id}): make it again")
        data = sounds.extractfile(sound)
        assert data is not None
        flac = data.read()
        next(members, None)  # what Lhotse wants to know, which the cut says too
        _forget(sounds)
        yield Packed(**{**vars(item), "flac": flac})


def _described(cut: dict[str, Any], folder: Path) -> Recorded:
    """The item of a shard's cut, whose source is the shard: here it is where the recording was taken from."""
    recording = cut["recording"]
    recording["sources"] = [{**recording["sources"][0], "type": "file", "source": recording["id"]}]
    return item_of(cut, folder)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))
    _forget(tar)


def _forget(tar: tarfile.TarFile) -> None:
    """A TarFile remembers every member it has met; a shard goes by once."""
    tar.members.clear()  # type: ignore[attr-defined]
