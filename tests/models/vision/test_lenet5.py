"""LeNet-5 has the parameters of the paper, takes any image, and survives being saved."""

import keras
import numpy as np
import pytest

from dlapps.models.vision.lenet5 import lenet5


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def layer_types(model: keras.Model) -> set[str]:
    return {type(layer).__name__ for layer in model.layers}


@pytest.mark.parametrize("side", [28, 32])
def test_the_published_network_has_61706_parameters(side):
    model = lenet5((side, side, 1), 10)
    assert model.count_params() == 61_706
    by_layer = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert by_layer == {
        "conv1": 156,
        "conv3": 2_416,
        "conv5": 48_120,
        "dense6": 10_164,
        "logits": 850,
    }
    assert {"AveragePooling2D"} <= layer_types(model)
    assert not {"MaxPooling2D", "Dropout"} & layer_types(model)


def test_28_pixels_are_padded_as_in_the_paper_not_stretched():
    small = images(2, 28, 28, 1)
    narrow, wide = lenet5((28, 28, 1), 10), lenet5((32, 32, 1), 10)
    wide.set_weights(narrow.get_weights())
    padded = np.pad(small, [(0, 0), (2, 2), (2, 2), (0, 0)])
    np.testing.assert_allclose(narrow(small), wide(padded), atol=1e-6)


@pytest.mark.parametrize("shape", [(8, 8, 1), (20, 45, 1), (64, 64, 3)])
def test_any_image_size_and_colour(shape):
    model = lenet5(shape, 7)
    assert model(images(2, *shape)).shape == (2, 7)
    assert model.get_layer("conv5").output.shape == (None, 1, 1, 120)
    # Only the first convolution sees the colours, only the last layer the classes.
    assert model.count_params() == 61_706 + 150 * (shape[2] - 1) - 85 * 3


def test_the_modern_network_uses_relu_max_pooling_and_dropout():
    model = lenet5((28, 28, 1), 10, modern=True, dropout=0.5, batch_normalization=True)
    assert {"MaxPooling2D", "Dropout", "BatchNormalization"} <= layer_types(model)
    assert "AveragePooling2D" not in layer_types(model)
    assert {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)} == {
        0.5
    }
    assert model.get_layer("dense6").activation is keras.activations.relu
    assert model.count_params() == 61_706 + 4 * (6 + 16 + 120)


@pytest.mark.parametrize("modern", [False, True])
def test_a_saved_network_answers_the_same(tmp_path, modern):
    model = lenet5((8, 8, 3), 4, modern=modern, batch_normalization=modern)
    model.save(tmp_path / "model.keras")
    x = images(3, 8, 8, 3)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


def test_plain_fit_learns_which_half_is_bright():
    x = images(64, 8, 8, 1)
    y = np.arange(64) % 2
    x[y == 1, :4] += 1
    x[y == 0, 4:] += 1
    keras.utils.set_random_seed(0)
    model = lenet5((8, 8, 1), 2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(x / 2, y, epochs=15, verbose=0).history
    assert history["accuracy"][-1] == 1
    assert history["loss"][-1] < 0.5 * history["loss"][0]
