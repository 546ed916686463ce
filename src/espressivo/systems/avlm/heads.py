"""Emotions from what the model knows of a clip: by voice, by face and by both, with a temperature each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.systems.avlm.seen import EXPRESSION
from espressivo.systems.avlm.spoken import MANNER

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

SENSES = ("voice", "face", "both")
KNOWN = "known"
"""Ends the name of a head for people of whom other clips are at hand."""
ROUNDS = 200
STATISTICS = 4
"""Of each channel of a face: mean, deviation, 90th percentile, change."""


def widths(dim: int) -> dict[str, int]:
    """How many numbers each sense gives with a language model that wide, and both together (see states.py)."""
    voice, face = 2 * dim + MANNER, dim + STATISTICS * EXPRESSION
    return {"voice": voice, "face": face, "both": voice + face}


def renamed(head: Head, names: Sequence[str], wanted: Sequence[str]) -> Head:
    """The head of `names` as one of `wanted` emotions; of those that it does not know it knows nothing."""
    found = Head(head.weight.shape[1], len(wanted))
    found.mean, found.deviation = head.mean, head.deviation
    for place, name in enumerate(wanted):
        if name in names:
            found.weight[place], found.bias[place] = head.weight[names.index(name)], head.bias[names.index(name)]
    return found


def heads(dim: int, emotions: int) -> nn.ModuleDict:
    """One for each sense, of strangers and of people who are known."""
    wide = widths(dim)
    return nn.ModuleDict({f"{s}{end}": Head(wide[s], emotions) for s in SENSES for end in ("", f"-{KNOWN}")})


class Head(nn.Module):
    """A linear classifier whose inputs are brought to mean 0 and deviation 1.

    Fitted, not trained along: a logistic regression has one answer, which no seed and no number of steps changes.
    """

    mean: Tensor
    deviation: Tensor
    weight: Tensor
    bias: Tensor
    temperature: Tensor
    usual: Tensor

    def __init__(self, inputs: int, emotions: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("deviation", torch.ones(inputs))
        self.register_buffer("weight", torch.zeros(emotions, inputs))
        self.register_buffer("bias", torch.zeros(emotions))
        self.register_buffer("temperature", torch.ones(()))
        self.register_buffer("usual", torch.ones(inputs))  # deviation of clips about their speaker's mean

    @property
    def learned(self) -> bool:
        """Whether it was ever fitted."""
        return bool(self.weight.any())

    def forward(self, x: Float[Tensor, "clips inputs"]) -> Float[Tensor, "clips emotions"]:
        """Logits, over the temperature."""
        return F.linear((x - self.mean) / self.deviation, self.weight, self.bias) / self.temperature

    def fit(
        self,
        x: Float[Tensor, "clips inputs"],
        label: Int[Tensor, " clips"],
        weight: Float[Tensor, " clips"],
        allowed: Bool[Tensor, "clips emotions"],
        before: Head | None = None,
    ) -> None:
        """Learns to tell labels: penalised so that before anything is learned, logits vary by about 1.

        Args:
            weight: of each clip; they are brought to a mean of 1.
            allowed: which emotions a clip could have been labelled with; the others are no mistake.
            before: a head for the same emotions that learned from others: this one is not to stray far from it.
        """
        deviation, mean = torch.std_mean(x, dim=0)
        self.mean, self.deviation = mean, deviation.clamp(min=1e-3 * float(deviation.mean()) + 1e-6)
        self.weight, self.bias = torch.zeros_like(self.weight), torch.zeros_like(self.bias)
        if before is not None:
            self.weight = before.weight * self.deviation / before.deviation
            self.bias = before.bias + before.weight @ ((self.mean - before.mean) / before.deviation)
        begun = self.weight
        x, weight = (x - self.mean) / self.deviation, weight / weight.mean()
        parameters = [part.clone().requires_grad_() for part in (self.weight, self.bias)]
        search = torch.optim.LBFGS(parameters, max_iter=ROUNDS, line_search_fn="strong_wolfe")
        penalty = 0.5 * x.shape[1]

        def cost() -> Tensor:
            search.zero_grad()
            logits = F.linear(x, *parameters).masked_fill(~allowed, -1e4)
            losses = F.cross_entropy(logits, label, reduction="none")
            total = (losses * weight).sum() + penalty * (parameters[0] - begun).square().sum()
            total.backward()
            return total

        with torch.enable_grad():
            search.step(cost)
        self.weight, self.bias = (part.detach() for part in parameters)
