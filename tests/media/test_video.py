"""Pictures: upright, in step with the sound, one for each tick of the clock asked for."""

from __future__ import annotations

import gc
import io
from typing import Any

import av
import numpy as np
import pytest
from making import Maker, number_of, numbered, tone

from espressivo.clip import Video
from espressivo.errors import InputError
from espressivo.media.read import read

TIMES = [n / 25 for n in range(75)]


class Stream(io.RawIOBase):
    """Where a recorder writes while it records: it can never go back to fill in the duration."""

    def __init__(self) -> None:
        self.data = io.BytesIO()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.data.write(data)


def numbers(video: Video) -> list[int]:
    return [number_of(picture) for picture in video.frames()]


def click(seconds: float, at: float, rate: int) -> np.ndarray:
    sound = np.zeros(round(seconds * rate), np.float32)
    sound[round(at * rate) : round((at + 0.01) * rate)] = 0.9
    return sound


def click_time(samples: np.ndarray) -> float:
    return int(np.argmax(np.abs(samples) > 0.3)) / 16_000


# Which picture at which tick


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mpeg4"), ("a.ts", "libx264")],
)
def test_every_picture_once_at_its_own_rate(make: Maker, name: str, codec: str) -> None:
    clip = read(make.media(name, times=TIMES, codec=codec))
    assert clip.sound is None
    assert numbers(clip.video) == list(range(75))
    assert numbers(clip.video.at(12.5)) == list(range(0, 75, 2))
    assert numbers(clip.video.at(50))[:6] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_thirty_a_second_read_at_thirty_in_spite_of_rounded_stamps(make: Maker, name: str) -> None:
    clip = read(make.media(name, times=[n / 30 for n in range(60)], fps=30))
    assert numbers(clip.video.at(30)) == list(range(60))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_frame_rate_goes_by_time(make: Maker, name: str) -> None:
    """A tick shows the latest picture at or before it."""
    times = [0.0, 0.04, 0.1, 0.35, 0.36, 0.5, 1.0, 1.01, 1.02, 1.5]
    clip = read(make.media(name, times=times))
    wanted = [max(n for n, time in enumerate(times) if time <= tick / 25 + 0.001) for tick in range(38)]
    assert numbers(clip.video)[:38] == wanted


@pytest.mark.parametrize("gop", [1, 12, 250])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.ts", "libx264"), ("a.webm", "libvpx"), ("a.avi", "mpeg4")],
)
def test_a_stretch_is_the_slice_of_the_whole(make: Maker, name: str, codec: str, gop: int) -> None:
    video = read(make.media(name, times=[n / 25 for n in range(200)], codec=codec, gop=gop)).video
    whole = list(video.frames())
    for first, last in ((0, 3), (17, 19), (60, 75), (149, 151), (198, 200)):
        part = list(video.trim(first / 25, last / 25).frames())
        np.testing.assert_array_equal(part, whole[first:last])


def test_one_picture(make: Maker) -> None:
    clip = read(make.media("one.mp4", times=[0.0], pictures=[numbered(77)]))
    assert len(clip.video) == 1
    assert numbers(clip.video) == [77]


def test_a_still(make: Maker) -> None:
    path = make.media("still.png", times=[0.0], pictures=[numbered(5)], codec="png", pix_fmt="rgb24")
    np.testing.assert_array_equal(next(read(path).video.frames()), numbered(5))


def test_a_picture_shown_twice_is_two_arrays(make: Maker) -> None:
    for picture in read(make.media("slow.mp4", times=[0.0, 1.0])).video.frames():
        assert picture.max() < 128
        picture[:] = 255
        break
    first, second, *_ = read(make.folder / "slow.mp4").video.frames()
    first[:] = 255
    assert second.max() < 128


# Sound and pictures on one clock


