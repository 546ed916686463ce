"""Whose face is whose, and whose is taken."""

from collections.abc import Iterator

import numpy as np
import pytest
from drawn_face import CodedTracker, centre, coded, use_coded, video_of

from espressivo.clip import Sound, Video
from espressivo.errors import ConfigError
from espressivo.media import face as module
from espressivo.media.face import track
from espressivo.media.people import CHOICES, register

NOBODY = coded()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> list[CodedTracker]:
    return use_coded(monkeypatch)


def test_two_people_are_not_mixed_up_when_their_order_changes(stub: list[CodedTracker]) -> None:
    people = [((20 + n // 10, 50, 25, 0), (70, 50, 30, 0)) for n in range(80)]
    pictures = [coded(*(pair if n % 3 else pair[::-1])) for n, pair in enumerate(people)]
    result = track(video_of(pictures))
    assert result.measured.all()
    assert (result.faces == 2).all()
    np.testing.assert_allclose(centre(result)[:, 0], 70, atol=0.1)


def test_the_largest_is_the_one_with_most_area_over_the_clip(stub: list[CodedTracker]) -> None:
    pictures = [coded((25, 50, 25, 0), *([(75, 50, 35, 0)] if n < 5 else [])) for n in range(60)]
    result = track(video_of(pictures))
    assert result.measured.all()
    np.testing.assert_allclose(centre(result)[:, 0], 25, atol=0.1)
    assert result.faces[:5].tolist() == [2] * 5
    assert result.faces[10:].tolist() == [1] * 50


def test_whoever_appears_far_from_the_last_face_is_someone_else(stub: list[CodedTracker]) -> None:
    result = track(video_of([coded((25, 50, 25, 0))] * 30 + [coded((75, 50, 25, 0))] * 10))
    assert result.measured.tolist() == [True] * 30 + [False] * 10


def talk(seconds: float, seed: int) -> np.ndarray:
    """A slow random wave at 25 Hz, 0 to 1: a mouth, or the loudness that goes with it."""
    wave = np.convolve(np.random.default_rng(seed).standard_normal(round(seconds * 25) + 8), np.ones(8) / 8, "valid")
    return (wave[: round(seconds * 25)] - wave.min()) / np.ptp(wave)


def spoken(mouth: np.ndarray, rate: int = 16_000) -> Sound:
    """A tone as loud as the mouth is open."""

    class Tone:
        duration = len(mouth) / 25

        def blocks(self, start: float, end: float, rate: int) -> Iterator[np.ndarray]:
            times = np.arange(round((end - start) * rate)) / rate
            loud = np.interp(times * 25 - 0.5, np.arange(len(mouth)), mouth)
            yield from np.array_split((loud * np.sin(2 * np.pi * 200 * times)).astype(np.float32), 7)

    return Sound(Tone(), 0.0, len(mouth) / 25, rate)


def two_talkers(still: bool = False) -> tuple[Video, np.ndarray]:
    """On the left a small face, and what it says; on the right a big one that moves its mouth three times as much."""
    left, right = talk(4, 1), talk(4, 2)
    mouths = zip(60 + 60 * left, 0 * right if still else 60 + 180 * right, strict=True)
    return video_of([coded((25, 50, 25, int(a)), (75, 50, 35, int(b))) for a, b in mouths]), left


def test_speaking_takes_the_face_whose_mouth_goes_with_the_sound(stub: list[CodedTracker]) -> None:
    video, left = two_talkers()
    assert centre(track(video, which="speaking", sound=spoken(left)))[0, 0] == pytest.approx(25, abs=0.1)
    assert centre(track(video, which="speaking", sound=spoken(talk(4, 2))))[0, 0] == pytest.approx(75, abs=0.1)
    assert centre(track(video, which="largest", sound=spoken(left)))[0, 0] == pytest.approx(75, abs=0.1)


UNRELATED = {"none": None, "silence": spoken(np.zeros(100)), "another's": spoken(np.tile([0.1, 1.0], 50))}


@pytest.mark.parametrize("sound", UNRELATED.values(), ids=UNRELATED.keys())
def test_speaking_falls_back_to_the_mouth_that_moves_most(stub: list[CodedTracker], sound: Sound | None) -> None:
    moving, _ = two_talkers()
    assert centre(track(moving, which="speaking", sound=sound))[0, 0] == pytest.approx(75, abs=0.1)
    still, _ = two_talkers(still=True)
    assert centre(track(still, which="speaking", sound=sound))[0, 0] == pytest.approx(25, abs=0.1)


def test_speaking_takes_sound_shorter_than_the_video(stub: list[CodedTracker]) -> None:
    video, left = two_talkers()
    assert centre(track(video, which="speaking", sound=spoken(left[:60])))[0, 0] == pytest.approx(25, abs=0.1)


def test_unknown_choice_is_refused_before_anything_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "fetch", lambda name: pytest.fail("weights fetched"))
    with pytest.raises(ConfigError, match="'prettiest': choose one of largest, speaking"):
        track(video_of([NOBODY]), which="prettiest")


def test_another_choice_can_be_registered(stub: list[CodedTracker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("espressivo.media.people.CHOICES", dict(CHOICES))
    register("first")(lambda people, fps, sound: people[0])
    result = track(video_of([coded((25, 50, 25, 0), (75, 50, 35, 0))] * 4), which="first")
    assert centre(result)[0, 0] == pytest.approx(25, abs=0.1)
