"""Many small images as one."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GAP = 2
WHITE = 255
LETTERS_AN_INCH = 11


def image_grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """uint8 [height, width, C]: the images row by row, on white, with a gap between them.

    images: [N, H, W, C], uint8 or float in 0..1. By default the grid is as square as it can be.
    """
    images = as_bytes(images)
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    shape = (rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels)
    grid = np.full(shape, WHITE, np.uint8)
    for number, image in enumerate(images):
        top, left = (
            place * (size + GAP) for place, size in zip(divmod(number, columns), (height, width))
        )
        grid[top : top + height, left : left + width] = image
    return grid


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Images in 0..1 as uint8; uint8 as it is."""
    if images.dtype == np.uint8:
        return images
    return np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def enlarged(images: np.ndarray, smallest: int = 32) -> np.ndarray:
    """Images [..., H, W, C], each pixel repeated while neither side exceeds `smallest`.

    Beside the gaps of a grid an image of 3x3 pixels would be hard to see.
    """
    times = max(1, smallest // max(images.shape[-3:-1]))
    return images.repeat(times, axis=-3).repeat(times, axis=-2)


def draw_grid(axes: Axes, grid: np.ndarray) -> None:
    """Draws an `image_grid`, each pixel as a square."""
    picture = grid[..., 0] if grid.shape[-1] == 1 else grid
    axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def grid_figure(images: np.ndarray, title: str, columns: int | None = None) -> Figure:
    """The grid as a figure with a title."""
    grid = image_grid(images, columns)
    height, width = grid.shape[:2]
    figure = Figure(figsize=(7, max(7 * height / width, 0.6) + 0.5), layout="constrained")
    axes = figure.subplots()
    draw_grid(axes, grid)
    axes.axis("off")
    axes.set_title(title, parse_math=False)
    return figure


def table_of_images(
    axes: Axes, images: np.ndarray, rows: Sequence[str], columns: Sequence[str]
) -> None:
    """Draws images [rows, columns, H, W, C] as a grid that says what each row and column is."""
    height, width = images.shape[2:4]
    draw_grid(axes, image_grid(images.reshape(-1, *images.shape[2:]), len(columns)))
    middles_down = np.arange(len(rows)) * (height + GAP) + height / 2 - 0.5
    middles_right = np.arange(len(columns)) * (width + GAP) + width / 2 - 0.5
    axes.set_yticks(middles_down, rows, parse_math=False)
    axes.set_xticks(middles_right, columns, parse_math=False)
    axes.tick_params(
        length=0, labelsize=9, top=False, labeltop=True, bottom=False, labelbottom=False
    )
    axes.spines[:].set_visible(False)


def arrow_caption(before: str, after: str, width: float) -> str:
    """ "before → after" above a column of so many inches, on one line or two; once if alike."""
    room = int(LETTERS_AN_INCH * width)
    line = " → ".join(dict.fromkeys((before, after)))
    if len(line) <= room:
        return line
    names = [name if len(name) < room else name[: room - 2] + "…" for name in (before, after)]
    return names[0] if before == after else " →\n".join(names)
