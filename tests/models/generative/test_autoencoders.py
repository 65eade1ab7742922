"""Both autoencoders give back what they saw, and the variational one bounds the likelihood."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.generative.convolutional_autoencoder import convolutional_autoencoder
from dlapps.models.generative.rbm import rbm
from dlapps.models.generative.variational_autoencoder import variational_autoencoder

BUILDERS = (convolutional_autoencoder, variational_autoencoder)


@pytest.fixture
def images() -> np.ndarray:
    """Blobs of 0 and 1 at one of four places."""
    images = np.zeros((256, 6, 7, 1), np.float32)
    for number, image in enumerate(images):
        top, left = divmod(number % 4, 2)
        image[3 * top : 3 * top + 3, 3 * left : 3 * left + 3] = 1
    return images


@pytest.mark.parametrize("builder", BUILDERS)
def test_it_gives_back_what_it_was_shown(builder, images, tmp_path):
    keras.utils.set_random_seed(0)
    model = builder((6, 7, 1), latent_size=4)
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    model.fit(images, epochs=20, batch_size=32, verbose=0)
    maps = model.endpoints()
    latents = maps["encode"](images)
    assert latents.shape == (256, 4)
    assert np.square(maps["decode"](latents) - images).mean() < 0.05
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(loaded.endpoints()["encode"](images), latents, atol=1e-6)
    loaded.compile(optimizer="adam")
    assert loaded.evaluate(images, verbose=0, return_dict=True)["loss"] < 10


def test_latents_of_the_autoencoder_are_standardised(images):
    model = convolutional_autoencoder((6, 7, 1), latent_size=4)
    model.encoder.get_layer("standardised").momentum = 0.2
    model.compile(optimizer=keras.optimizers.Adam(0.0))
    model.fit(images, epochs=5, batch_size=64, verbose=0)
    latents = model.endpoints()["encode"](images).numpy()
    np.testing.assert_allclose(latents.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(latents.var(axis=0), 1, atol=0.1)


def test_the_loss_is_the_negative_evidence_lower_bound(images):
    model = variational_autoencoder((6, 7, 1), latent_size=4)
    model.compile(optimizer="adam")
    outputs = {name: each.numpy() for name, each in model(images, training=False).items()}
    mean, log_variance, logits = (outputs[n] for n in ("mean", "log_variance", "logits"))
    probabilities = 1 / (1 + np.exp(-logits))
    of_pixels = images * np.log(probabilities) + (1 - images) * np.log(1 - probabilities)
    variance = np.exp(log_variance)
    divergence = 0.5 * (variance + mean**2 - 1 - log_variance).sum(axis=1)
    bound = of_pixels.sum(axis=(1, 2, 3)) - divergence
    measured = model.evaluate(images, batch_size=256, verbose=0, return_dict=True)
    assert measured["loss"] == pytest.approx(-bound.mean(), rel=1e-5)
    assert measured["kl_divergence"] == pytest.approx(divergence.mean(), rel=1e-4)
    total = measured["reconstruction_loss"] + measured["kl_divergence"]
    assert measured["loss"] == pytest.approx(total, rel=1e-5)


def test_the_likelihood_of_an_image_is_that_of_its_pixels(images):
    model = variational_autoencoder((6, 7, 1), latent_size=4)
    latents = np.random.default_rng(0).normal(size=(3, 256, 4)).astype(np.float32)
    measured = model.log_likelihood(tf.constant(images), tf.constant(latents)).numpy()
    probabilities = model.endpoints()["decode"](latents[1]).numpy()
    expected = np.log(np.where(images == 1, probabilities, 1 - probabilities)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(measured[1], expected, rtol=1e-4)


def test_measuring_changes_no_training(images):
    model = variational_autoencoder((6, 7, 1))
    seeds = [v for v in model.variables if "seed" in v.path]
    before = [seed.numpy() for seed in seeds]
    first, second = (model(images, training=False)["logits"] for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(before, [seed.numpy() for seed in seeds])
    assert np.any(model(images, training=True)["logits"] != first)


def test_the_published_size():
    """Burda et al.: 784-200-200-50 and back."""
    model = variational_autoencoder((28, 28, 1))
    encoder = 784 * 200 + 200 + 200 * 200 + 200 + 2 * (200 * 50 + 50)
    decoder = 50 * 200 + 200 + 200 * 200 + 200 + 200 * 784 + 784
    assert sum(np.prod(w.shape) for w in model.trainable_variables) == encoder + decoder


@pytest.mark.parametrize("builder", [*BUILDERS, rbm])
@pytest.mark.parametrize("scale", [255.0, -1.0])
def test_images_outside_the_unit_interval_are_refused(builder, scale, images):
    model = builder((6, 7, 1))
    model.compile(optimizer="sgd")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Bernoulli units .* from 0 to 1"):
        model.fit(scale * images, verbose=0)


def test_the_divergence_counts_by_and_by(images):
    model = variational_autoencoder((6, 7, 1), latent_size=4, warmup_steps=10)
    model.compile(optimizer="adam")
    outputs = model(images, training=False)
    full = float(model.compute_loss(images, y_pred=outputs, training=False))
    for step, weight in ((0, 0.0), (5, 0.5), (20, 1.0)):
        model.optimizer.iterations.assign(step)
        model.reset_metrics()
        loss = float(model.compute_loss(images, y_pred=outputs, training=True))
        divergence = float(model.kl_divergence.result())
        assert loss == pytest.approx(full - (1 - weight) * divergence, rel=1e-5)
