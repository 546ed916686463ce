"""The one Trainer: it takes any room's task through a recipe, on one processor, one GPU, or many.

Everything that decides a run is a function of recipe, data and step, or is in the saved state: a run that is killed
and resumed gives the same losses as one that was not, on the CPU to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from espressivo.errors import AssetError, ConfigError
from espressivo.media.files import writing_folder
from espressivo.training import progress
from espressivo.training.batches import Plan, batches
from espressivo.training.checkpoint import cpu_copy, write_training
from espressivo.training.claim import claimed
from espressivo.training.interrupt import Stopped, interruptions
from espressivo.training.log import Log
from espressivo.training.origin import Prints, check_examples, check_origin, examples_of, note_origin, prints_of
from espressivo.training.recipe import Recipe
from espressivo.training.schedule import share
from espressivo.training.seeds import restore, seeded, snapshot, threads
from espressivo.training.state import load_state, save_state
from espressivo.training.step import Stepper, accelerator_of
from espressivo.training.task import Task
from espressivo.training.watch import DivergedError, Watch

__all__ = ["DivergedError", "Outcome", "Stopped", "Trainer"]

STATE = "state"


@dataclass
class Outcome:
    """What came out of a training: the model with the weights that are kept, and how good they are."""

    model: nn.Module
    step: int
    """That the weights are from."""
    steps: int
    """That were taken."""
    metrics: dict[str, float] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def score(self) -> float | None:
        return self.metrics.get("score")


@dataclass
class Course:
    """Where a run is: all of the state that is neither weights nor generators."""

    step: int = 0
    stale: int = 0
    """Validations since the best one."""
    best_step: int = 0
    best_metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


class Trainer:
    """Trains `task` as `recipe` says.

    Args:
        show: a live display on stderr.
        facts: more to write into training.json.
        prints: of the data, from whoever has called `check_origin` already: hashing terabytes once is enough.
        mark: called with a part's name when that part of a step is over (see profile.py).
    """

    def __init__(
        self,
        task: Task[Any],
        recipe: Recipe,
        *,
        show: bool = False,
        facts: Mapping[str, Any] = {},
        prints: Prints | None = None,
        mark: Callable[[str], None] = lambda part: None,
    ) -> None:
        self.task, self.recipe, self.show, self.facts, self.mark = task, recipe, show, facts, mark
        self.prints = prints

    def fit(self, resume: bool = False) -> Outcome:
        """Trains to the end, and writes the model into the recipe's output; with no output, nothing is written.

        Several processes, started by torchrun or `accelerate launch`, share each step; the first one writes.

        Args:
            resume: go on from the last state in the output; from the beginning if none was saved yet.

        Raises:
            InputError: too few examples.
            ConfigError: resumed with another recipe, other data or fewer examples; or (DivergedError) the loss is no
                number any more.
            OutputError: the output cannot be written, or another training writes there now.
            AssetError: the saved states are damaged.
            Stopped: a KeyboardInterrupt: Ctrl-C or SIGTERM; the state is saved, the message says how to go on.
        """
        with seeded(self.recipe.seed), threads(self.recipe.threads), ExitStack() as stack:
            self._begin(resume, stack)
            log, display = stack.enter_context(self._logged()), stack.enter_context(self._displayed())
            processes = self.accelerator.num_processes
            self.watch = Watch(self.recipe, log, display, self.course.seconds, processes)
            self._run(stack.enter_context(interruptions()))
            return self._finish()

    def _begin(self, resume: bool, stack: ExitStack) -> None:
        recipe = self.recipe
        self.accelerator = accelerator_of(recipe)
        self.main = self.accelerator.is_main_process
        if recipe.output is not None and self.main:
            stack.enter_context(claimed(recipe.output))
        self.model = self.task.build().to(self.accelerator.device)
        self.stepper = Stepper(self.task, self.model, recipe, self.accelerator, self.mark)
        self.plan = Plan(self.task, recipe, self.accelerator.num_processes, self.accelerator.process_index)
        self.course, self.best = Course(), dict[str, Tensor]()
        torch.manual_seed(recipe.seed + self.accelerator.process_index)  # each process drops out other units
        self.examples = examples_of(self.task)
        if self.prints is None and (resume or recipe.output is not None):
            self.prints = check_origin(recipe) if resume else prints_of(recipe)
        if resume:
            self._resume()
        if recipe.output is not None and self.main:
            note_origin(recipe.output, recipe, self.prints or {}, self.examples)

    def _run(self, asked: Callable[[], bool]) -> None:
        recipe, course = self.recipe, self.course
        if self._over():
            return
        self.model.train()
        for pieces in batches(self.plan, course.step, recipe.steps, self.accelerator.device.type == "cuda"):
            rate = share(course.step, recipe.steps, recipe.warmup, recipe.schedule)
            measured = self.stepper(pieces, rate)
            course.step += 1
            self.watch.add(course.step, recipe.learning_rate * rate, measured)
            self._between(self._agreed(asked()))
            if self._over():
                return
            self.mark("rest")

    def _between(self, stop: bool) -> None:
        """What is due between two steps."""
        step, recipe = self.course.step, self.recipe
        validate = step == recipe.steps or _due(step, recipe.validate_every)
        if not (validate or stop or _due(step, recipe.save_every) or self.watch.due(step)):
            return
        self.watch.look()  # before anything is kept: broken weights must not be
        if validate:
            self._validate()
        over = self._over()
        save = over or stop or _due(step, recipe.save_every)
        if save and recipe.output is not None:
            self._save(recipe.output / STATE)
        if validate or save:
            self.watch.restart()
        if stop and not over:
            raise Stopped(self._parting())

    def _agreed(self, stop: bool) -> bool:
        """Whether any process wants to stop; several of them talk about it only now and then."""
        if self.accelerator.num_processes == 1:
            return stop
        if not _due(self.course.step, self.recipe.log_every):
            return False
        wish = torch.tensor(float(stop), device=self.accelerator.device)
        return bool(self.accelerator.reduce(wish, "sum"))

    def _over(self) -> bool:
        patience = self.recipe.patience
        return self.course.step >= self.recipe.steps or bool(patience and self.course.stale >= patience)

    def _validate(self) -> None:
        course, metrics = self.course, self._judged()
        if metrics is None:
            return
        if not metrics:
            if self.recipe.patience:
                raise ConfigError(f"patience={self.recipe.patience} wants a score, and nothing is validated on")
            return
        self.watch.validated(course.step, metrics)
        course.stale += 1
        if not course.best_metrics or metrics["score"] > course.best_metrics["score"]:
            course.stale, course.best_step, course.best_metrics = 0, course.step, metrics
            self.best = cpu_copy(self.model)

    def _judged(self) -> dict[str, float] | None:
        """What the first process finds, known to all."""
        metrics: dict[str, float] | None = None
        if self.main:
            self.model.eval()
            with torch.inference_mode():
                found = self.task.validate(self.model)
            metrics = None if found is None else {name: float(value) for name, value in found.items()}
            self.model.train()
        if self.accelerator.num_processes > 1:
            from accelerate.utils import broadcast_object_list

            (metrics,) = broadcast_object_list([metrics])
        return metrics

    def _save(self, folder: Path) -> None:
        generators: list[Any] = [snapshot()]
        if self.accelerator.num_processes > 1:
            from accelerate.utils import gather_object

            generators = gather_object(generators)
        if self.main:
            self.course.seconds = self.watch.seconds
            tree = {
                "course": vars(self.course),
                "model": self.model.state_dict(),
                "optimizer": self.stepper.optimizer.state_dict(),
                "best": self.best,
                "generators": generators,
            }
            save_state(folder, self.course.step, tree)

    def _resume(self) -> None:
        output = self.recipe.output
        assert output is not None
        check_examples(output, self.examples)
        tree = load_state(output / STATE)
        if tree is None:
            return
        try:
            self._take_up(tree)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:200]
            raise AssetError(f"the state in {str(output)!r} does not fit this model ({reason}): train anew") from error

    def _take_up(self, tree: dict[str, Any]) -> None:
        rank = self.accelerator.process_index
        self.course, self.best = Course(**tree["course"]), tree["best"]
        self.model.load_state_dict(tree["model"])
        optimizer = tree["optimizer"]
        optimizer["state"] = {int(number): value for number, value in optimizer["state"].items()}
        self.stepper.optimizer.load_state_dict(optimizer)
        if rank < len(tree["generators"]):
            restore(tree["generators"][rank])

    def _finish(self) -> Outcome:
        course, output = self.course, self.recipe.output
        if self.best:
            self.model.load_state_dict(self.best)
        self.model.eval()
        step = course.best_step if self.best else course.step
        outcome = Outcome(self.model, step, course.step, course.best_metrics, output)
        if output is not None and self.main:
            with writing_folder(output) as place:
                self.task.export(self.model, place)
                write_training(place, self._facts(outcome))
        self.accelerator.wait_for_everyone()
        return outcome

    def _facts(self, outcome: Outcome) -> dict[str, Any]:
        return {
            "recipe": self.recipe.model_dump(mode="json", exclude={"train", "validation", "output"}),
            "data": self.prints or {},
            **self.facts,
            **self.examples,
            "step": outcome.step,
            "steps": outcome.steps,
            "metrics": outcome.metrics,
            "seconds": round(self.watch.seconds, 1),
            "device": self.accelerator.device.type,
            "processes": self.accelerator.num_processes,
        }

    def _displayed(self) -> progress.Display:
        if not (self.show and self.main):
            return progress.Silent()
        return progress.display(self.recipe.name, self.recipe.steps, self.course.step)

    @contextmanager
    def _logged(self) -> Iterator[Log | None]:
        if self.recipe.output is None or not self.main:
            yield None
            return
        log = Log(self.recipe.output, self.course.step)
        try:
            yield log
        finally:
            log.close()

    def _parting(self) -> str:
        step, output = f"stopped after step {self.course.step} of {self.recipe.steps}", self.recipe.output
        if output is None:
            return f"{step}: there is no output, nothing is kept"
        return f"{step}: all is saved in {str(output)!r}; go on with the same command and --resume"


def _due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
