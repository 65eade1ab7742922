"""What a classifier of points, and each of its hidden neurons, answers all over the plane."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from dlapps.explain.architecture.layer_graph import graph_nodes
from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.figures.palette import class_colours, class_marker
from dlapps.explain.figures.panels import panels_of
from dlapps.explain.over_time import OverTime


@dataclass(frozen=True)
class Plane:
    """A square grid around some points: [side * side, 2] in rows from the lowest y upward."""

    grid: np.ndarray
    side: int
    extent: tuple[float, float, float, float]

    def picture(self, values: np.ndarray) -> np.ndarray:
        """Values of the grid's points, [side * side, ...], as [side, side, ...] for imshow."""
        return values.reshape(self.side, self.side, *values.shape[1:])


def plane_around(points: np.ndarray, side: int) -> Plane:
    """The square plane that holds all points [points, 2] with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    half = 0.56 * max(float((high - low).max()), 1e-6)
    (left, bottom), (right, top) = (middle - half).tolist(), (middle + half).tolist()
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    grid = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    return Plane(grid, side, (left, right, bottom, top))


SIDE = 200


def decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> Figure:
    """The plane coloured by the predicted class, paler where less certain, the points on top.

    `predict` maps points [points, 2] to probabilities [points, classes]; `labels` is [points].
    """
    plane, places = plane_around(points, SIDE), _by_class(points, labels, class_names)
    probabilities = _answered(predict, plane, len(class_names))
    return _regions_figure(
        "Decision regions, paler where less certain", plane, probabilities, places, class_names
    )


def _by_class(
    points: np.ndarray, labels: np.ndarray, class_names: Sequence[str]
) -> list[np.ndarray]:
    return [points[labels == index] for index in range(len(class_names))]


def _answered(
    predict: Callable[[np.ndarray], np.ndarray], plane: Plane, num_classes: int
) -> np.ndarray:
    """The probabilities all over the plane [side * side, C]; ValueError for another shape."""
    probabilities = np.asarray(predict(plane.grid), dtype=np.float32)
    if probabilities.shape != (len(plane.grid), num_classes):
        raise ValueError(
            f"predict answered {len(plane.grid)} points with shape {probabilities.shape}; for "
            f"{num_classes} class names it must be ({len(plane.grid)}, {num_classes})."
        )
    return probabilities


def _regions_figure(
    title: str,
    plane: Plane,
    probabilities: np.ndarray,
    places: Sequence[np.ndarray],
    class_names: Sequence[str],
) -> Figure:
    """The plane with its classes [side * side, C] and, for each, its points [any number, 2]."""
    figure = Figure(figsize=(6.6, 5.2), layout="constrained")
    axes = figure.subplots()
    _draw_regions(axes, plane, probabilities, places, size=22)
    for name, drawn in zip(class_names, axes.collections):
        drawn.set_label(str(name))
    axes.set(title=title, xlabel="$x_1$", ylabel="$x_2$")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, title="True class")
    return figure


def _draw_regions(
    axes: Axes, plane: Plane, probabilities: np.ndarray, places: Sequence[np.ndarray], size: float
) -> None:
    axes.imshow(
        plane.picture(region_colours(probabilities)),
        extent=plane.extent,
        origin="lower",
        interpolation="bilinear",
    )
    for index, (points, colour) in enumerate(zip(places, class_colours(len(places)))):
        x, y = points.T
        axes.scatter(
            x,
            y,
            s=size,
            color=colour,
            marker=class_marker(index),
            edgecolors="white",
            linewidths=0.027 * size,
        )


MOST_REGIONS = 6


def regions_over_time(
    predict: Callable[[np.ndarray], np.ndarray],
    points: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> OverTime[np.ndarray]:
    """The `decision_regions` as they move: six side by side, and an animation of all."""
    plane, places = plane_around(points, SIDE), _by_class(points, labels, class_names)

    def draw(steps: Sequence[int], seen: Sequence[np.ndarray]) -> Figure:
        shown = evenly_chosen([*zip(steps, seen)], MOST_REGIONS)
        num_columns = min(3, len(shown))
        num_rows = math.ceil(len(shown) / num_columns)
        figure = Figure(figsize=(7.8, 2.7 * num_rows + 0.4), layout="constrained")
        figure.suptitle("Decision regions while they were learned, validation split", fontsize=11)
        panels = panels_of(figure, len(shown), num_columns)
        for axes, (step, probabilities) in zip(panels, shown):
            _draw_regions(axes, plane, probabilities, places, size=7)
            axes.set_title(f"Step {step:,}", fontsize=9)
            axes.set(xticks=[], yticks=[])
        return figure

    return OverTime(
        lambda: _answered(predict, plane, len(class_names)),
        draw,
        lambda step, probabilities: _regions_figure(
            f"Step {step:,}: decision regions, validation split",
            plane, probabilities, places, class_names,
        ),
    )  # fmt: skip


def region_colours(probabilities: np.ndarray) -> np.ndarray:
    """The background [points, 3] in RGB: the predicted class's colour, white where a mere guess."""
    num_classes = probabilities.shape[1]
    colours = np.array([to_rgb(colour) for colour in class_colours(num_classes)])
    guess = 1 / num_classes
    certainty = (probabilities.max(axis=1) - guess) / max(1 - guess, 1e-6)
    strength = 0.08 + 0.52 * np.clip(certainty, 0, 1)[:, None]
    return 1 - strength * (1 - colours[probabilities.argmax(axis=1)])


