"""How much silence must follow a short turn for Whisper to hear it right, and what that saves.

    python benchmarks/recognizer.py

Word error rate and time of the recogniser with several margins, beside faster-whisper's own `transcribe` on the same
weights, on real speech (Kathleen, LibriSpeech test-other, GRID). Writes benchmarks/results/recognizer.json.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import jiwer
import numpy as np

from common import data_root, save, table
from espressivo.assets import fetch
from espressivo.engines.recognizer import MARGIN, Recognizer
from espressivo.media.read import read

SEED, EACH = 0, 30
MARGINS: tuple[float | None, ...] = (1.0, 2.0, 4.0, 8.0, None)
GRID_WORDS = {
    0: {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    1: {"b": "blue", "g": "green", "r": "red", "w": "white"},
    2: {"a": "at", "b": "by", "i": "in", "w": "with"},
    5: {"a": "again", "n": "now", "p": "please", "s": "soon"},
}
NORMAL = jiwer.Compose(
    [
        jiwer.ToLowerCase(),
        jiwer.RemovePunctuation(),
        jiwer.RemoveMultipleSpaces(),
        jiwer.Strip(),
        jiwer.ReduceToListOfListOfWords(),
    ]
)


def grid_sentence(stem: str) -> str:
    """GRID's file name spells its sentence: "bbaf2n" is "bin blue at f 2 now"."""
    return " ".join(
        GRID_WORDS[i][c] if i in GRID_WORDS else {"z": "0"}.get(c, c) if i == 4 else c for i, c in enumerate(stem)
    )


def utterances(root: Path) -> list[tuple[str, Path, str]]:
    """(corpus, file, text), a seeded sample of each corpus."""
    rng = random.Random(SEED)
    arctic = rng.sample(sorted((root / "kathleen" / "data").glob("*.opus")), EACH)
    books = [
        (next(page.parent.glob(f"{line.split()[0]}.[!t]*")), line.split(" ", 1)[1])
        for page in sorted((root / "librispeech" / "test-other").rglob("*.trans.txt"))
        for line in page.read_text(encoding="utf-8").splitlines()
    ]
    grid = rng.sample(sorted((root / "grid" / "s1").glob("*.mp4")), EACH)
    return [
        *(("kathleen", path, path.with_suffix(".txt").read_text(encoding="utf-8").strip()) for path in arctic),
        *(("librispeech", *book) for book in rng.sample(books, min(EACH, len(books)))),
        *(("grid", path, grid_sentence(path.stem)) for path in grid),
    ]


def measure(hear: Callable[[np.ndarray], str], data: list[tuple[str, np.ndarray, str]]) -> dict[str, float]:
    """WER of each corpus, and the median seconds an utterance takes."""
    said: dict[str, tuple[list[str], list[str]]] = {}
    seconds = []
    for corpus, samples, text in data:
        begun = time.perf_counter()
        heard = hear(samples)
        seconds.append(time.perf_counter() - begun)
        texts, found = said.setdefault(corpus, ([], []))
        texts.append(text)
        found.append(heard)
    rates = {c: jiwer.wer(t, h, reference_transform=NORMAL, hypothesis_transform=NORMAL) for c, (t, h) in said.items()}
    print(rates, flush=True)
    return {**{f"wer_{c}": round(r, 4) for c, r in rates.items()}, "seconds": round(statistics.median(seconds), 3)}


def main() -> None:
    from faster_whisper import WhisperModel

    data = []
    for corpus, path, text in utterances(data_root()):
        clip = read(path)
        assert clip.sound is not None
        if clip.duration <= 25:
            data.append((corpus, clip.sound.samples, text))
    rows = {}
    for margin in MARGINS:
        recognizer = Recognizer(margin=margin).load()
        name = (
            "whole window (30 s)"
            if margin is None
            else f"margin {margin:g} s" + (" (ours)" if margin == MARGIN else "")
        )
        rows[name] = measure(lambda x, r=recognizer: r(x, language="en").text, data)
    peer = WhisperModel(str(fetch("whisper-base")), device="cpu", compute_type="int8")
    rows["faster-whisper"] = measure(
        lambda x: " ".join(s.text for s in peer.transcribe(x, language="en", beam_size=1, word_timestamps=True)[0]),
        data,
    )
    for row in rows.values():
        row["times_faster"] = round(rows["faster-whisper"]["seconds"] / row["seconds"], 2)
    table(rows)
    save("recognizer", {"seed": SEED, "utterances": len(data), "rows": rows})


if __name__ == "__main__":
    main()
