"""The wrong answers that a classifier was most certain of, and other examples under captions."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.png import message_figure

Drawing = Callable[[Axes], None]
"""Shows an example on axes of its own."""

LONGEST_LINE = 22
MOST_COLUMNS = 5


def most_confident_mistakes(
    labels: np.ndarray, probabilities: np.ndarray, count: int
) -> np.ndarray:
    """The indices of the wrong predictions with the highest probability, the surest first."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:count]


def confident_mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    count: int = 20,
) -> Figure:
    """The surest mistakes, each under "true → predicted" and the predicted class's probability.

    `images` is [examples, height, width, channels], uint8 or float in 0..1; `labels` is [examples]
    and `probabilities` is [examples, classes].
    """

    def draw(axes: Axes, index: int) -> None:
        draw_image(axes, images[index])

    return mistakes_figure(draw, (1.5, 1.8), labels, probabilities, class_names, count)


def draw_image(axes: Axes, image: np.ndarray) -> None:
    """Draws an image [height, width, channels], uint8 or float in 0..1."""
    axes.imshow(_displayable(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def mistakes_figure(
    draw: Callable[[Axes, int], None],
    panel_size: tuple[float, float],
    labels: np.ndarray,
    probabilities: np.ndarray,
    class_names: Sequence[str],
    count: int,
) -> Figure:
    """The `count` surest mistakes; `draw(axes, index)` shows an example, `panel_size` in inches."""
    chosen = most_confident_mistakes(labels, probabilities, count)
    if len(chosen) == 0:
        return message_figure(f"No mistakes among {len(labels):,} examples.")
    predicted = probabilities.argmax(axis=1)
    captions = [
        mistake_caption(
            str(class_names[int(labels[index])]),
            str(class_names[int(predicted[index])]),
            float(probabilities[index, predicted[index]]),
        )
        for index in chosen
    ]
    drawings = [lambda axes, index=index: draw(axes, index) for index in chosen]
    num_wrong = int(np.sum(predicted != labels))
    title = f"The {len(chosen)} surest of {num_wrong:,} mistakes (true → predicted)"
    return captioned_figure(title, drawings, captions, panel_size)


def captioned_figure(
    title: str,
    drawings: Sequence[Drawing],
    captions: Sequence[str],
    panel_size: tuple[float, float],
) -> Figure:
    """Examples in rows, each under its caption; `panel_size` in inches."""
    num_columns = min(len(drawings), MOST_COLUMNS)
    num_rows = math.ceil(len(drawings) / num_columns)
    width, height = panel_size
    figsize = (max(width * num_columns, 5), height * num_rows + 0.6)
    figure = Figure(figsize=figsize, layout="constrained")
    panels = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    figure.suptitle(title, parse_math=False)
    for axes in panels:
        axes.axis("off")
    for axes, draw, caption in zip(panels, drawings, captions):
        draw(axes)
        axes.set_title(caption, fontsize=8, parse_math=False)
    return figure


def _displayable(image: np.ndarray) -> np.ndarray:
    """The image in 0..1: [height, width] in grey or [height, width, 3] in colour."""
    scale = 255 if np.issubdtype(image.dtype, np.integer) else 1
    scaled = np.clip(image.astype(np.float32) / scale, 0, 1)
    return scaled[..., 0] if scaled.shape[-1] == 1 else scaled[..., :3]


def mistake_caption(true_name: str, predicted_name: str, probability: float) -> str:
    """What stands above a mistake, on one line or two."""
    shown = f"{probability:.2f}"
    line = f"{true_name} → {predicted_name} {shown}"
    if len(line) <= LONGEST_LINE:
        return line
    return f"{_cut(true_name)} →\n{_cut(predicted_name)} {shown}"


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LINE - 5 else name[: LONGEST_LINE - 6] + "…"
