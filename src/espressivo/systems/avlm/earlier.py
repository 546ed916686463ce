"""A model of an earlier stage, to go on from: its weights, without the language model that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from espressivo.assets.model import read_config, read_weights
from espressivo.errors import ConfigError
from espressivo.systems.avlm.heads import KNOWN, Head, renamed
from espressivo.systems.avlm.model import Avlm, AvlmConfig


@dataclass(frozen=True)
class Earlier:
    """What lies in `folder`."""

    folder: Path
    config: AvlmConfig
    weights: dict[str, Tensor]

    @classmethod
    def of(cls, folder: Path) -> Earlier:
        """Raises AssetError: no model of this room in the folder."""
        return cls(folder, read_config(folder, AvlmConfig, AvlmConfig.system), read_weights(folder))

    def into(self, net: Avlm) -> None:
        """Gives `net` the weights that have the same shape and meaning there.

        Raises:
            ConfigError: a model of another language model.
        """
        then, now = self.config, net.config
        wrong = [name for name in ("lm", "rank", "scale", "ear") if getattr(then, name) != getattr(now, name)]
        if wrong:
            told = " and ".join(f"{name}={getattr(then, name)}" for name in wrong)
            raise ConfigError(f"{str(self.folder)!r} goes with {told}: give the same, or another begin=")
        meant = {
            "heads.": False,  # they are fitted anew, see `head`
            "eye.": bool(then.parts) and then.encoders == now.encoders,
            "fusion.": then.fusion == now.fusion,
        }
        own = net.state_dict()
        taken = {
            name: value
            for name, value in self.weights.items()
            if name in own
            and own[name].shape == value.shape
            and all(same for part, same in meant.items() if name.startswith(part))
        }
        net.load_state_dict(own | taken)

    def head(self, sense: str, wanted: tuple[str, ...], known: bool = False) -> Head | None:
        """Its head for a sense, for the `wanted` emotions; None where it knew none."""
        begins = f"heads.{sense}{f'-{KNOWN}' if known else ''}."
        own = {name.removeprefix(begins): v.float() for name, v in self.weights.items() if name.startswith(begins)}
        if not own:
            return None
        head = Head(own["weight"].shape[1], len(self.config.emotions))
        head.load_state_dict(own)
        return renamed(head, self.config.emotions, wanted)
