"""The log-likelihood of a latent-variable model by importance sampling, which is the bound of
Burda, Grosse, Salakhutdinov (2015), "Importance weighted autoencoders"."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf

LARGEST_PASS = 2_000
"""Latents decoded at a time: more need much memory and run no faster."""


LogLikelihood = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def importance_sampled_report(
    batches: Iterable[tf.Tensor],
    posterior: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    log_likelihood: LogLikelihood,
    num_samples: int,
) -> dict[str, float | int]:
    """The mean negative log-likelihood of all images in nats, its standard error, and the ELBO.

    The standard error is that of the mean over images. `posterior(images)` gives the mean and the
    log variance [N, L] of the latents to draw; the rest is as `importance_sampled_log_likelihood`
    takes it.
    """

    @tf.function(reduce_retracing=True)
    def of_batch(images: tf.Tensor, number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return importance_sampled_log_likelihood(
            images, *posterior(images), log_likelihood, num_samples, tf.stack([0, number])
        )

    # Seeds of two batches lie further apart than one batch has samples.
    parts = [of_batch(x, tf.constant(i * num_samples)) for i, x in enumerate(batches)]
    likelihoods, bounds = (np.concatenate(part).astype(float) for part in zip(*parts))
    return {
        "negative_log_likelihood": float(-likelihoods.mean()),
        "negative_log_likelihood_standard_error": float(
            likelihoods.std() / np.sqrt(len(likelihoods))
        ),
        "negative_evidence_lower_bound": float(-bounds.mean()),
        "importance_samples": num_samples,
    }


def importance_sampled_log_likelihood(
    images: tf.Tensor,
    mean: tf.Tensor,
    log_variance: tf.Tensor,
    log_likelihood: LogLikelihood,
    num_samples: int,
    seed: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """log P(image) in nats and the evidence lower bound, [N] each, both of `num_samples` draws.

    The first is a lower bound too, and tight with enough samples: log mean exp of the importance
    weights, whose plain mean is the second. Latents have a standard normal prior and are drawn
    from normal distributions of `mean` and `log_variance` [N, L]. `log_likelihood(images, latents)`
    gives log P(image | latent) [S, N] for latents [S, N, L]. seed: int [2].
    """
    num_images, size = tf.shape(mean)[0], mean.shape[1]
    a_pass = tf.minimum(tf.maximum(LARGEST_PASS // num_images, 1), num_samples)

    def log_weights(first: tf.Tensor) -> tf.Tensor:
        """[S, N] of the samples from `first` on, those beyond the last left out."""
        key = tf.stack([seed[0], seed[1] + tf.cast(first, seed.dtype)])
        count = tf.minimum(a_pass, num_samples - first)
        noise = tf.random.stateless_normal([count, num_images, size], key)
        latents = mean + tf.exp(log_variance / 2) * noise
        # log prior - log posterior; what both divide by cancels.
        ratio = 0.5 * tf.reduce_sum(noise**2 - latents**2 + log_variance, axis=-1)
        return log_likelihood(images, latents) + ratio

    def add(first, log_sum, total):
        weights = log_weights(first)
        together = tf.concat([log_sum[None], weights], axis=0)
        return (
            first + a_pass,
            tf.reduce_logsumexp(together, axis=0),
            total + tf.reduce_sum(weights, axis=0),
        )

    nothing = tf.fill([num_images], -math.inf)
    _, log_sum, total = tf.while_loop(
        lambda first, *_: first < num_samples,
        add,
        (0, nothing, tf.zeros([num_images])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape([None])),
    )
    return log_sum - math.log(num_samples), total / num_samples
