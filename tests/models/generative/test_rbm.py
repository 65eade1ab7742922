"""An RBM learns by contrastive divergence which images there are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.generative.maps import maps_of
from dlapps.models.generative.rbm import rbm


@pytest.fixture
def images() -> np.ndarray:
    """Bars: every image has one row of ones."""
    random = np.random.default_rng(0)
    images = np.zeros((256, 4, 4, 1), np.float32)
    images[np.arange(256), random.integers(0, 4, 256)] = 1
    return images


def test_a_step_goes_along_contrastive_divergence(images, monkeypatch):
    """Data statistics less those of the imagined images, as Hinton writes them."""
    model = rbm((4, 4, 1), num_hidden=3)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    imagined = np.random.default_rng(1).integers(0, 2, (256, 16)).astype(np.float32)
    monkeypatch.setattr(model, "_gibbs_sampled", lambda visible: tf.constant(imagined))
    kernel, visible_bias, hidden_bias = (weight.numpy() for weight in model.trainable_variables)
    visible = images.reshape(256, 16)

    def hidden(states):
        return 1 / (1 + np.exp(-(states @ kernel + hidden_bias)))

    model.train_step((tf.constant(images),))
    moved = [weight.numpy() for weight in model.trainable_variables]
    statistics = visible.T @ hidden(visible) - imagined.T @ hidden(imagined)
    np.testing.assert_allclose(moved[0], kernel + 0.1 * statistics / 256, atol=1e-6)
    np.testing.assert_allclose(
        moved[1], visible_bias + 0.1 * (visible - imagined).mean(0), atol=1e-6
    )
    difference = (hidden(visible) - hidden(imagined)).mean(0)
    np.testing.assert_allclose(moved[2], hidden_bias + 0.1 * difference, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"persistent_chains": 16}, {"gibbs_steps": 3}])
def test_it_learns_which_images_there_are(images, options):
    keras.utils.set_random_seed(0)
    model = rbm((4, 4, 1), num_hidden=16, sampling_steps=200, **options)
    model.compile(optimizer=keras.optimizers.SGD(0.2, momentum=0.8))
    model.fit(images, epochs=25, batch_size=16, verbose=0)
    bars, noise = images[:50].reshape(50, 16), np.random.default_rng(0).integers(0, 2, (50, 16))
    energies = [model.units.free_energy(x.astype(np.float32)).numpy() for x in (bars, noise)]
    assert energies[0].max() < energies[1].mean()
    assert model.evaluate(images, verbose=0) < 4
    rows = maps_of(model)["generate"](np.arange(20))[..., 0].round()
    is_bar = np.isin(rows.sum(axis=2), (0, 4)).all(axis=1) & (rows.sum(axis=(1, 2)) == 4)
    assert is_bar.mean() > 0.5


def test_persistent_chains_go_on_where_they_were(images):
    model = rbm((4, 4, 1), num_hidden=8, persistent_chains=10)
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    before = model.chains.numpy()
    model.fit(images, epochs=1, verbose=0)
    assert model.chains.shape == (10, 16)
    assert not np.array_equal(before, model.chains.numpy())
    assert any(variable is model.chains for variable in model.variables), "kept in checkpoints"


def test_it_survives_saving(images, tmp_path):
    model = rbm((4, 4, 1), num_hidden=8, gibbs_steps=2, persistent_chains=5, sampling_steps=7)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert (loaded.gibbs_steps, loaded.persistent_chains, loaded.sampling_steps) == (2, 5, 7)
    seeds = tf.constant([3, 4], tf.int64)
    a, b = (each.endpoints()["generate"](seeds) for each in (model, loaded))
    np.testing.assert_array_equal(a, b)
    loaded.compile(optimizer="sgd")
    loaded.fit(images, verbose=0)
