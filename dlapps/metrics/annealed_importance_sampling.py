"""The partition function of a restricted Boltzmann machine by annealed importance sampling
(Salakhutdinov, Murray 2008, "On the quantitative analysis of deep belief networks")."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

PAPER_SCHEDULE = ((0.0, 0.5, 500), (0.5, 0.9, 4_000), (0.9, 1.0, 10_000))
"""From, to, and the temperatures between, in equal steps."""
PART = 500
"""Temperatures that the chains go through in one call."""


class PartitionFunction(NamedTuple):
    """An estimate of log Z, and how far it may be off."""

    log_value: float
    """In nats."""
    standard_error: float
    """Of log_value, from the spread of the chains."""


def annealed_report(
    batches: Iterable[tf.Tensor],
    free_energy: Callable[[tf.Tensor], tf.Tensor],
    weights: tuple[tf.Tensor, tf.Tensor, tf.Tensor],
    **options: Any,
) -> dict[str, float]:
    """The mean log probability of all images in nats, log Z, and the standard errors of both.

    `free_energy` takes images [N, V] to [N]; `weights` and `options` are those of
    `log_partition_function`, whose base rates are the mean image. The log probability's standard
    error counts the spread of images and that of log Z.
    """
    images = np.concatenate([np.reshape(x, (len(x), -1)) for x in batches])
    energies = np.asarray(free_energy(tf.constant(images)), float)
    log_z = log_partition_function(*weights, images.mean(axis=0), **options)
    of_images = energies.std() / np.sqrt(len(energies))
    return {
        "log_probability": float(-energies.mean() - log_z.log_value),
        "log_probability_standard_error": float(np.hypot(of_images, log_z.standard_error)),
        "log_partition_function": log_z.log_value,
        "log_partition_function_standard_error": log_z.standard_error,
    }


def log_partition_function(
    kernel: tf.Tensor,
    visible_bias: tf.Tensor,
    hidden_bias: tf.Tensor,
    base_rates: np.ndarray,
    *,
    num_chains: int = 100,
    num_temperatures: int = 14_500,
    seed: int = 0,
    progress: Callable[[Sequence[int]], Iterable[int]] = iter,
) -> PartitionFunction:
    """log Z of an RBM with weights [V, H] and biases [V] and [H].

    The chains begin at a model of independent visible units, on with the probabilities
    `base_rates` [V] (the mean image is a good choice; any within (0, 1) is a valid one, and they
    are kept away from 0 and 1). The inverse temperatures are spaced as in the paper. `progress`
    hands on the parts of the way one after another, and may show how far it is.
    """
    base_rates = np.clip(np.asarray(base_rates, np.float32), 0.01, 0.99)
    base_bias = np.log(base_rates / (1 - base_rates))
    machine = (
        *(tf.cast(weight, tf.float32) for weight in (kernel, visible_bias, hidden_bias)),
        tf.constant(base_bias),
    )
    betas = tf.constant(inverse_temperatures(num_temperatures), tf.float32)
    visible = _draw(tf.tile(base_bias[None], [num_chains, 1]), seed, 0)
    log_weights = tf.zeros([num_chains], tf.float64)
    for first in progress(range(1, len(betas), PART)):
        numbers = tf.range(first, min(first + PART, len(betas)))
        visible, log_weights = _annealed(*machine, betas, numbers, visible, log_weights, seed)
    log_weights = log_weights.numpy()
    log_base = np.log1p(np.exp(base_bias)).sum(dtype=float) + kernel.shape[1] * np.log(2)
    largest = log_weights.max()
    ratios = np.exp(log_weights - largest)
    spread = ratios.std(ddof=1) / np.sqrt(num_chains) / ratios.mean()
    return PartitionFunction(float(log_base + largest + np.log(ratios.mean())), float(spread))


def inverse_temperatures(count: int) -> np.ndarray:
    """About `count` numbers from 0 to 1, dense towards 1 like the paper's 14,500."""
    share = count / sum(steps for *_, steps in PAPER_SCHEDULE)
    parts = [
        np.linspace(start, end, max(round(share * steps), 1), endpoint=False)
        for start, end, steps in PAPER_SCHEDULE
    ]
    return np.append(np.concatenate(parts), 1.0)


@tf.function
def _annealed(
    kernel, visible_bias, hidden_bias, base_bias, betas, numbers, visible, log_weights, seed
):
    """The chains and their log importance weights after the temperatures `numbers`."""
    for number in numbers:
        before, now = betas[number - 1], betas[number]
        inputs = tf.matmul(visible, kernel) + hidden_bias
        slope = tf.linalg.matvec(visible, visible_bias - base_bias)
        change = (now - before) * slope + tf.reduce_sum(
            tf.nn.softplus(now * inputs) - tf.nn.softplus(before * inputs), axis=1
        )
        log_weights += tf.cast(change, tf.float64)
        hidden = _draw(now * inputs, seed, 2 * number)
        logits = now * (tf.matmul(hidden, kernel, transpose_b=True) + visible_bias)
        visible = _draw(logits + (1 - now) * base_bias, seed, 2 * number + 1)
    return visible, log_weights


def _draw(logits: tf.Tensor, seed: int, number: tf.Tensor) -> tf.Tensor:
    noise = tf.random.stateless_uniform(tf.shape(logits), tf.stack([seed, number]))
    return tf.cast(noise < tf.sigmoid(logits), tf.float32)
