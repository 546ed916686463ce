"""Shards: the same sound comes out, Lhotse agrees, and neither writing nor reading holds them in memory."""

import gzip
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from espressivo.corpora.data import Data, read_data, write_data
from espressivo.corpora.item import Item
from espressivo.corpora.recorded import seconds_of
from espressivo.corpora.shards import Packed, pack, write_shards
from espressivo.errors import InputError, OutputError
from tests.synthetic import tone, write_clip

from .making import wav


def some(folder: Path, count: int = 7) -> list[Item]:
    wav(folder / "a.wav", 5.0)
    return [
        Item(f"a.b/{n}", folder / "a.wav", n / 2, n / 2 + 1.0, f"who-{n % 2}", f"number {n}", "en", "sad", part="train")
        for n in range(count)
    ]


def test_what_comes_out_is_what_went_in(tmp_path: Path) -> None:
    given = some(tmp_path)
    assert write_shards(tmp_path / "shards", given, size=3) == 7
    names = sorted(path.name for path in (tmp_path / "shards").iterdir())
    assert names == [
        f"{what}.00000{n}.{end}" for what, end in (("cuts", "jsonl.gz"), ("recording", "tar")) for n in range(3)
    ]
    data = read_data(tmp_path / "shards")
    (tmp_path / "a.wav").unlink()
    for item, was in zip(data, given, strict=True):
        assert isinstance(item, Packed)
        told = ("id", "speaker", "text", "language", "emotion", "part")
        assert [getattr(item, name) for name in told] == [getattr(was, name) for name in told]
        assert seconds_of(item) == 1.0
        clip = item.clip()
        assert (clip.name, clip.text, clip.speaker, clip.emotion) == (was.id, was.text, was.speaker, "sad")
        assert clip.sound is not None
        begun = round(was.start * 16_000)
        assert np.abs(clip.sound.samples - tone(5.0)[begun : begun + 16_000]).max() < 2e-4
    assert data.speakers() == {"who-0", "who-1"}


def test_lhotse_reads_them(tmp_path: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    write_shards(tmp_path / "shards", some(tmp_path), size=3)
    cuts = list(lhotse.CutSet.from_shar(in_dir=tmp_path / "shards"))
    assert [cut.id for cut in cuts] == [f"a.b/{n}" for n in range(7)]
    assert np.abs(cuts[4].load_audio()[0] - tone(5.0)[32_000:48_000]).max() < 2e-4
    assert cuts[4].supervisions[0].speaker == "who-0"


def test_shards_that_lhotse_wrote(tmp_path: Path) -> None:
    lhotse = pytest.importorskip("lhotse")
    cut = lhotse.Recording.from_file(wav(tmp_path / "a.wav", 2.0)).to_cut().truncate(offset=0.5, duration=1.0)
    (tmp_path / "shards").mkdir()
    lhotse.CutSet.from_cuts([cut.with_id("x"), cut.with_id("y")]).to_shar(tmp_path / "shards", {"recording": "flac"})
    items = list(read_data(tmp_path / "shards"))
    assert [item.id for item in items] == ["x", "y"]
    sound = items[1].clip().sound
    assert sound is not None
    assert np.abs(sound.samples - tone(2.0)[8_000:24_000]).max() < 2e-4


def test_shards_out_of_shards(tmp_path: Path) -> None:
    write_shards(tmp_path / "one", some(tmp_path))
    write_shards(tmp_path / "two", read_data(tmp_path / "one"), size=2)
    one, two = list(read_data(tmp_path / "one")), list(read_data(tmp_path / "two"))
    assert one == two
    with pytest.raises(InputError, match="comes out of a shard"):
        write_data(tmp_path / "d.csv", read_data(tmp_path / "one"))


def test_sound_as_loud_as_can_be_does_not_wrap_around(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.full(1600, 1.5, np.float32), 16_000, subtype="FLOAT")
    sound = pack(Item("a", tmp_path / "a.wav")).clip().sound
    assert sound is not None
    assert sound.samples.min() > 0.99


def test_refusals_leave_nothing(tmp_path: Path) -> None:
    mute = write_clip(tmp_path / "mute.mp4", 0.4, face=False, speech=False, size=64)
    for wrong, says in ([], "no items"), ([*some(tmp_path), Item("mute", mute)], "has no sound to put into a shard"):
        with pytest.raises(InputError, match=says):
            write_shards(tmp_path / "shards", wrong)
        assert not (tmp_path / "shards").exists()
    write_shards(tmp_path / "shards", some(tmp_path))
    with pytest.raises(OutputError, match="holds shards already"):
        write_shards(tmp_path / "shards", some(tmp_path, 1))


def test_damage_is_found(tmp_path: Path) -> None:
    write_shards(tmp_path / "shards", some(tmp_path), size=4)
    tar = tmp_path / "shards" / "recording.000001.tar"
    whole = tar.read_bytes()
    tar.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="000001"):
        list(read_data(tmp_path / "shards"))
    tar.unlink()
    with pytest.raises(InputError, match="000001"):
        list(read_data(tmp_path / "shards"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no shards in"):
        read_data(tmp_path / "empty")


def test_memory_is_flat(tmp_path: Path) -> None:
    packed = pack(Item("x", wav(tmp_path / "a.wav", 2.0)))

    def many() -> Iterator[Packed]:
        for n in range(1500):
            yield Packed(**{**vars(packed), "id": f"item-{n}"})

    tracemalloc.start()
    write_shards(tmp_path / "shards", many(), size=1500)
    written = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    assert sum(1 for _ in read_data(tmp_path / "shards")) == 1500
    read = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(packed.flac) * 1500 > 20e6
    assert max(written, read) < 1e6


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", r"cuts\.000000\.jsonl\.gz' line 2 is not a cut \(JSONDecodeError"),
        ("[]", r"cuts\.000000\.jsonl\.gz' line 2 is not a cut \(TypeError"),
        ('{"type": "MonoCut", "recording": {"sources": []}}', r"jsonl\.gz' line 2 is not a cut \(IndexError"),
        ('{"type": "MonoCut", "recording": 3}', r"jsonl\.gz' line 2 is not a cut"),
    ],
)
def test_a_broken_manifest_is_not_blamed_on_the_sound(tmp_path: Path, line: str, says: str) -> None:
    write_shards(tmp_path / "shards", some(tmp_path))
    manifest = tmp_path / "shards" / "cuts.000000.jsonl.gz"
    first, _, *rest = gzip.decompress(manifest.read_bytes()).decode().splitlines()
    manifest.write_bytes(gzip.compress("\n".join([first, line, *rest]).encode()))
    data = read_data(tmp_path / "shards")  # the first line is well
    for read in (list, Data.speakers):
        with pytest.raises(InputError, match=says):
            read(data)
    manifest.write_bytes(gzip.compress(line.encode()))
    with pytest.raises(InputError, match=says.replace("line 2", "line 1")):
        read_data(tmp_path / "shards")
    manifest.write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"cuts\.000000\.jsonl\.gz' is cut off or damaged"):
        read_data(tmp_path / "shards")
