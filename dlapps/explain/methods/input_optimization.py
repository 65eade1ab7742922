"""Inputs that are found by gradient descent through a network, as natural images are made up."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From what is optimized and the number of the step to a number that is to fall."""

OPPONENT_COLOURS = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])
SHARE_OF_COLOUR = np.array([[1.0], [0.35], [0.25]])
"""Photographs vary most in brightness: in colours of red, green and blue that vary together."""
MOMENTUM, SQUARE_MOMENTUM = 0.9, 0.99


class NoGradientError(ValueError):
    """No gradient reaches what is optimized."""


def minimized(loss: Loss, start: tf.Tensor, steps: int, learning_rate: float) -> tf.Tensor:
    """Where Adam gets in so many steps from `start`, one compiled loop.

    The learning rate falls to 0 along half a cosine.
    """

    def step(
        state: tuple[tf.Tensor, tf.Tensor, tf.Tensor], number: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, mean, square = state
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value = loss(x, number)
        slope = tape.gradient(value, x)
        mean = MOMENTUM * mean + (1 - MOMENTUM) * slope
        square = SQUARE_MOMENTUM * square + (1 - SQUARE_MOMENTUM) * slope**2
        done = tf.cast(number, tf.float32)
        unbiased = mean / (1 - MOMENTUM ** (done + 1))
        size = tf.sqrt(square / (1 - SQUARE_MOMENTUM ** (done + 1)))
        rate = learning_rate * (1 + tf.cos(math.pi * done / steps)) / 2
        return x - rate * tf.math.divide_no_nan(unbiased, size), mean, square

    @tf.function(autograph=False)
    def loop(start: tf.Tensor) -> tf.Tensor:
        zeros = tf.zeros_like(start)
        return tf.foldl(step, tf.range(steps), (start, zeros, zeros))[0]

    return loop(start)


def refuse_constant(function: Callable[[tf.Tensor], tf.Tensor], x: tf.Tensor) -> None:
    """Raises NoGradientError where what the function gives does not depend on x."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        y = function(x)
    if tape.gradient(y, x) is None:
        raise NoGradientError("no gradient reaches what is optimized")


def spectrum_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of the numbers that `waves` makes one input of `shape`, [h, w, ...], from."""
    height, width, *others = shape
    return (math.prod(others), height, width // 2 + 1, 2)


def waves(spectrum: tf.Tensor, shape: Sequence[int], decay: float) -> tf.Tensor:
    """Inputs [N, *shape] of their Fourier spectra [N, *spectrum_shape(shape)].

    A wave of frequency f counts by 1 / f^decay, as in photographs with 1, so that descent finds
    large shapes as fast as fine ones; with 0 it is descent by pixels. Three channels are colours.
    Olah, Mordvintsev, Schubert 2017, "Feature visualization".
    """
    height, width, *others = shape
    across = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    scale = math.sqrt(height * width) * (np.maximum(across, 1 / max(height, width)) ** -decay)
    scale *= math.sqrt(height * width) / np.linalg.norm(scale)
    real, imaginary = tf.unstack(spectrum * tf.constant(scale[..., None], tf.float32), axis=-1)
    images = tf.signal.irfft2d(tf.complex(real, imaginary), [height, width])
    images = tf.transpose(images * math.sqrt(height * width), [0, 2, 3, 1])
    if others == [3] and decay:
        images = tf.einsum(
            "nhwk,kc->nhwc", images, tf.constant(SHARE_OF_COLOUR * OPPONENT_COLOURS, tf.float32)
        )
    return tf.reshape(images, [-1, *shape])


def total_variation(x: tf.Tensor) -> tf.Tensor:
    """The sum of the differences of neighbours in each of the inputs [N, h, w, ...]: [N]."""
    return tf.image.total_variation(x if len(x.shape) == 4 else x[..., None])


def shifted(x: tf.Tensor, most: int, seed: int, number: tf.Tensor) -> tf.Tensor:
    """The inputs [N, h, w, ...] rolled by up to `most` places either way, others at each step."""
    if not most:
        return x
    shift = tf.random.stateless_uniform([2], [seed, number], -most, most + 1, tf.int32)
    return tf.roll(x, shift, axis=[1, 2])
