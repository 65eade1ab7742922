"""EfficientNet-Lite0 has the published parameters, takes the published weights, and sees."""

import os
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.errors import UsageError
from dlapps.models.vision.efficientnet_lite0 import (
    efficientnet_lite0,
    load_efficientnet_lite0_weights,
)

RAW_FILES = Path(os.environ.get("DLAPPS_MANUAL_DIR", "nowhere"))
WEIGHTS = RAW_FILES / "efficientnet_lite0_imagenet" / "efficientnet_lite0.npz"
PHOTOS = RAW_FILES / "coco128" / "coco128.zip"
CLASSES = RAW_FILES / "squeezenet_imagenet" / "imagenet_classes.txt"

SEEN_AS = {
    5: {"school bus", "trolleybus", "minibus"},
    20: {"Indian elephant", "African elephant", "tusker"},
    22: {"zebra"},
    50: {"broccoli"},
    52: {"hotdog"},
    53: {"pizza"},
}
"""What ImageNet calls some of COCO's classes."""


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


@pytest.fixture(scope="module")
def published() -> keras.Model:
    """The network as published, to be looked at; who loads weights into it loads all."""
    return efficientnet_lite0((224, 224, 3), 1000)


@pytest.fixture(scope="module")
def small() -> keras.Model:
    return efficientnet_lite0((32, 32, 3), 10, small_images=True)


@pytest.fixture(scope="module")
def arrays(published) -> dict[str, np.ndarray]:
    """Random arrays as the published file has them."""
    random = np.random.default_rng(0)
    arrays = {}
    for layer in published.layers:
        part = layer.name.replace("logits", "fc").replace("normalization", "bn")
        for weight in layer.weights:
            key = f"{part.removesuffix('_conv')}_{weight.name.removeprefix('moving_')}"
            arrays[key] = random.uniform(0.5, 1, weight.shape).astype(np.float16)
    return arrays


def test_the_published_network_has_4652008_parameters(published):
    trainable = sum(weight.numpy().size for weight in published.trainable_weights)
    assert trainable == 4_652_008
    assert published.count_params() - trainable == 42_016
    sides = {name: published.get_layer(name).output.shape[1:] for name in (
        "stem", "block1", "block3", "block5", "block8", "block11", "block15", "block16", "head",
    )}  # fmt: skip
    assert sides == {
        "stem": (112, 112, 32),
        "block1": (112, 112, 16),
        "block3": (56, 56, 24),
        "block5": (28, 28, 40),
        "block8": (14, 14, 80),
        "block11": (14, 14, 112),
        "block15": (7, 7, 192),
        "block16": (7, 7, 320),
        "head": (7, 7, 1280),
    }


def test_pixels_are_scaled_as_the_published_weights_want_them(published):
    scaled = keras.Model(published.input, published.get_layer("contrast").output)
    grey = np.array([0, 127, 255], np.float32)
    x = np.broadcast_to(grey[:, None, None, None] / 255, (3, 224, 224, 3))
    np.testing.assert_allclose(scaled(x)[:, 0, 0, 0], (grey - 127) / 128, atol=1e-6)


def test_branches_are_dropped_ever_more_often_where_there_is_a_shortcut(published):
    rates = {
        layer.name.removesuffix("_stochastic_depth"): layer.rate
        for layer in published.layers
        if layer.name.endswith("_stochastic_depth")
    }
    with_shortcut = (3, 5, 7, 8, 10, 11, 13, 14, 15)
    assert rates == pytest.approx({f"block{k}": 0.2 * (k - 1) / 16 for k in with_shortcut})
    assert published.get_layer("dropout").rate == 0.2


@pytest.mark.parametrize("side", [28, 32])
def test_small_images_leave_maps_of_several_places(side):
    model = efficientnet_lite0((side, side, 1), 10, small_images=True, dropout=0)
    assert model.get_layer("block16").output.shape == (None, 4, 4, 320)
    assert model(images(2, side, side, 1)).shape == (2, 10)


def test_a_saved_network_answers_the_same(small, tmp_path):
    small.save(tmp_path / "model.keras")
    x = images(3, 32, 32, 3)
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(small(x), loaded(x))


def test_every_weight_gets_a_gradient(small):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(small(images(8, 32, 32, 3), training=True) ** 2)
    weights = small.trainable_weights
    for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
        assert np.isfinite(gradient).all(), weight.path
        # What one batch normalization adds, the next takes away.
        if weight.name in ("kernel", "gamma"):
            assert np.abs(gradient).max() > 0, weight.path


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("side", [7, 8])
def test_a_strided_depthwise_convolution_has_the_gradient_of_its_function(kernel, side):
    layer = keras.layers.DepthwiseConv2D(kernel, strides=2, padding="same", use_bias=False)
    x = tf.constant(images(2, side, side, 3) - 0.5)
    layer.build(x.shape)
    flat = tf.reshape(layer.kernel.value, [kernel * kernel, 3])

    def by_patches(x, kernel_rows):
        sizes = [1, kernel, kernel, 1]
        patches = tf.image.extract_patches(x, sizes, [1, 2, 2, 1], [1, 1, 1, 1], "SAME")
        patches = tf.reshape(patches, [*patches.shape[:3], kernel * kernel, 3])
        return tf.reduce_sum(patches * kernel_rows, axis=3)

    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, flat])
        ours, theirs = tf.reduce_sum(layer(x) ** 3), tf.reduce_sum(by_patches(x, flat) ** 3)
    for of_layer, of_patches in (
        (tape.gradient(ours, x), tape.gradient(theirs, x)),
        (tape.gradient(ours, layer.kernel.value), tape.gradient(theirs, flat)),
    ):
        expected = tf.reshape(of_patches, of_layer.shape)
        np.testing.assert_allclose(of_layer, expected, rtol=1e-4, atol=1e-5)


