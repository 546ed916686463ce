"""The face: a style GAN whose latent can be set layer by layer.

The weights come as an OpenVINO network, so this module needs the `openvino` package; espressivo does not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

try:
    import openvino
    from openvino import opset10 as ops
except ImportError as error:
    raise SystemExit("the face needs a package that espressivo does not: pip install openvino") from error

from espressivo.assets import fetch

STYLE = 512


class Generator:
    """MobileStyleGAN trained on FFHQ: 512 numbers in, a picture of 1024 × 1024 of nobody out."""

    def __init__(self, threads: int = 2) -> None:
        folder = Path(fetch("random-face"))
        core = openvino.Core()
        core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"})
        mapping = core.read_model(next(folder.rglob("MappingNetwork.xml")))
        mapping.reshape([-1, STYLE])
        self._mapping = core.compile_model(mapping, "CPU")
        synthesis, self.layers = _layered(core.read_model(next(folder.rglob("SynthesisNetwork.xml"))))
        self._synthesis = core.compile_model(synthesis, "CPU")
        self.mean = self.styles(np.random.default_rng(0).standard_normal((4096, STYLE))).mean(0)

    def styles(self, noise: np.ndarray) -> np.ndarray:
        """Latents of shape (n, 512) for Gaussian noise of that shape."""
        return np.asarray(self._mapping(noise.astype(np.float32))[0])

    def person(self, seed: int, truncation: float) -> np.ndarray:
        """The latent of one made-up person, shape (512,); a lower truncation is nearer to the average face."""
        noise = np.random.default_rng(seed).standard_normal((1, STYLE))
        return self.mean + truncation * (self.styles(noise)[0] - self.mean)

    def draw(self, latents: np.ndarray) -> np.ndarray:
        """The picture, uint8 (1024, 1024, 3) RGB, of latents of shape (layers, 512)."""
        picture = self._synthesis(latents.astype(np.float32))[0][0]
        return np.clip((picture + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def _layered(network: openvino.Model) -> tuple[openvino.Model, int]:
    """The network with one latent for each place that reads it, coarse to fine, instead of one for all."""
    readers = list(network.get_parameters()[0].output(0).get_target_inputs())
    # The names end in the position in the graph ("Gemm_52/…"), and the graph runs from 4 × 4 pixels up.
    readers.sort(key=lambda reader: int(reader.get_node().get_friendly_name().split("/")[0].rpartition("_")[2]))
    latents = ops.parameter([len(readers), STYLE], np.float32, name="latents")
    for layer, reader in enumerate(readers):
        row = ops.gather(latents, ops.constant(np.array([layer], np.int64)), ops.constant(np.int64(0)))
        reader.replace_source_output(row.output(0))
    return openvino.Model(network.get_results(), [latents], "layered"), len(readers)
