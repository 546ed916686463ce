"""Does made speech help a reader of emotions, on people never heard? No augmentation, perturbation, EmoAug.

python benchmarks/emoaug.py [--jobs N] [--checkpoint FOLDER]   about 30 minutes on two cores; what it heard is kept
python benchmarks/emoaug.py --quick                            a few clips of each, in a minute or two; writes nothing

Readers are that of systems/voice_emotion, and the same classifier on the simple features of voice_emotion.py, trained
on 10 %, 30 % and 100 % of the recordings of the speakers that are not tested on: balanced, as they are, and imbalanced,
where every other emotion keeps a quarter of its own. They draw every emotion equally often in any case, so "none"
repeats the recordings of the rare ones. Both augmentations add the same number of clips to the same emotions: balanced
as many as there are (to 24), at 10 % four times as many (to 48); imbalanced what it lacks (to 24, or 48).

Perturbed clips keep their emotion: drawn with equal odds the speed times 0.9 or 1.1, by resampling as Kaldi's recipes
do, which moves pitch and formants too; or the pitch two semitones up or down by PSOLA, as EmoAug's clips are raised, so
that pace and formants stay. EmoAug's model is the one that allows any use: it has heard nobody of either corpus, and no
label of theirs.

EmoAug's clips are not filtered here, for that takes four times as long as to make them: what is kept of voice and words
is measured on a sample. No speaker of the test may be among those that its Prosody2Vec was trained on.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from common import rounded, save, table
from emoaug_clips import (
    FEW_COPIES,
    FEW_MOST,
    MOST,
    READERS,
    TESTED,
    Setting,
    drawn,
    heard,
    heard_by,
    kept,
    lab,
    perturbations,
    transfers,
)
from espressivo.clip import SPEECH_RATE
from espressivo.corpora.spread import cores, spread
from espressivo.systems.emoaug.filters import Judge, Limits
from espressivo.systems.voice_emotion.task import probabilities
from espressivo.training.checkpoint import load_speakers
from espressivo.training.seeds import threads
from voice_emotion import PLAIN, fitted, joined, uar

FRACTIONS, SEEDS = (0.1, 0.3, 1.0), (0, 1, 2)
OTHERS = ("mix", "sample", "any source", "named")  # beside "other" from the same emotion, on 10 % of RAVDESS
SAMPLE = 6  # clips of each emotion that voice and words are measured on


@dataclass(frozen=True)
class Trial:
    """Trains and tests with each augmentation; may work in another process."""

    checkpoint: Path | None

    def __call__(self, setting: Setting) -> dict[str, float]:
        with threads(1):
            tools, name = lab(self.checkpoint), setting.corpus
            chosen = drawn(setting, tools)
            everything = heard(name, setting.few)
            real = everything.only(np.isin(everything.ids, [item.id for item in chosen]))
            test = everything.only(np.isin(everything.speaker, TESTED[name]))
            added = {"speed and pitch": kept(setting, "perturbed", perturbations(setting, chosen, tools), tools)}
            for style in setting.styles:
                label = "EmoAug" if style == "other" else f"EmoAug, {style}"
                added[label] = kept(setting, style, transfers(setting, chosen, tools, style), tools)
            trained = {"none": real, **{label: joined([real, more]) for label, more in added.items()}}
            row = {"clips": float(len(real)), "added": float(len(added["EmoAug"]))}
            for (label, data), reader in product(trained.items(), READERS):
                net, own = fitted(PLAIN, heard_by(reader, data), setting.seed), heard_by(reader, test)
                said = uar(net.config.emotions, own.emotion, probabilities(net, own))
                row[label if reader == "ours" else f"{label}, {reader}"] = said
            return row


def preserved(setting: Setting, checkpoint: Path | None) -> dict[str, float]:
    """What is left of voice and words in clips as above, against the recording itself."""
    tools, judge = lab(checkpoint), Judge(Limits())
    found: dict[str, list[float]] = defaultdict(list)
    taken = tools.recordings(setting.corpus, setting.few)
    for item, _, samples in transfers(setting, drawn(setting, tools), tools, "other"):
        sound = item.clip().sound
        assert sound is not None
        reference = judge.reference(item, sound.at(SPEECH_RATE).samples)
        verdict = judge(taken.parts(item).speaker, reference, samples)
        found["similarity"].append(verdict.similarity)
        found["refused"].append(float(verdict.why is not None))
        if verdict.wer is not None and verdict.wer_source is not None:
            found["words"].append(len(reference.words))
            found["wer"].append(len(reference.words) * verdict.wer)
            found["wer of the recordings"].append(len(reference.words) * verdict.wer_source)
    whole = sum(found.pop("words"))
    means = {name: sum(values) / (whole if name.startswith("wer") else len(values)) for name, values in found.items()}
    return {"clips": float(len(found["similarity"])), **means}


def check_speakers(folder: Path) -> None:
    """Ends the benchmark if the model was trained on somebody who is tested on, or does not say on whom."""
    taught = load_speakers(folder).get("train")
    if not taught:
        sys.exit(f"{folder} does not say whom it was trained on: give --checkpoint a model with its training.json")
    shared = {who for people in TESTED.values() for who in people} & set(taught)
    if shared:
        sys.exit(f"{folder} was trained on {', '.join(sorted(shared))}, who are tested on: give --checkpoint another")


def summary(results: Sequence[tuple[Setting, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Mean and deviation over the seeds."""
    of: dict[str, list[Mapping[str, float]]] = defaultdict(list)
    for setting, row in results:
        of[setting.row].append(row)
    rows: dict[str, dict[str, float]] = {}
    for name, found in of.items():
        rows[name] = {}
        for label in found[0]:
            values = np.array([row[label] for row in found])
            rows[name][label] = float(values.mean())
            if label not in ("clips", "added"):
                rows[name][f"{label} ±"] = float(values.std())
    return rows


