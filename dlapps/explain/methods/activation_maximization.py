"""Activation maximization (Erhan, Bengio, Courville, Vincent 2009, "Visualizing higher-layer
features of a deep network"): the inputs that excite units most."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from dlapps.explain.methods.input_optimization import (
    minimized,
    refuse_constant,
    shifted,
    spectrum_shape,
    total_variation,
    waves,
)

PLACES_A_JITTER = 16
"""How many times wider the smaller side is than what inputs are shifted by."""
FAINTNESS = 0.3
"""Of a start, as its noise stays where nothing is seen; a unit that it leaves off needs more."""


def maximizing_inputs(
    units: Callable[[tf.Tensor], tf.Tensor],
    chosen: Sequence[int],
    shape: Sequence[int],
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    norm: float | None = None,
    steps: int = 64,
    learning_rate: float = 0.1,
    decay: float = 1.0,
    variation: float = 0.2,
    jitter: int | None = None,
    starts: int = 32,
    seed: int = 0,
) -> tf.Tensor:
    """For each of the `chosen` units the input that excites it most, float32 [units, *shape].

    `units` gives the activations [N, U] of inputs [N, *shape]. Inputs stay within `bounds`, or,
    where `norm` is given, on the sphere of that radius. Each ascent begins at the most exciting
    of some random inputs, or a unit behind a rectifier might never be on. Three priors keep the
    result an image: `decay` as of `waves`; `variation`, the weight of the total variation; and
    `jitter`, the places by which inputs are shifted at random, a sixteenth of a side unless told.
    The same seed gives the same inputs. Raises NoGradientError where the units do not depend on
    the inputs.
    """
    most = min(shape[:2]) // PLACES_A_JITTER if jitter is None else jitter
    low, high = bounds

    def inputs_of(spectra: tf.Tensor) -> tf.Tensor:
        free = waves(spectra, shape, decay)
        if norm is None:
            return low + (high - low) * tf.sigmoid(free)
        length = tf.norm(tf.reshape(free, [-1, tf.size(free[0])]), axis=1)
        return norm * free / tf.reshape(length, [-1, *[1] * len(shape)])

    def best_of(spectra: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """For each unit the spectrum that excites it most, and by how much more than the least."""
        excited = tf.gather(units(inputs_of(spectra)), [*chosen], axis=1)
        best = tf.gather(spectra, tf.argmax(excited, axis=0))
        return best, tf.reduce_max(excited, axis=0) - tf.reduce_min(excited, axis=0)

    draws = tf.random.stateless_normal([starts, *spectrum_shape(shape)], [seed, 0])
    refuse_constant(lambda spectra: units(inputs_of(spectra)), draws)
    faint, is_on = best_of(FAINTNESS * draws)
    start = tf.where(tf.reshape(is_on > 0, [-1, 1, 1, 1, 1]), faint, best_of(draws)[0])

    def loss(spectra: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        inputs = inputs_of(spectra)
        given = shifted(_with_unit_gradient(inputs), most, seed, number)
        excitement = tf.linalg.diag_part(tf.gather(units(given), [*chosen], axis=1))
        return tf.reduce_sum(variation * total_variation(inputs) - excitement)

    return inputs_of(minimized(loss, start, steps, learning_rate))


@tf.custom_gradient
def _with_unit_gradient(inputs: tf.Tensor):
    """The inputs, by each of which a gradient has mean square 1: units differ by magnitudes."""

    def scaled(slopes: tf.Tensor) -> tf.Tensor:
        axes = [*range(1, len(slopes.shape))]
        squares = tf.reduce_mean(slopes**2, axis=axes, keepdims=True)
        return tf.math.divide_no_nan(slopes, tf.sqrt(squares))

    return inputs, scaled
