"""Both sides of a DCGAN learn, each by its own loss and its own optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.generative.dcgan import dcgan
from dlapps.training.optimizers import optimizers_of


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = dcgan((8, 8, 1), latent_size=6, filters=[4, 8])
    model.compile(optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5))
    return model


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((64, 8, 8, 1)).astype(np.float32)


def test_each_side_has_an_optimizer_for_its_own_weights(model):
    optimizers = optimizers_of(model)
    assert optimizers.keys() == {"optimizer", "discriminator_optimizer"}
    for name, part in (("optimizer", "generator"), ("discriminator_optimizer", "discriminator")):
        owned = optimizers[name]._trainable_variables
        weights = model.get_layer(part).trainable_variables
        assert [id(v) for v in owned] == [id(v) for v in weights]
        assert optimizers[name].beta_1 == 0.5


def test_both_sides_learn_and_the_generator_goes_the_way_of_its_own_loss(
    model, images, monkeypatch
):
    generator, discriminator = model.generator, model.discriminator
    before = [w.numpy() for w in model.trainable_variables]
    seen = []
    monkeypatch.setattr(model.optimizer, "apply_gradients", seen.extend)
    state = model.seed_generator.state.numpy()
    model.train_step((tf.constant(images),))
    model.seed_generator.state.assign(state)
    latents = keras.random.normal((64, 6), seed=model.seed_generator)
    with tf.GradientTape() as tape:
        verdicts = discriminator(generator(latents, training=True), training=True)
        loss = tf.reduce_mean(tf.nn.softplus(-verdicts))
    expected = tape.gradient(loss, generator.trainable_variables)
    for (gradient, _), wanted in zip(seen, expected, strict=True):
        np.testing.assert_allclose(gradient, wanted, atol=1e-6)
    moved = {id(w) for w, old in zip(model.trainable_variables, before) if np.any(w.numpy() != old)}
    assert moved == {id(w) for w in discriminator.trainable_variables}


def test_label_smoothing_lowers_only_the_target_of_real_images(images):
    latents = np.zeros((64, 6), np.float32)
    losses = []
    for smoothing in (0.0, 0.25):
        keras.utils.set_random_seed(0)
        model = dcgan((8, 8, 1), latent_size=6, filters=[4, 8], label_smoothing=smoothing)
        generated = model.generator(latents)
        losses.append(float(model._discriminator_loss(images, generated, training=False)))
    real = model.discriminator(images, training=False).numpy()
    assert losses[1] - losses[0] == pytest.approx(0.25 * real.mean(), abs=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 13, 3), (28, 28, 1)])
def test_generated_images_have_the_shape_and_range_of_real_ones(shape):
    model = dcgan(shape, filters=[4, 8])
    images = model.endpoints()["generate"](tf.constant([1, 2, 1], tf.int64)).numpy()
    assert images.shape == (3, *shape)
    assert images.min() >= 0
    assert images.max() <= 1
    np.testing.assert_array_equal(images[0], images[2])
    assert np.any(images[0] != images[1])


def test_plain_fit_and_saving(model, images, tmp_path):
    history = model.fit(images, epochs=2, verbose=0).history
    assert history.keys() == {"generator_loss", "discriminator_loss"}
    first, again = (model.evaluate(images, verbose=0, return_dict=True) for _ in range(2))
    assert first == again
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    loaded.compile(optimizer="adam")
    assert loaded.evaluate(images, verbose=0, return_dict=True) == pytest.approx(first)
