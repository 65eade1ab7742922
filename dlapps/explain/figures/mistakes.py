"""The wrong answers that a classifier was most certain of."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.examples import draw_image, examples_figure
from dlapps.explain.figures.png import message_figure

LONGEST_LINE = 22


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
    return examples_figure(title, drawings, captions, panel_size)


def mistake_caption(true_name: str, predicted_name: str, probability: float) -> str:
    """What stands above a mistake, on one line or two."""
    shown = f"{probability:.2f}"
    line = f"{true_name} → {predicted_name} {shown}"
    if len(line) <= LONGEST_LINE:
        return line
    return f"{_cut(true_name)} →\n{_cut(predicted_name)} {shown}"


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_LINE - 5 else name[: LONGEST_LINE - 6] + "…"
