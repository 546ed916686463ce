"""Training throughput: tokens a second of ours, against the same language model under transformers' Trainer.

python benchmarks/avlm_throughput.py   five minutes on a core

Both adapt SmolLM2-135M by LoRA of the same rank to the same rows of speech tokens with their text, made up here with
lengths like those of read sentences, in batches of the same size. Theirs is what somebody would write: embeddings
resized, peft, the Trainer's defaults (float32, rows padded to the longest). Ours is the recipe `adapt`. A step of each
is taken in turn, so that whatever else the machine does hits both alike; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from common import rounded, save, table
from espressivo.corpora.item import Item
from espressivo.signal.tokens import SpeechTokens
from espressivo.systems.avlm import language
from espressivo.systems.avlm.adapt import AdaptTask
from espressivo.systems.avlm.recipe import FOLDER, AvlmRecipe
from espressivo.systems.avlm.sequence import NOTHING, Writer
from espressivo.systems.avlm.spoken import MANNER, Spoken
from espressivo.systems.avlm.task import AvlmTask
from espressivo.training import read_recipe
from espressivo.training.seeds import seeded, threads

TEXT = "the birch canoe slid on the smooth planks and the small pup gnawed a hole in the sock"
SECONDS = (2.0, 8.0)


@dataclass(frozen=True, eq=False)
class MadeUp:
    """Stands in for clips: random tokens of random length."""

    items: list[Item]

    def spoken(self, number: int, noise: int = 0) -> Spoken:
        random = np.random.default_rng(number)
        n = round(random.uniform(*SECONDS) * 25)
        parts = [random.integers(0, high, -(-n // per)) for high, per in ((500, 1), (64, 2), (100, 25))]
        tokens = SpeechTokens(*parts, register=150.0)
        return Spoken(tokens, random.normal(size=(len(parts[2]), MANNER)).astype(np.float32))

    def __len__(self) -> int:
        return len(self.items)


def clips(count: int) -> Any:
    words, random = TEXT.split(), np.random.default_rng(0)
    texts = [" ".join(random.choice(words, random.integers(5, 15))) for _ in range(count)]
    return MadeUp([Item(f"made-{i}", FOLDER, text=text) for i, text in enumerate(texts)])


def ours(task: AvlmTask, recipe: AvlmRecipe) -> Callable[[np.ndarray], int]:
    """A step of our training: gives how many tokens it read."""
    from espressivo.training.step import Stepper, accelerator_of

    model = task.build()
    step = Stepper(task, model, recipe, accelerator_of(recipe), lambda part: None)

    def take(chosen: np.ndarray) -> int:
        batch = task.batch(chosen, np.random.default_rng(0))
        step([(batch, len(chosen))], 1.0)
        return len(batch.ids)

    return take


def theirs(task: AvlmTask, recipe: AvlmRecipe) -> Callable[[np.ndarray], int]:
    """A step of transformers' Trainer on the same rows."""
    from peft import LoraConfig, get_peft_model
    from torch.nn.utils.rnn import pad_sequence
    from transformers import AutoModelForCausalLM, Trainer, TrainingArguments

    model: Any = AutoModelForCausalLM.from_pretrained(language.place_of(recipe.lm), dtype=torch.float32)
    model.resize_token_embeddings(task.words.size)
    lora = LoraConfig(r=recipe.rank, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(model, lora)
    model.get_input_embeddings().weight.requires_grad_()
    arguments = TrainingArguments("trainer", per_device_train_batch_size=recipe.batch_size, report_to=[], use_cpu=True)
    trainer = Trainer(model, arguments)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=recipe.learning_rate)

    def take(chosen: np.ndarray) -> int:
        random = np.random.default_rng(0)
        rows = [task.sequence(Writer(task.words), task.heard, int(i), random) for i in chosen]
        ids = [torch.from_numpy(row.ids) for row in rows]
        # transformers shifts labels by itself.
        labels = [torch.from_numpy(np.append(NOTHING, row.targets[:-1])) for row in rows]
        given = {
            "input_ids": pad_sequence(ids, batch_first=True),
            "labels": pad_sequence(labels, batch_first=True, padding_value=NOTHING),
            "attention_mask": pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        }
        trainer.accelerator.backward(trainer.compute_loss(model, given))
        optimizer.step()
        optimizer.zero_grad()
        return sum(map(len, ids))

    return take


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    recipe = read_recipe(AvlmRecipe, "adapt", [f"threads={given.threads}"], folder=FOLDER)
    rates: dict[str, list[float]] = {"ours": [], "transformers' Trainer": []}
    with seeded(0), threads(given.threads):
        task = AdaptTask(recipe, clips(recipe.batch_size * (given.steps + 1)))
        takes = dict(zip(rates, (make(task, recipe) for make in (ours, theirs)), strict=True))
        for number in range(given.steps + 1):
            chosen = np.arange(recipe.batch_size) + number * recipe.batch_size
            for name, take in takes.items():
                begun = time.perf_counter()
                tokens = take(chosen)
                if number:  # the first warms up
                    rates[name].append(tokens / (time.perf_counter() - begun))
    middle = {name: float(np.median(values)) for name, values in rates.items()}
    ratio = middle["ours"] / middle["transformers' Trainer"]
    result = {"tokens per second": middle, "ratio": ratio, "batch": recipe.batch_size, "threads": given.threads}
    table({"tokens per second": middle | {"ratio": ratio}})
    save("avlm_throughput", rounded(result))


if __name__ == "__main__":
    main()
