"""Low-rank adaptation: what a frozen matrix does, changed a little by two thin ones that are learned.

Source: Hu et al., LoRA (arXiv 2106.09685).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import ConfigError

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")


class LowRank(nn.Module):
    """The learned part of one matrix (outputs, inputs)."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.empty(rank, inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.linear(x, self.down.to(x.dtype)), self.up.to(x.dtype))


class Adapted(nn.Module):
    """A frozen linear layer and what is added to it."""

    def __init__(self, frozen: nn.Linear, added: LowRank, scale: float) -> None:
        super().__init__()
        self.frozen, self.added, self.scale = frozen, added, scale

    def forward(self, x: Tensor) -> Tensor:
        return self.frozen(x) + self.scale * self.added(x)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One layer that does the same."""
        weight = self.frozen.weight
        weight.copy_(weight + (self.scale * self.added.up.float() @ self.added.down.float()).to(weight.dtype))
        return self.frozen


def adapt(lm: nn.Module, rank: int, scale: float) -> nn.ModuleList:
    """Replaces the matrices of attention in `lm`; gives what there is to learn, in order.

    Raises:
        ConfigError: a model whose attention has other names.
    """
    added = nn.ModuleList()
    for name, module in list(lm.named_modules()):
        if isinstance(module, nn.Linear) and name.rpartition(".")[2] in TARGETS:
            added.append(LowRank(module.in_features, module.out_features, rank))
            _replace(lm, name, Adapted(module, added[-1], scale))  # type: ignore[arg-type]
    if not len(added):
        raise ConfigError(f"the language model has no {', '.join(TARGETS)}: choose another one")
    return added


def merge(lm: nn.Module) -> None:
    """Takes `adapt` back, with what was learned in the weights."""
    for name, module in list(lm.named_modules()):
        if isinstance(module, Adapted):
            _replace(lm, name, module.merged())


def _replace(root: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(root.get_submodule(parent), last, module)
