"""What a data set looks like before anything is learned from it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlapps.explain.figures.examples import draw_image, examples_figure
from dlapps.explain.figures.names import end_of
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
        return None not in (labels := {self.first_label, self.second_label}) and len(labels) == 2

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
        names = [end_of(name, LONGEST_NAME) for name in class_names]
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


def mean_images_figure(sums: np.ndarray, counts: np.ndarray, class_names: Sequence[str]) -> Figure:
    """The mean of all images of the learned split and, where it has classes, of each.

    sums: [classes, H, W, C], of all images of a class; counts: [classes].
    """
    shown = [("all", sums.sum(axis=0) / max(counts.sum(), 1))]
    if class_names:
        shown += [
            (name, total / max(count, 1))
            for name, total, count in zip(class_names, sums, counts, strict=True)
        ][:MOST_CLASSES]
    drawings = [partial(draw_image, image=np.round(image).astype(np.uint8)) for _, image in shown]
    captions = [end_of(name, LONGEST_NAME) for name, _ in shown]
    return examples_figure("Mean image in train", drawings, captions, (1.7, 1.9), most_columns=6)


def duplicates_figure(pairs: Sequence[ShownPair], total: int) -> Figure:
    """Pairs side by side, each under where they are, their labels and how much they correlate."""
    drawings, captions = [], []
    for pair in pairs:
        assert pair.first_image is not None, "pairs of images are drawn"
        assert pair.second_image is not None, "pairs of images are drawn"
        gap = np.full((len(pair.first_image), 2, pair.first_image.shape[-1]), 255, np.uint8)
        both = np.concatenate([pair.first_image, gap, pair.second_image], axis=1)
        drawings.append(partial(draw_image, image=both))
        captions.append(_pair_caption(pair))
    title = (
        f"{len(pairs)} of {total:,} pairs, those across splits first; in red where labels differ"
    )
    is_red = [pair.labels_differ for pair in pairs]
    return examples_figure(title, drawings, captions, (3.4, 2.1), PAIRS_A_ROW, is_red)


def _pair_caption(pair: ShownPair) -> str:
    sides = (
        (pair.first_split, pair.first_name, pair.first_label),
        (pair.second_split, pair.second_name, pair.second_label),
    )
    lines = [
        f"{split}: {end_of(name, LONGEST_NAME)}"
        + ("" if label is None else f" ({end_of(label, LONGEST_NAME)})")
        for split, name, label in sides
    ]
    alike = "equal" if pair.correlation == 1 else f"correlation {pair.correlation:.3f}"
    return "\n".join([*lines, alike])


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
