"""What a data set looks like before anything is learned from it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlapps.explain.figures.image_grid import as_bytes
from dlapps.explain.figures.palette import class_colours

LONGEST_NAME = 26
MOST_CLASSES = 40
"""That have a name in a figure; of more, the numbers are drawn without."""
PAIRS_A_ROW = 4


class ShownPair(NamedTuple):
    """Two examples that are equal, or alike as images [h, w, C]."""

    first_split: str
    first_name: str
    first_label: str | None
    first_image: np.ndarray | None
    second_split: str
    second_name: str
    second_label: str | None
    second_image: np.ndarray | None
    correlation: float
    """Of their pixels; 1 where the examples are equal."""

    @property
    def labels_differ(self) -> bool:
        """Whether at least one of the labels must be wrong."""
        return self.first_label != self.second_label

    def described(self) -> dict[str, Any]:
        """The pair without its images, for a JSON document."""
        return {
            "first": {
                "split": self.first_split, "name": self.first_name, "label": self.first_label,
            },
            "second": {
                "split": self.second_split, "name": self.second_name, "label": self.second_label,
            },
            "correlation": round(self.correlation, 5),
        }  # fmt: skip


def balance_figure(labels: Mapping[str, np.ndarray], class_names: Sequence[str]) -> Figure:
    """The share of each class in each split, whose labels int [N] are given by its name."""
    count = len(class_names)
    figure = Figure(figsize=(min(4 + 0.45 * count, 14), 3.8), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(labels)
    for number, ((split, each), colour) in enumerate(
        zip(labels.items(), class_colours(len(labels)), strict=True)
    ):
        shares = np.bincount(each, minlength=count) / max(len(each), 1)
        places = np.arange(count) + (number - (len(labels) - 1) / 2) * width
        axes.bar(places, shares, width, color=colour, label=f"{split} ({len(each):,})")
    if count <= MOST_CLASSES:
        names = [_cut(name) for name in class_names]
        is_long = max(map(len, names)) > 3
        axes.set_xticks(
            range(count), names, rotation=45 if is_long else 0,
            ha="right" if is_long else "center", parse_math=False,
        )  # fmt: skip
    axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set(title="Classes in each split", ylabel="share of the split")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", frameon=False, ncols=len(labels))
    return figure


def mean_images_figure(
    sums: np.ndarray, counts: np.ndarray, class_names: Sequence[str], columns: int = 6
) -> Figure:
    """The mean of all images of the learned split and, where it has classes, of each.

    sums: [classes, H, W, C], of all images of a class; counts: [classes].
    """
    shown = [("all", sums.sum(axis=0) / max(counts.sum(), 1))]
    if class_names:
        shown += [
            (name, total / max(count, 1))
            for name, total, count in zip(class_names, sums, counts, strict=True)
        ][:MOST_CLASSES]
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    figure = Figure(figsize=(1.7 * columns + 0.4, 1.9 * rows + 0.5), layout="constrained")
    figure.suptitle("Mean image in train")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    for axes, (name, image) in zip(panels, shown):
        _draw(axes, np.round(image).astype(np.uint8))
        axes.set_title(_cut(name), fontsize=9, parse_math=False)
    return figure


def duplicates_figure(pairs: Sequence[ShownPair], total: int) -> Figure:
    """Pairs side by side, each under where they are, their labels and how much they correlate."""
    columns = min(PAIRS_A_ROW, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.1 * rows + 0.6), layout="constrained")
    figure.suptitle(
        f"{len(pairs)} of {total:,} pairs, those across splits first; in red where labels differ"
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels:
        axes.axis("off")
    for axes, pair in zip(panels, pairs):
        assert pair.first_image is not None, "pairs of images are drawn"
        assert pair.second_image is not None, "pairs of images are drawn"
        gap = np.full((len(pair.first_image), 2, pair.first_image.shape[-1]), 255, np.uint8)
        _draw(axes, np.concatenate([pair.first_image, gap, pair.second_image], axis=1))
        alike = "equal" if pair.correlation == 1 else f"correlation {pair.correlation:.3f}"
        lines = [
            f"{split}: {_cut(name)}" + ("" if label is None else f" ({_cut(label)})")
            for split, name, label in (
                (pair.first_split, pair.first_name, pair.first_label),
                (pair.second_split, pair.second_name, pair.second_label),
            )
        ]
        colour = "tab:red" if pair.labels_differ else "black"
        axes.set_title("\n".join([*lines, alike]), fontsize=7, color=colour, parse_math=False)
    return figure


def histogram_figure(values: Mapping[str, np.ndarray], what: str) -> Figure:
    """How often each of some numbers [N] is there, drawn over one another by name."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    most = max(int(each.max()) for each in values.values())
    bins = np.linspace(0, most + 1, min(most + 2, 60)).tolist()
    for (name, each), colour in zip(values.items(), class_colours(len(values)), strict=True):
        axes.hist(each, bins, histtype="step", color=colour, label=name, linewidth=1.5)
    axes.set(xlabel=what, ylabel="examples")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _draw(axes: Any, image: np.ndarray) -> None:
    picture = as_bytes(image)
    picture = picture[..., 0] if picture.shape[-1] == 1 else picture
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _cut(name: str) -> str:
    """A name from its end, where a path says the most."""
    return name if len(name) <= LONGEST_NAME else "…" + name[1 - LONGEST_NAME :]
