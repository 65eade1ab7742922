"""The plain convolutional network has the layers it was asked for."""

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.convolutional_network import convolutional_network


def test_two_convolutions_and_what_they_cost():
    model = convolutional_network((28, 28, 1), 10, filters=[32, 64], kernel_size=5)
    assert model.count_params() == (25 + 1) * 32 + (25 * 32 + 1) * 64 + (7 * 7 * 64 + 1) * 10
    assert model.get_layer("pool2").output.shape == (None, 7, 7, 64)


def test_every_option_has_its_layers():
    model = convolutional_network(
        (28, 28, 3), 10, filters=[8, 16], convolutions_a_block=2, widths=[24], activation="maxout",
        normalization="group", groups=4, pooling="average", global_pooling=True,
        spatial_dropout=0.1, dropout=0.2,
    )  # fmt: skip
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("Conv2D") == 4
    assert kinds.count("GroupNormalization") == 5
    assert kinds.count("Maxout") == 5
    assert kinds.count("SpatialDropout2D") == 2
    assert kinds.count("Dropout") == 2
    assert {"AveragePooling2D", "GlobalAveragePooling2D"} <= {*kinds}
    assert model.get_layer("conv4_maxout").output.shape[-1] == 16
    assert model.get_layer("dense1_maxout").output.shape == (None, 24)


def test_a_saved_network_answers_the_same(tmp_path):
    model = convolutional_network((9, 8, 1), 3, filters=[4], normalization="batch", dropout=0.5)
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).random((3, 9, 8, 1), dtype=np.float32)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


def test_images_that_would_be_pooled_to_nothing_are_refused():
    with pytest.raises(UsageError, match="takes images of 8 pixels a side or more"):
        convolutional_network((7, 28, 1), 10, filters=[4, 4, 4])
