"""Does the mark survive, is it heard, does it cry wolf, what does it cost?

    python benchmarks/marking.py            all of it
    python benchmarks/marking.py --quick    a few clips of each, writes nothing

Marks 64 synthetic sentences and 60 real voices, does to them what platforms and people do, and counts how often the
mark is found; counts false alarms on real recordings and noises, with our pattern and with others; measures what it
changes, beside what codecs change; and runs the network of resemble-perth beside it. Writes results/marking.json.
"""

from __future__ import annotations

import io
import random
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr

from common import data_root, save, table
from espressivo.assets import fetch
from espressivo.errors import AssetError
from espressivo.media import watermark
from espressivo.media.read import read
from espressivo.media.watermark import RATE, embed, search
from perth_peer import Perth

SEED = 0
QUICK = "--quick" in sys.argv
VOICES = ("kathleen", "librispeech", "ravdess", "nemo", "emodb", "grid")
EACH, NOISES, CARRIERS, PATTERNS = (8, 8, 8, 2) if QUICK else (600, 400, 60, 20)
OPENINGS = (
    "When the rain finally stopped", "Before anyone could answer the question", "On the third morning of the trip",
    "I still remember the quiet street where", "Nobody in the small office believed that",
    "If you listen carefully to the old radio", "She told me over a cup of tea that", "At the far end of the harbour",
)  # fmt: skip
ENDINGS = (
    "the children ran outside and shouted with joy.", "my brother found a letter under the kitchen table.",
    "seven grey boats were waiting for the fishermen.", "the music sounded strange and wonderfully slow.",
    "you should be proud of everything you have done.", "a young doctor explained what had gone wrong.",
    "we bought fresh bread and shared it with a stranger.", "the clock on the wall had been wrong for years.",
)  # fmt: skip

Attack = Callable[[np.ndarray], np.ndarray]


