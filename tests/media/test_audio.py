"""Sound: any coding, any rate, any stretch; exact to the sample, and never more than a moment of it in memory."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from making import Maker, noise, tone

from espressivo.clip import Sound
from espressivo.errors import InputError
from espressivo.media.audio import ArraySound, FileSound
from espressivo.media.read import read


def chirp(seconds: float, rate: int) -> np.ndarray:
    """A tone that rises from 200 Hz by 120 Hz a second: no two stretches of it are alike, and codecs keep it well."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * (200 * t + 60 * t * t))).astype(np.float32)


def likeness(got: np.ndarray, wanted: np.ndarray) -> float:
    """Signal to error in dB; a shift by one sample at 16 kHz costs the chirp all but some 15 dB."""
    error = np.mean((got.astype(float) - wanted) ** 2)
    return float(10 * np.log10(np.mean(wanted.astype(float) ** 2) / max(error, 1e-20)))


def level(samples: np.ndarray) -> float:
    """RMS of the middle half, in dB below a full-scale sine."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    return float(20 * np.log10(np.sqrt(2 * np.mean(middle**2)) + 1e-9))


# Codings


@pytest.mark.parametrize(
    ("name", "rate", "subtype", "decibels"),
    [
        ("phone.wav", 8_000, "ULAW", 30),
        ("alaw.wav", 8_000, "ALAW", 30),
        ("byte.wav", 11_025, "PCM_U8", 35),
        ("usual.wav", 44_100, "PCM_16", 85),
        ("studio.wav", 96_000, "PCM_24", 110),
        ("float.wav", 48_000, "FLOAT", 110),
        ("double.wav", 22_050, "DOUBLE", 110),
        ("whole.wav", 16_000, "PCM_32", 120),
        ("free.flac", 32_000, "PCM_16", 85),
        ("old.aiff", 44_099, "PCM_16", 85),
    ],
)
def test_lossless_and_phone_sound(make: Maker, name: str, rate: int, subtype: str, decibels: float) -> None:
    clip = read(make.wav(name, chirp(3, rate), rate, subtype))
    assert clip.video is None
    assert clip.duration == pytest.approx(3)
    samples = clip.sound.samples
    assert samples.dtype == np.float32
    assert samples.shape == (48_000,)
    assert likeness(samples[2000:-2000], chirp(3, 16_000)[2000:-2000]) > decibels


@pytest.mark.parametrize(
    ("name", "codec", "rate"),
    [
        ("a.m4a", "aac", 44_100),
        ("a.mp3", "libmp3lame", 44_100),
        ("a.ogg", "libopus", 48_000),
        ("a.webm", "libopus", 48_000),
        ("a.flv", "libmp3lame", 44_100),
        ("a.ac3", "ac3", 48_000),
        ("a.caf", "pcm_s24le", 48_000),
    ],
)
def test_compressed_sound_lies_where_it_should_to_the_sample(make: Maker, name: str, codec: str, rate: int) -> None:
    """The encoder's lead-in is gone: the sound is likest to itself unshifted."""
    clip = read(make.media(name, sound=chirp(3, rate), rate=rate, sound_codec=codec))
    lead = {"a.ac3": 256, "a.flv": 1105}.get(name, 0)  # where the container does not say how long it is
    assert clip.duration == pytest.approx(3 + lead / rate, abs=0.06 if lead else 0.002)
    samples, wanted = clip.sound.at(rate).samples[lead:], chirp(3, rate)[rate : 2 * rate]
    alike = [likeness(samples[rate + shift : 2 * rate + shift], wanted) for shift in (-1, 0, 1)]
    assert alike[1] == max(alike) > 20


def test_stereo_is_the_mean_and_never_louder(make: Maker) -> None:
    left, right = tone(1, 16_000, 300, 0.9), tone(1, 16_000, 500, 0.9)
    clip = read(make.wav("two.wav", np.stack([left, right], axis=1), 16_000, "FLOAT"))
    np.testing.assert_allclose(clip.sound.samples, (left + right) / 2, atol=1e-6)
    same = read(make.wav("same.wav", np.stack([left, left], axis=1), 16_000))
    np.testing.assert_allclose(same.sound.samples, left, atol=1e-4)


