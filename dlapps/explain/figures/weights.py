"""The weights of one layer: kernels as small images, matrices as maps of colours."""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
from keras import layers
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dlapps.explain.figures.image_grid import enlarged, table_of_images
from dlapps.explain.figures.relevance import SIGNED_COLOURS

MOST_SHOWN = 24
"""Of the channels on either side of a layer."""
COLUMNS = 8
PAGE_WIDTH = 7.8
HIGHEST = 9.0
"""Inches."""
LARGEST_PERCENTILE = 99.5
"""Above it weights are drawn alike: one alone must not make all others pale."""
GATES = {layers.LSTM: ("input", "forget", "cell", "output"), layers.GRU: ("update", "reset", "new")}
INK = "#1d2733"

Look = Callable[[np.ndarray], np.ndarray]
"""From images or maps [N, h, w, C] to how they are looked at."""


def weights_figure(
    title: str, layer: keras.Layer, image: Sequence[int] | None, look: Look
) -> Figure | None:
    """The kernels or matrices of a layer; None where it has none.

    `image` is the shape [h, w, C] of what the layer convolves or sees flattened, where that is an
    image as the network was given it.
    """
    tensors = [
        (weight.path, keras.ops.convert_to_numpy(weight))
        for weight in layer.weights
        if weight.name != "bias"  # Of a recurrent layer, two rows.
    ]
    tensors = [(path, np.float32(values)) for path, values in tensors]
    kernels = [values for _, values in tensors if values.ndim == 4 and values.shape[:2] != (1, 1)]
    if kernels:
        kernel = kernels[0]
        if isinstance(layer, layers.Conv2DTranspose):
            kernel = kernel.swapaxes(2, 3)
        if isinstance(layer, layers.DepthwiseConv2D | layers.SeparableConv2D):
            # Each of its kernels has an input channel of its own.
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
        return _kernels_figure(title, kernel, look if image else np.asarray)
    if image and isinstance(layer, layers.Dense):
        return _kernels_figure(title, layer.kernel.numpy().reshape(*image, -1), look)
    matrices = [
        (path, values.reshape(math.prod(values.shape[:-1]), -1))
        for path, values in tensors
        if values.ndim >= 2
    ]
    return _matrices_figure(title, matrices, _gates(layer)) if matrices else None


def _kernels_figure(title: str, kernel: np.ndarray, look: Look) -> Figure:
    """Of a kernel [h, w, in, out] an image for each output, or for each pair of channels."""
    seen, outputs = kernel.shape[2:]
    kernel = kernel[..., :MOST_SHOWN]
    shown = f"{title}: {_some(kernel.shape[3], outputs)} kernels"
    if seen == 3:
        images = look(np.moveaxis(kernel, 3, 0))
        strongest = np.abs(images).max(axis=(1, 2, 3), keepdims=True)
        return _table(f"{shown}, grey is 0", 0.5 + images / np.maximum(2 * strongest, 1e-12))
    if seen == 1:
        return _table(shown, look(np.moveaxis(kernel, 3, 0)), is_signed=True)
    kernel = kernel[:, :, :MOST_SHOWN]
    images = np.moveaxis(kernel, (3, 2), (0, 1))
    shown += f", a row each, by {_some(images.shape[1], seen)} channels that they see"
    pairs = look(images.reshape(-1, *kernel.shape[:2], 1))
    return _table(shown, pairs, is_signed=True, columns=images.shape[1])


def _table(
    title: str, images: np.ndarray, is_signed: bool = False, columns: int | None = None
) -> Figure:
    """Images [N, h, w, C] in rows, numbered from 1; signed ones [N, h, w, 1] in two colours."""
    limit = _limit(images)
    shades = ScalarMappable(Normalize(-limit, limit), SIGNED_COLOURS)
    if is_signed:
        images = np.asarray(shades.cmap(shades.norm(images[..., 0])))[..., :3]
    across = columns or min(COLUMNS, len(images))
    rows = math.ceil(len(images) / across)
    padded = np.ones((rows * across, *images.shape[1:]))
    padded[: len(images)] = images
    height, width = images.shape[1:3]
    side = min(PAGE_WIDTH / across, 0.9, HIGHEST * width / height / rows)
    figure = Figure(
        figsize=(max(side * across + 1.2, 5), side * height / width * rows + 0.9),
        layout="constrained",
    )
    figure.suptitle(title, fontsize=11, parse_math=False)
    axes = figure.subplots()
    table = enlarged(padded).reshape(rows, across, *enlarged(images[:1]).shape[1:])
    # Pairs of channels have a number on either side; of others the first of each row tells.
    firsts = [str(row * (1 if columns else across) + 1) for row in range(rows)]
    numbers = [str(n + 1) for n in range(across)] if columns or rows == 1 else [""] * across
    table_of_images(axes, table, firsts if rows > 1 else [""], numbers)
    axes.tick_params(labelsize=7)
    if is_signed:
        figure.colorbar(shades, ax=axes, shrink=0.8, label="Weight")
    return figure


def _matrices_figure(
    title: str, matrices: Sequence[tuple[str, np.ndarray]], gates: Sequence[str]
) -> Figure:
    heights = [min(max(5 * len(each) / each.shape[1], 1.2), 5) for _, each in matrices]
    figure = Figure(figsize=(PAGE_WIDTH, sum(heights) + 0.9 * len(heights)), layout="constrained")
    figure.suptitle(title, fontsize=11, parse_math=False)
    panels = figure.subplots(len(matrices), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (path, matrix) in zip(panels, matrices, strict=True):
        limit = _limit(matrix)
        drawn = axes.imshow(matrix, SIGNED_COLOURS, vmin=-limit, vmax=limit, aspect="auto")
        axes.set_title(path.replace("/", " "), fontsize=9, parse_math=False)
        axes.set_ylabel("From", fontsize=8)
        _mark_columns(axes, matrix.shape[1], gates)
        figure.colorbar(drawn, ax=axes, label="Weight", pad=0.01)
    return figure


def _mark_columns(axes: Axes, columns: int, gates: Sequence[str]) -> None:
    axes.tick_params(labelsize=8)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if not gates:
        axes.set_xlabel("To", fontsize=8)
        return
    width = columns / len(gates)
    for number in range(1, len(gates)):
        axes.axvline(number * width - 0.5, color=INK, linewidth=0.8)
    axes.set_xticks([(number + 0.5) * width - 0.5 for number in range(len(gates))], gates)


def _gates(layer: keras.Layer) -> Sequence[str]:
    """The gates of a recurrent layer, whose matrices lie side by side."""
    inside = layer.forward_layer if isinstance(layer, layers.Bidirectional) else layer
    return GATES.get(type(inside), ())


def _limit(values: np.ndarray) -> float:
    return max(float(np.percentile(np.abs(values), LARGEST_PERCENTILE)), 1e-12)


def _some(shown: int, whole: int) -> str:
    return f"the first {shown} of {whole}" if shown < whole else str(whole)
