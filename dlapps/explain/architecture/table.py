"""A model's layers as a table: what each gives, holds and costs, and how far it sees."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import keras
from keras import layers

from dlapps.explain.architecture.layer_graph import graph_nodes

WINDOWS = (
    layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D,
    layers.MaxPooling1D, layers.MaxPooling2D, layers.AveragePooling1D, layers.AveragePooling2D,
)  # fmt: skip
"""Layers whose outputs see a window of their input."""
STRETCHING = (layers.UpSampling1D, layers.UpSampling2D, layers.Conv2DTranspose)
"""Layers whose outputs lie closer together than their inputs."""
BYTES_A_NUMBER = 4

Sight = tuple[tuple[float, float], ...] | None
"""For each axis, over how many places of the input an output sees, and how far apart the centres
of two neighbours are; None: it sees everything."""


class LayerRow(NamedTuple):
    """One use of a layer, for a batch of one; None where a size of the input is open."""

    name: str
    kind: str
    output: str
    """Its shape without the batch; ? where it is open."""
    parameters: int
    """Its own; 0 where the layer was used before."""
    multiply_adds: int | None
    """The numbers of each of its matrices, times the places that they are applied at. What is done
    number by number, such as an activation, is not counted."""
    memory: int | None
    """Bytes of what it gives, in float32."""
    receptive_field: str
    """How much of the input each of its outputs sees: height x width, or all of it."""


def layer_table(model: keras.Function) -> list[LayerRow]:
    """The layers of a functional model, parents before children; those of a model inside, too."""
    rows, _ = _rows(model, {}, "", set())
    return [row for row, _ in rows]


def sights(model: keras.Function) -> dict[str, Sight]:
    """How much of the input each output of a layer sees, by the layer's name in the table."""
    rows, _ = _rows(model, {}, "", set())
    return {row.name: sight for row, sight in reversed(rows)}


def totals_of(rows: Sequence[LayerRow]) -> LayerRow:
    """The sum of a table, as one more row."""
    return LayerRow(
        "all",
        f"{len(rows)} layers",
        "",
        sum(row.parameters for row in rows),
        _if_known(sum, [row.multiply_adds for row in rows]),
        _if_known(sum, [row.memory for row in rows]),
        "",
    )


def as_csv(rows: Sequence[LayerRow]) -> str:
    """The table as CSV, its sum last."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(LayerRow._fields)
    writer.writerows([*rows, totals_of(rows)])
    return text.getvalue()


def _rows(
    graph: keras.Function, given_sights: Mapping[int, Sight], prefix: str, seen: set[int]
) -> tuple[list[tuple[LayerRow, Sight]], list[Sight]]:
    """The rows of a graph, each with what it sees, and what the graph's outputs see.

    Its inputs see as `given_sights` says.
    """
    rows: list[tuple[LayerRow, Sight]] = []
    sight_of: dict[int, Sight] = {}
    for index, tensor in enumerate(graph.inputs):
        axes = max(len(tensor.shape) - 2, 0)
        sight_of[id(tensor)] = given_sights.get(index, ((1.0, 1.0),) * axes)
    for node in graph_nodes(graph):
        if node.is_input:
            continue
        operation, given = node.operation, node.input_tensors
        before = [sight_of[id(tensor)] for tensor in given]
        if isinstance(operation, keras.Function):
            inside, after = _rows(
                operation, dict(enumerate(before)), f"{prefix}{operation.name}/", seen
            )
            rows += inside
        else:
            sight = _sight_after(operation, node, before)
            after = [sight for _ in node.output_tensors]
            row = _row(operation, node, sight, prefix, id(operation) in seen)
            rows.append((row, sight))
            seen.add(id(operation))
        sight_of |= {
            id(tensor): sight for tensor, sight in zip(node.output_tensors, after, strict=True)
        }
    return rows, [sight_of[id(tensor)] for tensor in graph.outputs]


def _row(
    operation: keras.Operation, node: Any, sight: Sight, prefix: str, is_known: bool
) -> LayerRow:
    shape = node.output_tensors[0].shape[1:]
    size = _if_known(math.prod, shape)
    weights = operation.weights if isinstance(operation, keras.Layer) else []
    return LayerRow(
        name=prefix + operation.name,
        kind=type(operation).__name__,
        output="x".join("?" if side is None else str(side) for side in shape),
        parameters=0 if is_known else sum(math.prod(weight.shape) for weight in weights),
        multiply_adds=_multiply_adds(operation, node),
        memory=None if size is None else size * BYTES_A_NUMBER,
        receptive_field="all" if not sight else "x".join(str(round(places)) for places, _ in sight),
    )


def _multiply_adds(operation: keras.Operation, node: Any) -> int | None:
    """Those of the matrices of one use of a layer, each applied at every place."""
    if isinstance(operation, layers.Embedding) or not isinstance(operation, keras.Layer):
        return 0
    numbers = sum(math.prod(each.shape) for each in operation.weights if len(each.shape) >= 2)
    if not numbers:
        return 0
    # A transposed convolution spreads each place of its input; a recurrence takes a step at each.
    from_input = isinstance(operation, layers.Conv2DTranspose | layers.RNN | layers.Bidirectional)
    tensor = node.input_tensors[0] if from_input else node.output_tensors[0]
    places = _if_known(math.prod, tensor.shape[1:-1])
    return None if places is None else numbers * places


def _sight_after(operation: keras.Operation, node: Any, before: Sequence[Sight]) -> Sight:
    """What the outputs of an operation see, given what its inputs do."""
    known = [sight for sight in before if sight is not None]
    if len(known) < len(before) or not known:
        return None
    # Where branches meet, the one that sees most.
    sight = max(known, key=lambda each: [places for places, _ in each])
    if isinstance(operation, WINDOWS):
        windows = zip(sight, _window(operation), strict=True)
        return tuple(
            (places + (width - 1) * apart, apart * stride)
            for (places, apart), (width, stride) in windows
        )
    if isinstance(operation, STRETCHING):
        factors = operation.size if hasattr(operation, "size") else operation.strides
        return tuple(
            (places, apart / factor)
            for (places, apart), factor in zip(sight, _each(factors, len(sight)), strict=True)
        )
    if isinstance(operation, layers.Resizing):
        sides = [tensor.shape[1:3] for tensor in (node.input_tensors[0], node.output_tensors[0])]
        if any(side is None for side in (*sides[0], *sides[1])):
            return None
        return tuple(
            (places, apart * before / after)
            for (places, apart), before, after in zip(sight, *sides, strict=True)
        )
    mixes = isinstance(operation, layers.RNN | layers.Bidirectional)
    shapes = [tensor.shape for tensor in (*node.input_tensors, *node.output_tensors)]
    keeps_places = all(len(shape) == len(sight) + 2 for shape in shapes)
    return sight if keeps_places and not mixes else None


def _window(operation: keras.Operation) -> list[tuple[int, int]]:
    """The width and the stride of a window along each axis."""
    size = getattr(operation, "kernel_size", None) or operation.pool_size
    dilation = getattr(operation, "dilation_rate", 1)
    axes = len(size)
    return [
        ((width - 1) * apart + 1, stride)
        for width, stride, apart in zip(
            size, _each(operation.strides, axes), _each(dilation, axes), strict=True
        )
    ]


def _each(value: int | Sequence[int], axes: int) -> tuple[int, ...]:
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _if_known(combine: Callable[[list[int]], int], values: Sequence[int | None]) -> int | None:
    """What all numbers come to; None where one is open."""
    known = [value for value in values if value is not None]
    return combine(known) if len(known) == len(values) else None