def test_surround_keeps_the_middle_where_people_talk(make: Maker) -> None:
    channels = np.zeros((16_000, 6))
    channels[:, 2] = tone(1, 16_000, 300, 0.9)
    samples = read(make.wav("six.wav", channels, 16_000)).sound.samples
    assert np.abs(samples).max() > 0.9 / 6 * 1.5  # more than a plain mean would leave of it


def test_a_cover_is_not_video(make: Maker, tmp_path: Path) -> None:
    path = tmp_path / "cover.mp3"
    with av.open(str(path), "w") as out:
        sound = out.add_stream("libmp3lame", rate=44_100, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 64
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(tone(2, 44_100)[None], "fltp", "mono")
        frame.sample_rate = 44_100
        picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "rgb24")
        out.mux(cover.encode(picture) + cover.encode(None) + sound.encode(frame) + sound.encode(None))
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1
    clip = read(path)
    assert clip.video is None
    assert clip.duration == pytest.approx(2, abs=0.002)


def test_samples_that_are_not_numbers(make: Maker) -> None:
    clip = read(make.wav("broken.wav", np.where(np.arange(32_000) == 20_000, np.nan, 0.1), 16_000, "FLOAT"))
    with pytest.raises(InputError, match=r"broken.wav' holds sound samples that are not numbers"):
        list(clip.sound.blocks())


def test_too_loud_is_clipped(make: Maker) -> None:
    samples = read(make.wav("loud.wav", tone(1, 16_000) * 3, 16_000, "FLOAT")).sound.samples
    assert np.abs(samples).max() == 1


def test_a_gap_in_the_stamps_is_silence_of_that_length(tmp_path: Path) -> None:
    """A microphone that was muted for a second leaves no packets: what follows must not move up."""
    path = tmp_path / "muted.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for second in (0, 2):
            for part in range(10):
                frame = av.AudioFrame.from_ndarray(np.full((1, 1600), 0.5, np.float32), "fltp", "mono")
                frame.sample_rate, frame.pts = 16_000, second * 16_000 + part * 1600
                out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    samples = read(path).sound.samples
    assert len(samples) == 48_000
    np.testing.assert_allclose(samples[[8_000, 40_000]], 0.5, atol=1e-4)
    assert not samples[16_000:32_000].any()


def test_rounded_stamps_leave_no_seams(tmp_path: Path) -> None:
    """Packets of uneven length under a clock of milliseconds: samples follow each other, whatever the stamps say."""
    path, wave, rng = tmp_path / "uneven.mkv", chirp(5, 44_100), np.random.default_rng(0)
    with av.open(str(path), "w") as out:
        stream, at = out.add_stream("pcm_f32le", rate=44_100, layout="mono"), 0
        while at < len(wave):
            piece = wave[at : at + int(rng.integers(500, 2000))]
            frame = av.AudioFrame.from_ndarray(piece[None].copy(), "flt", "mono")
            frame.sample_rate, frame.pts = 44_100, at
            out.mux(stream.encode(frame))
            at += len(piece)
        out.mux(stream.encode(None))
    sound = read(path).sound.at(44_100)
    assert sound.duration == pytest.approx(5, abs=0.001)
    both = min(len(sound), len(wave))
    np.testing.assert_allclose(sound.samples[:both], wave[:both], atol=1e-6)
    late = sound.trim(3, 4).samples
    shifts = [likeness(late, wave[3 * 44_100 + shift :][: len(late)]) for shift in range(-60, 61)]
    assert max(shifts) > 100  # no seam, and at most the clock's own error away


# Rates


@pytest.mark.parametrize("rate", [48_000, 44_100])
def test_what_lies_above_the_new_rate_vanishes_and_what_lies_below_stays(rate: int) -> None:
    def through(hertz: float) -> float:
        return level(read((tone(2, rate, hertz, 1.0), rate)).sound.samples)

    assert through(8_200) < -100
    assert through(12_000) < -100
    assert through(7_000) == pytest.approx(0, abs=0.1)
    assert through(7_500) > -1


