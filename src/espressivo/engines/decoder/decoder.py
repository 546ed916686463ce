"""A small language model decoded fast on a CPU, from words or from embeddings.

>>> from espressivo.engines.decoder.decoder import Decoder, Sampling
>>> decoder = Decoder.load(folder)                      # a folder written by decoder.export.export
>>> ids = decoder.generate([1, 4093, 198], max_new_tokens=20, sampling=Sampling(temperature=0.7, seed=3))

What has been read is a `State`: it can be kept, forked and read on, so a long beginning that never changes is read
once. A prompt may be embeddings: whatever stands for a face or a sound in the model's own space.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from espressivo.engines.decoder.sampling import Sampler, Sampling, log_softmax
from espressivo.engines.decoder.state import State
from espressivo.engines.decoder.weights import LlamaShape
from espressivo.errors import AssetError, InputError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Prompt = Sequence[int] | np.ndarray
"""Token ids (time,), or embeddings (time, width) float32."""

OnToken = Callable[[int], bool | None]
"""Called with each new token; True ends the generation."""

LONGEST_CHUNK = 512
MOST_THREADS = 4


class Decoder:
    """Runs an exported decoder. One object may serve many states, from one thread at a time."""

    def __init__(self, session: InferenceSession, embeddings: np.ndarray, shape: LlamaShape) -> None:
        self.shape = shape
        self.embeddings = embeddings
        self._session = session

    @classmethod
    def load(cls, folder: Path | str, *, threads: int | None = None, spin: bool = True) -> Decoder:
        """Load what `decoder.export.export` wrote.

        Args:
            threads: cores to use; by default all that this process may use, but no more than four, since
                the matrices of small models are too small to share among many.
            spin: let idle threads wait actively: faster on an idle machine, wasteful on a busy one.

        Raises:
            AssetError: the folder holds no such model.
        """
        folder = Path(folder)
        try:
            shape = LlamaShape(**json.loads((folder / "decoder.json").read_text())["shape"])
            embeddings = np.load(folder / "embeddings.npy", mmap_mode="r")
        except (OSError, ValueError, KeyError) as error:
            raise AssetError(f"{folder} holds no exported decoder ({error}): export it again") from error
        except TypeError as error:
            raise AssetError(f"{folder} holds a decoder of another version: export it again") from error
        return cls(_session(folder / "model.onnx", threads or default_threads(), spin), embeddings, shape)

    def state(self, capacity: int = 256, batch: int = 1) -> State:
        """An empty state with room for `capacity` tokens; it grows when more are read."""
        return State(self.shape, capacity, batch)

    def embed(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """Embeddings (time, width) of token ids (time,).

        Raises:
            InputError: an id outside the vocabulary.
        """
        array = np.asarray(ids, np.int64).reshape(-1)
        if len(array) and not 0 <= array.min() <= array.max() < self.shape.vocabulary:
            raise InputError(f"token ids must lie in 0…{self.shape.vocabulary - 1}, got {array.min()}…{array.max()}")
        return np.asarray(self.embeddings[array], np.float32)

    def read(self, state: State, prompt: Prompt, *, all_logits: bool = False) -> np.ndarray:
        """Append `prompt` to `state`, in chunks if it is long; the state also keeps the last position's logits.

        Returns: logits of the next token, (batch, 1, vocabulary); with `all_logits` of every position,
            (batch, time, vocabulary). The array is new.

        Raises:
            InputError: nothing to read, embeddings of another width, or more tokens than the model has positions.
        """
        embeddings = self._embeddings(prompt, state.batch)
        time = embeddings.shape[1]
        self._need_room(state, time)
        state.reserve(state.length + time)
        logits = []
        begin = 0
        while begin < time:
            # The kernel reads several tokens onto a past only for a single sequence.
            size = LONGEST_CHUNK if state.batch == 1 or not state.length else 1
            chunk = embeddings[:, begin : begin + size]
            take = range(chunk.shape[1]) if all_logits else [chunk.shape[1] - 1]
            logits.append(state.run(self._session, chunk, list(take)))
            begin += size
        return np.concatenate(logits if all_logits else logits[-1:], axis=1)

    def generate(
        self,
        prompt: Prompt | None = None,
        *,
        state: State | None = None,
        max_new_tokens: int = 128,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        allowed_ids: Collection[int] | None = None,
        on_token: OnToken | None = None,
    ) -> list[int]:
        """New tokens after `prompt`, or after what `state` has already read; a stop id ends them and is left out.

        Args:
            prompt: ids, or embeddings (time, width); None to go on from `state`.
            state: read on from here (it is changed); a fresh one by default.
            allowed_ids: the only ids that may be drawn; they should include a stop id.
            on_token: called with each token as it is drawn; returning True ends the generation.

        Raises:
            InputError: neither a prompt nor a state that has read something, or the model's positions are used up.
        """
        state = self.state() if state is None else state
        self._begin(state, prompt, max_new_tokens)
        sampler, out = Sampler(sampling or Sampling(), 0, allowed_ids), []
        for step in range(max_new_tokens):
            token = sampler(state.logits[0])
            if token in stop_ids:
                break
            out.append(token)
            if (on_token is not None and on_token(token)) or step == max_new_tokens - 1:
                break
            self.read(state, [token])
        return out

    def generate_many(
        self,
        prompt: Prompt | None = None,
        *,
        count: int,
        state: State | None = None,
        max_new_tokens: int = 128,
        sampling: Sampling | None = None,
        stop_ids: Collection[int] = (),
        allowed_ids: Collection[int] | None = None,
    ) -> list[list[int]]:
        """`count` independent continuations of one prompt, decoded side by side: weights are read once for all.

        `state` is left as it is after reading the prompt. Raises as `generate`.
        """
        state = self.state() if state is None else state
        self._begin(state, prompt, max_new_tokens)
        rows = state.fork(copies=count)
        samplers = [Sampler(sampling or Sampling(), row, allowed_ids) for row in range(count)]
        out: list[list[int]] = [[] for _ in range(count)]
        alive = set(range(count))
        for step in range(max_new_tokens):
            # A row that has ended is fed zeros until all have: cheaper than rebuilding the batch without it.
            tokens = [samplers[row](rows.logits[row]) if row in alive else 0 for row in range(count)]
            alive -= {row for row in alive if tokens[row] in stop_ids}
            for row in alive:
                out[row].append(tokens[row])
            if not alive or step == max_new_tokens - 1:
                break
            self.read(rows, self.embed(tokens)[:, None])
        return out

    def log_probabilities(self, state: State, ids: Sequence[int]) -> np.ndarray:
        """Log probability of each of `ids` after what `state` has read, which stays as it is.

        Raises:
            InputError: no ids, or a state that has read nothing.
        """
        if not state.length or not len(ids):
            raise InputError("log probabilities want ids and a state that has read something")
        logits, length, after = state.logits[:1], state.length, state.logits
        if len(ids) > 1:
            # Read on in place and forget it again: a fork would copy all that was read before.
            more = self.read(state, list(ids[:-1]), all_logits=True)
            state.rewind(length, after)
            logits = np.concatenate([logits, more[0]])
        return log_softmax(logits, np.asarray(ids, np.int64))

    def _begin(self, state: State, prompt: Prompt | None, max_new_tokens: int) -> None:
        if prompt is None and not state.length:
            raise InputError("nothing to go on from: give a prompt, or a state that has read one")
        time = 0 if prompt is None else len(prompt)
        self._need_room(state, time + max_new_tokens - 1)
        state.reserve(state.length + time + max_new_tokens)
        if prompt is not None:
            self.read(state, prompt)

    def _embeddings(self, prompt: Prompt, batch: int) -> np.ndarray:
        array = np.asarray(prompt)
        if array.ndim < 2 or array.dtype.kind in "iu":
            array = self.embed(array.reshape(-1))
        if array.ndim == 2:
            array = np.broadcast_to(array, (batch, *array.shape))
        if array.ndim != 3 or array.shape[0] != batch or array.shape[2] != self.shape.width or not array.shape[1]:
            raise InputError(f"embeddings of shape ({batch}, ≥ 1, {self.shape.width}) are wanted, got {array.shape}")
        return array

    def _need_room(self, state: State, time: int) -> None:
        if state.length + time > self.shape.positions:
            got = f"{state.length} tokens read and {time} more"
            raise InputError(f"the language model reads at most {self.shape.positions} tokens, got {got}: shorten it")


def default_threads() -> int:
    """The cores this process may use, at most MOST_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_THREADS)


def _session(file: Path, threads: int, spin: bool) -> InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise AssetError(f"{file} cannot be loaded ({reason}): remove its folder and export it again") from error
