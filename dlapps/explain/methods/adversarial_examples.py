"""Adversarial examples: inputs that are changed by a little, so that a classifier errs."""

from collections.abc import Callable
from typing import Protocol

import keras
import tensorflow as tf

from dlapps.explain.methods.gradients import input_gradient

Bounds = tuple[float, float]
UNBOUNDED: Bounds = (float("-inf"), float("inf"))
LONGEST_STEP = 2.5
"""Of PGD, times epsilon / steps: so the far side of the ball can be reached (Madry et al.)."""


class Attack(Protocol):
    """From inputs and labels to inputs, of which no number is moved by more than epsilon."""

    def __call__(
        self,
        network: keras.Model,
        x: tf.Tensor,
        labels: tf.Tensor,
        epsilon: float | tf.Tensor,
        *,
        targeted: bool = False,
        bounds: Bounds = UNBOUNDED,
    ) -> tf.Tensor: ...


def fast_gradient_sign(
    network: keras.Model,
    x: tf.Tensor,
    labels: tf.Tensor,
    epsilon: float | tf.Tensor,
    *,
    targeted: bool = False,
    bounds: Bounds = UNBOUNDED,
) -> tf.Tensor:
    """FGSM: x with each number moved by epsilon, the way that its gradient says; float32.

    It is moved away from the classes `labels`, int [N], of a network that gives logits [N, C], or
    towards them where they are `targeted`. What would leave the `bounds` of the numbers is cut.
    Goodfellow, Shlens, Szegedy 2014, "Explaining and harnessing adversarial examples".
    """
    x, slopes = input_gradient(network, [x], _goal(labels, targeted))
    return tf.clip_by_value(x + epsilon * tf.sign(slopes), *bounds)


def projected_gradient_descent(
    network: keras.Model,
    x: tf.Tensor,
    labels: tf.Tensor,
    epsilon: float | tf.Tensor,
    *,
    targeted: bool = False,
    bounds: Bounds = UNBOUNDED,
    steps: int = 10,
    seed: int = 0,
) -> tf.Tensor:
    """PGD: x moved by many small steps of `fast_gradient_sign` from a random start; float32.

    After each step every number is put back to within epsilon of where it was. The same seed gives
    the same start. Madry et al. 2017, "Towards deep learning models resistant to adversarial
    attacks".
    """
    x = tf.cast(x, tf.float32)
    low = tf.clip_by_value(x - epsilon, *bounds)
    high = tf.clip_by_value(x + epsilon, *bounds)
    step = LONGEST_STEP * epsilon / steps

    def ascend(moved: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        moved = fast_gradient_sign(network, moved, labels, step, targeted=targeted)
        return tf.clip_by_value(moved, low, high)

    start = low + (high - low) * tf.random.stateless_uniform(tf.shape(x), [seed, 0])
    return tf.foldl(ascend, tf.range(steps), start)


def _goal(labels: tf.Tensor, targeted: bool) -> Callable[[tf.Tensor], tf.Tensor]:
    """What an attack raises, [N] of logits [N, C]: the log-odds against the labels, or for them.

    They rise where cross-entropy does, and their gradients point the same way; but where a network
    is all but certain, those of cross-entropy are lost in rounding.
    """

    def log_odds(logits: tf.Tensor) -> tf.Tensor:
        logits = tf.cast(logits, tf.float32)
        is_label = tf.one_hot(labels, logits.shape[-1], on_value=True, off_value=False)
        others = tf.reduce_logsumexp(tf.where(is_label, float("-inf"), logits), axis=-1)
        own = tf.gather(logits, labels, batch_dims=1)
        return own - others if targeted else others - own

    return log_odds
