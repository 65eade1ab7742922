"""What lies in the latent space of a generative model: paths through it, and its plane."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from dlapps.explain.image_grid import image_grid
from dlapps.explain.palette import class_colours

Decode = Callable[[np.ndarray], np.ndarray]


def path_between(decode: Decode, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """The images [steps, H, W, C] on the straight line between two latents [L], both included."""
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return np.asarray(decode((1 - share) * start + share * end))


def latent_plane(decode: Decode, side: int = 20) -> Figure:
    """What a decoder of two latents makes of a plane that holds the prior's mass evenly."""
    places = norm.ppf((np.arange(side) + 0.5) / side)
    plane = np.stack(np.meshgrid(places, places[::-1]), axis=-1).reshape(-1, 2)
    grid = image_grid(np.asarray(decode(plane.astype(np.float32))), columns=side)
    figure = Figure(figsize=(8, 8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(grid.squeeze(), cmap="gray", vmin=0, vmax=255)
    axes.set(xlabel="first latent", ylabel="second latent", title="The decoded latent plane")
    middles = (np.arange(side) + 0.5) * grid.shape[0] / side
    shown = np.arange(0, side, max(side // 5, 1))
    axes.set_xticks(middles[shown], [f"{places[i]:.1f}" for i in shown])
    axes.set_yticks(middles[::-1][shown], [f"{places[i]:.1f}" for i in shown])
    return figure


def latent_scatter(latents: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Figure:
    """Where the encoder puts examples: latents [N, 2], in the colours of their classes [N]."""
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    for number, (name, colour) in enumerate(zip(class_names, class_colours(len(class_names)))):
        chosen = latents[labels == number]
        axes.scatter(chosen[:, 0], chosen[:, 1], s=6, color=colour, label=name, alpha=0.7)
    axes.set(xlabel="first latent", ylabel="second latent", title="Encoded examples")
    axes.legend(markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
