"""Examples side by side, each under a caption."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Drawing = Callable[[Axes], None]
"""Shows an example on axes of its own."""


def examples_figure(
    title: str,
    drawings: Sequence[Drawing],
    captions: Sequence[str],
    panel_size: tuple[float, float],
    most_columns: int = 5,
    emphasized: Sequence[bool] = (),
) -> Figure:
    """Examples in rows, each under its caption; `panel_size` in inches.

    Of those that are `emphasized`, where that is given, the captions are red.
    """
    num_columns = min(len(drawings), most_columns)
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
    for axes, is_red in zip(panels, emphasized):
        if is_red:
            axes.title.set_color("tab:red")
    return figure


def draw_image(axes: Axes, image: np.ndarray) -> None:
    """Draws an image [height, width, channels], uint8 or float in 0..1."""
    axes.imshow(_displayable(image), cmap="gray", vmin=0, vmax=1, interpolation="nearest")


def _displayable(image: np.ndarray) -> np.ndarray:
    """The image in 0..1: [height, width] in grey or [height, width, 3] in colour."""
    scale = 255 if np.issubdtype(image.dtype, np.integer) else 1
    scaled = np.clip(image.astype(np.float32) / scale, 0, 1)
    return scaled[..., 0] if scaled.shape[-1] == 1 else scaled[..., :3]