def test_the_seed_decides_where_training_begins():
    def kernels() -> list[np.ndarray]:
        keras.utils.set_random_seed(0)
        model = efficientnet_lite0((8, 8, 1), 2, small_images=True)
        names = ("block14_expand_conv", "block15_expand_conv")
        return [model.get_layer(name).kernel.numpy() for name in names]

    first, again = kernels(), kernels()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(*first), "layers of one shape begin alike"


def test_weights_are_put_where_their_names_say(published, arrays, tmp_path):
    np.savez(tmp_path / "weights.npz", **arrays)
    load_efficientnet_lite0_weights(published, tmp_path / "weights.npz")
    for key, weight in {
        "stem_kernel": published.get_layer("stem_conv").kernel,
        "block2_expand_kernel": published.get_layer("block2_expand_conv").kernel,
        "block3_depthwise_kernel": published.get_layer("block3_depthwise_conv").kernel,
        "block16_project_bn_gamma": published.get_layer("block16_project_normalization").gamma,
        "head_bn_mean": published.get_layer("head_normalization").moving_mean,
        "block1_depthwise_bn_variance": published.get_layer(
            "block1_depthwise_normalization"
        ).moving_variance,
        "fc_kernel": published.get_layer("logits").kernel,
        "fc_bias": published.get_layer("logits").bias,
    }.items():
        np.testing.assert_array_equal(weight, arrays[key], err_msg=key)


def test_arrays_that_do_not_fit_are_refused_and_change_nothing(published, arrays, tmp_path):
    before = published.get_layer("stem_conv").kernel.numpy()
    file = tmp_path / "weights.npz"
    changed = {**arrays, "stem_kernel": arrays["stem_kernel"] + 1}

    def refused_for(arrays, *named: str) -> None:
        np.savez(file, **arrays)
        with pytest.raises(UsageError) as refused:
            load_efficientnet_lite0_weights(published, file)
        for text in (str(file), *named):
            assert text in str(refused.value)
        np.testing.assert_array_equal(published.get_layer("stem_conv").kernel, before)

    without = {key: array for key, array in changed.items() if key != "head_bn_beta"}
    refused_for(without, "lack head_bn_beta", "layer head_normalization", "(1280,)")
    wrong = {**changed, "fc_kernel": np.zeros((1280, 10))}
    refused_for(wrong, "fc_kernel", "(1280, 10)", "layer logits", "(1280, 1000)")
    refused_for({**changed, "fc_bias": np.full(1000, {}, object)}, "no .npz file of arrays")
    refused_for({**changed, "fc_bias": np.full(1000, "a")}, "fc_bias", "no numbers")


def test_a_network_for_other_images_or_classes_is_refused_the_weights(small, arrays, tmp_path):
    np.savez(tmp_path / "weights.npz", **arrays)
    with pytest.raises(UsageError, match=re.escape("logits expects (1280, 10)")):
        load_efficientnet_lite0_weights(small, tmp_path / "weights.npz")


def test_images_too_small_are_refused():
    with pytest.raises(UsageError, match=r"EfficientNet-Lite0 takes images of 32 .* 28x28"):
        efficientnet_lite0((28, 28, 1), 10)
    with pytest.raises(UsageError, match=r"EfficientNet-Lite0 takes images of 8 .* 7x28"):
        efficientnet_lite0((7, 28, 1), 10, small_images=True)


@pytest.mark.real_data
@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the weights are not in DLAPPS_MANUAL_DIR")
def test_with_the_published_weights_it_names_what_is_in_photos(published):
    load_efficientnet_lite0_weights(published, WEIGHTS)
    names = [line.partition(",")[0] for line in CLASSES.read_text().splitlines()]
    seen, wanted = [], []
    with zipfile.ZipFile(PHOTOS) as archive:
        for file in archive.namelist():
            if not file.endswith(".txt") or "/labels/" not in file:
                continue
            boxes = [line.split() for line in archive.read(file).decode().splitlines()]
            large = {int(box[0]) for box in boxes if float(box[3]) * float(box[4]) > 0.12}
            if large & SEEN_AS.keys():
                photo = archive.read(file.replace("labels", "images").replace(".txt", ".jpg"))
                pixels = tf.image.decode_jpeg(photo, channels=3)
                seen.append(tf.image.resize(pixels, (224, 224), antialias=True) / 255)
                wanted.append(set.union(*(SEEN_AS[each] for each in large & SEEN_AS.keys())))
    order = np.argsort(-published(tf.stack(seen)).numpy(), axis=1)
    top5 = [{names[index] for index in row[:5]} for row in order]
    assert len(wanted) >= 10
    assert all(found & right for found, right in zip(top5, wanted, strict=True)), (top5, wanted)
    right_first = [names[row[0]] in right for row, right in zip(order, wanted, strict=True)]
    assert np.mean(right_first) > 0.7
