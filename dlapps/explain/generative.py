"""What a generative model makes: samples, reconstructions, ways from one image to another."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from dlapps.explain.image_grid import grid_figure
from dlapps.explain.latents import latent_plane, latent_scatter, path_between

NUM_SAMPLES = 100
NUM_RECONSTRUCTED = 40
NUM_PATHS = 8
PATH_STEPS = 10

Maps = Mapping[str, Callable[[np.ndarray], np.ndarray]]


def generative_pictures(
    maps: Maps, images: np.ndarray, labels: np.ndarray, class_names: Sequence[str], latent_size: int
) -> dict[str, Figure]:
    """Figures by name, those for which the model has the maps.

    `maps` holds some of generate (seeds int64 [N] -> images), encode (images -> latents) and
    decode (latents [N, latent_size] -> images); `images` [N, H, W, C] are real ones, of the
    classes `labels` [N].
    """
    seeds = np.arange(NUM_SAMPLES)
    pictures = {"samples": grid_figure(maps["generate"](seeds), "Generated from seeds 0 to 99")}
    if "encode" not in maps:
        ends = np.random.default_rng(0).normal(size=(2 * NUM_PATHS, latent_size))
        pictures["interpolations"] = _interpolations(maps, ends.astype(np.float32))
        return pictures
    latents = maps["encode"](images)
    pictures["reconstructions"] = _reconstructions(maps, images, latents)
    pictures["interpolations"] = _interpolations(maps, latents[: 2 * NUM_PATHS])
    if latent_size == 2:
        pictures["latent_plane"] = latent_plane(maps["decode"])
        pictures["latent_scatter"] = latent_scatter(latents, labels, class_names)
    return pictures


def _reconstructions(maps: Maps, images: np.ndarray, latents: np.ndarray) -> Figure:
    """Two columns of pairs become ten: an original, and what the latent keeps of it."""
    shown = images[:NUM_RECONSTRUCTED]
    pairs = np.stack([shown, maps["decode"](latents[:NUM_RECONSTRUCTED])], axis=1)
    title = "Originals, each with its reconstruction to its right"
    return grid_figure(pairs.reshape(-1, *images.shape[1:]), title, columns=10)


def _interpolations(maps: Maps, ends: np.ndarray) -> Figure:
    halfway = len(ends) // 2
    paths = [
        path_between(maps["decode"], start, end, PATH_STEPS)
        for start, end in zip(ends[:halfway], ends[halfway:])
    ]
    title = "From one latent to another in a straight line"
    return grid_figure(np.concatenate(paths), title, columns=PATH_STEPS)
