"""What a network draws of an image from the little that it kept of it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.image_grid import arrow_caption, table_of_images

PAGE_WIDTH = 7.8
NAMES_WIDTH = 0.9
"""Inches that the names of the rows take."""


def redrawn_figure(
    images: np.ndarray,
    as_answered: np.ndarray,
    as_labelled: np.ndarray,
    answers: Sequence[str],
    labels: Sequence[str],
) -> Figure:
    """Images above what was redrawn of them, those answered right apart from the others.

    All images are [N, H, W, C] in 0..1. One that was answered wrong is drawn as its answer, and
    as its label.
    """
    is_right = np.array(answers) == np.array(labels)
    right = {"image": images, "redrawn": as_answered}
    wrong = {"image": images, "as answered": as_answered, "as labelled": as_labelled}
    panels = [
        (title, rows, np.flatnonzero(chosen))
        for title, rows, chosen in (
            ("Right answers, redrawn", right, is_right),
            ("The surest mistakes (true → predicted), redrawn", wrong, ~is_right),
        )
        if chosen.any()
    ]
    num_columns = max(len(chosen) for _, _, chosen in panels)
    column = min((PAGE_WIDTH - NAMES_WIDTH) / num_columns, 1.2)
    row = column * images.shape[1] / images.shape[2]
    heights = [row * len(rows) + 0.7 for _, rows, _ in panels]
    size = (column * num_columns + NAMES_WIDTH, sum(heights))
    figure = Figure(figsize=size, layout="constrained")
    all_axes = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (title, rows, chosen) in zip(all_axes, panels, strict=True):
        captions = [arrow_caption(labels[n], answers[n], column) for n in chosen.tolist()]
        shown = np.stack([each[chosen] for each in rows.values()])
        table_of_images(axes, shown, list(rows), captions)
        axes.set_title(title, fontsize=11)
        axes.set_anchor("W")
    return figure


def perturbed_figure(
    title: str, image: np.ndarray, redrawn: np.ndarray, moved: np.ndarray, shifts: np.ndarray
) -> Figure:
    """An image and what is redrawn of it, beside what is redrawn where one number is moved.

    image, redrawn: [H, W, C] in 0..1; moved: [D, S, H, W, C], a row for each number and a column
    for each of the `shifts` [S].
    """
    num_rows, num_columns = moved.shape[:2]
    height, width = image.shape[:2]
    column = PAGE_WIDTH / (num_columns + 3)
    figure = Figure(
        figsize=(PAGE_WIDTH, num_rows * column * height / width + 0.9), layout="constrained"
    )
    figure.suptitle(title, parse_math=False)
    left, right = figure.subplots(1, 2, width_ratios=(2, num_columns))
    table_of_images(left, np.stack([image, redrawn])[:, None], ["image", "redrawn"], [""])
    left.tick_params(axis="y", labelrotation=90)
    for label in left.get_yticklabels():
        label.set_verticalalignment("center")
    left.set_anchor("N")
    names = [f"number {number}" for number in range(1, num_rows + 1)]
    table_of_images(right, moved, names, [f"{shift:+.2f}" for shift in shifts])
    return figure
