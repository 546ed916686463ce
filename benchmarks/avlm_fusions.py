"""Does a face help to foresee speech? Perplexity of dropped speech tokens, by fusion, by what looks, by share dropped.

python benchmarks/avlm_fusions.py [--begin FOLDER] [--jobs N]   two hours on two cores; each training is kept when done
python benchmarks/avlm_fusions.py --quick                       a few steps of each, in a few minutes; writes nothing

All go on from the same adapted model (recipe `adapt`), with the same clips, steps and seed, and are tested on sentences
of the same talker, GRID's first, that were not trained on. The tokens to drop are drawn once for all.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from avlm_data import averaged, clips, grid, once
from common import rounded, save, table
from espressivo.corpora.spread import spread
from espressivo.systems.avlm.encoders import ENCODERS
from espressivo.systems.avlm.fuse import FuseTask
from espressivo.systems.avlm.fusions import FUSIONS
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.recipe import FOLDER, AvlmRecipe
from espressivo.training import Trainer, read_recipe
from espressivo.training.checkpoint import fingerprint
from espressivo.training.seeds import threads

SHARES = (0.3, 0.5, 0.7)
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Setting:
    """A training."""

    fusion: str
    encoder: str
    seed: int
    steps: int | None = None

    @property
    def row(self) -> str:
        return "speech only" if self.fusion == "none" else f"{self.fusion}, {self.encoder}"

    @property
    def id(self) -> str:
        return f"{self.row}, seed {self.seed}"


@dataclass(frozen=True)
class Trial:
    """Trains and tests; may work in another process."""

    begin: Path

    def __call__(self, setting: Setting) -> Mapping[str, Mapping[str, float]]:
        recipe = self.recipe(setting)
        weights = fingerprint(self.begin / "model.safetensors")["sha256"]
        told = f"fusions 1 {weights} {recipe.model_dump_json(exclude={'begin'})}"
        found: Mapping[str, Mapping[str, float]] = once(told, lambda: self.tested(recipe))
        return found

    def recipe(self, setting: Setting) -> AvlmRecipe:
        recipe = read_recipe(AvlmRecipe, "fuse", folder=FOLDER)
        change = {"fusion": setting.fusion, "encoders": (setting.encoder,), "seed": setting.seed, "begin": self.begin}
        return recipe.model_copy(update=change | ({} if setting.steps is None else {"steps": setting.steps}))

    def tested(self, recipe: AvlmRecipe) -> dict[str, dict[str, float]]:
        with threads(1):
            task = FuseTask(recipe, clips(grid("train")))
            net = Trainer(task, recipe).fit().model
            assert isinstance(net, Avlm)
            return {f"{share:.0%}": task.perplexity(net, clips(grid("test")), share) for share in SHARES}


def settings(quick: bool) -> list[Setting]:
    kinds = [("none", "expression"), *((f, e) for f in FUSIONS if f != "none" for e in ENCODERS)]
    return [Setting(*kind, seed, 2 if quick else None) for seed in SEEDS[: 1 if quick else 3] for kind in kinds]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--begin", type=Path, required=True, help="folder of an adapted model")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that all is in place; writes nothing")
    given = parser.parse_args()
    begun, rows = time.perf_counter(), dict[str, dict[str, list[float]]]()
    for part in ("train", "test"):
        clips(grid(part), jobs=given.jobs)
    for done in spread(Trial(given.begin), settings(given.quick), jobs=given.jobs):
        if done.error is not None or done.value is None:
            raise done.error or RuntimeError(done.item.id)
        for share, kinds in done.value.items():
            for kind, value in kinds.items():
                rows.setdefault(done.item.row, {}).setdefault(f"{share} {kind}", []).append(value)
        print(f"{done.item.id}: {rounded({share: kinds['all'] for share, kinds in done.value.items()})}", flush=True)
    found = averaged(rows)
    table({row: {name: v for name, v in values.items() if "all" in name} for row, values in found.items()})
    if not given.quick:
        save("avlm_fusions", rounded({"seeds": list(SEEDS), "rows": found, "seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
