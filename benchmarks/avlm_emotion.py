"""Does it help to see who speaks? Emotions of the javanese clips by voice, by face and by both.

python benchmarks/avlm_emotion.py [--begin FOLDER] [--jobs N]   an hour on two cores; each training is kept when done
python benchmarks/avlm_emotion.py --quick                       one person, few steps; writes nothing

**Learned from six people, tried on the seventh**, three seeds: the recipe `default`, from a checkpoint (ours under
CC BY-NC-SA by default, which has learned from none of these people) or from a language model that has not learned to
hear or see anything; macro-F1 over all predictions pooled, deviation over the seeds. *As is*: strangers. *Known*: each
clip against the person's other clips, without labels, in training and in test. **Never learned from these people**: the
checkpoints as they ship. Beside both: the baselines of data that are measured the same way.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from avlm_data import averaged, clips, items, once
from common import rounded, save, table
from espressivo.assets.shipped import beside
from espressivo.corpora.spread import spread
from espressivo.emotion import EMOTIONS
from espressivo.metrics import classification
from espressivo.metrics.calibration import ece
from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.feel import FeelTask, people_of
from espressivo.systems.avlm.heads import SENSES
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.pipeline import CHECKPOINTS
from espressivo.systems.avlm.quality import likely, sensed, worded_likely
from espressivo.systems.avlm.recipe import FOLDER, AvlmRecipe
from espressivo.training import Trainer, read_recipe
from espressivo.training.checkpoint import fingerprint
from espressivo.training.seeds import threads

SEEDS = (0, 1, 2)
STEPS = 40
WAYS = tuple(f"{sense}{known}" for sense in SENSES for known in ("", ", known"))

Said = dict[str, list[list[float]]]
"""By way ("both", "both, known" …, "word"), probabilities (clips, emotions)."""


@dataclass(frozen=True)
class Setting:
    """A training: who is left out."""

    row: str
    person: str
    seed: int
    begin: Path | None
    steps: int
    change: tuple[tuple[str, object], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.row}, {self.person} left out, seed {self.seed}"


def people() -> list[str]:
    return sorted({str(item.speaker) for item in items("javanese")})


def only(person: str, inside: bool) -> Clips:
    return clips([item for item in items("javanese") if (item.speaker == person) == inside], faces=False)


def trial(setting: Setting) -> dict[str, object]:
    """What is said of the one who was left out, and how long the training took; may work in another process."""
    recipe = read_recipe(AvlmRecipe, "default", folder=FOLDER)
    change = {"seed": setting.seed, "begin": setting.begin, "steps": max(1, setting.steps), "made_up": False}
    recipe = recipe.model_copy(update=change | dict(setting.change))
    weights = "" if setting.begin is None else fingerprint(setting.begin / "model.safetensors")["sha256"]
    told = f"emotion 1 {setting.person} {setting.steps} {weights} {recipe.model_dump_json(exclude={'begin'})}"
    found: dict[str, object] = once(told, lambda: tried(recipe, setting))
    return found


def tried(recipe: AvlmRecipe, setting: Setting) -> dict[str, object]:
    begun = time.perf_counter()
    with threads(1):
        task = FeelTask(recipe, only(setting.person, False))
        if setting.steps:
            net = Trainer(task, recipe).fit().model.net
        else:
            torch.manual_seed(setting.seed)
            net = task.build().net
        task.fit(net)  # type: ignore[arg-type]
        seconds = time.perf_counter() - begun
        return {"said": said(net, only(setting.person, True)), "seconds": seconds}  # type: ignore[arg-type]


def said(net: Avlm, of: Clips) -> Said:
    x, who = sensed(net, of), people_of(of)
    found = {sense: likely(net, sense, x[sense]) for sense in SENSES}
    found |= {f"{sense}, known": likely(net, sense, x[sense], who) for sense in SENSES}
    found["word"] = worded_likely(net, of)
    return {way: p.tolist() for way, p in found.items()}


def scores(names: tuple[str, ...], labels: list[str], p: np.ndarray) -> dict[str, float]:
    """Macro-F1 and UAR over the emotions that are shown, and the calibration error."""
    truth = np.array([names.index(label) for label in labels])
    counts = classification.confusion(truth, p.argmax(axis=1), len(names))
    return {
        "macro_f1": float(classification.macro_f1(counts)),
        "uar": float(classification.uar(counts)),
        "ece": ece(truth, p),
    }


def left_out(settings: list[Setting], jobs: int) -> dict[str, dict[str, float]]:
    """Rows of figures, pooled over the people, with the deviation over the seeds."""
    found: dict[tuple[str, int], dict[str, Mapping[str, object]]] = {}
    for done in spread(trial, settings, jobs=jobs):
        if done.error is not None or done.value is None:
            raise done.error or RuntimeError(done.item.id)
        found.setdefault((done.item.row, done.item.seed), {})[done.item.person] = done.value
        print(f"{done.item.id}: {done.value['seconds']:.0f} s", flush=True)
    rows: dict[str, dict[str, list[float]]] = {}
    for (row, _), folds in found.items():
        labels = [str(item.emotion) for person in folds for item in only(person, True).items]
        names = tuple(name for name in EMOTIONS if name in labels)
        for way in (*WAYS, "word"):
            p = np.concatenate([np.array(fold["said"][way]) for fold in folds.values()])  # type: ignore[index]
            for name, value in scores(names, labels, p).items():
                rows.setdefault(row, {}).setdefault(f"{way} {name}", []).append(value)
        rows[row].setdefault("seconds", []).append(float(np.mean([fold["seconds"] for fold in folds.values()])))
    return averaged(rows)


def never_learned() -> dict[str, dict[str, float]]:
    """The checkpoints that ship, on all people."""
    rows, of = {}, clips(items("javanese"), faces=False)
    labels = [str(item.emotion) for item in of.items]
    for name in CHECKPOINTS.values():
        net = Avlm.load(beside(f"checkpoints/{name}"))
        for way, p in said(net, of).items():
            rows[f"{name}, {way}"] = scores(net.config.emotions, labels, np.array(p))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--begin", type=Path, help="folder to go on from; ours by default")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--quick", action="store_true", help="one person, to see that all is in place; writes nothing")
    given = parser.parse_args()
    begun, begin = time.perf_counter(), given.begin or beside("checkpoints/avlm-nc")
    clips(items("javanese"), faces=False, jobs=given.jobs)
    kinds = [("ours", begin, STEPS), ("heads alone", begin, 0), ("from nothing", None, STEPS)]
    who, seeds = (people()[:1], SEEDS[:1]) if given.quick else (people(), SEEDS)
    settings = [
        Setting(row, person, seed, folder, 2 if given.quick and steps else steps)
        for row, folder, steps in kinds
        for seed in (seeds if steps else seeds[:1])
        for person in who
    ]
    result = {"seeds": list(SEEDS), "clips": len(items("javanese")), "left out": left_out(settings, given.jobs)}
    table({row: {k: v for k, v in own.items() if "macro" in k} for row, own in result["left out"].items()})
    if not given.quick:
        result["never learned from"] = never_learned()
        table(result["never learned from"])
        save("avlm_emotion", rounded(result | {"seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
