"""What a classifier answers at every point of the plane."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from dlapps.explain.palette import class_colours, class_marker
from dlapps.explain.plane import plane_around

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
    num_classes = len(class_names)
    plane = plane_around(points, SIDE)
    probabilities = np.asarray(predict(plane.grid), dtype=np.float32)
    if probabilities.shape != (len(plane.grid), num_classes):
        raise ValueError(
            f"predict answered {len(plane.grid)} points with shape {probabilities.shape}; for "
            f"{num_classes} class names it must be ({len(plane.grid)}, {num_classes})."
        )
    figure = Figure(figsize=(6.6, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        plane.picture(region_colours(probabilities)),
        extent=plane.extent,
        origin="lower",
        interpolation="bilinear",
    )
    for index, (name, colour) in enumerate(zip(class_names, class_colours(num_classes))):
        x, y = points[labels == index].T
        axes.scatter(
            x,
            y,
            s=22,
            color=colour,
            marker=class_marker(index),
            edgecolors="white",
            linewidths=0.6,
            label=str(name),
        )
    axes.set(title="Decision regions, paler where less certain", xlabel="$x_1$", ylabel="$x_2$")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False, title="True class")
    return figure


def region_colours(probabilities: np.ndarray) -> np.ndarray:
    """The background [points, 3] in RGB: the predicted class's colour, white where a mere guess."""
    num_classes = probabilities.shape[1]
    colours = np.array([to_rgb(colour) for colour in class_colours(num_classes)])
    guess = 1 / num_classes
    certainty = (probabilities.max(axis=1) - guess) / max(1 - guess, 1e-6)
    strength = 0.08 + 0.52 * np.clip(certainty, 0, 1)[:, None]
    return 1 - strength * (1 - colours[probabilities.argmax(axis=1)])
