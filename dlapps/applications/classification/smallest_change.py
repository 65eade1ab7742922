"""How little one image, or one point, must be changed for a classifier to answer otherwise."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dlapps.applications.classification.pictures import SIDE, plane_around, region_colours
from dlapps.errors import UsageError
from dlapps.explain.figures.adversarial import LEVELS, changed_figure, levels_text
from dlapps.explain.figures.palette import class_colours, class_marker
from dlapps.explain.figures.png import message_figure
from dlapps.explain.methods.adversarial_examples import (
    UNBOUNDED,
    Bounds,
    projected_gradient_descent,
)
from dlapps.models.classifier import classify
from dlapps.progress import progress

IMAGE_BOUNDS = (0.0, 1.0)
STEPS = 40
"""Of PGD: for one input there is time."""
IMAGE_EPSILONS = 2 ** np.arange(-1, 7.5, 0.5) / LEVELS
"""Half a level to half of the range, each sqrt(2) times the one before."""
POINT_EPSILONS = 2 ** np.arange(0, 9.5, 0.5) / 100


def smallest_change_picture(
    model: keras.Model,
    text: str,
    x: tf.Tensor,
    target: int | None,
    class_names: Sequence[str],
) -> Figure:
    """An image [1, H, W, C] or a point [1, 2] beside what it must become to be answered otherwise.

    Of growing epsilons it is the first at which PGD finds another answer, or the target. Raises
    UsageError for a target that is the answer already.
    """
    is_image = len(x.shape) == 4
    before = classify(model, x).numpy()[0]
    answer = int(before.argmax())
    if target == answer:
        raise UsageError(
            f"{text} is answered {class_names[answer]} as it is; name another --target for an "
            "adversarial example."
        )
    epsilons = IMAGE_EPSILONS if is_image else POINT_EPSILONS
    bounds = IMAGE_BOUNDS if is_image else UNBOUNDED
    found = smallest_change(model, x, answer, target, epsilons, bounds)
    told = f"{text}: {class_names[answer]} ({before[answer]:.2f})"
    if found is None:
        goal = "another answer" if target is None else class_names[target]
        farthest = levels_text(epsilons[-1]) if is_image else f"{epsilons[-1]:.3g}"
        return message_figure(f"{told}\nPGD finds no way to {goal} up to epsilon {farthest}")
    moved, epsilon = found
    after = classify(model, moved).numpy()[0]
    becomes = int(after.argmax())
    shown = levels_text(epsilon) if is_image else f"{epsilon:.3g}"
    title = f"{told} becomes {class_names[becomes]} ({after[becomes]:.2f})\nat epsilon {shown}"
    if is_image:
        return changed_figure(title, x.numpy()[0], moved.numpy()[0], epsilon)
    return _plane_figure(title, model, x.numpy()[0], moved.numpy()[0], epsilon, class_names)


def smallest_change(
    model: keras.Model,
    x: tf.Tensor,
    answer: int,
    target: int | None,
    epsilons: np.ndarray,
    bounds: Bounds,
) -> tuple[tf.Tensor, float] | None:
    """What x [1, ...] becomes at the first of growing epsilons at which PGD is through, and that.

    It is through when the answer is the target, or without one is another; None: it never is.
    """
    label = tf.constant([answer if target is None else target])

    @tf.function(autograph=False)
    def attacked(epsilon: tf.Tensor):
        moved = projected_gradient_descent(
            model, x, label, epsilon,
            targeted=target is not None, bounds=bounds, steps=STEPS,
        )  # fmt: skip
        return moved, tf.argmax(model(moved, training=False), axis=-1)[0]

    for epsilon in progress(epsilons, "PGD"):
        moved, now = attacked(tf.constant(epsilon, tf.float32))
        if now == target if target is not None else now != answer:
            return moved, float(epsilon)
    return None


def _plane_figure(
    title: str,
    model: keras.Model,
    x: np.ndarray,
    moved: np.ndarray,
    epsilon: float,
    class_names: Sequence[str],
) -> Figure:
    """The regions of the classes around a point [2], and where it was moved to."""
    plane = plane_around(np.stack([x - 1.5 * epsilon, x + 1.5 * epsilon]), SIDE)
    probabilities = classify(model, tf.constant(plane.grid)).numpy()
    figure = Figure(figsize=(6.6, 5.2), layout="constrained")
    figure.suptitle(title, parse_math=False, fontsize=11)
    axes = figure.subplots()
    axes.imshow(plane.picture(region_colours(probabilities)), extent=plane.extent, origin="lower")
    corner = tuple(x - epsilon)
    axes.add_patch(Rectangle(corner, 2 * epsilon, 2 * epsilon, fill=False, label="within epsilon"))
    axes.plot(*zip(x, moved), color="black", linewidth=1)
    colours = class_colours(len(class_names))
    for name, point in {"given": x, "moved": moved}.items():
        index = int(classify(model, tf.constant(point[None])).numpy().argmax())
        axes.scatter(
            point[0], point[1], s=60, color=colours[index], marker=class_marker(index),
            edgecolors="black", label=f"{name}: {class_names[index]}", zorder=3,
        )  # fmt: skip
    axes.set(xlabel="$x_1$", ylabel="$x_2$")
    figure.legend(loc="outside right upper", frameon=False)
    return figure
