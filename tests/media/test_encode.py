"""What is written can be read back: the same sound, the same pictures, the same words about them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from making import number_of, numbered, tone

from espressivo.errors import InputError, OutputError
from espressivo.media.encode import write_sound, write_video
from espressivo.media.read import read

TAGS = {"comment": "made, not recorded: é 你", "title": "a test"}


def tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        found = {**container.metadata, **container.streams[0].metadata}
    return {key.lower(): value for key, value in found.items()}


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".WAV"])
def test_sound_comes_back(tmp_path: Path, suffix: str, rate: int) -> None:
    path = tmp_path / f"a{suffix}"
    wave = tone(2, rate)
    write_sound(path, wave.astype(np.float64), rate, metadata=TAGS)
    clip = read(path)
    assert clip.duration == pytest.approx(2, abs=1 / rate)
    back = clip.sound.at(rate).samples
    assert len(back) == len(wave)
    wrong = np.mean((back - wave)[rate // 2 : -rate // 2] ** 2) / np.mean(wave**2)
    assert wrong < (1e-8 if suffix in (".wav", ".flac", ".WAV") else 0.01)
    assert TAGS.items() <= tags(path).items()


def test_the_same_sound_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.wav", "b.wav"):
        write_sound(tmp_path / name, tone(1, 22_050), 22_050)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_too_loud_is_clipped_not_wrapped(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", np.array([0.0, 2.0, -2.0, 1.0]), 16_000)
    np.testing.assert_allclose(read(tmp_path / "a.wav").sound.samples, [0, 1, -1, 1], atol=4e-5)


@pytest.mark.parametrize("name", ["a.wav", "a.ogg"])
def test_no_second_copy_of_a_long_sound(tmp_path: Path, name: str) -> None:
    """Ogg is written at another rate, Opus's own."""
    wave = tone(60, 22_050)
    tracemalloc.start()
    write_sound(tmp_path / name, wave, 22_050)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < wave.nbytes / 2
    assert read(tmp_path / name).duration == pytest.approx(60, abs=1e-3)


@pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv"])
def test_video_comes_back_with_its_sound(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_video(path, (numbered(n) for n in range(60)), 30, tone(2, 22_050), 22_050, metadata=TAGS)
    clip = read(path)
    assert [number_of(picture) for picture in clip.video.at(30).frames()] == list(range(60))
    assert clip.sound.duration == pytest.approx(2, abs=0.05)  # AAC comes in whole frames
    assert clip.sound.at(22_050).samples.max() == pytest.approx(0.5, abs=0.05)
    assert TAGS.items() <= tags(path).items()
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.pix_fmt) == ("h264", "yuv420p")
        assert container.streams.audio[0].codec_context.name == "aac"


def test_the_index_stands_in_front_so_that_browsers_can_begin(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [numbered(1)] * 5, 25)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("fps", [12.5, 23.976, 29.97, 60])
def test_frame_rates_that_are_not_whole(tmp_path: Path, fps: float) -> None:
    write_video(tmp_path / "a.mp4", (numbered(n) for n in range(50)), fps)
    clip = read(tmp_path / "a.mp4")
    assert clip.duration == pytest.approx(50 / fps, abs=1e-3)
    assert [number_of(picture) for picture in clip.video.at(fps).frames()] == list(range(50))


def test_odd_sides_grow_by_a_pixel_and_colours_stay(tmp_path: Path) -> None:
    picture = np.full((49, 65, 3), (200, 60, 30), np.uint8)
    write_video(tmp_path / "a.mp4", [picture] * 3, 25)
    clip = read(tmp_path / "a.mp4")
    assert clip.video.size == (66, 50)
    np.testing.assert_allclose(next(clip.video.frames()), np.full((50, 66, 3), (200, 60, 30)), atol=4)


def test_other_encoders_where_there_is_no_x264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("espressivo.media.encode._VIDEO_CODECS", ("no such codec", "mpeg4"))
    write_video(tmp_path / "a.mp4", [numbered(9)] * 10, 25)
    assert number_of(next(read(tmp_path / "a.mp4").video.frames())) == 9


def test_what_cannot_be_written(tmp_path: Path) -> None:
    for samples in (np.zeros(0), np.zeros((2, 5)), np.zeros(5, np.int16), np.array([np.nan])):
        with pytest.raises(InputError):
            write_sound(tmp_path / "a.wav", samples, 16_000)
    with pytest.raises(InputError, match="positive"):
        write_sound(tmp_path / "a.wav", np.zeros(5), 0)
    with pytest.raises(OutputError, match=r"ends in .wav, .flac"):
        write_sound(tmp_path / "a.doc", np.zeros(5), 16_000)
    with pytest.raises(OutputError, match=r"ends in .mp4"):
        write_video(tmp_path / "a.gif", [numbered(1)], 25)
    with pytest.raises(InputError, match="no pictures"):
        write_video(tmp_path / "a.mp4", [], 25)
    with pytest.raises(InputError, match="one size"):
        write_video(tmp_path / "a.mp4", [numbered(1), numbered(1, (32, 32))], 25)
    with pytest.raises(InputError, match="uint8"):
        write_video(tmp_path / "a.mp4", [np.zeros((4, 4, 3))], 25)
    with pytest.raises(InputError, match="both or neither"):
        write_video(tmp_path / "a.mp4", [numbered(1)], 25, tone(1, 16_000))
    with pytest.raises(InputError, match="positive"):
        write_video(tmp_path / "a.mp4", [numbered(1)], 0)
    assert not list(tmp_path.iterdir())
