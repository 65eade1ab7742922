"""U-Net has the parameters of the paper, takes images of any size, and survives being saved."""

from itertools import pairwise

import keras
import numpy as np
import pytest

from dlapps.models.vision.unet import unet


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def convolution(inputs: int, outputs: int, side: int = 3) -> int:
    return outputs * (side * side * inputs + 1)


def test_the_published_network_has_31_030_658_parameters():
    """Counted from the paper's figure 1: the widths at its arrows, padded or not."""
    widths = [1, 64, 128, 256, 512, 1024]
    down = sum(convolution(a, b) + convolution(b, b) for a, b in pairwise(widths))
    up = sum(
        convolution(2 * w, w, side=2) + convolution(2 * w, w) + convolution(w, w)
        for w in widths[1:-1]
    )
    assert down + up + convolution(64, 2, side=1) == 31_030_658
    model = unet((None, None, 1), 2)
    assert model.count_params() == 31_030_658
    assert len([layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]) == 19
    assert [model.get_layer(name).output.shape[-1] for name in ("down1", "bottom", "up1")] == [
        64, 1024, 64,
    ]  # fmt: skip


def test_options_are_as_told():
    plain = unet((None, None, 3), 4, filters=4, depth=2)
    rich = unet((None, None, 3), 4, filters=4, depth=2, dropout=0.3, batch_normalization=True)
    # A normalization has 4 numbers a channel where its convolution had a bias.
    widths = [4, 4, 8, 8, 16, 16, 8, 8, 4, 4]
    assert rich.count_params() == plain.count_params() + 3 * sum(widths)
    dropouts = [layer for layer in rich.layers if isinstance(layer, keras.layers.Dropout)]
    assert {layer.rate for layer in dropouts} == {0.3}
    assert not [layer for layer in plain.layers if isinstance(layer, keras.layers.Dropout)]


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (5, 64), (1, 1)])
def test_every_pixel_of_an_image_of_any_size_is_answered(size):
    model = unet((None, None, 1), 3, filters=2, depth=3)
    assert model(images(2, *size, 1)).shape == (2, *size, 3)


def test_padding_is_the_mirrored_image():
    model = unet((None, None, 1), 2, filters=2, depth=2)
    x = images(1, 6, 8, 1)
    mirrored = np.concatenate([x, x[:, :3:-1]], axis=1)
    np.testing.assert_allclose(model(x), model(mirrored)[:, :6], atol=1e-6)


def test_a_saved_network_answers_the_same(tmp_path):
    model = unet((None, None, 1), 2, filters=2, depth=2, dropout=0.5, batch_normalization=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for size in ((16, 16), (9, 13)):
        np.testing.assert_array_equal(model(images(1, *size, 1)), loaded(images(1, *size, 1)))


def test_plain_fit_learns_which_pixels_are_bright():
    keras.utils.set_random_seed(0)
    x = images(16, 16, 16, 1)
    y = (x[..., 0] > 0.5).astype(np.int32)
    model = unet((None, None, 1), 2, filters=8, depth=1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    history = model.fit(x, y, batch_size=8, epochs=25, verbose=0).history
    assert history["accuracy"][-1] > 0.9
    assert history["loss"][-1] < 0.5 * history["loss"][0]
