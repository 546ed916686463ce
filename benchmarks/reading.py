"""How fast and in how much memory media are read, beside what people use instead.

Pictures: frames a second of `Video.frames` against a plain OpenCV loop (read, scale, BGR to RGB). Sound: how many
times faster than real time `Sound.blocks` gives 16 kHz mono, against faster-whisper's `decode_audio`. Memory: how much
the peak grows while one and sixty minutes are read to the end. And what the resampler leaves of tones that must
vanish or stay, beside FFmpeg's own. Every timing runs in a process of its own, the best of three.

    python benchmarks/reading.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from common import save, table

SEED = 0
TASKS: dict[str, Callable[[str], int]] = {}


def task(name: str) -> Callable[[Callable[[str], int]], Callable[[str], int]]:
    """Registers a way to read a file to the end; it returns how many frames or samples it gave."""

    def register(function: Callable[[str], int]) -> Callable[[str], int]:
        TASKS[name] = function
        return function

    return register


@task("sound")
def our_sound(path: str) -> int:
    from espressivo.media.read import read

    return sum(map(len, read(path).sound.blocks()))


@task("sound-whisper")
def whisper_sound(path: str) -> int:
    from faster_whisper import decode_audio

    return len(decode_audio(path))


@task("frames")
def our_frames(path: str) -> int:
    from espressivo.media.read import read

    video = read(path).video
    return sum(1 for _ in video.at(video.source.native_fps).frames())


@task("frames-640")
def our_small_frames(path: str) -> int:
    from espressivo.media.read import read

    video = read(path).video
    return sum(1 for _ in video.at(video.source.native_fps).within(640).frames())


@task("frames-opencv")
def opencv_frames(path: str) -> int:
    return _opencv(path, 10**6)


@task("frames-640-opencv")
def opencv_small_frames(path: str) -> int:
    return _opencv(path, 640)


def _opencv(path: str, longest: int) -> int:
    import cv2

    capture, count = cv2.VideoCapture(path), 0
    while True:
        there, picture = capture.read()
        if not there:
            return count
        scale = longest / max(picture.shape)
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        count += 1


def peak() -> float:
    """The highest resident memory of this process so far, in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def child(name: str, path: str, warm: str) -> None:
    """Runs one task and prints what it took; the libraries are loaded before, on a tiny file."""
    TASKS[name](warm)
    before, clock, cpu = peak(), time.perf_counter(), time.process_time()
    count = TASKS[name](path)
    figures = {"seconds": time.perf_counter() - clock, "cpu": time.process_time() - cpu, "growth_mb": peak() - before}
    print(json.dumps({"count": count, **figures}))


def measured(name: str, path: Path, warm: Path, times: int) -> dict[str, float]:
    """The fastest of several runs, each in a new process."""
    command = [sys.executable, __file__, "--child", name, str(path), str(warm)]
    runs = [json.loads(subprocess.check_output(command, text=True).splitlines()[-1]) for _ in range(times)]
    return min(runs, key=lambda run: run["seconds"])


def speech_like(seconds: int, rate: int, channels: int) -> np.ndarray:
    """Noise whose loudness goes up and down like syllables: codecs have to work on it."""
    rng = np.random.default_rng(SEED)
    white = rng.standard_normal((channels, seconds * rate)).astype(np.float32)
    loudness = np.abs(np.sin(2 * np.pi * 2.1 * np.arange(seconds * rate) / rate)).astype(np.float32)
    return (0.1 * white * loudness).clip(-1, 1)


