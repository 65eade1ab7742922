"""Class activation networks tell what is there by pooling maps of where it is."""

import keras
import numpy as np
import pytest

from dlapps.models.vision.class_activation_network import (
    FEATURES,
    LOCALIZATION,
    class_activation_network,
)

SHAPE = (64, 32, 3)
IMAGES = np.random.default_rng(0).random((2, *SHAPE), np.float32)


@pytest.fixture(autouse=True)
def known_weights():
    keras.utils.set_random_seed(0)


def network(**options):
    return class_activation_network(SHAPE, 4, weights="none", **options)


@pytest.mark.parametrize("stride", [4, 8, 16])
def test_maps_are_as_fine_as_the_stride(stride):
    model = network(encoder="plain", filters=4, stride=stride)
    assert model.get_layer(LOCALIZATION).output.shape == (None, 64 // stride, 32 // stride, 4)
    assert model.get_layer(FEATURES).output.shape[-1] == 12
    assert model.output.shape == (None, 4)


@pytest.mark.parametrize("stride", [8, 16])
def test_any_encoder_has_maps(stride):
    model = network(encoder="resnet18", filters=4, stride=stride, head_filters=6)
    assert model.get_layer(LOCALIZATION).output.shape == (None, 64 // stride, 32 // stride, 4)
    assert model.get_layer(FEATURES).output.shape[-1] == 6


def test_the_average_of_the_maps_is_the_paper_s_class_activation():
    """A linear layer behind the average of features, whose weights weigh the features' maps."""
    model = network(encoder="plain", filters=4, stride=4, pooling="average")
    tapped = keras.Model(
        model.input,
        [model.output, model.get_layer(FEATURES).output, model.get_layer(LOCALIZATION).output],
    )
    logits, features, maps = (each.numpy() for each in tapped(IMAGES))
    kernel, bias = model.get_layer("class_maps").get_weights()
    np.testing.assert_allclose(
        logits, features.mean(axis=(1, 2)) @ kernel[0, 0] + bias, rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(maps, features @ kernel[0, 0] + bias, rtol=1e-3, atol=1e-4)


def test_the_pooling_is_the_one_that_is_named():
    for pooling, reduce in (("max", np.max), ("average", np.mean)):
        model = network(encoder="plain", filters=4, stride=4, pooling=pooling)
        tapped = keras.Model(model.input, [model.output, model.get_layer(LOCALIZATION).output])
        logits, maps = (each.numpy() for each in tapped(IMAGES))
        np.testing.assert_allclose(logits, reduce(maps, axis=(1, 2)), rtol=1e-4, atol=1e-5)


def test_attention_localizes_by_its_weights():
    model = network(encoder="plain", filters=4, stride=4, pooling="attention", attention_units=5)
    maps = keras.Model(model.input, model.get_layer(LOCALIZATION).output)(IMAGES).numpy()
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), 1, rtol=1e-4)


def test_the_plain_encoder_sees_39_pixels_a_side():
    model = class_activation_network(
        (96, 96, 3), 1, weights="none", encoder="plain", filters=4, stride=4
    )
    features = keras.Model(model.input, model.get_layer(FEATURES).output)
    image = np.zeros((1, 96, 96, 3), np.float32)
    middle = features(image).numpy()[0, 12, 12]

    def changes(column: int) -> bool:
        other = image.copy()
        other[0, :, column] = 5.0
        return bool((features(other).numpy()[0, 12, 12] != middle).any())

    seen = [column for column in range(96) if changes(column)]
    assert seen[-1] - seen[0] + 1 <= 39
    assert seen[0] < 48 < seen[-1]
