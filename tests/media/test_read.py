"""Every way into a Clip, and every way to be refused in one line."""

from __future__ import annotations

import functools
import http.server
import io
import os
import pickle
import threading
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making import Maker, noise, number_of, refusal, tone

from espressivo.errors import InputError
from espressivo.media.read import read

TIMES = [n / 25 for n in range(50)]


class Pipe(io.RawIOBase):
    """A stream that cannot seek, like a socket."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size)


@pytest.fixture
def talk(make: Maker) -> Path:
    """Two seconds of numbered pictures with a tone."""
    return make.media("talk.mp4", times=TIMES, sound=tone(2, 16_000))


def test_a_clip_says_what_it_is(talk: Path) -> None:
    clip = read(talk)
    assert str(clip) == "talk.mp4: 2.00 s, sound at 16 kHz, 50 frames of 64×48 at 25/s"
    assert read(talk, name="me").name == "me"
    assert read(clip) is clip
    assert read(clip, name="again").name == "again"


def test_path_bytes_and_file_objects_give_the_same(talk: Path) -> None:
    sound, frames = read(talk).sound.samples, list(read(talk).video.frames())
    data = talk.read_bytes()
    at_the_end = io.BytesIO(data)
    at_the_end.seek(0, os.SEEK_END)
    with talk.open("rb") as file:
        for source in (str(talk), data, bytearray(data), at_the_end, file, Pipe(data)):
            clip = read(source)
            np.testing.assert_array_equal(clip.sound.samples, sound)
            np.testing.assert_array_equal(list(clip.video.frames()), frames)


def test_sound_and_pictures_of_one_file_object_can_be_read_in_turn(talk: Path) -> None:
    clip = read(io.BytesIO(talk.read_bytes()))
    pairs = list(zip(clip.video.frames(), clip.video.frames(), strict=True))
    assert [number_of(a) for a, _ in pairs] == [number_of(b) for _, b in pairs] == list(range(50))


@pytest.mark.parametrize(
    "name", ["mit Leerzeichen.wav", "Говорит и показывает.wav", "声音 😀 ‘x’.wav", "a:b%03d.wav", "-.wav"]
)
def test_any_file_name(make: Maker, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make.wav(name, tone(0.5, 16_000), 16_000)
    monkeypatch.chdir(path.parent)
    assert read(name).name == name
    assert len(read(name).sound.samples) == 8000
    assert name in refusal(path.parent / f"no {name}")


def test_a_clip_of_a_path_travels_between_processes_and_folders(
    make: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(make.wav("a.wav", tone(0.5, 16_000), 16_000).parent)
    clip = pickle.loads(pickle.dumps(read("a.wav")))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert len(clip.sound.samples) == 8000


def test_a_named_pipe(tmp_path: Path, make: Maker) -> None:
    data = make.wav("a.wav", tone(1, 16_000), 16_000).read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(data,))
    writer.start()
    clip = read(pipe)
    writer.join()
    assert len(clip.sound.samples) == 16_000
    assert len(clip.sound.samples) == 16_000  # a second time


def test_start_and_end_cut_out_that_stretch(talk: Path) -> None:
    clip = read(talk, start=0.4, end=1.2)
    np.testing.assert_allclose(clip.sound.samples, read(talk).sound.samples[6400:19200], atol=1e-4)
    assert [number_of(picture) for picture in clip.video.frames()] == list(range(10, 30))
    assert read(talk, start=1.5).duration == pytest.approx(0.5, abs=0.01)
    assert read(talk, end=99).duration == read(talk).duration
    for bad in ({"start": 2.5}, {"start": -1}, {"start": 1, "end": 0.5}, {"start": float("nan")}):
        assert "lasts 2.00 s" in refusal(talk, **bad)


def test_trimming_past_the_shorter_part_leaves_the_longer(make: Maker) -> None:
    clip = read(make.media("short.mkv", times=TIMES[:10], sound=tone(2, 16_000), sound_codec="pcm_s16le"))
    late = clip.trim(1.0, 1.5)
    assert late.video is None
    assert len(late.sound.samples) == 8000
    both = clip.trim(0.2, 1.0)
    assert len(both.video) == 5
    assert both.duration == pytest.approx(0.8)
    assert both.trim(0.5, 0.8).video is None


# Files that are no good


def test_missing_folder_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "no such file" in refusal(tmp_path / "missing.mp4")
    assert "is a folder" in refusal(tmp_path)
    assert "empty (0 bytes)" in refusal(tmp_path / "empty.mp4")
    assert "bad\\nname" in refusal("bad\nname")
    assert "null" in refusal("a\0b")


def test_what_is_not_media(tmp_path: Path) -> None:
    files = {"words.txt": b"some words\n" * 500, "words.mp4": b"some words\n" * 500, "zero.wav": bytes(50_000)}
    files["random.mp3"] = files["random.bin"] = np.random.default_rng(0).bytes(200_000)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert name in refusal(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "files.zip", "w") as archive:
        archive.writestr("words.txt", "words " * 1000)
    assert "not sound or video" in refusal(tmp_path / "files.zip")


def test_a_file_that_may_not_be_read(make: Maker) -> None:
    path = make.wav("secret.wav", tone(1, 16_000), 16_000)
    path.chmod(0)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root:  # whom no permission stops
        os.seteuid(65534)
    try:
        assert "permission denied" in refusal(path)
    finally:
        if root:
            os.seteuid(0)


def test_gone_or_changed_after_it_was_read(make: Maker) -> None:
    path = make.wav("fleeting.wav", tone(1, 16_000), 16_000)
    clip = read(path)
    make.wav("fleeting.wav", tone(2, 16_000), 16_000)
    with pytest.raises(InputError, match="has changed since"):
        list(clip.sound.blocks())
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        list(clip.sound.blocks())


def test_a_closed_file_object(make: Maker) -> None:
    with make.wav("a.wav", tone(1, 16_000), 16_000).open("rb") as file:
        clip = read(file)
    with pytest.raises(InputError, match="closed file"):
        list(clip.sound.blocks())


def test_header_only(make: Maker) -> None:
    assert "no sound or pictures" in refusal(make.wav("none.wav", np.zeros(0), 16_000))
    whole = make.wav("some.wav", tone(1, 16_000), 16_000).read_bytes()
    assert "no sound or pictures" in refusal(whole[:44])
    assert "not sound or video" in refusal(whole[:10])


def test_an_mp4_without_index(talk: Path) -> None:
    data = talk.read_bytes()
    assert "without its index" in refusal(data[: len(data) // 2])
    half = talk.with_name("half.mp4")
    half.write_bytes(data[: len(data) // 2])
    assert "'" + str(half) + "' is cut off" in refusal(half)


@pytest.mark.parametrize("name", ["a.mkv", "a.webm", "a.ts", "front.mp4"])
def test_a_cut_video_is_read_up_to_the_cut(make: Maker, name: str) -> None:
    pictures = [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(75)]
    codecs = {"codec": "libvpx", "sound_codec": "libopus"} if name == "a.webm" else {}
    options = {"movflags": "faststart"} if name == "front.mp4" else {}
    path = make.media(
        name,
        times=[n / 25 for n in range(75)],
        pictures=pictures,
        sound=noise(3, 48_000),
        rate=48_000,
        mux=options,
        **codecs,
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clip = read(path)
    assert 0.8 < clip.duration < 2.2
    assert len(clip.sound.samples) == len(clip.sound)
    assert len(list(clip.video.frames())) == len(clip.video)
    if name != "a.ts":  # which promises nothing
        assert f"{name}' is cut off" in str(caught[0].message)


def test_a_video_cut_near_its_beginning_is_refused_or_long_enough(make: Maker) -> None:
    pictures = [np.random.default_rng(n).integers(0, 255, (48, 64, 3), np.uint8) for n in range(75)]
    data = make.media("a.mkv", times=[n / 25 for n in range(75)], pictures=pictures, sound=tone(3, 16_000)).read_bytes()
    refusals = []
    for kept in range(200, 40_000, 1500):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                assert read(data[:kept]).duration >= 0.1
            except InputError as error:
                refusals.append(str(error))
    assert any("is cut off after 0.0" in line for line in refusals)
    assert 2 < len(refusals) < 20


def test_a_cut_sound_is_read_up_to_the_cut(make: Maker) -> None:
    data = make.wav("a.wav", noise(3, 16_000), 16_000).read_bytes()
    clip = read(data[: len(data) // 2])
    assert clip.duration == pytest.approx(1.5, abs=0.01)
    np.testing.assert_array_equal(clip.sound.samples, read(data).sound.samples[: len(clip.sound)])


def test_a_coding_that_nobody_knows(talk: Path, make: Maker) -> None:
    wav = bytearray(make.wav("a.wav", tone(1, 16_000), 16_000).read_bytes())
    wav[20:22] = b"\x77\x77"
    assert "is audio in a coding" in refusal(bytes(wav))
    clip = read(talk.read_bytes().replace(b"avc1", b"zzzz"))
    assert clip.video is None
    assert len(clip.sound.samples)


def test_a_playlist_cannot_reach_other_files(make: Maker) -> None:
    path = make.wav("private.wav", tone(1, 16_000), 16_000)
    refusal(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{path}\n#EXT-X-ENDLIST\n".encode())
    refusal(f"ffconcat version 1.0\nfile '{path}'\n".encode())


def test_nothing_is_printed(make: Maker, capfd: pytest.CaptureFixture[str]) -> None:
    data = make.media("a.mp4", times=TIMES, sound=noise(2, 16_000)).read_bytes()
    broken = bytearray(data)
    for at in range(len(data) // 4, len(data) // 2, 97):
        broken[at] ^= 255
    list(read(bytes(broken)).video.frames())
    refusal(data[: len(data) // 2])
    refusal(b"nonsense" * 1000)
    assert capfd.readouterr() == ("", "")


# Addresses


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None: ...

    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_address(make: Maker, served: str) -> None:
    path = make.wav("a.wav", tone(3, 16_000), 16_000)
    clip = read(f"{served}/a.wav")
    assert clip.name == "a.wav"
    np.testing.assert_array_equal(clip.sound.samples, read(path).sound.samples)
    assert "404" in refusal(f"{served}/none.wav")


# What real files hold


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        ("grid/s1/*.mp4", True),
        ("javanese/*.mp4", True),
        ("vasp/*/*.mp4", True),
        ("ravdess/*/*.opus", False),
        ("emodb/wav/*", False),
        ("nemo/samples/*", False),
        ("librispeech/**/*.opus", False),
        ("kathleen/data/*.opus", False),
        ("esc10/*/*.opus", False),
    ],
)
def test_one_file_of_each_corpus(data_root: Path, pattern: str, seen: bool) -> None:
    path = next(data_root.glob(pattern), None)
    if path is None:
        pytest.skip(f"no {pattern} under {data_root}")
    clip = read(path)
    samples = clip.sound.samples
    assert len(samples) == len(clip.sound) > 8000
    assert 0.001 < np.abs(samples).max() <= 1
    assert (clip.video is not None) == seen
    if clip.video is not None:
        pictures = list(clip.video.frames())
        assert len(pictures) == len(clip.video)
        assert pictures[0].shape == (clip.video.size[1], clip.video.size[0], 3)
        assert np.std(pictures[0]) > 10
    with av.open(str(path)) as container:
        assert clip.duration == pytest.approx(container.duration / 1e6, abs=0.05)
