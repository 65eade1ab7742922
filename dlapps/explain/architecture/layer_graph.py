"""The calls of layers that make up a Keras model, as a graph that can be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

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
    shapes = _shape_texts(graph, nodes)
    index_of = {id(node): index for index, node in enumerate(nodes)}
    seen: set[int] = set()
    calls = []
    for node in nodes:
        operation = node.operation
        shared = id(operation) in seen
        seen.add(id(operation))
        parents = tuple(dict.fromkeys(index_of[id(parent)] for parent in node.parent_nodes))
        shape = ", ".join(shapes[id(tensor)] for tensor in node.output_tensors)
        role = _role(operation, len(parents))
        parameters = "shared, counted once" if shared else _parameter_text(operation)
        if role is Role.INPUT and any(letter in shape for letter in "HWT"):
            parameters = "any " + ", ".join(letter for letter in "HWT" if letter in shape)
        calls.append(
            LayerCall(
                name=operation.name,
                class_name=type(operation).__name__,
                shape=shape,
                parameters=parameters,
                role=role,
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


HEIGHT, WIDTH = 3 * 2**12, 5 * 2**12
"""Sizes that an image of any size is given to see what becomes of them, as H and W."""


def _shape_texts(graph: keras.Function, nodes: Sequence) -> dict[int, str]:
    """The shape of each node's outputs by their id, the batch left out.

    Where the size of images is open, it is H x W, and what is made of it is told by that. Other
    open sizes are T: lengths, such as those of two sentences, which need not be the same.
    """
    tensors = [tensor for node in nodes for tensor in node.output_tensors]
    inputs = [_sized(tensor) for tensor in graph.inputs]
    shapes = [tensor.shape for tensor in tensors]
    if any(one.shape != other.shape for one, other in zip(inputs, graph.inputs, strict=True)):
        sized = keras.Function(graph.inputs, tensors).compute_output_spec(inputs)
        shapes = [tensor.shape for tensor in sized]
    return {
        id(tensor): _shape_text(tensor.shape, shape)
        for tensor, shape in zip(tensors, shapes, strict=True)
    }


def _sized(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """The input itself, or, where it is an image of any size, one of that size."""
    match tensor.shape:
        case (batch, None, None, channels):
            return keras.KerasTensor((batch, HEIGHT, WIDTH, channels), tensor.dtype)
    return tensor


def _shape_text(shape: tuple[int | None, ...], sized: tuple[int | None, ...]) -> str:
    if len(shape) <= 1:
        return "scalar"
    sizes = (
        str(fixed) if fixed is not None else _size_text(size)
        for fixed, size in zip(shape[1:], sized[1:], strict=True)
    )
    return " \N{MULTIPLICATION SIGN} ".join(sizes)


def _size_text(size: int | None) -> str:
    """An open size: of an image by what was done to its own, else as T, a length."""
    if size is None:
        return "T"
    letter, whole = ("H", HEIGHT) if size % 5 else ("W", WIDTH)
    ratio = Fraction(size, whole)
    if ratio.denominator == 1:
        return letter if ratio == 1 else f"{ratio}{letter}"
    return (
        f"{letter}/{ratio.denominator}" if ratio.numerator == 1 else f"~{float(ratio):.2g}{letter}"
    )
