"""Photos with what was said of them, and where a captioner looked for each word."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.panels import panels_of

COLUMNS = 4
WORD_COLUMNS = 5
LINE = 30
"""Characters below a photo."""
DARKEST = 0.85
"""How dark the veil is where the captioner does not look."""


def caption_sheet(
    images: Sequence[np.ndarray], captions: Sequence[str], references: Sequence[Sequence[str]]
) -> Figure:
    """The photos with their captions, and below each a sentence that a person said of it."""
    rows = -(-len(images) // COLUMNS)
    figure = Figure(figsize=(2.6 * COLUMNS, 3.9 * rows), layout="constrained")
    for axes, image, caption, known in zip(
        panels_of(figure, len(images), COLUMNS), images, captions, references
    ):
        axes.imshow(image)
        axes.set_title(textwrap.fill(caption, LINE), fontsize=10, weight="bold", parse_math=False)
        said = "\n".join(textwrap.fill(f"“{text}”", LINE + 6) for text in known[:2])
        axes.set_xlabel(said, fontsize=8, color="#52606d", parse_math=False)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def attention_figure(image: np.ndarray, weights: np.ndarray, words: Sequence[str]) -> Figure:
    """The photo, and a panel for each word with the photo bright where the captioner looked.

    image: uint8 [H, W, 3]; weights: [U, h, w], one map for each of the words.
    """
    if len(weights) != len(words):
        raise ValueError(f"There are {len(weights)} maps of attention for {len(words)} words.")
    rows = -(-(1 + len(words)) // WORD_COLUMNS)
    figure = Figure(figsize=(1.9 * WORD_COLUMNS, 2.15 * rows + 0.4), layout="constrained")
    first, *others = panels_of(figure, 1 + len(words), WORD_COLUMNS)
    first.imshow(image)
    first.set_title("Photo", fontsize=10)
    extent = (-0.5, image.shape[1] - 0.5, image.shape[0] - 0.5, -0.5)
    for axes, word, looked in zip(others, words, weights, strict=True):
        axes.imshow(image)
        shown = looked / max(looked.max(), 1e-9)
        axes.imshow(
            np.zeros_like(shown), alpha=DARKEST * (1 - shown), cmap="Greys_r", vmin=0, vmax=1,
            extent=extent, interpolation="bilinear",
        )  # fmt: skip
        axes.set_title(word, fontsize=11, parse_math=False)
    for axes in (first, *others):
        axes.axis("off")
    figure.supxlabel("Bright is where the network looked before it said the word", fontsize=9)
    return figure