@pytest.mark.parametrize(
    ("name", "codec", "rate"), [("a.mov", "pcm_s16le", 16_000), ("a.mkv", "libopus", 48_000), ("a.mp4", "aac", 44_100)]
)
def test_a_late_sound_is_heard_late(make: Maker, name: str, codec: str, rate: int) -> None:
    path = make.media(name, times=TIMES, sound=click(2, 0.5, rate), rate=rate, sound_start=0.7, sound_codec=codec)
    clip = read(path)
    assert click_time(clip.sound.samples) == pytest.approx(1.2, abs=0.0015)
    assert not clip.sound.samples[: round(0.6 * 16_000)].any()
    assert numbers(clip.video) == list(range(75))
    assert click_time(clip.trim(1.0, 2.0).sound.samples) == pytest.approx(0.2, abs=0.0015)


@pytest.mark.parametrize("name", ["a.mov", "a.mkv"])
def test_a_late_video_waits_with_its_first_picture(make: Maker, name: str) -> None:
    path = make.media(name, times=[0.48 + t for t in TIMES], sound=click(3, 0.5, 16_000), sound_codec="pcm_s16le")
    clip = read(path)
    assert click_time(clip.sound.samples) == pytest.approx(0.5, abs=0.001)
    assert numbers(clip.video) == [0] * 12 + list(range(75))
    assert numbers(clip.trim(1.0, 1.2).video) == list(range(13, 18))


@pytest.mark.parametrize("name", ["a.mkv", "a.nut", "a.ts"])
def test_a_clock_that_begins_elsewhere(make: Maker, name: str) -> None:
    """Cut from a longer recording, or begun before zero: what counts is the distance between the two."""
    for shift in (100.0, -0.5 if name == "a.nut" else 3.0):
        codec = "mp2" if name == "a.ts" else "pcm_s16le"
        sound = click(3, 1.0, 16_000)
        path = make.media(name, times=[t + shift for t in TIMES], sound=sound, sound_start=shift, sound_codec=codec)
        clip = read(path)
        assert clip.duration == pytest.approx(3, abs=0.1)
        shown = numbers(clip.video)
        assert click_time(clip.sound.samples) - shown.index(25) / 25 == pytest.approx(0, abs=0.041)


def test_a_recording_from_a_browser_has_no_duration(make: Maker) -> None:
    """MediaRecorder's webm: no duration, no index, a duration to be found and seeking to be done without."""
    stream = Stream()
    make.media(
        "live",
        times=[n / 25 for n in range(250)],
        sound=tone(10, 48_000),
        rate=48_000,
        codec="libvpx",
        sound_codec="libopus",
        target=stream,
        container_format="webm",
        gop=30,
    )
    clip = read(stream.data.getvalue())
    assert clip.duration == pytest.approx(10, abs=0.02)
    assert numbers(clip.video) == list(range(250))
    late = clip.trim(5.44, 6.0)
    assert numbers(late.video) == list(range(136, 150))
    np.testing.assert_allclose(late.sound.samples, clip.sound.samples[87_040:96_000], atol=1e-4)


# How pictures lie, and in what colours


