"""Speech with a text, as much as is wanted, of people who do not exist: sentences in synthetic voices.

    python -m espressivo.corpora.spoken SENTENCES.txt -o FOLDER --seconds 60

writes that many seconds of each of Kokoro's English voices, at 24 kHz, as `prepare kokoro FOLDER` reads them.
It goes on where it was stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from espressivo.assets import fetch
from espressivo.engines.voice import KokoroVoice
from espressivo.errors import InputError
from espressivo.media.files import writing

SPEEDS = (0.8, 1.25)


def english_voices() -> list[str]:
    """Kokoro's voices for American and British English."""
    return sorted(path.stem for path in fetch("kokoro-voices").rglob("[ab][fm]_*.bin"))


def read_aloud(sentences: Sequence[str], voice: str, folder: Path, seconds: float, seed: int = 0) -> Iterator[Path]:
    """Sentences drawn at random, at various speeds, until there are `seconds` of them in FOLDER/VOICE.

    Gives each recording as it is written. What is there already is kept, and counts.

    Raises:
        InputError: none of the sentences can be read aloud.
    """
    if not sentences:
        raise InputError("there are no sentences to read aloud: give one a line")
    reader, place, number = KokoroVoice(voice), folder / voice, 0
    place.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng((seed, *voice.encode()))
    order, done, failed = random.permutation(len(sentences)), 0.0, 0
    while done < seconds:
        text, speed = sentences[order[number % len(order)]], float(random.uniform(*SPEEDS))
        path, number = place / f"{number:04d}.flac", number + 1
        if path.exists():
            done += _seconds(path)
            continue
        try:
            speech = reader.say(text, speed=speed)
        except InputError:
            failed += 1
            if failed >= len(sentences):
                raise InputError(f"none of {len(sentences)} sentences can be read aloud") from None
            continue
        with writing(path.with_suffix(".txt")) as part:
            part.write_text(text + "\n", encoding="utf-8")
        # Not marked: a mark would be learned as part of the voice.
        speech.save(path, mark=False)
        done, failed = done + speech.duration, 0
        yield path


def _seconds(path: Path) -> float:
    import soundfile

    return float(soundfile.info(path).duration)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sentences", type=Path, help="one a line")
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each voice")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        lines = [line.strip() for line in options.sentences.read_text(encoding="utf-8").splitlines()]
        for voice in english_voices():
            given = [line for line in lines if line]
            made = sum(1 for _ in read_aloud(given, voice, options.out, options.seconds, options.seed))
            print(f"{voice}: {made} new recordings")
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
