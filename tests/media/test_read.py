"""Every way into a Clip."""

from __future__ import annotations

import functools
import http.server
import io
import os
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from making import Maker, number_of, refusal, tone

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
    for bad, says in (
        ({"start": 2.5}, "begin before its end"),
        ({"start": 1e308}, "cannot begin at 1e+308 s"),
        ({"start": -1}, "before its beginning"),
        ({"start": 1, "end": 0.5}, "cannot take 1.00–0.50 s"),
        ({"start": float("nan")}, "not a number"),
        ({"end": float("nan")}, "not a number"),
        ({"start": "a"}, "got 'a' as the start"),
        ({"end": 10**400}, "no number of seconds"),
    ):
        assert says in refusal(talk, **bad)


def test_trimming_past_the_shorter_part_leaves_the_longer(make: Maker) -> None:
    clip = read(make.media("short.mkv", times=TIMES[:10], sound=tone(2, 16_000), sound_codec="pcm_s16le"))
    late = clip.trim(1.0, 1.5)
    assert late.video is None
    assert len(late.sound.samples) == 8000
    both = clip.trim(0.2, 1.0)
    assert len(both.video) == 5
    assert both.duration == pytest.approx(0.8)
    assert both.trim(0.5, 0.8).video is None


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
    assert "lost a slash as a pathlib.Path" in refusal(Path(f"{served}/a.wav"))


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
