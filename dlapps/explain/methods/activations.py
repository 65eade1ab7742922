"""What the layers of a network give, those of models inside of it, too."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from dlapps.explain.architecture.layer_graph import graph_nodes
from dlapps.explain.methods.replay import Rule, parts_of, replayed


class _Reached(Exception):
    """The layer was called, with this output."""

    def __init__(self, output: Any):
        super().__init__()
        self.output = output


def nodes_inside(network: keras.Function, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The calls of layers with their paths, parents first: `head/dense1` is in the model `head`."""
    for node in graph_nodes(network):
        path = prefix + node.operation.name
        if isinstance(node.operation, keras.Function):
            yield from nodes_inside(node.operation, f"{path}/")
        elif not node.is_input:
            yield path, node


def net_inputs(network: keras.Function, inputs: Sequence[tf.Tensor], layer: str) -> tf.Tensor:
    """`activations` before the activation function of the layer, where it has one.

    What raises the one raises the other, but here a unit that is off has a gradient, too.
    """
    return _given(network, inputs, layer, lambda operation: parts_of(operation)[0])


def activations(network: keras.Function, inputs: Sequence[tf.Tensor], layer: str) -> tf.Tensor:
    """What the layer with this path gives for inputs, float32 [N, ..., channels].

    One that is used twice gives what it did at first. Operations are called one by one, so that
    what a model would do to its inputs, such as casting them, cuts no gradient. Those after the
    layer are not called, so that images may have another size than they would need.
    """
    return _given(network, inputs, layer, lambda operation: operation)


def _given(
    network: keras.Function, inputs: Sequence[tf.Tensor], layer: str, part: Rule
) -> tf.Tensor:
    chosen = next(node.operation for path, node in nodes_inside(network) if path == layer)

    def rule(operation: keras.Operation) -> Callable[..., Any]:
        if operation is not chosen:
            return operation

        def last(*positional: Any, **named: Any) -> Any:
            raise _Reached(part(operation)(*positional, **named))

        return last

    try:
        replayed(network, inputs, rule)
    except _Reached as reached:
        return tf.cast(keras.tree.flatten(reached.output)[0], tf.float32)
    raise AssertionError(f"{layer} is in the network, but never called")


def at_middle(output: tf.Tensor) -> tf.Tensor:
    """Of outputs [N, ..., channels] that in the middle of all places: [N, channels]."""
    for _ in range(len(output.shape) - 2):
        output = output[:, tf.shape(output)[1] // 2]
    return output
