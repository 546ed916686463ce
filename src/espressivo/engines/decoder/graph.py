"""A Llama-shaped decoder as an ONNX graph, built by hand out of onnxruntime's fused operators.

Embeddings go in (so a prefix of anything can: words, faces, units), the logits of the asked-for positions come out, and
the keys and values of all layers live in buffers that the caller owns and the graph writes in place:

    embeddings (batch, time, width)   seqlens_k (batch,)  total_sequence_length ()   take (n,)
    past.{i}.key|value (batch, kv_heads, capacity, head_dim)  →  present.{i}.key|value, the same memory
    logits (batch, n, vocabulary)

A step of one token is bound by how fast weights can be read, so they are read in 8 bits, and Q, K and V are one
matrix, as are the two halves of the gated layer. `weights="float32"` builds the same graph unrounded, to check against.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from espressivo.engines.decoder.weights import BLOCK, LlamaShape, Tensors, to_blocks

FUSED = "com.microsoft"


class GraphBuilder:
    """Collects nodes and weights; every method returns the name of what it computed."""

    def __init__(self, shape: LlamaShape, weights: str) -> None:
        self.shape = shape
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **attributes))
        return outputs[0]

    def linear(self, x: str, matrix: np.ndarray, name: str) -> str:
        """`x @ matrix.T`, the matrix (outputs, inputs) as transformers keeps it."""
        rows, columns = matrix.shape
        if self.weights == "float32":
            return self.node("MatMul", [x, self.constant(f"{name}.weight", matrix.T)], [name])
        codes, scales = to_blocks(matrix)
        inputs = [x, self.constant(f"{name}.codes", codes), self.constant(f"{name}.scales", scales)]
        # accuracy_level 4: the input is rounded to 8 bits too, run by run, which lets the CPU multiply integers.
        sizes = {"K": columns, "N": rows, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
        return self.node("MatMulNBits", inputs, [name], FUSED, **sizes)

    def norm(self, x: str, skip: str | None, gain: np.ndarray, name: str) -> tuple[str, str]:
        """RMS norm of `x + skip`; returns the normed, and the sum for the next residual."""
        weight, epsilon = self.constant(f"{name}.gain", gain), self.shape.norm_eps
        if skip is None:
            return self.node("SimplifiedLayerNormalization", [x, weight], [name], axis=-1, epsilon=epsilon), x
        outputs = [name, "", "", f"{name}.sum"]
        self.node("SkipSimplifiedLayerNormalization", [x, skip, weight], outputs, FUSED, epsilon=epsilon)
        return name, f"{name}.sum"

    def attention(self, qkv: str, layer: int) -> str:
        cache = [f"past.{layer}.key", f"past.{layer}.value"]
        inputs = [qkv, "", "", *cache, "seqlens_k", "total_sequence_length", "rope.cos", "rope.sin"]
        outputs = [f"layer.{layer}.attention", f"present.{layer}.key", f"present.{layer}.value"]
        heads = {"num_heads": self.shape.heads, "kv_num_heads": self.shape.kv_heads, "do_rotary": 1}
        return self.node("GroupQueryAttention", inputs, outputs, FUSED, **heads)

    def gated(self, x: str, gate: np.ndarray, up: np.ndarray, down: np.ndarray, name: str) -> str:
        both = self.linear(x, np.concatenate([gate, up]), f"{name}.gate_up")
        self.node("Split", [both], [f"{name}.gate", f"{name}.up"], axis=-1, num_outputs=2)
        active = self.node("QuickGelu", [f"{name}.gate"], [f"{name}.silu"], FUSED, alpha=1.0)
        return self.linear(self.node("Mul", [active, f"{name}.up"], [f"{name}.product"]), down, f"{name}.mlp")


def build(shape: LlamaShape, tensors: Tensors, weights: str) -> onnx.ModelProto:
    """The whole decoder; `weights` is "int8" or "float32"."""
    graph = GraphBuilder(shape, weights)
    _rotary_tables(graph)
    stream, update = "embeddings", None
    for layer in range(shape.layers):
        prefix, name = f"model.layers.{layer}", f"layer.{layer}"
        normed, stream = graph.norm(stream, update, tensors(f"{prefix}.input_layernorm.weight"), f"{name}.norm1")
        packed = np.concatenate([tensors(f"{prefix}.self_attn.{part}_proj.weight") for part in "qkv"])
        attended = graph.attention(graph.linear(normed, packed, f"{name}.qkv"), layer)
        update = graph.linear(attended, tensors(f"{prefix}.self_attn.o_proj.weight"), f"{name}.out")
        gain = tensors(f"{prefix}.post_attention_layernorm.weight")
        normed, stream = graph.norm(stream, update, gain, f"{name}.norm2")
        gate, up, down = (tensors(f"{prefix}.mlp.{part}_proj.weight") for part in ("gate", "up", "down"))
        update = graph.gated(normed, gate, up, down, name)
    normed, _ = graph.norm(stream, update, tensors("model.norm.weight"), "final")
    # Only the asked-for positions reach the vocabulary, by far the largest matrix: in a prompt that is one.
    taken = graph.node("Gather", [normed, "take"], ["taken"], axis=1)
    head = tensors("model.embed_tokens.weight" if shape.tied else "lm_head.weight")
    graph.linear(taken, head, "logits")
    return _model(graph)


def _rotary_tables(graph: GraphBuilder) -> None:
    shape = graph.shape
    rates = shape.rope_theta ** (-np.arange(0, shape.head_dim, 2, dtype=np.float64) / shape.head_dim)
    angles = np.arange(shape.positions)[:, None] * rates
    graph.constant("rope.cos", np.cos(angles).astype(np.float32))
    graph.constant("rope.sin", np.sin(angles).astype(np.float32))


def _model(graph: GraphBuilder) -> onnx.ModelProto:
    shape = graph.shape
    value = helper.make_tensor_value_info
    cache_size: list[str | int | None] = ["batch", shape.kv_heads, "capacity", shape.head_dim]
    names = [f"{layer}.{part}" for layer in range(shape.layers) for part in ("key", "value")]
    inputs = [
        value("embeddings", TensorProto.FLOAT, ["batch", "time", shape.width]),
        value("seqlens_k", TensorProto.INT32, ["batch"]),
        value("total_sequence_length", TensorProto.INT32, []),
        value("take", TensorProto.INT64, ["n"]),
        *(value(f"past.{name}", TensorProto.FLOAT, cache_size) for name in names),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, ["batch", "n", shape.vocabulary]),
        *(value(f"present.{name}", TensorProto.FLOAT, cache_size) for name in names),
    ]
    body = helper.make_graph(graph.nodes, "llama", inputs, outputs, graph.constants)
    versions = [helper.make_opsetid("", 21), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(body, opset_imports=versions, ir_version=10)


def save(model: onnx.ModelProto, folder: Path) -> None:
    """`model.onnx` and `model.onnx.data`: weights outside the graph are mapped, not copied, and may exceed 2 GB."""
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="model.onnx.data", size_threshold=1024)