def coded(codec: str, kbit: int) -> Attack:
    """What is left after encoding at `kbit` thousand bits a second and decoding again."""
    container, rate = {"libmp3lame": ("mp3", 44_100), "aac": ("mp4", 44_100), "libopus": ("ogg", 48_000)}[codec]

    def attack(sound: np.ndarray) -> np.ndarray:
        wide = np.clip(soxr.resample(sound, RATE, rate), -1, 1).astype(np.float32)
        file = io.BytesIO()
        with av.open(file, "w", format=container) as out:
            stream = out.add_stream(codec, rate=rate, layout="mono", bit_rate=kbit * 1000)
            frame = av.AudioFrame.from_ndarray(wide[None], "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        return read(file.getvalue()).sound.at(RATE).samples

    return attack


def through(rate: int) -> Attack:
    return lambda sound: soxr.resample(soxr.resample(sound, RATE, rate), rate, RATE)


def gain(decibels: float) -> Attack:
    return lambda sound: np.clip(sound * np.float32(10 ** (decibels / 20)), -1, 1)


def noise(snr: float) -> Attack:
    def attack(sound: np.ndarray) -> np.ndarray:
        hiss = np.random.default_rng(SEED).standard_normal(len(sound)).astype(np.float32)
        return sound + hiss * np.sqrt(np.mean(sound**2)) * 10 ** (-snr / 20)

    return attack


def trim(seconds: float) -> Attack:
    """`seconds` from the middle."""

    def attack(sound: np.ndarray) -> np.ndarray:
        start = max(0, (len(sound) - round(seconds * RATE)) // 2)
        return sound[start : start + round(seconds * RATE)]

    return attack


def room(sound: np.ndarray) -> np.ndarray:
    """A made-up room: decaying noise of 0.3 s to -60 dB after the direct sound, 6 dB below it in all."""
    tail = np.random.default_rng(SEED).standard_normal(round(0.3 * RATE)) * 10 ** (
        -3 * np.linspace(0, 1, round(0.3 * RATE))
    )
    answer = np.concatenate([[1.0], tail * 0.5 / np.sqrt(np.sum(tail**2))])
    size = len(sound) + len(answer)
    return np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(answer, size), size)[: len(sound)].astype(np.float32)


ATTACKS: dict[str, Attack] = {
    "none": lambda sound: sound,
    "MP3 128 kbit/s": coded("libmp3lame", 128),
    "MP3 64 kbit/s": coded("libmp3lame", 64),
    "MP3 32 kbit/s": coded("libmp3lame", 32),
    "AAC 128 kbit/s": coded("aac", 128),
    "AAC 64 kbit/s": coded("aac", 64),
    "Opus 32 kbit/s": coded("libopus", 32),
    "Opus 16 kbit/s": coded("libopus", 16),
    "to 8 kHz": through(8000),
    "to 22.05 kHz": through(22_050),
    "to 44.1 kHz": through(44_100),
    "to 48 kHz": through(48_000),
    "12 dB softer": gain(-12),
    "12 dB louder, clipped": gain(12),
    "cut to 2 s": trim(2),
    "cut to 1.5 s": trim(1.5),
    "cut to 1 s": trim(1),
    "noise at 20 dB": noise(20),
    "noise at 10 dB": noise(10),
    "8 bits": lambda sound: (np.round(sound * 127) / 127).astype(np.float32),
    "a room": room,
    "MP3 64, cut to 1.5 s": lambda sound: trim(1.5)(ATTACKS["MP3 64 kbit/s"](sound)),
    "AAC 64, then Opus 32": lambda sound: ATTACKS["Opus 32 kbit/s"](ATTACKS["AAC 64 kbit/s"](sound)),
    "0.5 % faster": lambda sound: soxr.resample(sound, RATE * 1.005, RATE),
    "1 % faster": lambda sound: soxr.resample(sound, RATE * 1.01, RATE),
    "5 % faster": lambda sound: soxr.resample(sound, RATE * 1.05, RATE),
}


def sentences() -> list[np.ndarray]:
    """The synthetic sentences at 24 kHz."""
    from hibari import Hibari

    voice = Hibari(voice="heart")
    texts = [f"{opening} {ending}" for opening in OPENINGS for ending in ENDINGS]
    return [
        np.asarray(voice(text, seed=SEED), np.float32).ravel()
        for text in (texts[:: len(texts) // 8] if QUICK else texts)
    ]


def recordings(corpus: str, count: int) -> list[np.ndarray]:
    """A seeded sample of a corpus at 16 kHz; of long recordings the first ten seconds."""
    paths = sorted(p for p in (data_root() / corpus).rglob("*") if p.suffix in (".opus", ".wav", ".mp4"))
    chosen = random.Random(SEED).sample(paths, min(count, len(paths)))
    return [read(Path(path)).sound.samples[: 10 * RATE] for path in chosen]


def upper_bound(hits: int, trials: int) -> float:
    """Clopper–Pearson: the rate at which as few as `hits` would still come up once in twenty."""
    low, high = 0.0, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        terms = np.cumsum([0.0] + [np.log((trials - k) / (k + 1) * rate / (1 - rate)) for k in range(hits)])
        likely = np.exp(terms + trials * np.log1p(-rate)).sum()
        low, high = (rate, high) if likely > 0.05 else (low, rate)
    return high


def detection(marked: list[np.ndarray], perth: list[np.ndarray], rival: Perth | None) -> dict[str, Any]:
    """Per attack: the share found, the median and lowest score; and perth's share, on an eighth of the sentences."""
    rows: dict[str, Any] = {}
    for name, attack in ATTACKS.items():
        findings = [search([attack(sound)]) for sound in marked]
        scores = [f.score for f in findings]
        row = {"found": round(float(np.mean([f.found for f in findings])), 4), "of": len(findings)}
        row |= {"median z": round(float(np.median(scores)), 1), "lowest z": round(min(scores), 1)}
        if rival is not None:
            row["perth"] = round(float(np.mean([rival.detect(attack(sound)) > 0.5 for sound in perth])), 3)
            row["perth of"] = len(perth)
        rows[name] = row
        print(name, row, flush=True)
    return rows


def false_alarms(groups: dict[str, list[np.ndarray]], rival: Perth | None) -> dict[str, Any]:
    """With the pattern we use, and with others as if each were ours: the sounds are the same, the chance is new."""
    rows = {}
    for name, sounds in groups.items():
        findings = [search([sound]) for sound in sounds]
        wrong = sum(f.found for f in findings)
        rows[name] = {"alarms": wrong, "of": len(sounds), "at most": f"{upper_bound(wrong, len(sounds)):.2g}"}
        rows[name]["highest z"] = round(max(f.score for f in findings), 2)
        if rival is not None:
            rows[name]["perth alarms"] = sum(
                rival.detect(sound) > 0.5 for sound in sounds[:: max(1, len(sounds) // 50)]
            )
            rows[name]["perth of"] = len(sounds[:: max(1, len(sounds) // 50)])
    speech = [rows[name] for name in VOICES]
    counts = {key: sum(row[key] for row in speech) for key in speech[0] if key not in ("at most", "highest z")}
    rows["all real speech"] = counts | {"at most": f"{upper_bound(counts['alarms'], counts['of']):.2g}"}
    every = [sound for sounds in groups.values() for sound in sounds]
    rows[f"{PATTERNS} other patterns"] = other_patterns(every[::8])
    return rows


def other_patterns(sounds: list[np.ndarray]) -> dict[str, Any]:
    """As if each of `PATTERNS` other patterns were ours."""
    stretches = [[watermark._residues(part)[0] for part, _ in watermark._stretches([sound])] for sound in sounds]
    findings = []
    own = watermark._KEY
    for number in range(PATTERNS):
        watermark._KEY = f"pattern {number}".encode()
        watermark._pattern.cache_clear()
        for parts in stretches:
            scores = [watermark._best_match(grid) for grids in parts for grid in grids]
            places = len(parts) * watermark.PERIOD * watermark._STEPS
            findings.append(watermark.Finding(max(scores, default=0.0), places, 0.0))
    watermark._KEY = own
    watermark._pattern.cache_clear()
    wrong = sum(f.found for f in findings)
    row = {"alarms": wrong, "of": len(findings), "at most": f"{upper_bound(wrong, len(findings)):.2g}"}
    return row | {"highest z": round(max(f.score for f in findings), 2)}


def changes(before: np.ndarray, after: np.ndarray) -> dict[str, float]:
    """What differs between two 16 kHz sounds: SNR, noise to mask, and mean distance of log-mel spectra, in decibels."""
    before, after = aligned(before, after)
    difference = after - before
    snr = 10 * np.log10(np.mean(before**2) / (np.mean(difference**2) + 1e-12))
    heard, noise_in_bands = barks(before), barks(difference)
    active = heard.sum(1) > heard.sum(1).max() * 1e-4
    ratio = (noise_in_bands / (masked(heard) + heard.max() * 1e-7))[active]
    mels = [10 * np.log10(barks(x)[active] + heard.max() * 1e-5) for x in (before, after)]
    return {"SNR": snr, "NMR": 10 * np.log10(ratio.mean() + 1e-12), "log spectrum": np.abs(mels[0] - mels[1]).mean()}


def barks(sound: np.ndarray) -> np.ndarray:
    """(frames, bands): power in half-Bark bands every 16 ms."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 512)[::256] * np.hanning(512)
    band = (7 * np.arcsinh(np.arange(257) * RATE / 512 / 650) / 0.5).astype(int)
    return np.abs(np.fft.rfft(frames)) ** 2 @ np.eye(band.max() + 1)[band]


def masked(power: np.ndarray) -> np.ndarray:
    """What each band hides (as in PEAQ, ITU-R BS.1387, simplified): power spread to its neighbours, less an offset."""
    centre = (np.arange(power.shape[1]) + 0.5) * 0.5
    apart = centre[None] - centre[:, None]
    spread = 10 ** (-np.where(apart > 0, 15 * apart, -27 * apart) / 10)
    return power @ (spread / spread.sum(1, keepdims=True)) / 10 ** (np.where(centre < 12, 3, centre / 4) / 10)


def aligned(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two without the delay of a codec."""
    size = len(before) + len(after)
    likeness = np.fft.irfft(np.fft.rfft(after, size) * np.fft.rfft(before, size).conj(), size)
    delay = int(np.argmax(likeness))
    after = after[delay:] if delay < len(after) else np.pad(after, (size - delay, 0))
    length = min(len(before), len(after))
    return before[:length], after[:length]


def quality(sounds: list[np.ndarray]) -> list[float]:
    """DNSMOS P.835 overall, of each 16 kHz sound repeated to the 9.01 s that the network wants."""
    import onnxruntime

    path = fetch("dnsmos")
    path = path / "sig_bak_ovr.onnx" if path.is_dir() else path
    network = onnxruntime.InferenceSession(str(path))
    given = [np.resize(sound, (1, round(9.01 * RATE))).astype(np.float32) for sound in sounds]
    raw = [network.run(None, {"input_1": sound})[0][0][2] for sound in given]
    return [float(np.polyval([-0.06766283, 1.11546468, 0.04602535], value)) for value in raw]


def inaudibility(plain: list[np.ndarray], perth: list[np.ndarray]) -> dict[str, Any]:
    """The mark beside codecs that are called transparent for speech."""
    ways: dict[str, list[np.ndarray]] = {"unchanged": plain, "our mark": [embed(x, RATE) for x in plain]}
    ways |= {name: [ATTACKS[name](x) for x in plain] for name in ("MP3 64 kbit/s", "AAC 64 kbit/s", "Opus 32 kbit/s")}
    if perth:
        ways["perth's mark"] = perth
    rows = {}
    for name, sounds in ways.items():
        pairs = zip(plain, sounds, strict=True)
        told = [changes(x, y) for x, y in pairs] if name != "unchanged" else []
        rows[name] = {key: round(float(np.mean([t[key] for t in told])), 2) for key in (told[0] if told else ())}
        rows[name]["DNSMOS"] = round(float(np.mean(quality(sounds))), 3)
    return rows


def speed() -> dict[str, Any]:
    """Milliseconds to mark and to search a sound, the median of 15, on noise shaped like speech in level."""
    rows = {}
    for seconds in (1, 4, 30):
        sound = np.random.default_rng(SEED).standard_normal(24_000 * seconds).astype(np.float32) * 0.1
        small = soxr.resample(sound, 24_000, RATE)
        marking, searching = [], []
        for _ in range(15):
            start = time.perf_counter()
            embed(sound, 24_000)
            middle = time.perf_counter()
            search([small])
            marking.append(middle - start)
            searching.append(time.perf_counter() - middle)
        rows[f"{seconds} s"] = {"mark ms": round(float(np.median(marking)) * 1e3, 1)}
        rows[f"{seconds} s"] |= {"real-time factor": round(float(np.median(marking)) / seconds, 4)}
        rows[f"{seconds} s"] |= {"search ms": round(float(np.median(searching)) * 1e3, 1)}
    return rows


def main() -> None:
    result: dict[str, Any] = {"seed": SEED, "threshold": search([np.ones(RATE, np.float32)]).threshold}
    result["speed"] = speed()
    spoken = sentences()
    plain = [soxr.resample(sound, 24_000, RATE) for sound in spoken]
    marked = [soxr.resample(embed(sound, 24_000), 24_000, RATE) for sound in spoken]
    try:
        rival = Perth(fetch("perth"))
    except AssetError as error:
        print(f"without perth: {error}")
        rival = None
    start = time.perf_counter()
    rivals = [] if rival is None else [rival.embed(sound) for sound in plain[::8]]
    if rival is not None:
        seconds = sum(map(len, plain[::8])) / RATE
        result["speed"]["perth"] = {"real-time factor": round((time.perf_counter() - start) / seconds, 4)}
    result["detection"] = detection(marked, rivals, rival)
    print("real voices", flush=True)
    carriers = [x for name in VOICES for x in recordings(name, CARRIERS // 3) if len(x) >= 3 * RATE][:CARRIERS]
    result["detection, real voices"] = detection([embed(sound, RATE) for sound in carriers], [], None)
    groups = {name: recordings(name, EACH) for name in VOICES} | {"esc10": recordings("esc10", NOISES), "hibari": plain}
    result["false alarms"] = false_alarms(groups, rival)
    result["inaudibility"] = inaudibility(plain[::8], rivals)
    for name in ("speed", "detection", "detection, real voices", "false alarms", "inaudibility"):
        print(f"\n{name}")
        table(result[name])
    if not QUICK:
        save("marking", result)


if __name__ == "__main__":
    main()
