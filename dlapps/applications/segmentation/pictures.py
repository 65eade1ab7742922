"""Masks as pictures: alone, over their image, beside the truth, the errors, the scores."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from PIL import Image

from dlapps.explain.explainable import Relevance
from dlapps.explain.figures.names import field_name
from dlapps.explain.figures.palette import DISTINCT_COLOURS, class_colours
from dlapps.explain.figures.png import png_of
from dlapps.explain.figures.relevance import relevance_figure

ERROR_COLOUR = "#d4002a"
OUTLINE_COLOUR = "#56b4e9"
BACKGROUND = "background"
"""A class of this name stays without colour, so that the things before it stand out."""
MOST_LEGEND_CLASSES = 20


def worst_to_best(
    images: np.ndarray,
    truths: np.ndarray,
    predictions: np.ndarray,
    class_names: Sequence[str],
    count: int = 4,
) -> Figure:
    """`count` of the images [N, H, W, 1 or 3] as `segmented_examples`, evenly from all ranks."""
    wrong = (predictions != truths) & (truths < len(class_names))
    ranking = np.argsort(-wrong.mean(axis=(1, 2)), kind="stable")
    ranks = np.linspace(0, len(ranking) - 1, min(count, len(ranking))).round().astype(int)
    shown = ranking[ranks]
    return segmented_examples(images[shown], truths[shown], predictions[shown], class_names)


def segmented_examples(
    images: Sequence[np.ndarray],
    truths: Sequence[np.ndarray],
    predictions: Sequence[np.ndarray],
    class_names: Sequence[str],
) -> Figure:
    """A row an image: itself, the true mask, the predicted one, and where the two differ.

    images: uint8 [height, width, 1 or 3]; masks: class indices [height, width]. Where the truth is
    no class, nothing counts as an error.
    """
    num_classes = len(class_names)
    figure = Figure(figsize=(7.5, 2 * len(images) + 0.5), layout="constrained")
    panels = figure.subplots(len(images), 4, squeeze=False)
    for row, image, truth, prediction in zip(panels, images, truths, predictions):
        wrong = (truth != prediction) & (truth < num_classes)
        shown = (
            _as_rgb(image),
            overlay(image, truth, class_names),
            overlay(image, prediction, class_names),
            _with_errors(image, wrong),
        )
        counted = max(int(np.sum(truth < num_classes)), 1)
        titles = ("Image", "Truth", "Prediction", f"Errors: {wrong.sum() / counted:.1%}")
        for axes, picture, title in zip(row, shown, titles):
            axes.imshow(picture, interpolation="nearest")
            axes.set_title(title, fontsize=10)
            axes.axis("off")
    _add_legend(figure, class_names)
    return figure


def segmented_image(
    image: np.ndarray, probabilities: np.ndarray, class_names: Sequence[str]
) -> Figure:
    """One image beside its prediction and the probability of the predicted class.

    image: uint8 [height, width, 1 or 3]; probabilities: [height, width, classes].
    """
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    panels = figure.subplots(1, 3)
    prediction = probabilities.argmax(axis=-1)
    panels[0].imshow(_as_rgb(image), interpolation="nearest")
    panels[1].imshow(overlay(image, prediction, class_names), interpolation="nearest")
    sureness = panels[2].imshow(
        probabilities.max(axis=-1), vmin=1 / len(class_names), vmax=1, cmap="viridis",
        interpolation="nearest",
    )  # fmt: skip
    figure.colorbar(sureness, ax=panels[2], shrink=0.6)
    for axes, title in zip(panels, ("Image", "Prediction", "Probability of\nthe predicted class")):
        axes.set_title(title, fontsize=10)
        axes.axis("off")
    _add_legend(figure, class_names)
    return figure


def explained_region(
    title: str,
    image: np.ndarray,
    region: np.ndarray,
    relevances: Sequence[Relevance],
    class_names: Sequence[str],
    target: int | None = None,
) -> Figure:
    """An image beside what in it spoke for one class, whose region is outlined in all.

    image: [height, width, 1 or 3] in 0..1; region: [height, width, classes], 1 where a pixel is of
    that class, which is the target where one is given; relevances: [height, width].
    """
    index = int(region.sum(axis=(0, 1)).argmax()) if target is None else target
    outline = region[..., index]
    if outline.max() == 0:
        title = f"{title}: nothing in it is taken for {class_names[index]}"
    else:
        title = f"{title}: {class_names[index]}, inside the lines"
    if len(relevances) == 1 and not relevances[0].values.any():
        title += "\nNo place says anything for it"
    figure = relevance_figure(title, image, relevances)
    if outline.min() < outline.max():
        for axes in figure.axes[: 1 + len(relevances)]:
            axes.contour(outline, [0.5], colors=OUTLINE_COLOUR, linewidths=1.5)
    return figure


def _add_legend(figure: Figure, class_names: Sequence[str]) -> None:
    colours = class_colours(len(class_names))
    handles = [
        Patch(color=colour, label=str(name))
        for colour, name in list(zip(colours, class_names))[:MOST_LEGEND_CLASSES]
        if name != BACKGROUND
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(len(handles), 5), frameon=False
    )


def _with_errors(image: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    picture = _as_rgb(image)
    picture[wrong] = np.round(255 * np.array(to_rgb(ERROR_COLOUR))).astype(np.uint8)
    return picture


def _as_rgb(image: np.ndarray) -> np.ndarray:
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image.copy()


def class_scores(
    per_class: Mapping[str, Mapping[str, float]], measures: Sequence[str], title: str
) -> Figure:
    """A group of bars a class, one bar for each of the measures, which lie between 0 and 1."""
    figure = Figure(figsize=(7, 0.6 + 0.28 * len(per_class) * (len(measures) + 1)))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    thickness = 0.8 / len(measures)
    for number, measure in enumerate(measures):
        values = [scores[measure] for scores in per_class.values()]
        places = [index + (number + 0.5) * thickness - 0.4 for index in range(len(values))]
        bars = axes.barh(places, values, thickness, color=DISTINCT_COLOURS[number])
        bars.set_label(field_name(measure))
        axes.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=8)
    axes.set_yticks(range(len(per_class)), list(per_class), parse_math=False)
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.12), title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure


OPACITY = 0.5


def overlay(image: np.ndarray, mask: np.ndarray, class_names: Sequence[str]) -> np.ndarray:
    """uint8 [height, width, 3]: the image in grey under its mask in the classes' colours.

    image: uint8 [height, width, 1 or 3]; mask: class indices [height, width]. Pixels of no class,
    and those of one called background, stay without colour.
    """
    colours, has_colour = np.zeros((256, 3)), np.zeros(256, bool)
    colours[: len(class_names)] = mask_palette(len(class_names))
    has_colour[: len(class_names)] = [name != BACKGROUND for name in class_names]
    overlaid = np.empty((*mask.shape, 3), np.uint8)
    # Row by row: of a large image, all in floating point would take gigabytes.
    for row, (pixels, classes) in enumerate(zip(image, mask, strict=True)):
        grey = pixels.mean(axis=-1, keepdims=True)
        blended = (1 - OPACITY) * grey + OPACITY * colours[classes]
        overlaid[row] = np.round(np.where(has_colour[classes][:, None], blended, grey))
    return overlaid


def mask_palette(num_classes: int) -> np.ndarray:
    """uint8 [num_classes, 3], the colour of each class."""
    colours = [to_rgb(colour) for colour in class_colours(num_classes)]
    return np.round(255 * np.array(colours)).astype(np.uint8)


def mask_png(mask: np.ndarray, num_classes: int) -> bytes:
    """The class indices [height, width] as a PNG file, with a palette that shows them in colour."""
    image = Image.fromarray(mask.astype(np.uint8), "P")
    image.putpalette(mask_palette(num_classes).tobytes())
    return png_of(image)


def overlay_png(image: np.ndarray, mask: np.ndarray, class_names: Sequence[str]) -> bytes:
    """The `overlay` as a PNG file."""
    return png_of(Image.fromarray(overlay(image, mask, class_names)))
