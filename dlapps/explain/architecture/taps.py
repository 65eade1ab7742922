"""Where a network is looked into: its layers with weights, and what leaves each of them."""

from typing import NamedTuple

import keras
from keras import layers

from dlapps.explain.architecture.layer_graph import graph_nodes

ACTIVATION_LAYERS = (layers.ReLU, layers.LeakyReLU, layers.PReLU, layers.ELU)


class Tap(NamedTuple):
    """A layer that holds a matrix of weights; a nested model counts as one layer."""

    layer: keras.Layer
    output: keras.KerasTensor
    """What leaves it, after the activation that follows if one does."""
    activation: str
    """The name of that activation; empty where there is none."""


def taps(network: keras.Function) -> list[Tap]:
    """The layers of a network, from the first to the last; one that is used twice counts once.

    What has no matrix (an activation, a normalization, the sum of two branches) belongs to the
    last layer before it that has one.
    """
    found: list[Tap] = []
    owner_of: dict[int, int] = {}
    for node in graph_nodes(network):
        operation, output = node.operation, node.output_tensors[0]
        activation = _activation_of(operation)
        owners = [owner_of[id(parent)] for parent in node.parent_nodes if id(parent) in owner_of]
        if _holds_matrix(operation):
            known = [index for index, tap in enumerate(found) if tap.layer is operation]
            owner_of[id(node)] = known[0] if known else len(found)
            if not known:
                found.append(Tap(operation, output, activation))
        elif owners:
            owner = owner_of[id(node)] = max(owners)
            if activation:
                found[owner] = Tap(found[owner].layer, output, activation)
    return found


def _holds_matrix(operation: keras.Operation) -> bool:
    return isinstance(operation, keras.Layer) and any(
        len(weight.shape) >= 2 for weight in operation.weights
    )


def _activation_of(operation: keras.Operation) -> str:
    if isinstance(operation, ACTIVATION_LAYERS):
        return type(operation).__name__.lower()
    name = operation.get_config().get("activation") if isinstance(operation, keras.Layer) else None
    return name if isinstance(name, str) and name != "linear" else ""
