"""How little a classifier's images must change for it to err, and what such changes look like."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.figures.image_grid import arrow_caption, table_of_images
from dlapps.explain.figures.palette import DISTINCT_COLOURS, class_marker

PAGE_WIDTH = 7.8
NAMES_WIDTH = 1.3
"""Inches that the names of the rows take."""
WIDEST_COLUMN = 1.8
CURVES_HEIGHT = 3.6
LEVELS = 255
"""Of brightness in an image file, by which people count epsilon."""
GREY = "#6b7683"


class Changed(NamedTuple):
    """Images, and what became of them when no number was moved by more than epsilon."""

    images: np.ndarray
    """[N, H, W, C] in 0..1."""
    moved: np.ndarray
    """Alike in shape and range."""
    before: Sequence[str]
    """What each was answered."""
    after: Sequence[str]
    epsilon: float

    @property
    def column_width(self) -> float:
        """The inches of an image."""
        return min((PAGE_WIDTH - NAMES_WIDTH) / len(self.images), WIDEST_COLUMN)

    @property
    def height(self) -> float:
        """The inches of the whole drawing."""
        height, width = self.images.shape[1:3]
        return 3 * self.column_width * height / width + 1.0

    def draw(self, axes: Axes) -> None:
        """Draws images, changes and results, one below the other."""
        change, told = _magnified(self.moved - self.images, self.epsilon)
        captions = [
            arrow_caption(*names, self.column_width)
            for names in zip(self.before, self.after, strict=True)
        ]
        rows = ["image", told, "result"]
        table_of_images(axes, np.stack([self.images, change, self.moved]), rows, captions)
        axes.set_anchor("W")


def changed_figure(title: str, image: np.ndarray, moved: np.ndarray, epsilon: float) -> Figure:
    """One image [H, W, C] in 0..1, how it was changed, and the result."""
    height, width = image.shape[:2]
    figure = Figure(figsize=(PAGE_WIDTH, PAGE_WIDTH / 3 * height / width + 1), layout="constrained")
    figure.suptitle(title, parse_math=False, fontsize=11)
    change, told = _magnified(moved - image, epsilon)
    table_of_images(
        figure.subplots(), np.stack([image, change, moved])[None], [""], ["image", told, "result"]
    )
    return figure


def _magnified(change: np.ndarray, epsilon: float) -> tuple[np.ndarray, str]:
    """A change as an image in 0..1, and what it shows."""
    magnification = 0.5 / epsilon
    return 0.5 + magnification * change, f"change times {magnification:.2g},\ngrey: none"


def robustness_figure(
    title: str,
    epsilons: np.ndarray,
    accuracies: Mapping[str, np.ndarray],
    guess: float,
    changed: Changed | None,
) -> Figure:
    """Accuracy [E] over epsilon [E] by attack, above images that the last attack changed.

    The first epsilon is 0, each other twice the one before; `guess` is the accuracy of guessing.
    """
    heights = [CURVES_HEIGHT, changed.height] if changed else [CURVES_HEIGHT]
    figure = Figure(figsize=(PAGE_WIDTH, sum(heights) + 0.3), layout="constrained")
    figure.suptitle(title)
    upper, *lower = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    _draw_curves(upper, epsilons, accuracies, guess)
    if changed:
        changed.draw(lower[0])
        attack = [*accuracies][-1].partition(",")[0]
        lower[0].set_title(
            f"By {attack} at epsilon {levels_text(changed.epsilon)}: answer before → after",
            fontsize=10, loc="left",
        )  # fmt: skip
    return figure


def _draw_curves(
    axes: Axes, epsilons: np.ndarray, accuracies: Mapping[str, np.ndarray], guess: float
) -> None:
    places = range(len(epsilons))
    axes.axhline(guess, color=GREY, linestyle="--", linewidth=1, label="guessing")
    for index, (name, curve) in enumerate(accuracies.items()):
        colour, marker = DISTINCT_COLOURS[index], class_marker(index)
        axes.plot(places, curve, color=colour, marker=marker, markersize=5, label=name)
    axes.set_xticks(places, [levels_text(epsilon) for epsilon in epsilons])
    axes.set(xlabel="Epsilon: how far each number may be moved", ylabel="Accuracy")
    axes.set_ylim(-0.03, 1.03)
    axes.grid(color="#e4e4e4", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)


def levels_text(epsilon: float) -> str:
    """An epsilon in the levels of brightness that an image file has."""
    return f"{LEVELS * epsilon:.3g}/{LEVELS}" if epsilon else "0"
