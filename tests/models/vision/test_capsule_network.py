"""The capsule network has the paper's parameters, learns by both its losses, redraws what it saw,
and is a classifier like any other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.datasets.digits import load_digits
from dlapps.errors import UsageError
from dlapps.losses.margin import MarginLoss
from dlapps.models.classifier import classify, compile_classifier, layers_with_maps
from dlapps.models.vision.capsule_network import CapsuleNetwork, capsule_network
from dlapps.training.hardware import dtype_policy

SMALL = {"filters": 16, "kernel_size": 3, "primary_channels": 4, "decoder_sizes": [32]}


def images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


def small_network(learning_rate: float = 3e-3, **options) -> CapsuleNetwork:
    """Compiled as an application compiles it, for images 8x8x1."""
    keras.utils.set_random_seed(0)
    model = capsule_network((8, 8, 1), 10, **SMALL | options)
    compile_classifier(model, keras.optimizers.Adam(learning_rate))
    return model


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = load_digits()
    return pixels.astype(np.float32) / 255, labels


@pytest.fixture(scope="module")
def trained(digits) -> CapsuleNetwork:
    """After three epochs on four fifths of the digits."""
    model = small_network(1e-2, filters=32, primary_channels=8, decoder_sizes=[64])
    model.fit(digits[0][:1440], digits[1][:1440], batch_size=32, epochs=3, verbose=0)
    return model


def test_the_published_network_has_8215568_parameters_and_6804224_without_the_decoder():
    model = capsule_network((28, 28, 1), 10)
    by_layer = {layer.name: layer.count_params() for layer in model.layers if layer.weights}
    assert by_layer == {"conv1": 20_992, "primary_conv": 5_308_672, "class_capsules": 1_474_560}
    assert model.get_layer("primary_capsules").output.shape == (None, 1_152, 8)
    assert model.decoder.count_params() == 1_411_344
    assert model.count_params() == 8_215_568
    assert capsule_network((28, 28, 1), 10, reconstruction_weight=0.0).count_params() == 6_804_224


@pytest.mark.parametrize(
    ("shape", "options", "places"),
    [
        ((17, 17, 1), {}, (1, 1)),
        ((32, 48, 3), {}, (8, 16)),
        ((28, 28, 1), {"kernel_size": 5, "conv_stride": 2}, (4, 4)),
        ((32, 32, 3), {"primary_stride": 4}, (4, 4)),
    ],
)
def test_any_image_size_and_colour(shape, options, places):
    narrow = {"filters": 4, "primary_channels": 2, "primary_size": 3, "decoder_sizes": [8]}
    model = capsule_network(shape, 7, capsule_size=5, **narrow | options)
    x = images(2, *shape)
    assert model(x).shape == (2, 7)
    assert model.get_layer("primary_conv").output.shape[1:3] == places
    assert model.get_layer("primary_capsules").output.shape[1:] == (places[0] * places[1] * 2, 3)
    assert model.get_layer("class_capsules").output.shape[1:] == (7, 5)
    assert model.reconstruct(x).shape == x.shape


@pytest.mark.parametrize("options", [{}, {"kernel_size": 5, "conv_stride": 3}])
def test_an_image_too_small_for_two_convolutions_is_refused(options):
    capsule_network((17, 17, 1), 10, filters=1, decoder_sizes=[1], **options)
    with pytest.raises(UsageError, match=r"takes images of 17 pixels .* 16x40"):
        capsule_network((16, 40, 1), 10, filters=1, decoder_sizes=[1], **options)


def test_its_probabilities_are_those_of_a_classifier_and_its_maps_are_found():
    model = small_network()
    probabilities = classify(model, images(3, 8, 8, 1))
    np.testing.assert_allclose(tf.reduce_sum(probabilities, axis=-1), np.ones(3), rtol=1e-5)
    assert layers_with_maps(model)[-1] == "primary_conv"


def test_the_loss_is_the_margin_loss_plus_the_weighted_error_of_the_true_classs_drawing():
    x, y = images(6, 8, 8, 1), np.array([0, 3, 9, 1, 1, 5])
    model = small_network(reconstruction_weight=0.02)
    margin = MarginLoss(reduction="none")(y, tf.sigmoid(model(x))).numpy()
    errors = np.sum((x - model.reconstruct(x, y).numpy()) ** 2, axis=(1, 2, 3))
    logs = model.test_on_batch(x, y, return_dict=True)
    assert logs["margin_loss"] == pytest.approx(margin.mean(), rel=1e-5)
    assert logs["reconstruction_loss"] == pytest.approx(errors.mean(), rel=1e-5)
    assert logs["loss"] == pytest.approx((margin + 0.02 * errors).mean(), rel=1e-5)
    assert logs["accuracy"] == pytest.approx(np.mean(model(x).numpy().argmax(axis=-1) == y))
    # Training measures the same before its update, and weights count.
    weights = np.array([1, 0, 2, 0, 0, 0.5], np.float32)
    logs = model.train_on_batch(x, y, sample_weight=weights, return_dict=True)
    assert logs["loss"] == pytest.approx((weights * (margin + 0.02 * errors)).mean(), rel=1e-4)
    assert logs["margin_loss"] == pytest.approx(np.average(margin, weights=weights), rel=1e-4)


def test_every_weight_learns_and_both_losses_fall(digits):
    x, y = (column[:64] for column in digits)
    model = small_network(1e-2)
    assert len(model.trainable_variables) == 5 + 4
    before = [weight.numpy() for weight in model.trainable_variables]
    first = model.test_on_batch(x, y, return_dict=True)
    for _ in range(20):
        model.train_on_batch(x, y)
    last = model.test_on_batch(x, y, return_dict=True)
    assert all(np.any(a != b) for a, b in zip(before, model.trainable_variables, strict=True))
    assert last["margin_loss"] < 0.5 * first["margin_loss"]
    assert last["reconstruction_loss"] < 0.8 * first["reconstruction_loss"]


def test_three_epochs_teach_it_digits_of_writers_it_never_saw(trained, digits):
    logs = trained.evaluate(digits[0][1440:], digits[1][1440:], verbose=0, return_dict=True)
    assert logs["accuracy"] > 0.9
    # 8x8 pixels: the error of the mean image is about 5.
    assert logs["reconstruction_loss"] < 3.5


def test_it_redraws_the_class_it_is_told(trained, digits):
    x, y = (column[:200] for column in digits)
    is_right = trained(x).numpy().argmax(axis=-1) == y
    np.testing.assert_allclose(
        trained.reconstruct(x[is_right]), trained.reconstruct(x[is_right], y[is_right]), atol=1e-6
    )

    def errors(labels) -> np.ndarray:
        return np.sum((x - trained.reconstruct(x, labels).numpy()) ** 2, axis=(1, 2, 3))

    # A capsule of another class is short, and what it draws is another picture.
    assert errors(y).mean() < 0.7 * errors((y + 1) % 10).mean()


def test_each_number_of_a_capsule_is_moved_both_ways(trained, digits):
    x, y = (column[:2] for column in digits)
    moved = trained.perturbed(x, y).numpy()
    assert moved.shape == (2, 16, 11, 8, 8, 1)
    assert moved.min() >= 0
    assert moved.max() <= 1
    unmoved = np.broadcast_to(trained.reconstruct(x, y)[:, None], moved[:, :, 5].shape)
    np.testing.assert_allclose(moved[:, :, 5], unmoved, atol=1e-6)
    capsules = np.zeros((1, 10, 16), np.float32)
    label = int(y[1])
    capsules[0, label] = trained.encoder(x)["capsules"][1, label]
    capsules[0, label, 3] -= 0.25
    np.testing.assert_allclose(moved[1, 3, 0], trained.decoder(capsules)[0], atol=1e-6)
    capsules[0, label, 3] += 0.25 + 0.05
    np.testing.assert_allclose(moved[1, 3, 6], trained.decoder(capsules)[0], atol=1e-6)


@pytest.mark.parametrize("weight", [0.0005, 0.0])
def test_a_saved_network_answers_the_same_redraws_the_same_and_learns_on(tmp_path, weight):
    model = small_network(reconstruction_weight=weight, routing_iterations=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    x, y = images(3, 8, 8, 1), np.arange(3)
    assert type(loaded) is CapsuleNetwork
    np.testing.assert_array_equal(model(x), loaded(x))
    if weight:
        np.testing.assert_array_equal(model.perturbed(x), loaded.perturbed(x))
    compile_classifier(loaded, keras.optimizers.Adam(3e-3))
    assert loaded.train_on_batch(x, y, return_dict=True) == pytest.approx(
        model.train_on_batch(x, y, return_dict=True)
    )


def test_without_a_decoder_the_margin_loss_is_all_and_nothing_is_redrawn():
    model = small_network(reconstruction_weight=0.0)
    x = images(4, 8, 8, 1)
    logs = model.train_on_batch(x, np.arange(4), return_dict=True)
    assert logs.keys() == {"loss", "margin_loss", "accuracy"}
    assert logs["loss"] == pytest.approx(logs["margin_loss"])
    with pytest.raises(UsageError, match=r"model\.reconstruction_weight 0"):
        model.reconstruct(x)


def test_more_routing_changes_answers_but_no_weight():
    one, three = (small_network(routing_iterations=iterations) for iterations in (1, 3))
    for a, b in zip(one.weights, three.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    x = images(2, 8, 8, 1)
    assert np.abs(one(x) - three(x)).max() > 1e-4


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_learns_in_mixed_precision_with_float32_capsules(policy, digits):
    x, y = (column[:64] for column in digits)
    with dtype_policy(policy):
        model = small_network()
    model.optimizer.build(model.trainable_variables)
    assert model.get_layer("conv1").compute_dtype == policy.removeprefix("mixed_")
    encoded = model.encoder(x)
    assert encoded["capsules"].dtype == encoded["logits"].dtype == tf.float32
    assert model.reconstruct(x).dtype == tf.float32
    first = model.test_on_batch(x, y, return_dict=True)
    for _ in range(20):
        model.train_on_batch(x, y)
    last = model.test_on_batch(x, y, return_dict=True)
    assert last["margin_loss"] < 0.5 * first["margin_loss"]
    assert last["reconstruction_loss"] < 0.9 * first["reconstruction_loss"]
