"""The face network: Keras' arithmetic, reproduced, and the weights in the right places."""

import io
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from espressivo.emotion import canonical
from espressivo.errors import AssetError
from espressivo.systems.cascade.face_scores import FaceReader
from espressivo.systems.cascade.fer import FACE_LABELS, FaceNet, pool_same

# In the order of FACE_LABELS. The quantised TFLite model that `fer` ships beside these weights gives, for the same
# picture, .129 .007 .007 .184 .006 .001 .666.
GOLDEN = (0.1211, 0.0067, 0.0071, 0.1894, 0.0059, 0.0010, 0.6688)


@pytest.mark.parametrize(("size", "first"), [(60, 0), (30, 0), (15, -1), (8, 0), (1, -1)])
def test_pool_same_puts_the_odd_pixel_of_padding_last(size: int, first: int) -> None:
    x = torch.arange(size * size, dtype=torch.float32).reshape(1, 1, size, size)
    pooled = pool_same(x)[0, 0]
    # Windows begin at `first`, every second pixel; x rises along both axes, so a window's last pixel is its largest.
    last = [min(first + 2 * i + 2, size - 1) for i in range(-(-size // 2))]
    assert pooled.shape == (len(last), len(last))
    assert torch.equal(pooled, x[0, 0][last][:, last])


def test_a_padded_pool_never_answers_with_its_padding() -> None:
    assert torch.equal(pool_same(torch.full((1, 1, 4, 4), -5.0)), torch.full((1, 1, 2, 2), -5.0))


def test_the_network_has_the_published_number_of_weights() -> None:
    net = FaceNet()
    weights = [*net.parameters(), *(value for name, value in net.named_buffers() if "running" in name)]
    assert sum(value.numel() for value in weights) == 58_423
    assert net.eval()(torch.zeros(2, 1, 64, 64)).shape == (2, 7)


def test_a_file_that_is_not_the_model_is_refused(tmp_path) -> None:
    path = tmp_path / "face.hdf5"
    path.write_bytes(b"not HDF5 at all")
    with pytest.raises(AssetError, match=r"face\.hdf5"):
        FaceNet.from_hdf5(path)


def test_a_file_without_the_layers_is_refused(tmp_path) -> None:
    import h5py

    path = tmp_path / "other.hdf5"
    with h5py.File(path, "w") as file:
        file.create_group("model_weights")
    with pytest.raises(AssetError, match="fetch the asset"):
        FaceNet.from_hdf5(path)


@pytest.mark.weights
def test_logits_of_a_fixed_picture_stay_what_the_reference_runtime_agreed_with(asset) -> None:
    net = FaceNet.from_hdf5(asset("fer"))
    ramp = torch.linspace(-1, 1, 64)
    picture = torch.sin(7 * ramp)[:, None] * torch.cos(5 * ramp)[None, :]
    with torch.inference_mode():
        probabilities = net(picture[None, None])[0].softmax(dim=0)
    torch.testing.assert_close(probabilities, torch.tensor(GOLDEN), atol=2e-4, rtol=0)


@pytest.mark.corpus
@pytest.mark.weights
def test_it_is_as_right_on_fer2013_as_it_is_known_to_be(corpus) -> None:
    with zipfile.ZipFile(corpus("fer2013") / "fer2013.zip") as archive:
        names = sorted(n for n in archive.namelist() if n.startswith("test/") and n.endswith(".webp"))[::18]
        pictures = [Image.open(io.BytesIO(archive.read(name))).convert("L").resize((64, 64)) for name in names]
    truth = np.array([canonical(name.split("/")[1]) for name in names])
    guess = np.array(FACE_LABELS)[FaceReader().probabilities(np.stack(pictures)).argmax(axis=1)]
    assert (guess == truth).mean() > 0.51
