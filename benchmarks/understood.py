"""How often words count as understood: English should, other languages must not.

    python benchmarks/understood.py

Counts, for a seeded sample of each corpus, the clips whose words `converse` would answer. Writes
benchmarks/results/understood.json.
"""

from __future__ import annotations

import random

from common import data_root, save, table
from espressivo.engines.recognizer import Recognizer
from espressivo.media.read import read
from espressivo.systems.cascade.perceive import UNDERSTOOD

SEED, CLIPS = 1, 40
CORPORA = {
    "kathleen (English)": "kathleen/data/*.opus",
    "vasp (English)": "vasp/*/*.mp4",
    "grid (English, commands)": "grid/s1/*.mp4",
    "javanese": "javanese/*.mp4",
    "nemo (Polish)": "nemo/samples/*.opus",
    "emodb (German)": "emodb/wav/*.opus",
}


def main() -> None:
    root, rng, recognizer = data_root(), random.Random(SEED), Recognizer().load()
    rows = {}
    for name, pattern in CORPORA.items():
        paths = rng.sample(sorted(root.glob(pattern)), CLIPS)
        heard = [recognizer(clip.sound.samples) for clip in map(read, paths) if clip.sound is not None]
        taken = [h for h in heard if h.language == "en"]
        understood = sum(h.confidence >= UNDERSTOOD for h in taken)
        rows[name] = {"clips": len(heard), "taken_for_english": len(taken), "understood": understood}
    table(rows)
    save("understood", {"seed": SEED, "least_confidence": UNDERSTOOD, "rows": rows})


if __name__ == "__main__":
    main()
