"""The weights of units that look at whole images, as images."""

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.image_grid import grid_figure

MOST_SHOWN = 144


def filters_figure(kernel: np.ndarray, image_shape: tuple[int, int, int]) -> Figure:
    """The weights [H W C, units] of the units with the largest ones; grey is zero."""
    norms = np.linalg.norm(kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:MOST_SHOWN]
    filters = kernel.T[chosen].reshape(-1, *image_shape)
    scale = np.abs(filters).max(axis=(1, 2, 3), keepdims=True).clip(min=1e-12)
    title = f"Weights of {len(chosen)} of {kernel.shape[1]} units; grey is zero"
    return grid_figure(0.5 + 0.5 * filters / scale, title)
