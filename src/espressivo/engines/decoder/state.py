"""What a decoder has read so far: the keys and values of every layer, in memory that the graph writes in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from espressivo.engines.decoder.weights import LlamaShape

if TYPE_CHECKING:
    from onnxruntime import InferenceSession, IOBinding

GRAIN = 64


@dataclass
class _Step:
    """One way of calling the graph (so many tokens, so many logits) with all its memory bound once."""

    binding: IOBinding
    embeddings: np.ndarray
    last: np.ndarray
    total: np.ndarray
    take: np.ndarray
    logits: np.ndarray


class State:
    """Keys and values of `length` tokens for `batch` sequences of equal length, and the logits of what comes next.

    Memory: `cache` (layers, 2, batch, kv_heads, capacity, head_dim) float32. Unread slots are NaN, so that reading one
    by mistake cannot pass silently.
    """

    def __init__(self, shape: LlamaShape, capacity: int, batch: int = 1) -> None:
        self.shape = shape
        self.batch = batch
        self.length = 0
        self.logits = np.zeros((batch, 0), np.float32)
        self._step: _Step | None = None
        self.cache = self._empty(capacity)

    def _empty(self, capacity: int) -> np.ndarray:
        slots = min(-(-max(capacity, 1) // GRAIN) * GRAIN, self.shape.positions)
        size = (self.shape.layers, 2, self.batch, self.shape.kv_heads, slots, self.shape.head_dim)
        return np.full(size, np.nan, np.float32)

    @property
    def capacity(self) -> int:
        return self.cache.shape[4]

    def reserve(self, tokens: int) -> None:
        """Make room for `tokens` in all."""
        if tokens > self.capacity:
            grown = self._empty(max(tokens, min(2 * self.capacity, self.capacity + 1024)))
            grown[..., : self.length, :] = self.cache[..., : self.length, :]
            self.cache, self._step = grown, None

    def fork(self, *, copies: int = 1, length: int | None = None, room: int = 0) -> State:
        """An independent state that has read the same, or only the first `length` tokens of it.

        Args:
            copies: so many sequences side by side, all with this one's past (which must be of batch 1 then).
            room: how many more tokens are expected. A shortened fork has no logits until it reads something.
        """
        assert copies == 1 or self.batch == 1
        kept = self.length if length is None else length
        assert 0 <= kept <= self.length
        twin = State(self.shape, max(kept + room, self.capacity if length is None else 0), self.batch * copies)
        twin.cache[..., :kept, :] = self.cache[..., :kept, :]
        twin.length = kept
        if kept == self.length:
            twin.logits = np.repeat(self.logits, copies, axis=0)
        return twin

    def rewind(self, length: int, logits: np.ndarray) -> None:
        """Forget all but the first `length` tokens; `logits` are those that followed them."""
        assert 0 <= length <= self.length
        self.length, self.logits = length, logits

    def packed(self) -> np.ndarray:
        """All that was read as one flat float32 array, for `restored`."""
        return np.concatenate([self.cache[..., : self.length, :].ravel(), self.logits.ravel()])

    @classmethod
    def restored(cls, shape: LlamaShape, packed: np.ndarray, length: int) -> State:
        """The state of `length` tokens that `packed` was made of.

        Raises:
            ValueError: `packed` is not of that length.
        """
        state = cls(shape, length)
        kept = state.cache[..., :length, :]
        if packed.shape != (kept.size + shape.vocabulary,) or packed.dtype != np.float32:
            raise ValueError(f"{kept.size + shape.vocabulary} float32 values are wanted, got {packed.shape}")
        kept[...] = packed[: kept.size].reshape(kept.shape)
        state.length, state.logits = length, packed[kept.size :].reshape(1, -1)
        return state

    def run(self, session: InferenceSession, embeddings: np.ndarray, take: list[int]) -> np.ndarray:
        """Read `embeddings` (batch, time, width); returns logits (batch, len(take), vocabulary) at positions `take`."""
        time = embeddings.shape[1]
        single = time == 1 and len(take) == 1
        step = self._step if single and self._step is not None else self._bind(session, time, take)
        if single:
            self._step = step
        step.embeddings[:] = embeddings
        step.last[:] = self.length + time - 1
        step.total[...] = self.length + time
        session.run_with_iobinding(step.binding)
        self.length += time
        self.logits = step.logits[:, -1].copy()
        return self.logits[:, None] if single else step.logits

    def _bind(self, session: InferenceSession, time: int, take: list[int]) -> _Step:
        """Point the graph at our memory: past and present are the same buffers, so nothing is ever copied."""
        binding = session.io_binding()
        step = _Step(
            binding,
            np.empty((self.batch, time, self.shape.width), np.float32),
            np.empty(self.batch, np.int32),
            np.empty((), np.int32),
            np.array(take, np.int64),
            np.empty((self.batch, len(take), self.shape.vocabulary), np.float32),
        )
        _give(binding.bind_input, "embeddings", step.embeddings)
        _give(binding.bind_input, "seqlens_k", step.last)
        _give(binding.bind_input, "total_sequence_length", step.total)
        _give(binding.bind_input, "take", step.take)
        _give(binding.bind_output, "logits", step.logits)
        for layer in range(self.shape.layers):
            for part, name in enumerate(("key", "value")):
                buffer = self.cache[layer, part]
                _give(binding.bind_input, f"past.{layer}.{name}", buffer)
                _give(binding.bind_output, f"present.{layer}.{name}", buffer)
        return step


def _give(bind: object, name: str, array: np.ndarray) -> None:
    bind(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)  # type: ignore[operator]
