"""AlexNet has the parameters of both papers, in one tower or two, and a form for small images."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.models.vision.alexnet import alexnet


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def without_memory(*arguments: Any, **options: Any) -> keras.Model:
    """The network with weights that have shapes and no numbers."""
    with keras.StatelessScope(initialize_variables=False):
        return alexnet(*arguments, **options)


def parameters(model: keras.Model) -> dict[str, int]:
    return {layer.name: layer.count_params() for layer in model.layers if layer.weights}


def test_one_tower_has_61100840_parameters():
    model = without_memory((224, 224, 3), 1000)
    assert parameters(model) == {
        "conv1": 23_296,
        "conv2": 307_392,
        "conv3": 663_936,
        "conv4": 884_992,
        "conv5": 590_080,
        "dense6": 37_752_832,
        "dense7": 16_781_312,
        "logits": 4_097_000,
    }
    assert model.count_params() == 61_100_840
    assert [model.get_layer(f"pool{i}").output.shape[1] for i in (1, 2, 5)] == [27, 13, 6]


def test_two_towers_have_60965224_parameters():
    model = without_memory((227, 227, 3), 1000, two_towers=True, local_response_normalization=True)
    halves = parameters(model)
    assert {name: count for name, count in halves.items() if "_top" in name} == {
        "conv1_top": 34_944 // 2,
        "conv2_top": 307_456 // 2,
        "conv3_top": 885_120 // 2,
        "conv4_top": 663_936 // 2,
        "conv5_top": 442_624 // 2,
    }
    assert model.count_params() == 60_965_224


def test_two_towers_are_grouped_convolutions():
    model = alexnet((67, 67, 3), 4, two_towers=True, dense_units=8)

    def of(name: str) -> tuple[Any, list[Any]]:
        """What the layer of both towers answers, side by side, and its weights."""
        towers = [model.get_layer(name.format(tower)) for tower in ("top", "bottom")]
        outputs = keras.Model(model.input, [layer.output for layer in towers])(x)
        pairs = zip(*(tower.get_weights() for tower in towers), strict=True)
        return tf.concat(outputs, axis=-1), [np.concatenate(pair, axis=-1) for pair in pairs]

    x = images(2, 67, 67, 3)
    for name, before, channels in (
        ("conv2_{}", "pool1_{}", 48),
        ("conv3_{}", "pool2_{}", 256),
        ("conv4_{}", "conv3_{}_relu", 192),
        ("conv5_{}", "conv4_{}_relu", 192),
    ):
        answers, (kernels, biases) = of(name)
        assert kernels.shape[2] == channels
        # TensorFlow tells the number of groups by the channels that a kernel lacks.
        grouped = tf.nn.conv2d(of(before)[0], kernels, 1, "SAME") + biases
        np.testing.assert_allclose(answers, grouped, atol=1e-4)


def test_options_do_what_they_say():
    def layers_of(kind: type, **options: Any) -> list[Any]:
        model = without_memory((32, 32, 1), 3, small_images=True, **options)
        return [layer for layer in model.layers if type(layer) is kind]

    dense = layers_of(keras.layers.Dense, dense_units=20)
    assert [layer.units for layer in dense] == [20, 20, 3]
    assert [layer.units for layer in layers_of(keras.layers.Dense)] == [512, 512, 3]
    assert {layer.rate for layer in layers_of(keras.layers.Dropout, dropout=0.2)} == {0.2}
    x = images(2, 32, 32, 1)
    answers = []
    for normalized in (False, True):
        keras.utils.set_random_seed(0)
        model = alexnet((32, 32, 1), 3, small_images=True, local_response_normalization=normalized)
        answers.append(model(x))
    assert np.abs(answers[0] - answers[1]).max() > 1e-3


@pytest.mark.parametrize(("shape", "places"), [((28, 28, 1), 6), ((32, 32, 3), 7)])
@pytest.mark.parametrize("two_towers", [False, True])
def test_small_images_keep_several_places(shape, places, two_towers, tmp_path):
    model = alexnet(shape, 10, two_towers=two_towers, small_images=True, dense_units=16)
    name = "conv5_bottom" if two_towers else "conv5"
    assert model.get_layer(name).output.shape[1:3] == (places, places)
    x = images(2, *shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize(
    ("options", "smallest"),
    [({}, 63), ({"two_towers": True}, 67), ({"small_images": True}, 15)],
)
def test_images_that_are_too_small_are_refused(options, smallest):
    model = without_memory((smallest, smallest, 1), 2, **options)
    assert model.get_layer("flatten").output.shape[1] == 256
    with pytest.raises(UsageError, match=f"AlexNet takes images of {smallest} pixels"):
        without_memory((smallest - 1, 300, 1), 2, **options)
