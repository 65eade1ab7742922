"""The loss of a network over two of its weights, and how several optimizers move through it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Section
from dlapps.config.training import OptimizerSettings, TrainingSettings
from dlapps.errors import UsageError
from dlapps.training.optimizers import build_optimizer

SIDE = 41
"""How many losses along each weight."""
STEPS = 100
MARGIN, LEAST_MARGIN = 0.3, 0.3
"""What is shown around the paths: of the longer side of all they cross, and in any case."""
FARTHEST = 12.0
"""From the start; a path that goes farther leaves the picture."""
OPTIMIZERS = {
    "sgd": OptimizerSettings(name="sgd"),
    "momentum": OptimizerSettings(name="sgd", momentum=0.9),
    "rmsprop": OptimizerSettings(name="rmsprop"),
    "adam": OptimizerSettings(name="adam"),
}

Weight = Annotated[str, Field(pattern=r"^[1-9]:[1-9]:[1-9]$")]
"""Of the kernel of a layer, from a neuron to a neuron, all counted from 1: "1:2:1"."""
Rate = Annotated[float, Field(ge=0, le=100)]
"""A learning rate; 0 leaves the optimizer out."""


class Surface(Section):
    """Which two weights are looked at, and the learning rate of each optimizer."""

    first: Weight = "1:1:1"
    second: Weight = "1:2:1"
    sgd: Rate = 0.3
    momentum: Rate = 0.1
    rmsprop: Rate = 0.05
    adam: Rate = 0.1


def loss_of_two(
    model: keras.Model, x: np.ndarray, labels: np.ndarray, surface: Surface
) -> tuple[np.ndarray, Callable[[tf.Tensor], tf.Tensor]]:
    """The two weights as they are [2], and the loss as a function of them, penalties included.

    All others stay as they are now. Raises UsageError where the network lacks a weight.
    """
    values = [variable.numpy() for variable in model.trainable_variables]
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    found = [_place(kernels, weight) for weight in (surface.first, surface.second)]
    if found[0] == found[1]:
        raise UsageError("The two weights of a surface are two different ones.")
    numbers = [
        next(i for i, each in enumerate(model.trainable_variables) if each is kernels[layer])
        for layer, _ in found
    ]
    start = np.array([values[n][at] for n, (_, at) in zip(numbers, found, strict=True)])

    def loss(pair: tf.Tensor) -> tf.Tensor:
        replaced = [tf.constant(value) for value in values]
        for i, (number, (_, at)) in enumerate(zip(numbers, found, strict=True)):
            replaced[number] = tf.tensor_scatter_nd_update(replaced[number], [at], pair[i, None])
        logits, _, penalties = model.stateless_call(
            replaced, model.non_trainable_variables, x, training=False, return_losses=True
        )
        return model.loss(labels, logits) + sum(penalties)

    return start, loss


def _place(kernels: list[Any], weight: str) -> tuple[int, tuple[int, int]]:
    layer, source, target = (int(part) - 1 for part in weight.split(":"))
    if layer < len(kernels) and np.all(np.less((source, target), kernels[layer].shape)):
        return layer, (source, target)
    raise UsageError(f"This network has no weight {weight} (layer, from a neuron, to a neuron).")


def surface_and_paths(
    start: np.ndarray,
    loss: Callable[[tf.Tensor], tf.Tensor],
    training: TrainingSettings,
    learning_rates: Mapping[str, float],
) -> dict[str, Any]:
    """`losses` [SIDE, SIDE] at all pairs of the values `first` and `second`, rows by the second;
    and `paths`: by the name of an optimizer its `points` [STEPS + 1, 2] and their `losses`.

    Each optimizer begins at `start` and is given the gradient of all examples.
    """
    pairs = {name: keras.Variable(start, dtype="float32", name=name) for name in learning_rates}
    optimizers = {}
    for name, rate in learning_rates.items():
        chosen = {"optimizer": OPTIMIZERS[name], "learning_rate": rate}
        optimizers[name] = build_optimizer(training.model_copy(update=chosen))
        optimizers[name].build([pairs[name]])

    @tf.function  # Traced once, for all optimizers.
    def slope(pair: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pair)
            value = loss(pair)
        # Below a step there is none: the weights stay.
        return tape.gradient(value, pair, unconnected_gradients="zero")

    @tf.function
    def descend(name: str) -> tf.Tensor:
        points = tf.TensorArray(tf.float32, STEPS + 1, element_shape=[2])
        for step in tf.range(STEPS):
            pair = tf.identity(pairs[name].value)
            points = points.write(step, pair)
            optimizers[name].apply([slope(pair)], [pairs[name]])
        return points.write(STEPS, pairs[name].value).stack()

    @tf.function
    def calculated() -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        paths = [descend(name) for name in pairs]
        seen = tf.concat([start[None], *paths], axis=0)
        seen = tf.where(tf.math.is_finite(seen), seen, start)
        seen = tf.clip_by_value(seen, start - FARTHEST, start + FARTHEST)
        low, high = tf.reduce_min(seen, 0), tf.reduce_max(seen, 0)
        margin = MARGIN * tf.reduce_max(high - low) + LEAST_MARGIN
        axes = tf.linspace(low - margin, high + margin, SIDE)
        second, first = tf.meshgrid(axes[:, 1], axes[:, 0], indexing="ij")
        grid = tf.reshape(tf.stack([first, second], axis=-1), [-1, 2])
        losses = tf.vectorized_map(loss, tf.concat([grid, *paths], axis=0))
        surface, *along = tf.split(losses, [SIDE**2, *[STEPS + 1] * len(paths)])
        return axes, tf.reshape(surface, [SIDE, SIDE]), paths, along

    axes, surface, paths, along = calculated()
    return {
        "start": start,
        "first": axes[:, 0].numpy(),
        "second": axes[:, 1].numpy(),
        "losses": surface.numpy(),
        "paths": {
            name: {"points": points.numpy(), "losses": losses.numpy()}
            for name, points, losses in zip(pairs, paths, along, strict=True)
        },
    }
