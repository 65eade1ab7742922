"""The painting network: as large as its paper's, at home in every size, and able to learn."""

import numpy as np
import pytest

from dlapps.models.generative.fast_style_transfer import fast_style_transfer


class Colour:
    """An objective that wants a colour and nothing else."""

    names = ("distance",)

    def parts(self, y_true, y_pred):
        return {"distance": ((y_pred - y_true) ** 2)[:, 0, 0, 0]}


def test_it_has_the_weights_of_the_paper():
    def convolution(size, before, after):
        return size**2 * before * after + 2 * after  # With the scale and offset of its norm.

    between = 10 * convolution(3, 128, 128)
    down = convolution(9, 3, 32) + convolution(3, 32, 64) + convolution(3, 64, 128)
    up = convolution(3, 128, 64) + convolution(3, 64, 32) + 81 * 32 * 3 + 3
    assert fast_style_transfer((128, 128, 3)).count_params() == down + between + up


@pytest.mark.parametrize("size", [(1, 1), (7, 10), (32, 20)])
def test_a_picture_is_as_large_as_its_image(size):
    model = fast_style_transfer((64, 64, 3), filters=2, residual_blocks=1)
    image = np.random.default_rng(0).uniform(size=(2, *size, 3)).astype(np.float32)
    picture = model(image, training=False).numpy()
    assert picture.shape == image.shape
    assert np.all((picture >= 0) & (picture <= 1))


def test_a_picture_does_not_depend_on_what_is_beside_it():
    model = fast_style_transfer((16, 16, 3), filters=2, residual_blocks=1)
    images = np.random.default_rng(0).uniform(size=(2, 16, 16, 3)).astype(np.float32)
    together = model(images, training=True).numpy()
    np.testing.assert_allclose(together[:1], model(images[:1]), atol=1e-5)


def test_the_loss_is_reported_in_parts():
    model = fast_style_transfer((16, 16, 3), filters=2, residual_blocks=1)
    model.compile("sgd", Colour())
    images = np.ones((2, 16, 16, 3), np.float32)
    logs = model.train_step((images, images))
    assert set(logs) == {"loss", "distance"}
    assert float(logs["loss"]) == pytest.approx(float(logs["distance"]))
