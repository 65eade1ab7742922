"""Features are the same wherever they are built, and name the layer that is not there."""

import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.features import feature_network


def features_of(backbone: str, layers: list[str], size: tuple[int, int] = (32, 36)):
    return feature_network(
        (*size, 3), layers, "loss.style_layers", backbone=backbone, weights="none"
    )


@pytest.mark.parametrize(
    ("backbone", "layers"),
    [("squeezenet", ["fire4", "conv1"]), ("efficientnet_lite0", ["block3"])],
)
def test_random_features_are_the_same_in_every_network(backbone, layers):
    image = np.random.default_rng(0).uniform(size=(1, 32, 36, 3)).astype(np.float32)
    first, second = (features_of(backbone, layers)(image) for _ in range(2))
    assert set(first) == set(layers)
    for layer in layers:
        np.testing.assert_array_equal(first[layer], second[layer])
        # As strong after several layers as at first.
        assert 0.01 < np.std(first[layer]) < 100


def test_nothing_of_it_learns():
    network = features_of("squeezenet", ["fire4"])
    assert network.trainable_variables == []
    assert network.non_trainable_variables


@pytest.mark.parametrize("layer", ["fire44", "logits"])
def test_a_layer_that_gives_no_maps_is_refused(layer):
    with pytest.raises(UsageError, match=r"loss.style_layers cannot be '.*fire4"):
        features_of("squeezenet", [layer])


def test_an_image_may_be_too_small():
    with pytest.raises(UsageError, match="32 pixels a side or more"):
        features_of("squeezenet", ["fire4"], (31, 64))
