"""What generative models have in common: maps between seeds, latents and images."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf
from keras import ops


class Effort(Protocol):
    """How much may be sampled to estimate what cannot be computed."""

    @property
    def importance_samples(self) -> int: ...

    @property
    def annealing_chains(self) -> int: ...

    @property
    def annealing_steps(self) -> int: ...


Measure = Callable[[Iterable[tf.Tensor], Effort], Mapping[str, float]]


class GenerativeModel(Protocol):
    """A Keras model that also names what it can do."""

    name: str
    latent_size: int
    """How many numbers stand for an image."""

    def endpoints(self) -> Mapping[str, Callable[[tf.Tensor], tf.Tensor]]:
        """Those of these three maps that the model has, by name, the most natural first.

        generate: seeds int64 [N] -> images; a seed gives the same image in any company.
        encode: images -> latents [N, latent_size].
        decode: latents -> images.

        Images are float32 [N, H, W, C] in [0, 1].
        """

    def measures(self) -> Mapping[str, Measure]:
        """What can be measured of the model on images of zeros and ones, by name; often nothing.

        Each takes batches of such images and gives named figures.
        """


Maps = Mapping[str, Callable[[np.ndarray], np.ndarray]]


def maps_of(model: GenerativeModel) -> Maps:
    """The endpoints of a model, compiled, from arrays to arrays."""
    return {name: on_arrays(endpoint) for name, endpoint in model.endpoints().items()}


def on_arrays(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[np.ndarray], np.ndarray]:
    """The function compiled, from arrays to arrays."""
    compiled = tf.function(function, reduce_retracing=True)
    return lambda x: compiled(tf.convert_to_tensor(x)).numpy()


def standard_normal(seeds: tf.Tensor, size: int) -> tf.Tensor:
    """Normal numbers [N, size], each row a function of its seed alone; seeds int64 [N]."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_normal([size], tf.stack([seed, 0])),
        seeds,
        fn_output_signature=tf.TensorSpec([size], tf.float32),
    )


def bernoulli_log_probability(images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The log probability [N] of images under independent Bernoulli units, in nats.

    In float32 whatever the network computes in: the sum of many pixels needs it.
    """
    images, logits = ops.cast(images, "float32"), ops.cast(logits, "float32")
    of_pixels = images * logits - ops.softplus(logits)
    return ops.sum(of_pixels, axis=tuple(range(1, len(of_pixels.shape))))
