"""Following faces, with a tracker that reads them off the pictures: what happens between tracker and track."""

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from drawn_face import CodedDetector, CodedTracker, Frames, coded, video_of
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.clip import Sound, Video
from espressivo.errors import AssetError, ConfigError, InputError
from espressivo.media import face as module
from espressivo.media.face import SETTLING, Chunk, chunk_length, chunks, follow, track
from espressivo.media.facetrack import FaceTrack
from espressivo.media.people import CHOICES, register
from espressivo.media.tracker import Face

NOBODY = coded()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> list[CodedTracker]:
    """`track` reads coded pictures; the list gets the trackers it makes."""
    made: list[CodedTracker] = []

    def tracker(weights: object) -> CodedTracker:
        made.append(CodedTracker())
        return made[-1]

    monkeypatch.setattr(module, "fetch", lambda name: name)
    monkeypatch.setattr(module, "MediaPipeDetector", lambda weights: CodedDetector())
    monkeypatch.setattr(module, "MediaPipeTracker", tracker)
    return made


def centre(track_: FaceTrack) -> np.ndarray:
    """(frames, 2) in percent of the picture."""
    boxes = track_.boxes
    return (boxes[:, :2] + boxes[:, 2:]) / 2 / track_.size * 100


def test_a_face_throughout_is_measured_throughout(stub: list[CodedTracker]) -> None:
    result = track(video_of([coded((20 + n, 50, 30, 0)) for n in range(50)]))
    assert result.measured.all()
    assert (result.faces == 1).all()
    assert len(result) == 50
    np.testing.assert_allclose(centre(result)[:, 0], 20 + np.arange(50), atol=0.1)
    assert result.points[0, :, 0].max() == pytest.approx(0.35 * 160, abs=0.01)
    assert result.points[0, :, 1].max() == pytest.approx(0.65 * 90, abs=0.01)
    assert all(tracker.closed for tracker in stub)


def test_points_are_pixels_of_the_video_not_of_the_smaller_pictures_looked_at(stub: list[CodedTracker]) -> None:
    class Big(Frames):
        size = (3840, 2160)

        def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
            assert max(size) == 640
            return super().frames(start, end, fps, (160, 90))

    result = track(Video(Big([coded((50, 50, 30, 0))]), 0.0, 0.04, (3840, 2160)))
    assert result.size == (3840, 2160)
    assert result.points[0, :, 0].max() == pytest.approx(0.65 * 3840, abs=0.5)


def test_a_short_gap_is_filled_a_long_one_and_the_ends_are_not(stub: list[CodedTracker]) -> None:
    seen = [n in (3, 4, 9, 15, 16) for n in range(20)]  # gaps of 4 and 5 frames inside: 0.2 and 0.24 s between faces
    pictures = [coded((20 + n, 50, 30, 0)) if s else NOBODY for n, s in enumerate(seen)]
    result = track(video_of(pictures))
    assert result.measured.tolist() == seen
    assert np.flatnonzero(result.present).tolist() == [3, 4, 5, 6, 7, 8, 9, 15, 16]
    np.testing.assert_allclose(centre(result)[4:10, 0], np.arange(24, 30), atol=0.1)
    for part in (result.points, result.blendshapes, result.pose):
        flat = part.reshape(20, -1)
        assert np.isnan(flat[~result.present]).all()
        assert np.isfinite(flat[result.present]).all()


@pytest.mark.parametrize("frames", [1, 40, 300])
def test_no_face_gives_a_track_of_nothing(stub: list[CodedTracker], frames: int) -> None:
    result = track(video_of([NOBODY] * frames))
    assert len(result) == frames
    assert not result.present.any()
    assert not result.faces.any()
    assert np.isnan(result.points).all()
    assert np.isnan(result.mean_yaw)
    assert result.presence == 0


def test_one_frame(stub: list[CodedTracker]) -> None:
    result = track(video_of([coded((50, 50, 40, 0))]))
    assert result.measured.tolist() == [True]


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


class Unhurried(CodedTracker):
    """Its chunks take long or short by chance, so that they end out of order; it drifts, so that cuts would show."""

    def __init__(self, seed: int) -> None:
        super().__init__(drift=0.3)
        self._random = np.random.default_rng(seed)

    def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
        time.sleep(self._random.uniform(0, 0.02))
        return super().follow(frames, fps, several)


