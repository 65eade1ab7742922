"""Every generative model learns in mixed precision, and what it makes stays float32."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlapps.models.generative.convolutional_autoencoder import convolutional_autoencoder
from dlapps.models.generative.dcgan import dcgan
from dlapps.models.generative.maps import bernoulli_log_probability
from dlapps.models.generative.rbm import rbm
from dlapps.models.generative.variational_autoencoder import variational_autoencoder
from dlapps.training.hardware import dtype_policy

BUILDERS = (convolutional_autoencoder, dcgan, rbm, variational_autoencoder)


@pytest.fixture
def images() -> tf.Tensor:
    return tf.constant(np.random.default_rng(0).integers(0, 2, (16, 8, 8, 1)), tf.float32)


@pytest.mark.parametrize("builder", BUILDERS)
def test_two_steps_move_the_weights_and_every_answer_is_float32(builder, images):
    """In float16, with scaled losses; tests/test_applications.py trains each in bfloat16."""
    keras.utils.set_random_seed(0)
    with dtype_policy("mixed_float16"):
        model = builder((8, 8, 1))
    model.compile(optimizer=keras.optimizers.Adam(1e-2))
    before = [weight.numpy() for weight in model.trainable_variables]
    train_step = tf.function(model.train_step)
    for _ in range(2):
        logs = train_step((images,))
    assert all(np.isfinite(value) for value in logs.values())
    assert all(np.isfinite(value) for value in model.test_step((images,)).values())
    after = [weight.numpy() for weight in model.trainable_variables]
    # A kernel's gradient is not zero everywhere; a bias before normalization has none.
    kernels = [np.any(a != b) for a, b in zip(after, before, strict=True) if a.ndim > 1]
    assert all(kernels)
    endpoints = model.endpoints()
    assert endpoints["generate"](tf.constant([0, 1], tf.int64)).dtype == tf.float32
    assert endpoints["decode"](tf.zeros([2, model.latent_size])).dtype == tf.float32
    if "encode" in endpoints:
        assert endpoints["encode"](images).dtype == tf.float32


def test_an_rbm_learns_the_same_to_the_last_bit_under_every_policy():
    images = tf.constant(np.random.default_rng(0).random((16, 8, 8, 1)), tf.float32)
    weights = []
    for policy in ("float32", "mixed_bfloat16"):
        keras.utils.set_random_seed(0)
        with dtype_policy(policy):
            model = rbm((8, 8, 1), num_hidden=4)
        model.compile(optimizer=keras.optimizers.SGD(0.1))
        model.train_step((images,))
        weights.append([weight.numpy() for weight in model.trainable_variables])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_log_probability_is_summed_in_float32():
    """2,500 pixels of about 0.7 nats: in bfloat16 the sum would be off by several nats."""
    images, logits = tf.zeros([1, 50, 50, 1]), tf.zeros([1, 50, 50, 1], tf.bfloat16)
    measured = bernoulli_log_probability(images, logits)
    assert measured.dtype == tf.float32
    np.testing.assert_allclose(measured, [-2500 * np.log(2)], rtol=1e-5)
