"""Feature inversion (Mahendran, Vedaldi 2015, "Understanding deep image representations by
inverting them"): inputs rebuilt from what a layer makes of them."""

import math
from collections.abc import Callable, Sequence

import tensorflow as tf

from dlapps.explain.methods.input_optimization import (
    minimized,
    refuse_constant,
    spectrum_shape,
    total_variation,
    waves,
)


def inverted_features(
    features: Callable[[tf.Tensor], tf.Tensor],
    targets: tf.Tensor,
    shape: Sequence[int],
    *,
    bounds: tuple[float, float] = (0.0, 1.0),
    steps: int = 256,
    learning_rate: float = 0.1,
    decay: float = 1.0,
    variation: float = 0.2,
) -> tf.Tensor:
    """Inputs float32 [N, *shape] within `bounds` whose features are nearly the targets [N, ...].

    `features` gives those of inputs. The squared distance counts as a share of the targets' own
    square; `variation` is the weight of the mean total variation, which fills in what the features
    do not tell. Descent begins at grey, in the spectrum, as `waves` says. Raises NoGradientError
    where the features do not depend on the inputs.
    """
    low, high = bounds
    axes = [*range(1, len(targets.shape))]
    sizes = tf.reduce_sum(targets**2, axis=axes)

    def inputs_of(spectra: tf.Tensor) -> tf.Tensor:
        return low + (high - low) * tf.sigmoid(waves(spectra, shape, decay))

    def loss(spectra: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        inputs = inputs_of(spectra)
        distances = tf.reduce_sum((features(inputs) - targets) ** 2, axis=axes)
        shares = tf.math.divide_no_nan(distances, sizes)
        return tf.reduce_sum(shares + variation * total_variation(inputs) / math.prod(shape))

    start = tf.zeros([targets.shape[0], *spectrum_shape(shape)])
    refuse_constant(lambda spectra: features(inputs_of(spectra)), start)
    return inputs_of(minimized(loss, start, steps, learning_rate))
