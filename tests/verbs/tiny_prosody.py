"""A prosody model that knows next to nothing, trained in seconds on a synthetic voice: for tests of what uses one.

It has gone through both stages: the first knows no emotions, the second learns their names.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from espressivo.verbs.train import train

WEIGHTS = ("silero-vad", "wespeaker-resnet34", "whisper-base", "whisper-tiny-en")
SAID = {
    "neutral": ("The train was late again.", "I will call the doctor tomorrow."),
    "happy": ("We won the match today!", "What a lovely surprise!"),
}
Say = Callable[[str], np.ndarray]


def tiny_prosody(folder: Path, say: Say, asset: Callable[[str], Path]) -> Path:
    """The folder of a model that can make speech sound neutral or happy; skips where weights are out of reach."""
    for name in WEIGHTS:
        asset(name)
    rows = ["path,speaker,emotion"]
    for emotion, texts in SAID.items():
        for n, text in enumerate(texts):
            soundfile.write(folder / f"{emotion}{n}.wav", say(text), 16_000)
            rows.append(f"{emotion}{n}.wav,voice,{emotion}")
    (folder / "train.csv").write_text("\n".join(rows) + "\n")
    with pytest.MonkeyPatch.context() as patch:  # the weights stay in the cache, what is measured does not
        patch.setattr("espressivo.corpora.features.cache_dir", lambda: folder / "cache")
        data, first = f"train={folder / 'train.csv'}", folder / "first"
        train("prosody2vec", [data, f"output={first}"], recipe="debug")
        train(
            "prosody2vec", [data, "learns=expression", f"begin={first}", f"output={folder / 'model'}"], recipe="debug"
        )
    return folder / "model"
