"""Where the heads of a Transformer look, and what all blocks together take from where: attention
rollout (Abnar, Zuidema 2020, "Quantifying attention flow in transformers")."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf


def attention_weights(
    network: keras.Model, inputs: Sequence[tf.Tensor], layers: Sequence[str]
) -> dict[str, np.ndarray]:
    """The weights [N, heads, U, T] of these attention layers, the second thing that each gives."""
    looking = keras.Model(network.inputs, {x: network.get_layer(x).output[1] for x in layers})
    return {name: weights.numpy() for name, weights in looking(inputs, training=False).items()}


def attention_rollout(weights: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much of each place [N, T, T] is, after all blocks, from each place of the input.

    `weights` are those of attention [N, heads, T, T] of a sequence to itself, the first block's
    first. A block is taken to pass on the mean of its heads and, by the path around it, as much of
    the place itself; each row sums to 1.
    """
    first, *others = [_with_the_path_around(each) for each in weights.values()]
    for after in others:
        first = after @ first
    return first


def _with_the_path_around(weights: np.ndarray) -> np.ndarray:
    return (weights.mean(axis=1) + np.eye(weights.shape[-1])) / 2
