"""Following faces, with a tracker that reads them off the pictures: what happens between tracker and track."""

import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from drawn_face import CodedDetector, CodedTracker, Frames, centre, coded, use_coded, video_of
from hypothesis import given, settings
from hypothesis import strategies as st

from espressivo.clip import Video
from espressivo.errors import AssetError, InputError
from espressivo.media.face import SETTLING, Chunk, chunk_length, chunks, follow, track
from espressivo.media.people import Person
from espressivo.media.tracker import Face

NOBODY = coded()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> list[CodedTracker]:
    return use_coded(monkeypatch)


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


def points_of(person: Person) -> np.ndarray:
    return np.stack([face.points for face in person.faces])


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
        np.testing.assert_array_equal(points_of(people[0]), points_of(results[0][0]))


def test_the_tracker_has_settled_when_a_chunk_begins() -> None:
    video = video_of([coded((50, 50, 30, 0))] * 300)
    (person,), _ = follow(video, CodedDetector(), [CodedTracker(drift=0.3)])
    length = chunk_length(video)
    points = points_of(person)[:, 0]
    off = np.abs(points - points[-1]).max(axis=1)
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
