"""Pre-training with a face in view: speech tokens are dropped, and those that are missing are to be foreseen."""

from __future__ import annotations

import math

import numpy as np
import torch

from espressivo.errors import InputError
from espressivo.systems.avlm.clips import Clips
from espressivo.systems.avlm.model import Avlm
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.recipe import AvlmRecipe
from espressivo.systems.avlm.sequence import Sequence, Writer
from espressivo.systems.avlm.task import AvlmTask, data_of
from espressivo.training.step import moved


class FuseTask(AvlmTask):
    """Foresees each dropped speech token from what is left before it, and from the face."""

    @classmethod
    def read(cls, recipe: AvlmRecipe) -> FuseTask:
        heard, held = (data_of(recipe, path, faces=True) for path in (recipe.train, recipe.validation))
        assert heard is not None
        return cls(recipe, heard, held)

    def sequence(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator) -> Sequence:
        return self.dropped(writer, clips, number, random, float(random.choice(self.recipe.drop)))

    def dropped(self, writer: Writer, clips: Clips, number: int, random: np.random.Generator, share: float) -> Sequence:
        """An example with that share of its speech tokens gone."""
        spoken = self.voice(clips, number)
        missing = random.uniform(size=len(spoken.tokens.ids(self.words.layout))) < share
        writer.face(self.face(clips, number, spoken), self.fusion.slots)
        return writer.speech(spoken, dropped=missing, learned=missing, manner=self.recipe.manner).done()

    @torch.inference_mode()
    def perplexity(self, net: Avlm, clips: Clips, share: float, seed: int = 0) -> dict[str, float]:
        """Of the dropped tokens of all clips: all of them, and units, pitch and style each."""
        random, layout = np.random.default_rng(seed), self.words.layout
        nats: dict[str, list[float]] = {}
        net.eval()
        for chosen in np.array_split(np.arange(len(clips)), -(-len(clips) // self.recipe.batch_size)):
            rows = [self.dropped(Writer(self.words), clips, int(i), random, share) for i in chosen]
            batch: Batch = moved(self.pack(rows), net.device)
            said, _ = net.surprise(net(batch), batch.targets)
            kinds = [layout.kind(int(token)) for token in batch.targets[batch.targets >= self.words.text]]
            for kind, value in zip(kinds, said.tolist(), strict=True):
                nats.setdefault(str(kind), []).append(value)
        every = [value for values in nats.values() for value in values]
        if not every:
            raise InputError(f"nothing was dropped of {len(clips)} clips with a share of {share:g}: give a larger one")
        return {"all": math.exp(np.mean(every)), **{kind: math.exp(np.mean(own)) for kind, own in nats.items()}}
