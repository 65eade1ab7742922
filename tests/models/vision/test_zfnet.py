"""ZFNet has the sizes of the paper's figure 3, and a form for small images."""

from typing import Any

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.zfnet import zfnet


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def without_memory(*arguments: Any, **options: Any) -> keras.Model:
    """The network with weights that have shapes and no numbers."""
    with keras.StatelessScope(initialize_variables=False):
        return zfnet(*arguments, **options)


def test_the_figure():
    model = without_memory((224, 224, 3), 1000)
    sizes = {
        name: model.get_layer(name).output.shape[1:]
        for name in ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5")
    }
    assert sizes == {
        "conv1": (110, 110, 96),
        "pool1": (55, 55, 96),
        "conv2": (26, 26, 256),
        "pool2": (13, 13, 256),
        "conv3": (13, 13, 384),
        "conv4": (13, 13, 384),
        "conv5": (13, 13, 256),
        "pool5": (6, 6, 256),
    }
    assert model.get_layer("dense6").units == model.get_layer("dense7").units == 4096
    assert model.count_params() == 62_357_608


def test_options_do_what_they_say():
    def types(**options: Any) -> list[str]:
        model = without_memory((32, 32, 1), 3, small_images=True, **options)
        return [type(layer).__name__ for layer in model.layers]

    assert types().count("LocalResponseNormalization") == 2
    assert types(local_response_normalization=False).count("LocalResponseNormalization") == 0
    model = without_memory((32, 32, 1), 3, small_images=True, dropout=0.1, dense_units=7)
    assert model.get_layer("dense6").units == 7
    assert model.get_layer("dense7_dropout").rate == 0.1


@pytest.mark.parametrize(("shape", "places"), [((28, 28, 1), 7), ((32, 32, 3), 8)])
def test_small_images_keep_several_places(shape, places, tmp_path):
    model = zfnet(shape, 10, small_images=True, dense_units=16)
    assert model.get_layer("conv5").output.shape[1:3] == (places, places)
    x = images(2, *shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize("small_images", [False, True])
def test_images_that_are_too_small_are_refused(small_images):
    smallest = 8 if small_images else 47
    model = without_memory((smallest, smallest, 1), 2, small_images=small_images)
    assert model.get_layer("flatten").output.shape[1] == 256
    with pytest.raises(UsageError, match=f"ZFNet takes images of {smallest} pixels"):
        without_memory((300, smallest - 1, 1), 2, small_images=small_images)
