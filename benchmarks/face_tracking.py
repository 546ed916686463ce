"""Face tracking: ours against a plain read-frame-then-detect loop, and against the tracker alone.

python benchmarks/face_tracking.py [CLIP...] [--rounds 7]     under a minute on two idle cores

Every row does the same frames of the same clip, from opening the file to closing the landmarker, the loading of models
included. Plain loops read with OpenCV and take MediaPipe's result as it comes. "Tracker alone" has the frames in memory
already and keeps each core busy with a landmarker of its own: nothing that uses this tracker can be faster.
The rows take turns, so that a busy moment of the machine hits all of them; medians are reported.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from common import REPOSITORY, save, table
from espressivo.assets import fetch
from espressivo.clip import Video
from espressivo.media.face import track
from espressivo.media.read import read
from espressivo.media.tracker import MediaPipeTracker, _image, _landmarker

PLAIN = ("plain loop, image mode", "plain loop, video mode")
ALONE = "tracker alone"
OURS = "espressivo"


def default_clips() -> list[Path]:
    """A clip of 4 s and one of 10 s, else the example."""
    root = Path(os.environ.get("ESPRESSIVO_DATA", REPOSITORY.parent / "shared" / "data"))
    found = [root / "javanese" / "01-01-01_01.mp4", root / "vasp" / "ID1" / "014.mp4"]
    return [path for path in found if path.exists()] or [REPOSITORY / "examples" / "talking_face.mp4"]


def plain(path: Path, weights: Path, mode: str) -> int:
    """What one writes first: read a frame, detect, repeat. Gives the frames in which a face was found."""
    landmarker, capture, found, number = _landmarker(weights, mode, 1), cv2.VideoCapture(str(path)), 0, 0
    while True:
        there, frame = capture.read()
        if not there:
            break
        image = _image(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        result = landmarker.detect(image) if mode == "IMAGE" else landmarker.detect_for_video(image, 40 * number)
        found += bool(result.face_landmarks)
        number += 1
    capture.release()
    landmarker.close()
    return found


def alone(parts: list[list[np.ndarray]], weights: Path) -> int:
    def work(frames: list[np.ndarray]) -> int:
        tracker = MediaPipeTracker(weights)
        found = sum(map(bool, tracker.follow(frames, 25.0, several=False)))
        tracker.close()
        return found

    with ThreadPoolExecutor(len(parts)) as pool:
        return sum(pool.map(work, parts))


def whole(path: Path) -> Video:
    """Every frame of the file once, as a plain loop sees them."""
    video = read(path).video
    assert video is not None
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return video.at(fps)


def measured(run: Callable[[], int], frames: int) -> tuple[float, float, int]:
    """Frames a second, processor milliseconds a frame, frames with a face."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = run()
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return frames / seconds, 1000 * busy / frames, found


def compare(path: Path, rounds: int) -> dict[str, Any]:
    weights, video = fetch("face-landmarker"), whole(path)
    pictures, cores = list(video.frames()), len(os.sched_getaffinity(0))
    parts = [pictures[k * len(pictures) // cores : (k + 1) * len(pictures) // cores] for k in range(cores)]
    runs: dict[str, Callable[[], int]] = {
        PLAIN[0]: lambda: plain(path, weights, "IMAGE"),
        PLAIN[1]: lambda: plain(path, weights, "VIDEO"),
        ALONE: lambda: alone(parts, weights),
        OURS: lambda: int(track(whole(path)).measured.sum()),
    }
    for run in runs.values():
        run()
    taken = [{name: measured(run, len(pictures)) for name, run in runs.items()} for _ in range(rounds)]
    rows = {
        name: {
            "frames/s": round(median(turn[name][0] for turn in taken), 1),
            "cpu ms/frame": round(median(turn[name][1] for turn in taken), 2),
            "frames with a face": taken[0][name][2],
        }
        for name in runs
    }
    for name in runs:
        rows[name]["espressivo is"] = f"{rows[OURS]['frames/s'] / rows[name]['frames/s']:.2f}×"
    return {"frames": len(pictures), "size": video.size, "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    results = {}
    for path in options.clips or default_clips():
        name = f"{path.parent.name}/{path.name}"
        results[name] = compare(path, options.rounds)
        print(f"\n{name}: {results[name]['frames']} frames of {'×'.join(map(str, results[name]['size']))}")
        table(results[name]["rows"])
    load = os.getloadavg()[0]
    save("face_tracking", {"rounds": options.rounds, "load average at the end": round(load, 2), "clips": results})


if __name__ == "__main__":
    main()
