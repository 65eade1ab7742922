"""What can be measured of a model is said by the model: a likelihood where it has one."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from dlapps.models.generative.convolutional_autoencoder import convolutional_autoencoder
from dlapps.models.generative.dcgan import dcgan
from dlapps.models.generative.rbm import rbm
from dlapps.models.generative.variational_autoencoder import variational_autoencoder

EFFORT = SimpleNamespace(importance_samples=50, annealing_chains=100, annealing_steps=500)


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 2, (20, 4, 4, 1)).astype(np.float32)


@pytest.mark.parametrize("builder", [convolutional_autoencoder, dcgan])
def test_a_model_that_gives_images_no_probability_has_no_measure(builder):
    assert builder((4, 4, 1)).measures() == {}


def test_the_likelihood_of_an_rbm_is_near_the_exact_one(images):
    keras.utils.set_random_seed(0)
    model = rbm((4, 4, 1), num_hidden=3)
    kernel = np.random.default_rng(1).normal(size=(16, 3)).astype(np.float32)
    model.units.kernel.assign(kernel)
    (measure,) = model.measures().values()
    found = measure([images[:13], images[13:]], EFFORT)
    states = np.array(list(np.ndindex(2, 2, 2)))
    log_z = np.logaddexp.reduce(np.logaddexp(0, states @ kernel.T).sum(axis=1))
    of_images = np.logaddexp(0, images.reshape(20, 16) @ kernel).sum(axis=1) - log_z
    assert found["log_partition_function"] == pytest.approx(log_z, abs=0.1)
    assert found["log_probability"] == pytest.approx(of_images.mean(), abs=0.1)


def test_a_variational_autoencoder_is_measured_with_as_many_samples_as_asked(images):
    model = variational_autoencoder((4, 4, 1), latent_size=2, hidden_sizes=[8])
    (measure,) = model.measures().values()
    found = measure([images[:13], images[13:]], EFFORT)
    assert found["importance_samples"] == 50
    assert 0 < found["negative_log_likelihood"] <= found["negative_evidence_lower_bound"]
