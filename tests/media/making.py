"""Media made on the spot: a picture carries its own number, a sound is a click or a tone at a known moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from espressivo.errors import InputError
from espressivo.media.read import read

BITS = 8


def numbered(number: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """An RGB picture of `size` (width, height) whose columns spell `number` in black and white."""
    width, height = size
    bits = [255 * (number >> bit & 1) for bit in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8), -(-width // BITS))[:width]
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (height, width, 3)))


def number_of(picture: np.ndarray) -> int:
    """The number that `numbered` wrote, still there after lossy coding and scaling."""
    width = picture.shape[1]
    columns = [int((bit + 0.5) * width / BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, column in enumerate(columns) if picture[picture.shape[0] // 2, column].mean() > 127)


def tone(seconds: float, rate: int, hertz: float = 440.0, level: float = 0.5) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds: float, rate: int, level: float = 0.2, seed: int = 0) -> np.ndarray:
    """Noise without its topmost octave, so that resampling keeps it."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * rate))
    return (level * np.convolve(white, np.ones(4) / 2, "same")).clip(-1, 1).astype(np.float32)


def refusal(source: Any, **options: Any) -> str:
    """The one line with which `source` is refused."""

    def use() -> None:
        clip = read(source, **options)
        for part in (clip.sound and clip.sound.blocks(), clip.video and clip.video.frames()):
            for _ in part or ():
                pass

    with pytest.raises(InputError) as caught:
        use()
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 250
    return message


class Maker:
    """Writes media files into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def wav(self, name: str, samples: np.ndarray, rate: int, subtype: str = "PCM_16") -> Path:
        soundfile.write(self.folder / name, samples, rate, subtype=subtype)
        return self.folder / name

    def media(
        self,
        name: str,
        *,
        times: Sequence[float] = (),
        sound: np.ndarray | None = None,
        rate: int = 16_000,
        sound_start: float = 0.0,
        size: tuple[int, int] = (64, 48),
        pictures: Iterable[np.ndarray] | None = None,
        codec: str = "libx264",
        sound_codec: str = "aac",
        pix_fmt: str = "yuv420p",
        rotation: Mapping[str, Any] | None = None,
        options: Mapping[str, str] | None = None,
        target: Any = None,
        container_format: str | None = None,
        gop: int = 12,
        fps: int = 25,
        mux: Mapping[str, str] | None = None,
        aspect: tuple[int, int] | None = None,
    ) -> Path:
        """A file with a picture at each of `times` and `sound` from `sound_start` seconds on."""
        path = self.folder / name
        base = Fraction(1, fps if name.endswith(".avi") else 30_000)  # an avi counts frames
        with av.open(target or str(path), "w", format=container_format, options=dict(mux or {})) as out:
            quick = {"deadline": "realtime", "cpu-used": "8"} if codec.startswith("libvpx") else {}
            video = out.add_stream(codec, rate=fps, options={**quick, **(options or {})}) if times else None
            audio = None if sound is None else out.add_stream(sound_codec, rate=rate, layout="mono")
            packets = []
            if video is not None:
                video.width, video.height, video.pix_fmt, video.time_base = *size, pix_fmt, base
                video.codec_context.time_base = base
                video.codec_context.gop_size = gop
                if aspect is not None:
                    video.codec_context.sample_aspect_ratio = Fraction(*aspect)
                if rotation is not None:
                    video.set_display_rotation(**rotation)
                shown = pictures or (numbered(n, size) for n in range(len(times)))
                for time, picture in zip(times, shown, strict=True):
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    frame.pts, frame.time_base = round(time / base), base
                    packets += video.encode(frame)
                packets += video.encode(None)
            if audio is not None:
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None]), "fltp", "mono")
                frame.sample_rate, frame.pts, frame.time_base = rate, round(sound_start * rate), Fraction(1, rate)
                packets += audio.encode(frame) + audio.encode(None)
            for packet in sorted(packets, key=lambda p: float(p.dts * p.time_base)):
                out.mux(packet)
        return path
