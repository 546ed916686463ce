"""What the stages that go on from a model share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from espressivo.corpora.splits import check_disjoint
from espressivo.systems.prosody2vec.examples import Recordings
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.recipe import ProsodyRecipe
from espressivo.systems.prosody2vec.task import ProsodyTask
from espressivo.training.checkpoint import TRAINING, load_speakers


class LaterTask(ProsodyTask):
    """Goes on from the model in `begin`, with labelled recordings among those to learn from.

    Raises:
        InputError: somebody would be both learned from and validated on, in all stages together.
    """

    def __init__(self, recipe: ProsodyRecipe, begin: Path, heard: Recordings, held: Recordings | None) -> None:
        super().__init__(recipe, heard, held)
        self.begin = begin
        self._all = self._joined()

    def begun(self) -> Prosody2Vec:
        """The model, under its new name and licence."""
        net = Prosody2Vec.load(self.begin)
        net.config = replace(net.config, name=self.recipe.name, licence=self.recipe.licence)
        return net

    def speakers(self) -> Mapping[str, Collection[str | None]]:
        """And those that were heard before."""
        return self._all

    def _joined(self) -> Mapping[str, Collection[str | None]]:
        now = super().speakers()
        before = load_speakers(self.begin) if (self.begin / TRAINING).is_file() else {}
        both = {part: {*before.get(part, ()), *now.get(part, ())} for part in {**before, **now}}
        if len(both) > 1:
            check_disjoint(both, self.recipe.allow_shared_speakers)
        return both
