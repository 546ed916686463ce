"""A clip is a window: trimming gives a smaller one, and nothing is decoded."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from espressivo.clip import Clip, Sound, Video
from espressivo.errors import InputError


class Ramp:
    """A sound whose sample at time t is t, and pictures all of whose pixels are the tick's number."""

    duration = 10.0
    size = (64, 48)

    def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
        times = np.arange(round(start * rate), round(end * rate)) / rate
        yield from np.array_split(times.astype(np.float32) / 10, 7)

    def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
        for tick in range(round(start * fps), round(end * fps)):
            yield np.full((size[1], size[0], 3), tick, np.uint8)


def clip(sound: float | None = 10.0, video: float | None = 10.0) -> Clip:
    return Clip(
        "ramp",
        None if sound is None else Sound(Ramp(), 0.0, sound),
        None if video is None else Video(Ramp(), 0.0, video, Ramp.size),
    )


def test_a_clip_needs_sound_or_pictures() -> None:
    with pytest.raises(InputError, match="neither sound nor pictures"):
        clip(None, None)


def test_trim_gives_just_that_stretch_of_both() -> None:
    part = clip().trim(2.0, 4.0)
    assert part.sound is not None
    assert part.video is not None
    assert part.duration == pytest.approx(2.0)
    assert len(part.sound.samples) == 32_000
    assert part.sound.samples[0] == pytest.approx(0.2)
    assert [frame[0, 0, 0] for frame in part.video.frames()][:2] == [50, 51]
    twice = part.trim(1.0, 1.5)
    assert twice.sound is not None
    assert twice.sound.samples[0] == pytest.approx(0.3)


def test_a_part_that_has_ended_is_dropped() -> None:
    part = clip(sound=10.0, video=3.0).trim(5.0, 6.0)
    assert part.video is None
    assert part.sound is not None


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        (11.0, 12.0, r"cannot begin at 11\.00 s; begin before its end"),
        (1e300, 1e301, r"cannot begin at 1e\+300 s"),
        (3.0, 3.0, r"cannot take 3\.00–3\.00 s"),
        (4.0, 2.0, "the end must lie after the start"),
        (-1.0, 2.0, "give 0 or more"),
        (float("nan"), 2.0, "not a number"),
        (1.0, float("nan"), "not a number"),
    ],
)
def test_an_empty_stretch_is_refused(start: float, end: float, says: str) -> None:
    with pytest.raises(InputError, match=r"ramp lasts 10\.00 s: .*" + says):
        clip().trim(start, end)


@pytest.mark.parametrize("given", ["a", None, True, [1], 10**400])
def test_what_is_no_number_of_seconds(given: Any) -> None:
    with pytest.raises(InputError, match="start"):
        clip().trim(given, 2.0)


def test_samples_are_exactly_as_many_as_promised() -> None:
    short = Sound(Ramp(), 0.0, 1.00003)
    assert len(short.samples) == len(short) == 16_000


@pytest.mark.parametrize(("longest", "size"), [(32, (32, 24)), (640, (64, 48)), (33, (32, 24))])
def test_within_scales_down_only_and_to_even_sides(longest: int, size: tuple[int, int]) -> None:
    video = clip().video
    assert video is not None
    assert video.within(longest).size == size


def test_text_says_what_it_is() -> None:
    assert str(clip()) == "ramp: 10.00 s, sound at 16 kHz, 250 frames of 64×48 at 25/s"
    assert str(clip(sound=None, video=0.04)) == "ramp: 0.04 s, 1 frame of 64×48 at 25/s"