def settings(quick: bool) -> list[Setting]:
    if quick:
        both = product(TESTED, ("balanced", "imbalanced"))
        return [Setting(name, 1.0, balance, 0, ("other", *OTHERS), most=2, few=True) for name, balance in both]
    # The longest first, so that no process is left alone with one at the end.
    every = [Setting(*one) for one in product(TESTED, FRACTIONS[::-1], ("balanced", "imbalanced"), SEEDS)]
    small = [replace(one, copies=FEW_COPIES, most=FEW_MOST) for one in every if one.fraction == FRACTIONS[0]]
    styled = [replace(one, copies=1, most=MOST, styles=("other", *OTHERS)) for one in small if one.corpus == "ravdess"]
    return [one for one in every if one.fraction != FRACTIONS[0]] + small + styled


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=cores(), help="processes")
    parser.add_argument("--checkpoint", type=Path, help="folder of a Prosody2Vec; ours by default")
    parser.add_argument("--quick", action="store_true", help="a few clips, to see that all is in place; writes nothing")
    given = parser.parse_args()
    begun, folder = time.perf_counter(), lab(given.checkpoint).emoaug.folder
    check_speakers(folder)
    for name in TESTED:
        heard(name, given.quick, given.jobs)
        lab(given.checkpoint).recordings(name, given.quick, given.jobs)
    results = []
    for done in spread(Trial(given.checkpoint), settings(given.quick), jobs=given.jobs):
        if done.error is not None or done.value is None:
            raise done.error or RuntimeError(done.item.id)
        results.append((done.item, done.value))
        print(f"{done.item.id}: {rounded(done.value)}", flush=True)
    most = 1 if given.quick else SAMPLE
    samples = {name: Setting(name, 1.0, "balanced", 0, most=most, few=given.quick) for name in TESTED}
    result = {
        "seeds": sorted({setting.seed for setting, _ in results}),
        "model": lab(given.checkpoint).emoaug.config.name,
        "tested on": {name: list(who) for name, who in TESTED.items()},
        "uar": summary(results),
        "preserved": {name: preserved(sample, given.checkpoint) for name, sample in samples.items()},
    }
    result = rounded(result | {"seconds": time.perf_counter() - begun})
    table(result["uar"])
    table(result["preserved"])
    if not given.quick:
        save("emoaug", result)


if __name__ == "__main__":
    main()
