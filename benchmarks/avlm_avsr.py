"""Is more understood of somebody who is seen? Word errors by voice, by face and by both, in quiet and in noise.

python benchmarks/avlm_avsr.py --checkpoint FOLDER   ten minutes on a core; the model is what the recipe `avsr` makes

GRID's talker 1, sentences that were not trained on. Noises are other recordings of ESC-10, and babble of other talkers,
than were trained with. Beside it: the recogniser that `transcribe` uses, on the same sound.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from avlm_data import clips, grid, noises
from common import rounded, save, table
from espressivo.clip import SPEECH_RATE
from espressivo.engines.recognizer import Recognizer
from espressivo.metrics.words import word_errors, words
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.noise import Noise, mixed
from espressivo.systems.avlm.quality import WAYS, word_error


def whisper(recognizer: Recognizer, noise: Noise | None) -> float:
    """Word error rate of Whisper base."""
    wrong = count = 0
    for item in grid("test"):
        sound = item.clip().sound
        assert sound is not None
        heard = sound if noise is None else mixed(sound, noise, item.id)
        text = words(item.text or "")
        said = recognizer.pieces([(0.0, heard.at(SPEECH_RATE).samples)], language="en").text
        wrong, count = wrong + word_errors(text, words(said)), count + len(text)
    return wrong / count


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a model after the stage avsr")
    parser.add_argument("--jobs", type=int, default=1, help="processes that listen")
    given = parser.parse_args()
    begun, net, kinds = time.perf_counter(), Avlm.load(given.checkpoint), noises()
    heard = clips(grid("test"), net.config.ear, noises=tuple(kinds.values()), jobs=given.jobs)
    recognizer, rows = Recognizer("whisper-base"), dict[str, dict[str, float]]()
    for number, name in enumerate(("clean", *kinds)):
        rows[name] = {way: word_error(net, heard, number, **how) for way, how in WAYS.items()}
        rows[name]["whisper-base"] = whisper(recognizer, kinds.get(name))
        print(f"{name}: {rounded(rows[name])}", flush=True)
    result = {"clips": len(heard), "wer": rows, "seconds": time.perf_counter() - begun}
    table(rows)
    save("avlm_avsr", rounded(result))


if __name__ == "__main__":
    main()
