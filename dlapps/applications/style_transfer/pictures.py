"""What a style transfer makes, beside what it was made of."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.figures.image_grid import as_bytes, draw_grid, image_grid

HEIGHT = 3.2
"""Inches of a picture."""


def side_by_side(images: Mapping[str, np.ndarray]) -> Figure:
    """Images [H, W, 3], each of its own size and under its title, at one height."""
    shares = [image.shape[1] / image.shape[0] for image in images.values()]
    figure = Figure(figsize=(HEIGHT * sum(shares), HEIGHT + 0.4), layout="constrained")
    panels = figure.subplots(1, len(images), width_ratios=shares, squeeze=False)[0]
    for axes, (title, image) in zip(panels, images.items(), strict=True):
        draw_grid(axes, as_bytes(np.asarray(image)))
        axes.axis("off")
        axes.set_title(title, parse_math=False)
    return figure


def painted(style: np.ndarray, contents: np.ndarray, pictures: np.ndarray) -> Figure:
    """The style, and content images [N, H, W, 3] over their pictures."""
    grid = image_grid(np.concatenate([as_bytes(contents), as_bytes(pictures)]), len(contents))
    title = f"Style; {len(contents)} images that were not learned from, over their pictures"
    both = {"Style": style, title: grid}
    return side_by_side(both)
