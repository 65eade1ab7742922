"""What all methods that follow a gradient have in common."""

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from dlapps.explain.architecture.layer_graph import graph_nodes

Score = Callable[[tf.Tensor], tf.Tensor]
"""From the outputs of a network to a number for each row."""

Answer = Callable[[keras.Model, Sequence[tf.Tensor]], tf.Tensor]
"""From a network and its inputs to its first output."""


def answered(network: keras.Model, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """The first output of a network, as it answers when it is not trained."""
    given = list(inputs) if len(inputs) > 1 else inputs[0]
    outputs = network(given, training=False)
    return outputs[0] if isinstance(outputs, list | tuple) else outputs


def output_of(network: keras.Model, layer: str) -> keras.KerasTensor:
    """What a layer gives in this network; it knows itself only of the first that it was in."""
    nodes = [node for node in graph_nodes(network) if node.operation.name == layer]
    return nodes[0].output_tensors[0]


def input_gradient(
    network: keras.Model, inputs: Sequence[tf.Tensor], score: Score, answer: Answer = answered
) -> tuple[tf.Tensor, tf.Tensor]:
    """The first input as float32, and the gradient of the score [N] by it, in its shape.

    `answer` is how the network is called, where not as it is.
    """
    explained = tf.cast(inputs[0], tf.float32)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(explained)
        scores = score(answer(network, [explained, *inputs[1:]]))
    # Behind a step there is no gradient: nothing moves the score.
    return explained, tape.gradient(scores, explained, unconnected_gradients="zero")


def from_0_to_1(maps: tf.Tensor) -> tf.Tensor:
    """Each map [N, h, w] divided by its largest number; one that is 0 everywhere stays so."""
    return tf.math.divide_no_nan(maps, tf.reduce_max(maps, axis=[1, 2], keepdims=True))
