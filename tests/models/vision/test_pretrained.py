"""A pretrained backbone answers as it did where it was trained, and gets a new head."""

import inspect
import os
import typing

import keras
import numpy as np
import pytest

from dlapps.errors import DlappsError, UsageError
from dlapps.layers.pixel_scale import PixelScale
from dlapps.models.vision.efficientnet_lite0 import NAMES_IN_FILE, _key, efficientnet_lite0
from dlapps.models.vision.pretrained import OURS, SCALES, Backbone, pretrained

OF_KERAS = [name for name in typing.get_args(Backbone) if name not in OURS]
IMAGES = np.random.default_rng(0).random((2, 40, 48, 3), dtype=np.float32)


def test_every_application_of_keras_is_there():
    there = {name for name in vars(keras.applications) if name[0].isupper()}
    assert there == {*OF_KERAS}


@pytest.mark.parametrize("name", OF_KERAS)
def test_pixels_come_on_the_scale_that_keras_states(name):
    application = getattr(keras.applications, name)
    source = inspect.getmodule(inspect.unwrap(application))
    preprocess = source.preprocess_input
    scale = next(scale for family, scale in SCALES.items() if name.startswith(family))
    expected = preprocess(255.0 * IMAGES.copy())
    np.testing.assert_allclose(PixelScale(scale)(IMAGES), expected, atol=1e-4)


@pytest.fixture(scope="module")
def lite0() -> keras.Model:
    return pretrained((40, 48, 3), 4, weights="none")


def test_the_backbone_answers_as_the_network_it_was_taken_from(tmp_path):
    keras.utils.set_random_seed(0)
    whole = efficientnet_lite0((40, 48, 3), 7, stochastic_depth=0.0)
    arrays = {}
    for layer in whole.layers:
        for weight in layer.weights:
            if weight.name in NAMES_IN_FILE:
                arrays[_key(layer.name, weight.name)] = np.array(weight)
    np.savez(tmp_path / "weights.npz", **arrays)
    model = pretrained((40, 48, 3), 4, weights=str(tmp_path / "weights.npz"))
    pooled = [keras.Model(m.input, m.get_layer("pool").output) for m in (whole, model)]
    np.testing.assert_allclose(pooled[0](IMAGES), pooled[1](IMAGES), atol=1e-5)
    assert model(IMAGES).shape == (2, 4)


def test_frozen_only_the_head_learns_and_statistics_stay_in_any_case(lite0):
    lite0.set_thawed(False)
    assert {w.path.split("/")[-2] for w in lite0.trainable_variables} == {"logits"}
    lite0.set_thawed(True)
    thawed = {w.path.split("/")[-2] for w in lite0.trainable_variables}
    assert "block7_expand_conv" in thawed
    assert not any("normalization" in layer for layer in thawed)
    before = lite0.get_layer("stem_normalization").moving_mean.numpy()
    lite0(IMAGES, training=True)
    np.testing.assert_array_equal(lite0.get_layer("stem_normalization").moving_mean, before)


def test_it_is_saved_with_what_is_its_head(lite0, tmp_path):
    lite0.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(loaded(IMAGES), lite0(IMAGES))
    assert loaded.head == ["head_dropout", "logits"]


@pytest.mark.parametrize("backbone", ["MobileNetV2", "VGG16"])
def test_grey_images_are_given_to_all_channels(backbone):
    model = pretrained((40, 48, 1), 3, backbone=backbone, weights="none")
    assert model(IMAGES[..., :1]).shape == (2, 3)
    assert model.get_layer("colours").output.shape == (None, 40, 48, 3)


@pytest.mark.real_data
@pytest.mark.skipif("DLAPPS_MANUAL_DIR" not in os.environ, reason="DLAPPS_MANUAL_DIR is not set")
@pytest.mark.parametrize("backbone", OURS)
def test_a_grey_image_is_seen_as_the_same_in_three_channels(backbone):
    grey, colour = (pretrained((40, 48, depth), 3, backbone=backbone) for depth in (1, 3))
    pooled = [keras.Model(m.input, m.get_layer("pool").output) for m in (grey, colour)]
    one, other = pooled[0](IMAGES[..., :1]), pooled[1](np.repeat(IMAGES[..., :1], 3, axis=-1))
    np.testing.assert_allclose(one, other, atol=1e-3 * float(np.abs(other).max()))


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match="ResNet50 takes images of 32 pixels"):
        pretrained((28, 28, 1), 10, backbone="ResNet50", weights="none")
    for weights in ("none", "imagenet"):
        with pytest.raises(UsageError, match=r"32x32, do not fit InceptionV3 without its head: "):
            pretrained((32, 32, 3), 10, backbone="InceptionV3", weights=weights)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    for file in ("other.weights.h5", "missing.weights.h5"):
        with pytest.raises(UsageError, match="do not fit MobileNetV2 without its head"):
            pretrained((40, 48, 3), 2, backbone="MobileNetV2", weights=str(tmp_path / file))


def test_weights_that_cannot_be_downloaded_are_asked_for(tmp_path, monkeypatch):
    file = "mobile_notop.h5"

    def offline(weights, **options):
        raise Exception(f"URL fetch failure on https://storage.org/keras/{file}: None -- no route")

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    monkeypatch.setenv("DLAPPS_MANUAL_DIR", str(tmp_path))
    expected = f"storage.org does not answer; put {file} into ~/.keras/models, or into .*keras_app"
    with pytest.raises(DlappsError, match=expected):
        pretrained((40, 48, 3), 2, backbone="MobileNetV2")
