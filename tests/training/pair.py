"""One of several processes that train together: `torchrun … -m tests.training.pair FOLDER`."""

import json
import os
import sys
from pathlib import Path

from espressivo.training import Trainer

from .toys import Blobs, ToyRecipe

EXAMPLES = 51
"""With 8 for each of two processes the last step of an epoch has 3: two for one, one for the other."""


def recipe(folder: Path, **changes: object) -> ToyRecipe:
    values = {"steps": 15, "batch_size": 8, "log_every": 1, "validate_every": 5, "save_every": 5, "output": folder}
    return ToyRecipe(**(values | changes))  # type: ignore[arg-type]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    plan = recipe(folder / "two")
    task = Blobs(plan, EXAMPLES)
    outcome = Trainer(task, plan).fit()
    weight = outcome.model.state_dict()["0.weight"].tolist()
    told = {"seen": task.seen, "weight": weight, "metrics": outcome.metrics}
    (folder / f"rank-{os.environ['RANK']}.json").write_text(json.dumps(told))
