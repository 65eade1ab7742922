"""A network called one operation at a time, so that a method can have its own way with each."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from dlapps.explain.architecture.layer_graph import graph_nodes

Rule = Callable[[keras.Operation], Callable[..., Any]]
"""From an operation of a network to what is called in its place."""

ACTIVATIONS = (layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)
"""Layers that are nothing but an activation, beside `Activation`."""

WITH_ACTIVATION = (
    layers.Dense, layers.Conv1D, layers.Conv2D, layers.Conv2DTranspose, layers.DepthwiseConv2D,
    layers.SeparableConv2D,
)  # fmt: skip
"""Layers that apply their `activation` last, to all that they give."""


def replayed(network: keras.Function, inputs: Sequence[tf.Tensor], rule: Rule) -> tf.Tensor:
    """The first output of a network whose operations are called as `rule` says.

    A model inside is entered: its operations, not itself, are given to the rule.
    """
    return _all_outputs(network, inputs, rule)[0]


def _all_outputs(
    network: keras.Function, inputs: Sequence[tf.Tensor], rule: Rule
) -> list[tf.Tensor]:
    tensors = {id(key): value for key, value in zip(network.inputs, inputs, strict=True)}
    for node in graph_nodes(network):
        if node.is_input:
            continue
        positional, named = node.arguments.fill_in(tensors)
        if isinstance(node.operation, keras.Function):
            given = keras.tree.flatten(positional)
            results = _all_outputs(node.operation, given, rule)
        else:
            results = keras.tree.flatten(rule(node.operation)(*positional, **named))
        for key, value in zip(node.outputs, results, strict=True):
            tensors[id(key)] = value
    return [tensors[id(output)] for output in network.outputs]


def parts_of(operation: keras.Operation) -> tuple[Callable[..., Any], Callable[[Any], Any]]:
    """What an operation does before its activation, and that activation, element by element."""
    if isinstance(operation, layers.Activation):
        return keras.activations.linear, operation.activation
    if isinstance(operation, ACTIVATIONS):
        return keras.activations.linear, operation
    if not isinstance(operation, WITH_ACTIVATION):
        return operation, keras.activations.linear

    def linear_part(*positional, **named):
        operation.activation = keras.activations.linear
        try:
            return operation(*positional, **named)
        finally:
            operation.activation = activation

    activation = operation.activation
    return linear_part, activation
