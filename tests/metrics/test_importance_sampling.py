"""The likelihood of a model with latents agrees with the integral over them."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import norm

from dlapps.metrics.importance_sampling import importance_sampled_report

SLOPES, OFFSETS = np.array([2.0, -1.0, 0.5]), np.array([-0.5, 0.3, 0.0])
IMAGES = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 1], [0, 0, 1]], np.float32)


def log_likelihood(images, latents):
    """Three Bernoulli pixels whose logits depend on one latent."""
    logits = latents * tf.constant(SLOPES, tf.float32) + tf.constant(OFFSETS, tf.float32)
    return tf.reduce_sum(images * logits - tf.nn.softplus(logits), axis=-1)


def posterior(images):
    """A rough guess, wider than the true one."""
    mean = 0.3 * tf.reduce_sum(images * tf.constant(SLOPES, tf.float32), axis=1, keepdims=True)
    return mean, tf.fill(tf.shape(mean), 0.2)


def exact() -> float:
    """The mean log-likelihood by integration over the latent."""

    def joint(z, image):
        logits = SLOPES * z + OFFSETS
        return norm.pdf(z) * np.exp(np.sum(image * logits - np.logaddexp(0, logits)))

    return np.mean([np.log(quad(joint, -9, 9, args=(image,))[0]) for image in IMAGES])


def report(num_samples: int, batch_size: int = 4) -> dict:
    batches = tf.data.Dataset.from_tensor_slices(IMAGES).batch(batch_size)
    return importance_sampled_report(batches, posterior, log_likelihood, num_samples)


def test_it_is_the_integral_over_the_latent():
    measured = report(20_000)
    assert measured["negative_log_likelihood"] == pytest.approx(-exact(), abs=0.01)
    assert measured["negative_evidence_lower_bound"] > measured["negative_log_likelihood"] + 0.05


def test_one_sample_is_the_evidence_lower_bound():
    measured = report(1)
    bound = measured["negative_evidence_lower_bound"]
    assert measured["negative_log_likelihood"] == pytest.approx(bound, rel=1e-5)


def test_the_last_pass_draws_only_what_is_left():
    """2,001 samples of one image take two passes, of 2,000 and of 1."""
    assert report(2_001, batch_size=1)["negative_log_likelihood"] == pytest.approx(
        -exact(), abs=0.03
    )


def test_every_batch_draws_its_own_latents():
    twice = tf.data.Dataset.from_tensor_slices(np.repeat(IMAGES[:1], 2, axis=0)).batch(1)
    measured = importance_sampled_report(twice, posterior, log_likelihood, 3)
    assert measured["negative_log_likelihood_standard_error"] > 0