NEURON_SIDE = 80
MOST_NEURONS = 16
NEURONS_A_ROW = 8
MOST_POINTS = 200


def neuron_regions(model: keras.Model, points: np.ndarray, labels: np.ndarray) -> Figure:
    """A panel for each neuron of each hidden layer: purple where it is low, orange where high.

    The model is functional and takes [points, 2]; without hidden layers its outputs are drawn.
    `points` is [points, 2], `labels` is [points]. Of a wide layer the first 16 neurons are drawn.
    """
    tensors = hidden_outputs(model) or {"output": model.outputs[0]}
    plane = plane_around(points, NEURON_SIDE)
    outputs = keras.Model(model.inputs, list(tensors.values()))([plane.grid], training=False)
    activations = [
        keras.ops.convert_to_numpy(output).astype(np.float32).reshape(len(plane.grid), -1)
        for output in keras.tree.flatten(outputs)
    ]
    shown = [min(MOST_NEURONS, layer.shape[1]) for layer in activations]
    rows = [math.ceil(count / NEURONS_A_ROW) for count in shown]
    num_columns = min(NEURONS_A_ROW, max(shown))
    size = (max(0.95 * num_columns, 4.5), 1.15 * sum(rows) + 0.4 * len(rows) + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle("Activation over the plane: purple low, white zero, orange high", fontsize=11)
    parts = figure.subfigures(len(rows), 1, height_ratios=rows, squeeze=False)[:, 0]
    for part, name, layer, count in zip(parts, tensors, activations, shown):
        width = layer.shape[1]
        some = f"{count} of {width}" if count < width else f"{width}"
        part.suptitle(f"{name}: {some} neuron{'s' * (width != 1)}", fontsize=9)
        for index, axes in enumerate(panels_of(part, count, num_columns)):
            _draw_neuron(axes, index, layer[:, index], plane)
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
        if tail is node is not None:
            outputs[name] = node.output_tensors[0]
    outputs.pop(name, None)
    return outputs


def _holds_matrix(operation: keras.Operation) -> bool:
    return isinstance(operation, keras.Layer) and any(
        len(weight.shape) >= 2 for weight in operation.weights
    )


def _draw_neuron(axes: Axes, index: int, values: np.ndarray, plane: Plane) -> None:
    limit = float(np.abs(values).max())
    axes.imshow(
        plane.picture(values),
        extent=plane.extent,
        origin="lower",
        cmap="PuOr_r",
        vmin=-max(limit, 1e-6),
        vmax=max(limit, 1e-6),
        interpolation="bilinear",
    )
    axes.set_title(f"{index + 1}" + ("" if limit > 1e-6 else ": always 0"), fontsize=8, pad=2)
    axes.set(xticks=[], yticks=[])


def _draw_points(axes: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    every = max(1, len(points) // MOST_POINTS)
    colours = np.array(class_colours(int(labels.max()) + 1))[labels[::every]]
    x, y = points[::every].T
    axes.scatter(x, y, c=colours, s=1.5, linewidths=0)