@settings(max_examples=25, deadline=None)
@given(
    native=st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_099, 48_000]),
    rate=st.sampled_from([8_000, 16_000, 22_050, 24_000]),
    cuts=st.lists(st.floats(0, 2), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_pieces_laid_end_to_end_are_the_whole(native: int, rate: int, cuts: list[float]) -> None:
    source = ArraySound(noise(2, native), native)
    whole = Sound(source, 0, 2, rate).samples
    assert len(whole) == 2 * rate
    for start, end in itertools.pairwise(cuts):
        piece = Sound(source, start, end, rate)
        first = round(start * rate)
        wanted = whole[first : first + len(piece)]
        np.testing.assert_allclose(piece.samples[: len(wanted)], wanted, atol=2e-5)
        assert sum(map(len, piece.blocks())) == len(piece)


# Stretches of files


@pytest.mark.parametrize(
    ("name", "codec", "rate", "decibels"),
    [
        ("a.wav", "pcm_s16le", 16_000, 150),
        ("a.wav", "pcm_s16le", 44_100, 90),
        ("a.flac", "flac", 44_100, 90),
        ("a.mp3", "libmp3lame", 44_100, 90),
        ("a.m4a", "aac", 22_050, 90),
        ("a.aac", "aac", 44_100, 60),
        ("a.ogg", "libopus", 48_000, 90),
        ("a.webm", "libopus", 48_000, 90),  # whose clock ticks in milliseconds
        ("a.mka", "aac", 44_100, 60),
        ("a.flv", "aac", 44_100, 60),
        ("a.ts", "aac", 44_100, 60),
        ("a.avi", "libmp3lame", 44_100, 90),
    ],
)
def test_a_stretch_of_a_file_is_the_slice_of_the_whole(
    make: Maker, name: str, codec: str, rate: int, decibels: float
) -> None:
    """Decoders of AAC carry a little state from before, hence its lower mark; a sample's shift gives some 15 dB."""
    sound = read(make.media(name, sound=chirp(10, rate), rate=rate, sound_codec=codec)).sound
    whole = sound.samples
    for start, end in ((0.123, 0.5), (1.0, 2.0), (3.3333, 4.1), (5.01, 9.9), (9.5, 9.7)):
        part = sound.trim(start, end)
        first = round(start * 16_000)
        assert likeness(part.samples, whole[first : first + len(part)]) > decibels


def test_blocks_end_to_end_are_the_samples(make: Maker) -> None:
    sound = read(make.wav("a.wav", noise(5, 44_100), 44_100)).sound
    blocks = list(sound.blocks())
    assert len(blocks) > 3
    np.testing.assert_array_equal(np.concatenate(blocks), sound.samples)
    seconds = [sound.trim(n, n + 1).samples for n in range(5)]
    np.testing.assert_allclose(np.concatenate(seconds), sound.samples, atol=2e-5)


def test_the_native_rate_is_known(make: Maker) -> None:
    source = read(make.wav("a.wav", tone(1, 8_000), 8_000)).sound.source
    assert isinstance(source, FileSound)
    assert source.native_rate == 8_000


# Memory

HOUR = """
import sys
from espressivo.media.read import read

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024

clip = read(sys.argv[1])
blocks = clip.sound.blocks()
count = len(next(blocks))
before = peak()
count += sum(map(len, blocks))
print(clip.duration, count, peak() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_an_hour_costs_no_more_memory_than_a_minute(make: Maker) -> None:
    minute = tone(60, 8_000)
    path = make.wav("hour.wav", np.tile(minute, 60), 8_000, "ULAW")
    output = subprocess.run([sys.executable, "-c", HOUR, str(path)], check=True, capture_output=True, text=True).stdout
    duration, count, growth = map(float, output.split())
    assert duration == 3600
    assert count == 3600 * 16_000  # 230 MB of float32, had it been held
    assert growth < 30
