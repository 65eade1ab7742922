"""The calls of layers that make up a Keras model, as a graph that can be drawn."""

from dataclasses import dataclass
from enum import StrEnum

import keras


class Role(StrEnum):
    """What a box stands for, which decides its colour."""

    INPUT = "input"
    WEIGHTS = "layer with weights"
    NO_WEIGHTS = "layer without weights"
    MERGE = "joins branches"
    MODEL = "nested model"


@dataclass(frozen=True)
class LayerCall:
    """One use of a layer: a layer that is used twice makes two of these."""

    name: str
    class_name: str
    shape: str
    parameters: str
    role: Role
    parents: tuple[int, ...]


def layer_calls(model: keras.Model) -> list[LayerCall]:
    """The calls in an order in which parents come before children.

    A model without a symbolic graph (a subclass with its own `call`, an unbuilt Sequential)
    gives its layers in order of creation, unconnected.
    """
    if isinstance(model, keras.Sequential) and model.built:
        return _graph_calls(keras.Function(model.inputs, model.outputs))
    if isinstance(model, keras.Function):
        return _graph_calls(model)
    return [
        LayerCall(
            name=layer.name,
            class_name=type(layer).__name__,
            shape="",
            parameters=_parameter_text(layer),
            role=_role(layer, num_parents=1),
            parents=(),
        )
        for layer in model.layers
    ]


def graph_nodes(graph: keras.Function) -> list:
    """The nodes of a Keras graph, parents before children: one a use of a layer."""
    # Keras offers a layer's uses inside one graph only under this private name.
    by_depth = graph._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def _graph_calls(graph: keras.Function) -> list[LayerCall]:
    nodes = graph_nodes(graph)
    index_of = {id(node): index for index, node in enumerate(nodes)}
    seen: set[int] = set()
    calls = []
    for node in nodes:
        operation = node.operation
        shared = id(operation) in seen
        seen.add(id(operation))
        parents = tuple(dict.fromkeys(index_of[id(parent)] for parent in node.parent_nodes))
        calls.append(
            LayerCall(
                name=operation.name,
                class_name=type(operation).__name__,
                shape=", ".join(_shape_text(tensor.shape) for tensor in node.output_tensors),
                parameters="shared, counted once" if shared else _parameter_text(operation),
                role=_role(operation, len(parents)),
                parents=parents,
            )
        )
    return calls


def _role(operation: keras.Operation, num_parents: int) -> Role:
    if isinstance(operation, keras.layers.InputLayer):
        return Role.INPUT
    if isinstance(operation, keras.Model):
        return Role.MODEL
    if isinstance(operation, keras.Layer) and operation.weights:
        return Role.WEIGHTS
    return Role.MERGE if num_parents > 1 else Role.NO_WEIGHTS


def _parameter_text(operation: keras.Operation) -> str:
    if not isinstance(operation, keras.Layer):
        return "0 parameters"
    if not operation.built:
        return "not built"
    count = operation.count_params()
    return f"{count:,} parameter{'' if count == 1 else 's'}"


def _shape_text(shape: tuple[int | None, ...]) -> str:
    if len(shape) <= 1:
        return "scalar"
    sizes = ("?" if size is None else str(size) for size in shape[1:])
    return " \N{MULTIPLICATION SIGN} ".join(sizes)
