"""Files that are no good: refused in one line, or read as far as they go."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from making import Maker, noise, refusal, tone

from espressivo.errors import InputError
from espressivo.media.read import read

TIMES = [n / 25 for n in range(50)]


@pytest.fixture
def talk(make: Maker) -> Path:
    """Two seconds of numbered pictures with a tone."""
    return make.media("talk.mp4", times=TIMES, sound=tone(2, 16_000))


def test_missing_folder_and_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    assert "no such file" in refusal(tmp_path / "missing.mp4")
    assert "is a folder" in refusal(tmp_path)
    assert "is empty: give" in refusal("")
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
    path = make.wav("a.wav", noise(3, 16_000), 16_000)
    data = path.read_bytes()
    path.with_name("half.wav").write_bytes(data[: len(data) // 2])
    for source in (path.with_name("half.wav"), data[: len(data) // 2]):
        with pytest.warns(UserWarning, match=r"is cut off: 1\.50 s of 3\.00 s are there"):
            clip = read(source)
        assert clip.duration == pytest.approx(1.5, abs=0.01)
        np.testing.assert_array_equal(clip.sound.samples, read(data).sound.samples[: len(clip.sound)])
    assert "is cut off after 0.03 s of 3.00 s" in refusal(data[:1044])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 96_000, 90_000])
@pytest.mark.filterwarnings("error")
def test_a_wav_that_does_not_know_its_size_is_not_cut(make: Maker, size: int) -> None:
    """Who writes into a pipe cannot go back to put the size in."""
    data = make.wav("a.wav", noise(3, 16_000), 16_000).read_bytes()
    note = b"LIST" + (5).to_bytes(4, "little") + b"INFO\0\0"
    clip = read(data[:36] + note + b"data" + size.to_bytes(4, "little") + data[44:])
    assert clip.duration == pytest.approx(3 if size != 90_000 else 90 / 32)


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


def test_a_title_in_no_known_script_is_no_reason_to_refuse(make: Maker) -> None:
    """Old editors wrote titles in the script of their country; the sound is as good as any."""
    path = make.wav("titled.wav", tone(1, 16_000), 16_000)
    title = b"LIST" + (16).to_bytes(4, "little") + b"INFOINAM" + (4).to_bytes(4, "little") + b"\xff\xfea\xe9"
    data = path.read_bytes() + title
    path.write_bytes(data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:])
    sound = read(path).sound
    assert sound is not None
    assert len(sound.at(16_000).samples) == 16_000