@pytest.mark.parametrize(
    ("rotation", "size", "corners"),
    [
        ({"degrees": 0}, (64, 48), "RGBW"),
        ({"degrees": 90}, (48, 64), "GWRB"),
        ({"degrees": 180}, (64, 48), "WBGR"),
        ({"degrees": -90}, (48, 64), "BRWG"),
        ({"degrees": 0, "hflip": True}, (64, 48), "GRWB"),
        ({"degrees": 0, "vflip": True}, (64, 48), "BWRG"),
        ({"degrees": 90, "hflip": True}, (48, 64), "WGBR"),
    ],
)
def test_a_phone_held_any_way(make: Maker, rotation: dict[str, Any], size: tuple[int, int], corners: str) -> None:
    """Degrees count against the clock, as in FFmpeg; the corners are red, green, blue and white as stored."""
    colours = {"R": (250, 0, 0), "G": (0, 250, 0), "B": (0, 0, 250), "W": (250, 250, 250)}
    picture = np.zeros((48, 64, 3), np.uint8)
    for corner, (row, column) in zip("RGBW", ((0, 0), (0, 32), (24, 0), (24, 32)), strict=True):
        picture[row : row + 24, column : column + 32] = colours[corner]
    video = read(make.media("turned.mp4", times=[0, 0.04], pictures=[picture] * 2, rotation=rotation)).video
    assert video.size == size
    for scaled in (video, video.within(40)):
        shown = next(scaled.frames())
        width, height = scaled.size
        assert shown.shape == (height, width, 3)
        assert shown.flags.c_contiguous
        quarters = ((1, 1), (1, 3), (3, 1), (3, 3))
        for corner, (row, column) in zip(corners, quarters, strict=True):
            np.testing.assert_allclose(shown[row * height // 4, column * width // 4], colours[corner], atol=25)


@pytest.mark.parametrize(
    ("codec", "pix_fmt"),
    [
        ("libx264", "yuv420p"),
        ("libx264", "yuv444p"),
        ("libx264", "yuv420p10le"),
        ("libx264", "yuvj420p"),
        ("libx265", "yuv422p10le"),
        ("ffv1", "bgr0"),
        ("mpeg4", "yuv420p"),
        ("libvpx-vp9", "yuv444p"),
    ],
)
def test_colours_of_every_coding(make: Maker, codec: str, pix_fmt: str) -> None:
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[:, :64], picture[:, 64:] = (200, 60, 30), (30, 120, 220)
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = make.media(
        "a.mkv", times=[0, 0.04], pictures=[picture] * 2, size=(128, 96), codec=codec, pix_fmt=pix_fmt, options=options
    )
    shown = next(read(path).video.frames())
    np.testing.assert_allclose(shown[48, [30, 100]], picture[48, [30, 100]], atol=6)


@pytest.mark.parametrize("size", [(161, 121), (1, 1), (17, 64)])
def test_odd_sizes_to_the_pixel(make: Maker, size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    path = make.media("odd.mkv", times=[0, 0.04], pictures=[picture] * 2, size=size, codec="ffv1", pix_fmt="bgr0")
    video = read(path).video
    assert video.size == size
    np.testing.assert_array_equal(next(video.frames()), picture)


def test_pixels_that_are_not_square(make: Maker) -> None:
    video = read(make.media("wide.mp4", times=[0, 0.04], aspect=(4, 3))).video
    assert video.size == (85, 48)
    assert next(video.frames()).shape == (48, 85, 3)


def test_four_k_is_scaled_while_it_is_decoded(make: Maker) -> None:
    pictures = [numbered(n, (3840, 2160)) for n in range(3)]
    path = make.media("big.mp4", times=TIMES[:3], pictures=pictures, size=(3840, 2160), options={"preset": "ultrafast"})
    video = read(path).video
    assert video.size == (3840, 2160)
    small = video.within(640)
    assert small.size == (640, 360)
    shown = list(small.frames())
    assert {picture.shape for picture in shown} == {(360, 640, 3)}
    assert numbers(small) == [0, 1, 2]


def test_used_pictures_are_given_back_at_once(make: Maker) -> None:
    """A frame that refers to itself would wait for the collector: a gigabyte of them, at 4K."""
    video = read(make.media("a.mp4", times=TIMES, rotation={"degrees": 90})).video
    gc.collect()
    gc.disable()
    try:
        before = sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())
        for _ in video.frames():
            pass
        assert sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects()) - before < 5
    finally:
        gc.enable()


def test_pictures_without_any_stamps(make: Maker) -> None:
    clip = read(make.media("bare.h264", times=TIMES))
    assert clip.duration == pytest.approx(3)
    assert numbers(clip.video) == list(range(75))
    assert numbers(clip.trim(2, 2.2).video) == list(range(50, 55))


def test_pieces_of_an_mp4_as_streamed(make: Maker) -> None:
    """Fragments carry no index and no edit list; the pictures come 80 ms after the sound, as the file says."""
    options = {"movflags": "frag_keyframe+empty_moov"}
    clip = read(make.media("pieces.mp4", times=TIMES, sound=tone(3, 16_000), gop=10, mux=options))
    assert numbers(clip.video) == [0, 0, *range(75)]
    assert numbers(clip.trim(2, 2.2).video) == list(range(48, 53))


def test_pictures_that_are_gone(make: Maker) -> None:
    path = make.media("a.mp4", times=TIMES)
    video = read(path).video
    path.unlink()
    with pytest.raises(InputError, match=r"a.mp4' cannot be read: no such file"):
        next(video.frames())
