"""Finding the face of a video and following it: every frame's points, expression and head pose.

The video is cut into chunks of a few seconds that are followed side by side, one thread each, while the calling thread
decodes the next ones. A chunk starts some frames early, so that the tracker has settled when its own frames begin.
How the video is cut depends on its size and length only, never on the number of threads: neither does the result.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from queue import SimpleQueue

import numpy as np

from espressivo.assets import fetch
from espressivo.clip import Sound, Video
from espressivo.media.facetrack import BLENDSHAPES, POINTS, FaceTrack, assemble
from espressivo.media.people import Person, assign, choice
from espressivo.media.tracker import Detector, Face, MediaPipeDetector, MediaPipeTracker, Tracker
from espressivo.media.views import WHOLE, Box, cut, place_back, view_of

LONGEST_SIDE = 640
LOOK_EVERY = 0.2
SETTLING = 6
_CHUNK_BYTES = 64 << 20
_CHUNK_FRAMES = (32, 128)
_MOST_WORKERS = 8

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Chunk:
    """Pictures in a row, of which the first `settling` belong to the chunk before, and the faces spotted in each."""

    frames: list[np.ndarray]
    spotted: list[list[Box]]
    settling: int


def track(
    video: Video,
    *,
    which: str = "largest",
    sound: Sound | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> FaceTrack:
    """Follows one face through a video; without any face the track is all NaN and `present` nowhere.

    Memory does not grow with the video, apart from what is found: 6 kB a frame for each person in it, and as much again
    for the result; 1 GB for an hour of one person at 25 fps. On top come at most 64 MB of pictures for each worker and
    two more. With several faces in sight each picture is searched anew, and points tremble about twice as much.

    Args:
        video: pictures at any rate and size; they are looked at with their longer side scaled down to 640 pixels.
        which: "largest", the face with the biggest area over the clip, or "speaking", the one whose mouth moves with
            `sound` (without sound: the one that moves its mouth most).
        sound: what is heard, starting when the video does.
        progress: called with the frames done and the frames expected, now and then, from the calling thread.
        workers: threads, one landmarker each; by default one for each core. The result does not depend on it.

    Raises:
        ConfigError: unknown `which`.
        AssetError: the face landmarker's weights are out of reach.
        InputError: the video cannot be decoded.
    """
    chosen = choice(which)
    weights = fetch("face-landmarker")
    count = max(1, workers if workers is not None else min(_MOST_WORKERS, _cores()))
    trackers = [MediaPipeTracker(weights) for _ in range(count)]
    people, counts = follow(video, MediaPipeDetector(weights), trackers, progress)
    person = chosen(people, video.fps, sound) if people else Person()
    return _to_track(video, person, counts)


def follow(
    video: Video, detector: Detector, trackers: Sequence[Tracker], progress: Progress | None = None
) -> tuple[list[Person], np.ndarray]:
    """Everyone seen in the video, and (frames,) how many faces each frame has. Closes what it was given."""
    small = video.within(LONGEST_SIDE)
    people: list[Person] = []
    counts: list[int] = []
    for chunk, found in _side_by_side(small, detector, trackers):
        for boxes, faces in list(zip(chunk.spotted, found, strict=True))[chunk.settling :]:
            assign(people, len(counts), faces)
            counts.append(max(len(boxes), len(faces)))
        if progress is not None:
            progress(len(counts), max(len(video), len(counts)))
    return people, np.array(counts, np.int32)


def _side_by_side(
    video: Video, detector: Detector, trackers: Sequence[Tracker]
) -> Iterator[tuple[Chunk, list[list[Face]]]]:
    """Each chunk in turn with the faces of its pictures; decodes on while the trackers are at work."""
    idle: SimpleQueue[Tracker] = SimpleQueue()

    def work(chunk: Chunk) -> list[list[Face]]:
        tracker = idle.get()
        try:
            return _follow_chunk(tracker, chunk, video.fps)
        finally:
            idle.put(tracker)

    def get_ready(tracker: Tracker) -> None:
        try:
            tracker.load()
        finally:  # if it cannot load, `work` will hear why
            idle.put(tracker)

    with ExitStack() as stack:
        stack.enter_context(closing(detector))
        for tracker in trackers:
            stack.enter_context(closing(tracker))
        pool = stack.enter_context(ThreadPoolExecutor(len(trackers)))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        for tracker in trackers:
            pool.submit(get_ready, tracker)
        waiting: deque[tuple[Chunk, Future[list[list[Face]]]]] = deque()
        for chunk in chunks(video, detector):
            waiting.append((chunk, pool.submit(work, chunk)))
            if len(waiting) > len(trackers):
                yield _first(waiting)
        while waiting:
            yield _first(waiting)


def _follow_chunk(tracker: Tracker, chunk: Chunk, fps: float) -> list[list[Face]]:
    view = view_of([box for boxes in chunk.spotted for box in boxes])
    several = max(len(boxes) for boxes in chunk.spotted) > 1
    if view == WHOLE:
        return tracker.follow(chunk.frames, fps, several)
    found = tracker.follow([cut(frame, view) for frame in chunk.frames], fps, several)
    return [[f._replace(points=place_back(f.points, chunk.frames[0], view)) for f in faces] for faces in found]


def _first(waiting: deque[tuple[Chunk, Future[list[list[Face]]]]]) -> tuple[Chunk, list[list[Face]]]:
    chunk, future = waiting.popleft()
    return chunk, future.result()


def chunk_length(video: Video) -> int:
    """Frames in a chunk: as many as 64 MB hold, 32 to 128; an even number of equal chunks if the video is longer.

    Even, because two cores are the least that a machine has: neither should wait for the other's last chunk.
    """
    width, height = video.size
    length = int(np.clip(_CHUNK_BYTES // (3 * width * height), *_CHUNK_FRAMES))
    total = len(video)
    if total < 2 * _CHUNK_FRAMES[0] - SETTLING:
        return length
    return -(-total // (2 * -(-total // (2 * length))))


def chunks(video: Video, detector: Detector) -> Iterator[Chunk]:
    """Cuts a video into chunks, each with the last few pictures of the one before in front.

    The detector looks every 0.2 s; what it spots stands until it looks again.
    """
    length, stride = chunk_length(video), max(1, round(LOOK_EVERY * video.fps))
    frames: list[np.ndarray] = []
    spotted: list[list[Box]] = []
    settling = 0
    for number, frame in enumerate(video.frames()):
        spotted.append(detector.look(frame) if number % stride == 0 else spotted[-1])
        frames.append(frame)
        if len(frames) == settling + length:
            yield Chunk(frames, spotted, settling)
            frames, spotted = frames[-SETTLING:], spotted[-SETTLING:]
            settling = len(frames)
    if len(frames) > settling:
        yield Chunk(frames, spotted, settling)


def _cores() -> int:
    """The cores this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _to_track(video: Video, person: Person, counts: np.ndarray) -> FaceTrack:
    """The person's track; takes the faces out of the person as it goes, so that they are not held twice."""
    frames = len(counts)
    width, height = video.size
    scale = np.array([width, height, width], np.float32)
    shapes = ((frames, POINTS, 3), (frames, len(BLENDSHAPES)), (frames, 3))
    points, blendshapes, pose = (np.full(shape, np.nan, np.float32) for shape in shapes)
    measured = np.zeros(frames, bool)
    for frame in reversed(person.frames):
        face = person.faces.pop()
        points[frame], blendshapes[frame], pose[frame] = face.points * scale, face.blendshapes, face.pose
        measured[frame] = True
    return assemble(video.fps, video.size, points, blendshapes, pose, measured, counts)
