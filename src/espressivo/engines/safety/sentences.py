"""Sentences as vectors: all-MiniLM-L6-v2, in numpy, since reading it through transformers costs seconds of import.

Source: Sentence-BERT (Reimers & Gurevych, arXiv 1908.10084), MiniLM (Wang et al., arXiv 2002.10957). The vectors are
the same as those of transformers' BertModel, averaged over the tokens, to 1e-5.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LONGEST = 64
"""Most tokens of a sentence that are read: a spoken one has 10 to 20."""
BATCH = 32


class SentenceEncoder:
    """Text to vectors of 384 numbers and length 1, whose dot product says how close two sentences are in meaning."""

    def __init__(self, weights: dict[str, np.ndarray], tokenizer: Tokenizer, *, heads: int, epsilon: float) -> None:
        self._weights, self._tokenizer, self._heads, self._epsilon = weights, tokenizer, heads, epsilon
        self._layers = sum(name.endswith("attention.self.query.weight") for name in weights)

    @classmethod
    def load(cls, folder: Path | None = None) -> SentenceEncoder:
        """The pinned weights, or those in `folder` (config.json, model.safetensors, tokenizer.json).

        Raises:
            AssetError: the weights are out of reach.
        """
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        from espressivo.assets import fetch

        folder = folder or fetch("minilm")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(LONGEST)
        tokenizer.enable_padding()
        weights = load_file(folder / "model.safetensors")
        return cls(weights, tokenizer, heads=config["num_attention_heads"], epsilon=config["layer_norm_eps"])

    def __call__(self, sentences: Sequence[str]) -> np.ndarray:
        """The vectors (len(sentences), 384), float32, each of length 1."""
        # Those of like length together, so that little is computed for padding.
        order = sorted(range(len(sentences)), key=lambda i: len(sentences[i]))
        vectors = np.zeros((len(sentences), self._weights["embeddings.word_embeddings.weight"].shape[1]), np.float32)
        for first in range(0, len(order), BATCH):
            chosen = order[first : first + BATCH]
            read = self._tokenizer.encode_batch([sentences[i] for i in chosen])
            ids = np.array([one.ids for one in read])
            mask = np.array([one.attention_mask for one in read], np.float32)
            vectors[chosen] = self._encode(ids, mask)
        return vectors

    def _encode(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(sentences, tokens) ids and mask to the mean over each sentence's tokens, of length 1."""
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][0]
        x = self._normed(x + w["embeddings.position_embeddings.weight"][: ids.shape[1]], "embeddings.LayerNorm")
        unseen = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for i in range(self._layers):
            layer = f"encoder.layer.{i}"
            x = self._normed(
                x + self._attention(x, unseen, f"{layer}.attention"), f"{layer}.attention.output.LayerNorm"
            )
            wide = _gelu(self._linear(x, f"{layer}.intermediate.dense"))
            x = self._normed(x + self._linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        mean = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return mean / np.linalg.norm(mean, axis=-1, keepdims=True)

    def _attention(self, x: np.ndarray, unseen: np.ndarray, name: str) -> np.ndarray:
        split = (*x.shape[:2], self._heads, -1)
        q, k, v = (
            self._linear(x, f"{name}.self.{part}").reshape(split).swapaxes(1, 2) for part in ("query", "key", "value")
        )
        scores = q @ k.swapaxes(-1, -2) / np.float32(np.sqrt(q.shape[-1])) + unseen
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (scores / scores.sum(-1, keepdims=True)) @ v
        return self._linear(seen.swapaxes(1, 2).reshape(x.shape), f"{name}.output.dense")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        weight = self._weights[f"{name}.weight"]
        flat: np.ndarray = x.reshape(-1, x.shape[-1]) @ weight.T + self._weights[f"{name}.bias"]
        return flat.reshape(*x.shape[:-1], -1)

    def _normed(self, x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        x /= np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(self._epsilon))
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(x: np.ndarray) -> np.ndarray:
    """x · Φ(x). numpy has no error function: Abramowitz & Stegun 7.1.26, right to 1.5e-7."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.copysign(1 - series * np.exp(-z * z), x)
    return (0.5 * x * (1 + erf)).astype(np.float32)
