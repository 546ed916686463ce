"""The stages of training, by name."""

from __future__ import annotations

from espressivo.systems.avlm.adapt import AdaptTask
from espressivo.systems.avlm.avsr import AvsrTask
from espressivo.systems.avlm.feel import FeelTask
from espressivo.systems.avlm.fuse import FuseTask
from espressivo.systems.avlm.task import AvlmTask

STAGES: dict[str, type[AvlmTask]] = {"adapt": AdaptTask, "fuse": FuseTask, "avsr": AvsrTask, "emotion": FeelTask}
