"""The loss around a trained network, along two directions (Li, Xu, Taylor, Studer, Goldstein 2018,
"Visualizing the loss landscape of neural nets")."""

from collections.abc import Callable, Iterable

import keras
import numpy as np
import tensorflow as tf

Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""From targets [N] and a network's outputs to the loss of each example [N]."""


def filter_normalised_direction(model: keras.Model, seed: int) -> list[np.ndarray]:
    """A random direction in weight space, an array for each of `model.variables`.

    It is Gaussian, with each filter (the weights that lead to one place of the last axis: a
    channel, a neuron) as long as that of the network. What is no matrix stays: biases, scales and
    statistics of normalizations. The same seed gives the same direction.
    """
    random = np.random.RandomState(seed)
    direction = []
    for variable in model.variables:
        weights = keras.ops.convert_to_numpy(variable)
        if weights.ndim < 2:
            direction.append(np.zeros_like(weights))
            continue
        drawn = random.normal(size=weights.shape)
        axes = tuple(range(weights.ndim - 1))
        lengths = [np.sqrt(np.sum(each**2.0, axes)) for each in (weights, drawn)]
        direction.append((drawn * lengths[0] / lengths[1]).astype(weights.dtype))
    return direction


def loss_surface(
    model: keras.Model,
    loss: Loss,
    batches: Iterable[tuple[tf.Tensor, tf.Tensor]],
    *,
    seed: int = 0,
    resolution: int = 21,
) -> tuple[np.ndarray, np.ndarray]:
    """How far to go along each of two directions [R], and the mean loss [R, R] over all batches.

    Row i, column j is the loss where the weights are moved by `distances[i]` times the first
    direction and `distances[j]` times the second; both go from -1 to 1, and an odd resolution has
    the trained weights in the middle. The network answers as it does when it is not trained; its
    own variables are never written.
    """
    first, second = (
        filter_normalised_direction(model, number) for number in (2 * seed, 2 * seed + 1)
    )
    distances = np.linspace(-1, 1, resolution, dtype=np.float32)
    places = np.stack(np.meshgrid(distances, distances, indexing="ij"), axis=-1).reshape(-1, 2)

    @tf.function(autograph=False, reduce_retracing=True)
    def losses(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """The sum over a batch at each of the places."""

        def at(place: tf.Tensor) -> tf.Tensor:
            moved = {
                id(variable): variable.value + place[0] * one + place[1] * other
                if one.any() or other.any()
                else variable.value
                for variable, one, other in zip(model.variables, first, second, strict=True)
            }
            outputs, _ = model.stateless_call(
                [moved[id(variable)] for variable in model.trainable_variables],
                [moved[id(variable)] for variable in model.non_trainable_variables],
                x,
                training=False,
            )
            return tf.reduce_sum(tf.cast(loss(y, outputs), tf.float32))

        return tf.map_fn(at, tf.constant(places), fn_output_signature=tf.float32)

    total, count = np.zeros(len(places)), 0
    for x, y in batches:
        total += losses(x, y).numpy()
        count += len(y)
    return distances, (total / count).reshape(resolution, resolution)
