"""What each hidden neuron of a network on two inputs responds to, over the plane."""

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.layer_graph import graph_nodes
from dlapps.explain.palette import class_colours
from dlapps.explain.plane import Plane, plane_around

SIDE = 80
MOST_NEURONS = 16
MOST_POINTS = 200


def neuron_regions(model: keras.Model, points: np.ndarray, labels: np.ndarray) -> Figure:
    """A row a hidden layer with a panel a neuron: orange where it is low, purple where high.

    The model is functional and takes [points, 2]; without hidden layers its outputs are drawn.
    `points` is [points, 2], `labels` is [points]. Of a wide layer the first 16 neurons are drawn.
    """
    tensors = hidden_outputs(model) or {"output": model.outputs[0]}
    plane = plane_around(points, SIDE)
    outputs = keras.Model(model.inputs, list(tensors.values()))([plane.grid], training=False)
    activations = [
        keras.ops.convert_to_numpy(output).astype(np.float32).reshape(len(plane.grid), -1)
        for output in keras.tree.flatten(outputs)
    ]
    num_columns = min(MOST_NEURONS, max(layer.shape[1] for layer in activations))
    size = (max(1.25 * num_columns + 1.2, 4.5), 1.5 * len(activations) + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle("Activation over the plane: orange low, white zero, purple high")
    panels = figure.subplots(len(activations), num_columns, squeeze=False)
    for row, name, layer in zip(panels, tensors, activations):
        _draw_layer(row, name, layer, plane)
        for axes in row[: layer.shape[1]]:
            _draw_points(axes, points, labels)
    return figure


def hidden_outputs(model: keras.Model) -> dict[str, keras.KerasTensor]:
    """The output of each hidden layer by the layer's name, in order, after its activation.

    A layer counts when it holds a matrix of weights. What follows it in a straight line without
    one (activation, normalisation, dropout) belongs to it. The last such layer is the output.
    """
    outputs: dict[str, keras.KerasTensor] = {}
    name, tail = "", None
    for node in graph_nodes(model):
        if _holds_matrix(node.operation):
            name, tail = node.operation.name, node
        elif tail is not None and node.parent_nodes == [tail]:
            tail = node
        if tail is node:
            outputs[name] = node.output_tensors[0]
    outputs.pop(name, None)
    return outputs


def _holds_matrix(operation: keras.Operation) -> bool:
    return isinstance(operation, keras.Layer) and any(
        len(weight.shape) >= 2 for weight in operation.weights
    )


def _draw_layer(row: np.ndarray, name: str, activations: np.ndarray, plane: Plane) -> None:
    num_neurons = activations.shape[1]
    for index, axes in enumerate(row):
        if index >= num_neurons:
            axes.remove()
            continue
        values = activations[:, index]
        limit = float(np.abs(values).max())
        axes.imshow(
            plane.picture(values),
            extent=plane.extent,
            origin="lower",
            cmap="PuOr",
            vmin=-max(limit, 1e-6),
            vmax=max(limit, 1e-6),
            interpolation="bilinear",
        )
        axes.set_title(f"{index + 1}" + ("" if limit > 1e-6 else ": always 0"), fontsize=8, pad=2)
        axes.set(xticks=[], yticks=[])
    shown = f"{MOST_NEURONS} of {num_neurons}" if num_neurons > MOST_NEURONS else f"{num_neurons}"
    row[0].set_ylabel(f"{name}\n{shown} neuron{'s' * (num_neurons != 1)}", fontsize=9)


def _draw_points(axes: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    every = max(1, len(points) // MOST_POINTS)
    colours = np.array(class_colours(int(labels.max()) + 1))[labels[::every]]
    axes.scatter(*points[::every].T, c=colours, s=1.5, linewidths=0)