def test_the_result_does_not_depend_on_the_number_of_workers() -> None:
    video = video_of([coded((20 + n // 20, 50, 30, n % 256)) for n in range(700)])
    results = [follow(video, CodedDetector(), [Unhurried(k) for k in range(n)])[0] for n in (1, 2, 5)]
    for people in results[1:]:
        assert [person.frames for person in people] == [person.frames for person in results[0]]
        np.testing.assert_array_equal(people[0].points, results[0][0].points)


def test_the_tracker_has_settled_when_a_chunk_begins() -> None:
    video = video_of([coded((50, 50, 30, 0))] * 300)
    (person,), _ = follow(video, CodedDetector(), [CodedTracker(drift=0.3)])
    length = chunk_length(video)
    off = np.abs(person.points[:, 0] - person.points[-1, 0]).max(axis=1)
    assert off[0] > 0.2  # the very beginning has nothing before it
    assert off[length:].max() < 0.3 * 0.5**SETTLING + 1e-6


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 900), st.sampled_from([(64, 48), (640, 360), (640, 640)]))
def test_chunks_hold_each_frame_once(total: int, size: tuple[int, int]) -> None:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    picture.flags.writeable = False

    class Stamped(Frames):
        def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
            return (picture.view() for _ in range(total))

    video = Video(Stamped([picture]), 0.0, total / 25, size)
    cut: list[Chunk] = list(chunks(video, CodedDetector()))
    own = [chunk.frames[chunk.settling :] for chunk in cut]
    assert sum(map(len, own)) == total
    assert all(len(chunk.spotted) == len(chunk.frames) for chunk in cut)
    for before, after in pairwise(cut):
        assert after.settling == SETTLING
        assert all(a is b for a, b in zip(after.frames[:SETTLING], before.frames[-SETTLING:], strict=True))
    assert max(map(len, own)) <= 128
    assert max(map(len, own)) * picture.nbytes <= 64 << 20


def test_two_workers_share_a_short_clip_evenly() -> None:
    own = [len(c.frames) - c.settling for c in chunks(video_of([NOBODY] * 101), CodedDetector())]
    assert own == [51, 50]


def test_memory_holds_a_few_chunks_however_long_the_video() -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    class Watched(Frames):
        def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
            nonlocal most, alive
            for n in range(2000):
                picture = coded((50, 50, 30, 0))
                alive.append(weakref.ref(picture))
                if n % 20 == 0:
                    alive = [ref for ref in alive if ref() is not None]
                    most = max(most, len(alive))
                yield picture

    video = Video(Watched([NOBODY]), 0.0, 80.0, (160, 90))
    follow(video, CodedDetector(), [Unhurried(0), Unhurried(1)])
    assert 0 < most <= 4 * (chunk_length(video) + SETTLING) + 50


def test_decoding_goes_on_while_the_tracker_works() -> None:
    source = Frames([coded((50, 50, 30, 0))] * 400)
    read_during: list[int] = []

    class Slow(CodedTracker):
        def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
            if not self.calls:
                deadline = time.monotonic() + 5
                while source.reads < 200 and time.monotonic() < deadline:
                    time.sleep(0.001)
                read_during.append(source.reads)
            return super().follow(frames, fps, several)

    follow(Video(source, 0.0, 16.0, (160, 90)), CodedDetector(), [Slow()])
    assert read_during[0] >= 200  # its own chunk of 100, and the next


def test_progress_counts_up_to_all_frames(stub: list[CodedTracker]) -> None:
    told: list[tuple[int, int]] = []
    caller = threading.get_ident()

    def progress(done: int, total: int) -> None:
        assert threading.get_ident() == caller
        told.append((done, total))

    track(video_of([NOBODY] * 300), progress=progress, workers=3)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(told) > 1
    assert told[-1] == (300, 300)
    assert {total for _, total in told} == {300}


class Broken(CodedTracker):
    def __init__(self, when: str) -> None:
        super().__init__()
        self.when = when

    def load(self) -> None:
        if self.when == "load":
            raise AssetError("weights are gone")

    def follow(self, frames: Sequence[np.ndarray], fps: float, several: bool) -> list[list[Face]]:
        raise AssetError("weights are gone")


@pytest.mark.parametrize("when", ["load", "follow"])
def test_an_error_in_a_worker_reaches_the_caller(when: str) -> None:
    detector, trackers = CodedDetector(), [Broken(when), Broken(when)]
    with pytest.raises(AssetError, match="weights are gone"):
        follow(video_of([NOBODY] * 1000), detector, trackers)
    assert detector.closed
    assert all(tracker.closed for tracker in trackers)
    assert threading.active_count() < 20


def test_an_error_of_the_decoder_reaches_the_caller() -> None:
    class Truncated(Frames):
        def frames(self, start: float, end: float, fps: float, size: tuple[int, int]) -> Iterator[np.ndarray]:
            yield from super().frames(start, end, fps, size)
            raise InputError("cut off")

    trackers = [CodedTracker(), CodedTracker()]
    with pytest.raises(InputError, match="cut off"):
        follow(Video(Truncated([NOBODY] * 300), 0.0, 20.0, (160, 90)), CodedDetector(), trackers)
    assert all(tracker.closed for tracker in trackers)


def test_a_video_shorter_than_it_says_gives_the_frames_there_are(stub: list[CodedTracker]) -> None:
    video = Video(Frames([coded((50, 50, 30, 0))] * 30), 0.0, 40.0, (160, 90))
    assert len(track(video)) == 30


def test_only_chunks_with_several_faces_search_each_picture_anew(stub: list[CodedTracker]) -> None:
    pictures = [coded((25, 50, 25, 0))] * 300 + [coded((25, 50, 25, 0), (75, 50, 25, 0))] * 300
    video = video_of(pictures)
    track(video, workers=1)
    several = [many for _, many in stub[0].calls]
    assert several[0] is False
    assert several[-1] is True
    assert several == sorted(several)
