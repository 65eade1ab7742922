"""The calls of layers that make up a Keras model, as a graph that can be drawn."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

import keras
from keras import layers

from dlapps.explain.architecture.layer_words import POOLINGS, TIMES, layer_words


class Role(StrEnum):
    """What a box stands for, which decides its colour."""

    INPUT = "input"
    WEIGHTS = "layer with weights"
    NO_WEIGHTS = "layer without weights"
    MERGE = "joins branches"
    MODEL = "nested model"


class Joins(StrEnum):
    """Whether a layer is a step of its own, or part of that of a neighbour."""

    NONE = "a step of its own"
    BEFORE = "finishes the step before it, as an activation does"
    AFTER = "prepares the step after it, as padding does"


class Size(NamedTuple):
    """How large a tensor is, one example of it; what is open counts as in an image or a sentence
    of usual size."""

    side: float
    """The geometric mean of its places along an axis; 1 for a vector."""
    channels: float


@dataclass(frozen=True)
class LayerCall:
    """One use of a layer: a layer that is used twice makes two of these."""

    name: str
    class_name: str
    words: str
    """What it does, in short; a model inside is called so."""
    settings: str
    """All that it was made with, but for what differs between layers that are alike."""
    shape: str
    size: Size | None
    parameters: int
    """Those of the layer; 0 where it was used before."""
    note: str
    """What else there is to say; mostly empty."""
    role: Role
    joins: Joins
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
            words=layer_words(layer),
            settings=_settings(layer),
            shape="",
            size=None,
            parameters=layer.count_params() if layer.built else 0,
            note="" if layer.built else "not built",
            role=_role(layer, num_parents=1),
            joins=Joins.NONE,
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
    shapes = _sized_shapes(graph, nodes)
    index_of = {id(node): index for index, node in enumerate(nodes)}
    seen: set[int] = set()
    calls = []
    for node in nodes:
        operation, outputs = node.operation, node.output_tensors
        is_shared = id(operation) in seen
        seen.add(id(operation))
        parents = tuple(dict.fromkeys(index_of[id(parent)] for parent in node.parent_nodes))
        role = _role(operation, len(parents))
        shape = ", ".join(_shape_text(each.shape, shapes[id(each)]) for each in outputs)
        calls.append(
            LayerCall(
                name=operation.name,
                class_name=type(operation).__name__,
                words=layer_words(operation),
                settings=_settings(operation),
                shape=shape,
                size=_size(outputs[0].shape, shapes[id(outputs[0])]),
                parameters=0 if is_shared else _num_parameters(operation),
                note="shared, counted once" if is_shared else _open_sizes(role, shape),
                role=role,
                joins=_joins(node, role),
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


def _joins(node: Any, role: Role) -> Joins:
    """By what a layer does to its only input: nothing but scale, shift, bend or hide its numbers
    finishes what came before."""
    if role in (Role.INPUT, Role.MODEL) or len(node.input_tensors) != 1:
        return Joins.NONE
    if isinstance(node.operation, layers.ZeroPadding1D | layers.ZeroPadding2D):
        return Joins.AFTER
    weights = node.operation.weights if isinstance(node.operation, keras.Layer) else []
    keeps_shape = [each.shape for each in node.output_tensors] == [node.input_tensors[0].shape]
    has_matrix = any(len(weight.shape) >= 2 for weight in weights)
    mixes_places = isinstance(node.operation, POOLINGS)
    return Joins.BEFORE if keeps_shape and not has_matrix and not mixes_places else Joins.NONE


UNLIKE = ("name", "seed", "rate")
"""Settings in which layers differ that are alike: a rate of dropping often grows with depth."""


def _settings(operation: keras.Operation) -> str:
    try:
        config = operation.get_config() if isinstance(operation, keras.Layer) else {}
    except NotImplementedError:  # Keras' word for a layer with arguments that it cannot tell.
        config = {}
    return json.dumps(_alike(config), sort_keys=True, default=str)


def _alike(config: Any) -> Any:
    if isinstance(config, dict):
        return {key: _alike(value) for key, value in config.items() if key not in UNLIKE}
    return config


def _num_parameters(operation: keras.Operation) -> int:
    return operation.count_params() if isinstance(operation, keras.Layer) else 0


def _open_sizes(role: Role, shape: str) -> str:
    letters = [letter for letter in "HWT" if letter in shape]
    return "any " + ", ".join(letters) if letters and role is Role.INPUT else ""


HEIGHT, WIDTH = 3 * 2**12, 5 * 2**12
"""Sizes that an image of any size is given to see what becomes of them, as H and W."""


def _sized_shapes(graph: keras.Function, nodes: Sequence) -> dict[int, tuple[int | None, ...]]:
    """The shape of each node's outputs by their id, of H x W images where their size is open.

    Other open sizes are lengths, such as those of two sentences, which need not be the same: they
    stay None.
    """
    tensors = [tensor for node in nodes for tensor in node.output_tensors]
    inputs = [_sized(tensor) for tensor in graph.inputs]
    shapes = tensors
    if any(one.shape != other.shape for one, other in zip(inputs, graph.inputs, strict=True)):
        shapes = keras.Function(graph.inputs, tensors).compute_output_spec(inputs)
    return {id(tensor): sized.shape for tensor, sized in zip(tensors, shapes, strict=True)}


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
    return TIMES.join(sizes)


USUAL_IMAGE, USUAL_LENGTH = 256, 32
"""What open sizes count as: the side of an image, and a length such as that of a sentence."""


def _size(shape: tuple[int | None, ...], sized: tuple[int | None, ...]) -> Size:
    sides = [
        _usual_size(size) if fixed is None else fixed
        for fixed, size in zip(shape[1:], sized[1:], strict=True)
    ]
    has_channels = bool(sides) and shape[-1] is not None
    *places, channels = sides if has_channels else [*sides, 1]
    return Size(math.prod(places) ** (1 / max(len(places), 1)), channels)


def _usual_size(size: int | None) -> float:
    if size is None:
        return USUAL_LENGTH
    return USUAL_IMAGE * size / (HEIGHT if size % 5 else WIDTH)


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
