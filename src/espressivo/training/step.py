"""One step of the optimizer: batches in, weights changed, what it cost out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from espressivo.training.recipe import Recipe
from espressivo.training.task import Losses, Task

if TYPE_CHECKING:
    from accelerate import Accelerator


def accelerator_of(recipe: Recipe) -> Accelerator:
    """Hugging Face Accelerate on the recipe's device, in its precision, with the processes that were started."""
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    # Accelerate keeps precision and device for the whole process; the next training may want others.
    AcceleratorState._reset_state(reset_partial_state=True)
    # Without a GPU it must be told so: under torchrun it would let each process train for itself.
    gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    precision = "bf16" if recipe.precision == "bf16" else "no"
    # Some tasks learn a part of their weights for a while, then another one.
    partly = DistributedDataParallelKwargs(find_unused_parameters=True)
    cpu = recipe.device == "cpu" or not gpu
    return Accelerator(cpu=cpu, mixed_precision=precision, kwargs_handlers=[partly])


class Measured(NamedTuple):
    """A step's loss, its parts and the gradient's length, still on the device; how many examples this process saw."""

    loss: Tensor
    parts: Mapping[str, Tensor]
    gradient: Tensor | None
    examples: int


class Cost(nn.Module):
    """Model and loss as one module.

    What wraps a module (autocast, DDP) then covers the loss too, and the loss may use any part of the model.
    """

    def __init__(self, task: Task[Any], model: nn.Module) -> None:
        super().__init__()
        self.task, self.model = task, model

    def forward(self, batch: Any) -> Losses:
        return self.task.loss(self.model, batch)


class Stepper:
    """Holds the optimizer (AdamW, Loshchilov and Hutter, ICLR 2019) and takes its steps.

    The gradient of a step is that of the mean over all its batches, on all processes, each batch weighing what its
    loss says: it does not matter how a step is cut into batches, even where they are not equally large.
    """

    def __init__(
        self,
        task: Task[Any],
        model: nn.Module,
        recipe: Recipe,
        accelerator: Accelerator,
        mark: Callable[[str], None],
    ) -> None:
        self.recipe, self.accelerator, self.mark = recipe, accelerator, mark
        self.cost = accelerator.prepare(Cost(task, model))
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        # Not wrapped by Accelerate: its wrapper looks for optional packages at every step, 0.2 ms for a step of 0.6.
        self.optimizer = torch.optim.AdamW(
            _groups(self.parameters, recipe.weight_decay), lr=recipe.learning_rate, fused=_fused(self.parameters)
        )

    def __call__(self, batches: Iterable[tuple[Any, int]], share: float) -> Measured:
        """One step at `share` of the learning rate."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * share
        self.optimizer.zero_grad()
        costs = [self._learn(batch, count, alone, last) for batch, count, alone, last in self._each(batches)]
        examples = sum(count for _, count in costs)
        if len(costs) == 1 and self.accelerator.num_processes == 1:
            ((loss, parts, _), _) = costs[0]
        else:
            loss, parts = self._merged([losses for losses, _ in costs])
        gradient = self.accelerator.clip_grad_norm_(self.parameters, self.recipe.clip) if self.recipe.clip else None
        self.optimizer.step()
        self.mark("optimizer")
        return Measured(loss, parts, gradient, examples)

    def _each(self, batches: Iterable[tuple[Any, int]]) -> Iterator[tuple[Any, int, bool, bool]]:
        """Each batch with how many examples it holds, whether it is all of the step, and whether it is the last."""
        rest = iter(batches)
        following, first = next(rest, None), True
        while following is not None:
            (batch, count), following = following, next(rest, None)
            yield batch, count, first and following is None and self.accelerator.num_processes == 1, following is None
            first = False

    def _learn(self, batch: Any, count: int, alone: bool, last: bool) -> tuple[Losses, int]:
        """Adds the batch's gradient, its weight times that of its mean unless it is alone."""
        if self.accelerator.device.type != "cpu":
            batch = moved(batch, self.accelerator.device)
        self.mark("data")
        with nullcontext() if last else self.accelerator.no_sync(self.cost):  # the last one sends the gradients round
            losses = self.cost(batch)
            weight = count if losses.weight is None else losses.weight
            self.mark("forward")
            self.accelerator.backward(losses.total if alone else losses.total * weight)
            self.mark("backward")
        parts = {name: part.detach() for name, part in losses.parts.items()}
        return Losses(losses.total.detach(), parts, weight), count

    def _merged(self, costs: list[Losses]) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted mean over all batches of all processes, and the gradients scaled to it."""
        rows = []
        for total, parts, weight in costs:
            row = torch.stack([torch.ones_like(total), total, *(part.float() for part in parts.values())])
            rows.append(row * weight)  # type: ignore[operator]
        sums: Any = self.accelerator.reduce(torch.stack(rows).sum(0), "sum")
        weight, grads = sums[0], [p.grad for p in self.parameters if p.grad is not None]
        torch._foreach_mul_(grads, self.accelerator.num_processes / weight)  # DDP took a mean over the processes
        loss, *means = (sums[1:] / weight).unbind()
        return loss, dict(zip(costs[0].parts, means, strict=True))


def _groups(parameters: list[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Matrices shrink, biases and scales do not."""
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def _fused(parameters: list[nn.Parameter]) -> bool:
    """One kernel for all weights, where there is one: with small networks the loop over them is half the step."""
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)


def moved(batch: Any, device: torch.device) -> Any:
    """`batch` with all its tensors on `device`."""
    from accelerate.utils import send_to_device

    return send_to_device(batch, device, non_blocking=True)
