"""Fine-tuning: the prosody encoder learns to hear emotions from labels, on top of a model that was trained without.

All else goes on as before, adversaries too, so that the prosody still puts recordings together and still hides who
speaks. Emotions are named twice, by what the encoder has pooled and by the few numbers that it says of it.

Source: Qu et al. (arXiv 2212.06972), the fine-tuning for emotion recognition; that it stays a prosody encoder
meanwhile is ours.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.systems.prosody2vec.examples import Batch
from espressivo.systems.prosody2vec.later import LaterTask
from espressivo.systems.prosody2vec.model import Prosody2Vec
from espressivo.systems.prosody2vec.task import Learner, mean_of, moments, overall


class Namer(Learner):
    """Besides the adversaries, two who name emotions."""

    def __init__(self, net: Prosody2Vec, speakers: int, emotions: int) -> None:
        super().__init__(net, speakers)
        self.felt_inside = nn.Linear(net.prosody.out.in_features, emotions)
        self.felt_said = nn.Linear(2 * net.config.style, emotions)


class TuneTask(LaterTask):
    """Learns what emotions sound like in the prosody."""

    shown = (*LaterTask.shown, "named")

    def build(self) -> nn.Module:
        return Namer(self.begun(), len(self.who), len(self.heard.emotions))

    def besides(self, learner: Any, batch: Batch, pooled: Tensor, style: Tensor) -> dict[str, Tensor]:
        labelled = (batch.felt >= 0).float()
        inside = learner.felt_inside(overall(pooled, batch))
        said = learner.felt_said(moments(style, batch))
        both = sum(F.cross_entropy(one, batch.felt.clamp(min=0), reduction="none") for one in (inside, said))
        return {"named": self.recipe.name_weight * mean_of(torch.as_tensor(both), labelled)}
