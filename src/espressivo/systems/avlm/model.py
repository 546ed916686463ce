"""The audio-visual language model: a frozen text model, new ids for speech, a low-rank adapter, an eye and a fusion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.assets.model import load_weights, read_config
from espressivo.errors import ConfigError
from espressivo.systems.avlm import language
from espressivo.systems.avlm.attention import apart
from espressivo.systems.avlm.encoders import Eye, parts_of
from espressivo.systems.avlm.fusions import FUSIONS, HEADS, Fusion
from espressivo.systems.avlm.heads import KNOWN, Head, heads
from espressivo.systems.avlm.lowrank import adapt
from espressivo.systems.avlm.packing import Batch
from espressivo.systems.avlm.sequence import NOTHING
from espressivo.systems.avlm.spoken import MANNER
from espressivo.systems.avlm.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float


@dataclass(frozen=True)
class AvlmConfig:
    """What the model is made of.

    Attributes:
        lm: the text model, as `language.load` takes it.
        rank: of the adapter; `scale` is what its product is multiplied by.
        encoders: of what is seen, names in ENCODERS; `width` of what they give.
        fusion: one of FUSIONS; `depth` of its Q-Former, or how many layers look.
        manner: whether how each second sounds is put in beside its style token.
        emotions: that the heads tell apart; none before that is learned. `labels` of data that are taken for one.
        ear: licence of the weights that hear style tokens.
        stage: of training that came last.
    """

    system: ClassVar[str] = "avlm"

    name: str
    licence: str
    lm: str = language.OURS
    rank: int = 16
    scale: float = 2.0
    encoders: tuple[str, ...] = ("expression", "landmarks")
    fusion: str = "prefix"
    width: int = 256
    depth: int = 2
    manner: bool = True
    emotions: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    ear: str = "permissive"
    stage: str = "adapt"

    @property
    def parts(self) -> tuple[str, ...]:
        """Of Seen, that it looks at."""
        if self.fusion not in FUSIONS:
            raise ConfigError(f"unknown fusion {self.fusion!r}: choose one of {', '.join(FUSIONS)}")
        return () if self.fusion == "none" else parts_of(self.encoders)


class Avlm(nn.Module):
    """Reads rows of text, speech and what is seen.

    Its parameters are what is learned; the frozen language model goes with it to other devices, but is neither saved
    nor counted.

    Source: arXiv 2508.16188, on another language model and other tokens.

    Raises:
        ConfigError: an unknown fusion, encoder or language model.
    """

    def __init__(self, config: AvlmConfig, dtype: torch.dtype = torch.float32, lm: nn.Module | None = None) -> None:
        super().__init__()
        if config.width % HEADS:
            raise ConfigError(f"got a width of {config.width}: give a multiple of {HEADS}")
        self.config, self.looks = config, bool(config.parts)
        frozen: Any = language.load(config.lm, dtype) if lm is None else lm
        self._frozen = [frozen]  # in a list, so that PyTorch does not take it for a part
        text = frozen.get_input_embeddings().weight
        dim, layers = text.shape[1], len(decoder_layers(frozen))
        self.vocabulary = Vocabulary(len(text))
        self.speech = nn.Parameter(_like(text, self.vocabulary.added))
        self.adapter = adapt(frozen, config.rank, config.scale)
        self.manner = nn.Sequential(nn.LayerNorm(MANNER), nn.Linear(MANNER, dim))
        nn.init.zeros_(self.manner[1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.manner[1].bias)  # type: ignore[arg-type]
        self.eye = Eye(config.encoders, config.width)
        self.fusion = FUSIONS[config.fusion](dim, config.width, config.depth, layers)
        self.dim = dim
        self.heads = heads(dim, len(config.emotions)) if config.emotions else nn.ModuleDict()

    @property
    def device(self) -> torch.device:
        return self.speech.device

    @property
    def lm(self) -> Any:
        """The frozen model, with the adapter in it."""
        return self._frozen[0]

    def _apply(self, fn: Any, recurse: bool = True) -> Avlm:
        # Onto a device, not into another precision: what is frozen keeps its own.
        self.lm._apply(lambda x: x.to(fn(x).device), recurse)
        return super()._apply(fn, recurse)

    def forward(self, batch: Batch, cache: Any = None) -> Float[Tensor, "time dim"]:
        """The last hidden state at each place.

        Args:
            cache: of transformers, where keys and values are left for those who read on.
        """
        visual = self.eye(batch) if self.looks else self.speech.new_zeros(len(batch.lengths), 1, self.config.width)
        embeddings = self.fusion(self.embed(batch), batch, visual)
        with _between(self.lm, self.fusion, batch, visual), apart(self.lm, batch.lengths):
            found = self.lm.base_model(
                inputs_embeds=embeddings[None],
                position_ids=batch.position[None],
                past_key_values=cache,
                use_cache=cache is not None,
            )
        return found.last_hidden_state[0]

    def embed(self, batch: Batch) -> Float[Tensor, "time dim"]:
        """Text, speech and manner, before anything is seen."""
        row = self.embedded(batch.ids)
        if not self.config.manner or not len(batch.manner):
            return row
        return row.index_add(0, batch.manner_at, self.manner(batch.manner).to(row.dtype))

    def embedded(self, ids: Tensor) -> Tensor:
        """(…, dim) of ids of both kinds."""
        text = self.lm.get_input_embeddings().weight
        own = F.embedding((ids - len(text)).clamp(min=0), self.speech).to(text.dtype)
        return torch.where((ids < len(text))[..., None], F.embedding(ids.clamp(max=len(text) - 1), text), own)

    def head(self, sense: str, known: bool = False) -> Head:
        """That tells emotions by one sense, or by both; of somebody of whom other clips are known."""
        found = self.heads[f"{sense}-{KNOWN}" if known else sense]
        assert isinstance(found, Head)
        return found

    def speech_logits(self, hidden: Float[Tensor, "places dim"]) -> Float[Tensor, "places added"]:
        """Of the added ids alone: where speech is due, no text is."""
        return F.linear(hidden, self.speech.to(hidden.dtype)).float()

    def text_logits(self, hidden: Float[Tensor, "places dim"]) -> Float[Tensor, "places text"]:
        return self.lm.get_output_embeddings()(hidden).float()

    def surprise(
        self, hidden: Float[Tensor, "time dim"], targets: Tensor
    ) -> tuple[Float[Tensor, " speech"], Float[Tensor, " text"]]:
        """Nats for each target that is speech, and for each that is text."""
        first = self.vocabulary.text
        speech, text = targets >= first, (targets != NOTHING) & (targets < first)
        said = F.cross_entropy(self.speech_logits(hidden[speech]), targets[speech] - first, reduction="none")
        written = F.cross_entropy(self.text_logits(hidden[text]), targets[text], reduction="none")
        return said, written

    @classmethod
    def load(cls, folder: Path, dtype: torch.dtype = torch.float32) -> Avlm:
        """A trained model. Raises AssetError: no model of this room in the folder; or as the constructor."""
        config = read_config(folder, AvlmConfig, AvlmConfig.system)
        return load_weights(folder, cls(config, dtype))


@contextmanager
def _between(lm: nn.Module, fusion: Fusion, batch: Batch, visual: Tensor) -> Iterator[None]:
    """While it lasts, the fusion gets a word in after each layer."""
    hooks = []
    for number, layer in enumerate(decoder_layers(lm) if fusion.between else ()):

        def hook(module: nn.Module, given: Any, out: Any, number: int = number) -> Any:
            hidden = out[0] if isinstance(out, tuple) else out
            changed = fusion.after(number, hidden[0], batch, visual)[None]
            return (changed, *out[1:]) if isinstance(out, tuple) else changed

        hooks.append(layer.register_forward_hook(hook))
    try:
        yield
    finally:
        for each in hooks:
            each.remove()


def decoder_layers(lm: Any) -> nn.ModuleList:
    """The layers of a causal language model, in order. Raises ConfigError where they cannot be found."""
    for part in ("layers", "h"):
        found = getattr(lm.base_model, part, None)
        if isinstance(found, nn.ModuleList):
            return found
    raise ConfigError(f"{type(lm).__name__} keeps its layers where nobody knows: choose another language model")


def _like(text: Tensor, count: int) -> Tensor:
    """Embeddings to begin with: about the mean of the text's, a little apart."""
    text = text.float()
    return text.mean(0) + 0.2 * text.std() * torch.randn(count, text.shape[1])