def make_sound(path: Path, codec: str, minutes: int, rate: int = 44_100) -> Path:
    piece = speech_like(20, rate, 2)
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        for n in range(3 * minutes):
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = rate, n * piece.shape[1], Fraction(1, rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def pictures(count: int, width: int, height: int) -> Iterator[np.ndarray]:
    """A textured plane that drifts."""
    import cv2

    coarse = np.random.default_rng(SEED).integers(0, 255, (height // 16 + 20, width // 16 + 20, 3), np.uint8)
    plane = cv2.resize(coarse, None, fx=16, fy=16, interpolation=cv2.INTER_CUBIC)
    for n in range(count):
        x, y = 2 * n % 200, n % 200
        yield np.ascontiguousarray(plane[y : y + height, x : x + width])


def make_video(path: Path, count: int, width: int, height: int) -> Path:
    from espressivo.media.encode import write_video

    write_video(path, pictures(count, width, height), 25)
    return path


def repeated(path: Path, once: Path, times: int) -> Path:
    """The packets of a video, over and over: an hour of pictures without encoding one."""
    with av.open(str(path), "w") as out, av.open(str(once)) as source:
        video = source.streams.video[0]
        stream, length = out.add_stream_from_template(video), video.duration
        packets = [(bytes(p), p.pts, p.dts, p.is_keyframe) for p in source.demux(video) if p.dts is not None]
        for turn in range(times):
            for data, pts, dts, key in packets:
                packet = av.Packet(data)
                packet.stream, packet.time_base, packet.is_keyframe = stream, video.time_base, key
                packet.pts, packet.dts = pts + turn * length, dts + turn * length
                out.mux(packet)
    return path


def benchmark_sound(folder: Path, warm: Path, times: int) -> dict[str, dict[str, float]]:
    rows = {}
    for suffix, codec in (("m4a", "aac"), ("mp3", "libmp3lame"), ("flac", "flac")):
        path = make_sound(folder / f"five.{suffix}", codec, 5)
        ours, theirs = measured("sound", path, warm, times), measured("sound-whisper", path, warm, times)
        rows[f"5 min of 44.1 kHz stereo {suffix}"] = {
            "ours_x_real_time": round(300 / ours["seconds"]),
            "faster_whisper_x_real_time": round(300 / theirs["seconds"]),
            "ours_x_cpu_time": round(300 / ours["cpu"]),
            "faster_whisper_x_cpu_time": round(300 / theirs["cpu"]),
            "ours_growth_mb": round(ours["growth_mb"], 1),
            "faster_whisper_growth_mb": round(theirs["growth_mb"], 1),
        }
    return rows


def benchmark_memory(folder: Path, heard: Path, seen: Path) -> dict[str, dict[str, float]]:
    """One and sixty minutes, beside faster-whisper for sound and OpenCV for pictures."""
    rows = {}
    minute = make_video(folder / "minute.mp4", 1500, 320, 240)
    for minutes in (1, 60):
        sound = make_sound(folder / f"{minutes}.m4a", "aac", minutes)
        video = repeated(folder / f"{minutes}.mp4", minute, minutes)
        for what, path, warm, peer in (
            ("sound", sound, heard, "sound-whisper"),
            ("frames", video, seen, "frames-opencv"),
        ):
            ours, theirs = measured(what, path, warm, 1), measured(peer, path, warm, 1)
            assert abs(ours["count"] - theirs["count"]) < 1000  # a codec's last frame, which ours does not count
            rows[f"{minutes} min of {what}"] = {
                "ours_growth_mb": round(ours["growth_mb"], 1),
                "peer_growth_mb": round(theirs["growth_mb"], 1),
                "ours_seconds": round(ours["seconds"], 2),
                "peer_seconds": round(theirs["seconds"], 2),
            }
    return rows


def benchmark_frames(folder: Path, warm: Path, times: int) -> dict[str, dict[str, float]]:
    rows = {}
    for label, count, width, height in (("360p", 1500, 640, 360), ("1080p", 250, 1920, 1080), ("4K", 150, 3840, 2160)):
        path = make_video(folder / f"{label}.mp4", count, width, height)
        for what, scaled in ((label, ""), (f"{label} scaled to 640", "-640")):
            if scaled and width <= 640:
                continue
            ours = measured(f"frames{scaled}", path, warm, times)
            theirs = measured(f"frames{scaled}-opencv", path, warm, times)
            assert ours["count"] == theirs["count"] == count
            rows[what] = {
                "ours_fps": round(count / ours["seconds"]),
                "opencv_fps": round(count / theirs["seconds"]),
                "ours_cpu_ms_per_frame": round(1000 * ours["cpu"] / count, 2),
                "opencv_cpu_ms_per_frame": round(1000 * theirs["cpu"] / count, 2),
                "ours_growth_mb": round(ours["growth_mb"], 1),
                "opencv_growth_mb": round(theirs["growth_mb"], 1),
            }
    return rows


def benchmark_resampler() -> dict[str, dict[str, float]]:
    """Level in dB of a full-scale tone after 48 to 16 kHz, in ours and in FFmpeg's resampler, and their speed."""
    from espressivo.media.read import read

    def ours(samples: np.ndarray) -> np.ndarray:
        return read((samples, 48_000)).sound.samples

    def ffmpeg(samples: np.ndarray) -> np.ndarray:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16_000)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        return np.concatenate([f.to_ndarray()[0] for f in [*resampler.resample(frame), *resampler.resample(None)]])

    def level(samples: np.ndarray) -> float:
        middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
        return round(float(10 * np.log10(2 * np.mean(middle**2) + 1e-15)), 1)

    def speed(convert: Callable[[np.ndarray], np.ndarray]) -> int:
        minute = speech_like(60, 48_000, 1)[0]
        began = time.process_time()
        convert(minute)
        return round(60 / (time.process_time() - began))

    def row(convert: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
        t = np.arange(96_000) / 48_000
        tones = {hertz: np.sin(2 * np.pi * hertz * t).astype(np.float32) for hertz in (7_000, 7_500, 8_200, 9_000)}
        return {f"{hertz}_hz_db": level(convert(tone)) for hertz, tone in tones.items()} | {
            "x_real_time": speed(convert)
        }

    return {"ours (soxr HQ)": row(ours), "FFmpeg's default": row(ffmpeg)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one run of each instead of the best of three")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(*arguments.child)
        return
    times = 1 if arguments.quick else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        heard, seen = make_sound(folder / "warm.m4a", "aac", 1), make_video(folder / "warm.mp4", 10, 640, 360)
        result = {
            "sound": benchmark_sound(folder, heard, times),
            "memory": benchmark_memory(folder, heard, seen),
            "pictures": benchmark_frames(folder, seen, times),
            "resampler, 48 to 16 kHz": benchmark_resampler(),
        }
    for title, rows in result.items():
        print(f"\n{title}")
        table(rows)
    save("reading", {"seed": SEED, "best_of": times, **result})


if __name__ == "__main__":
    main()
