"""VGG has the published parameters, answers as Keras' does, and has a form for small images."""

import math
from typing import Any

import keras
import numpy as np
import pytest

from dlapps.errors import UsageError
from dlapps.models.vision.vgg import vgg


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def without_memory(*arguments: Any, **options: Any) -> keras.Model:
    """The network with weights that have shapes and no numbers."""
    with keras.StatelessScope(initialize_variables=False):
        return vgg(*arguments, **options)


@pytest.mark.parametrize(
    ("depth", "normalization", "published"),
    [
        (11, "none", 132_863_336),
        (13, "none", 133_047_848),
        (16, "none", 138_357_544),
        (19, "none", 143_667_240),
        (11, "batch", 132_868_840),
        (16, "batch", 138_365_992),
    ],
)
def test_published_parameters(depth, normalization, published):
    model = without_memory((224, 224, 3), 1000, depth=depth, normalization=normalization)
    assert sum(math.prod(weight.shape) for weight in model.trainable_weights) == published
    learning = [layer for layer in model.layers if type(layer).__name__ in ("Conv2D", "Dense")]
    assert len(learning) == depth


@pytest.mark.parametrize("depth", [16, 19])
def test_with_the_weights_of_keras_it_answers_as_keras_does(depth):
    application = {16: keras.applications.VGG16, 19: keras.applications.VGG19}[depth]
    theirs = application(
        weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None
    )
    ours = vgg((32, 32, 3), 10, depth=depth)
    rng = np.random.default_rng(0)
    # Of such a size that the logits are, too.
    weights = [
        rng.standard_normal(weight.shape, np.float32)
        * (0.1 if weight.ndim == 1 else math.sqrt(2 / math.prod(weight.shape[:-1])))
        for weight in theirs.get_weights()
    ]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    x = images(4, 32, 32, 3)
    answers = ours(x).numpy()
    assert answers.std() > 0.3
    np.testing.assert_allclose(answers, theirs(2 * x - 1), atol=1e-4)
    # What others look at has the same name.
    names = [layer.name for layer in theirs.layers if layer.name.startswith("block")]
    assert set(names) <= {layer.name for layer in ours.layers}
    tapped = [keras.Model(m.input, m.get_layer("block2_conv1").output) for m in (ours, theirs)]
    np.testing.assert_allclose(tapped[0](x), tapped[1](2 * x - 1), atol=1e-4)


def test_options_do_what_they_say():
    model = without_memory(
        (32, 32, 1), 3, depth=11, filters=8, dense_units=20, dropout=0.1,
        normalization="group", groups=4,
    )  # fmt: skip
    widths = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert widths == [8, 16, 32, 32, 64, 64, 64, 64]
    assert model.get_layer("fc1").units == model.get_layer("fc2").units == 20
    assert model.get_layer("fc2_dropout").rate == 0.1
    assert model.get_layer("block3_conv2_normalization").groups == 4
    order = [layer.name for layer in model.layers]
    first = order.index("block1_conv1")
    assert order[first + 1 : first + 3] == ["block1_conv1_normalization", "block1_conv1_relu"]
    assert model.get_layer("block1_conv1").activation is keras.activations.linear
    with pytest.raises(UsageError, match=r"model\.groups 32 does not divide the 8 channels"):
        without_memory((32, 32, 1), 3, filters=8, normalization="group")


@pytest.mark.parametrize(("shape", "places"), [((28, 28, 1), 3), ((32, 32, 3), 4)])
def test_small_images_keep_several_places(shape, places, tmp_path):
    options = {"filters": 4, "normalization": "batch", "small_images": True}
    model = vgg(shape, 10, **options)
    assert model.get_layer("block5_conv3").output.shape[1:3] == (places, places)
    assert model.get_layer("fc1").units == 512
    x = images(2, *shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(model(x), loaded(x))


@pytest.mark.parametrize("small_images", [False, True])
def test_images_that_are_too_small_are_refused(small_images):
    smallest = 16 if small_images else 32
    model = without_memory((smallest, smallest, 1), 2, small_images=small_images)
    assert model.get_layer("flatten").output.shape[1] == 512
    with pytest.raises(UsageError, match=f"VGG takes images of {smallest} pixels"):
        without_memory((300, smallest - 1, 1), 2, small_images=small_images)
