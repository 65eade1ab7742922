"""What a generative model makes: samples, reconstructions, paths, filters, its latent plane."""

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from matplotlib.figure import Figure
from scipy.stats import norm

from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.figures.image_grid import (
    draw_grid,
    enlarged,
    grid_figure,
    image_grid,
    table_of_images,
)
from dlapps.explain.figures.palette import class_colours, class_marker
from dlapps.explain.over_time import OverTime
from dlapps.models.generative.maps import Maps

NUM_SAMPLES = 100
NUM_RECONSTRUCTED = 40
NUM_PATHS = 8
PATH_STEPS = 10

Decode = Callable[[np.ndarray], np.ndarray]


def generative_pictures(
    model: keras.Model,
    maps: Maps,
    images: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> dict[str, Figure]:
    """Figures by name, those for which the model has the maps.

    `maps` are its endpoints, as GenerativeModel says, on arrays; `images` [N, H, W, C] are real
    ones, of the classes `labels` [N].
    """
    seeds = np.arange(NUM_SAMPLES)
    pictures = {"samples": grid_figure(maps["generate"](seeds), "Generated from seeds 0 to 99")}
    if "encode" not in maps:
        ends = np.random.default_rng(0).normal(size=(2 * NUM_PATHS, model.latent_size))
        pictures["interpolations"] = _interpolations(maps, ends.astype(np.float32))
        return pictures
    latents = maps["encode"](images)
    if model.latent_size == 2:
        pictures = {"latent_plane": latent_plane(maps["decode"]), **pictures}
        pictures["latent_scatter"] = latent_scatter(latents, labels, class_names)
    pictures["reconstructions"] = _reconstructions(maps, images, latents)
    pictures["interpolations"] = _interpolations(maps, latents[: 2 * NUM_PATHS])
    first_weights = model.trainable_variables[0].numpy()
    if first_weights.shape[:-1] == (images[0].size,):
        pictures["filters"] = filters_figure(first_weights, images.shape[1:])
    return pictures


def _reconstructions(maps: Maps, images: np.ndarray, latents: np.ndarray) -> Figure:
    given = maps["decode"](latents[:NUM_RECONSTRUCTED])
    title = "Originals, each with its reconstruction to its right"
    return _pairs_figure(title, images[:NUM_RECONSTRUCTED], given, columns=10)


def _pairs_figure(title: str, originals: np.ndarray, given: np.ndarray, columns: int) -> Figure:
    """Each original [N, H, W, C] beside what the latent keeps of it."""
    pairs = np.stack([originals, given[: len(originals)]], axis=1)
    return grid_figure(pairs.reshape(-1, *originals.shape[1:]), title, columns)


def _interpolations(maps: Maps, ends: np.ndarray) -> Figure:
    halfway = len(ends) // 2
    paths = [
        path_between(maps["decode"], start, end, PATH_STEPS)
        for start, end in zip(ends[:halfway], ends[halfway:])
    ]
    title = "From one latent to another in a straight line"
    return grid_figure(np.concatenate(paths), title, columns=PATH_STEPS)


MOST_SHOWN = 144


def filters_figure(kernel: np.ndarray, image_shape: tuple[int, int, int]) -> Figure:
    """The weights [H W C, units] of the units with the largest ones; grey is zero."""
    norms = np.linalg.norm(kernel, axis=0)
    chosen = np.argsort(-norms, kind="stable")[:MOST_SHOWN]
    filters = kernel.T[chosen].reshape(-1, *image_shape)
    scale = np.abs(filters).max(axis=(1, 2, 3), keepdims=True).clip(min=1e-12)
    title = f"Weights of {len(chosen)} of {kernel.shape[1]} units; grey is zero"
    return grid_figure(0.5 + 0.5 * filters / scale, title)


def path_between(decode: Decode, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """The images [steps, H, W, C] on the straight line between two latents [L], both included."""
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return np.asarray(decode((1 - share) * start + share * end))


def latent_plane(decode: Decode, side: int = 20) -> Figure:
    """What a decoder of two latents makes of a plane that holds the prior's mass evenly."""
    places = norm.ppf((np.arange(side) + 0.5) / side)
    plane = np.stack(np.meshgrid(places, places[::-1]), axis=-1).reshape(-1, 2)
    grid = image_grid(np.asarray(decode(plane.astype(np.float32))), columns=side)
    figure = Figure(figsize=(7.5, 7.5), layout="constrained")
    axes = figure.subplots()
    draw_grid(axes, grid)
    axes.set(xlabel="First latent", ylabel="Second latent", title="What each latent is decoded to")
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
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=14,
            color=colour,
            marker=class_marker(number),
            label=name,
            alpha=0.7,
            linewidths=0,
        )
    axes.set(xlabel="First latent", ylabel="Second latent", title="Where test images are encoded")
    axes.legend(markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


NUM_OVER_TIME = 36
MOST_ROWS, NUM_COLUMNS = 8, 12


def generated_over_time(maps: Maps, images: np.ndarray) -> dict[str, OverTime[np.ndarray]]:
    """What always the same seeds give and, of a model that encodes, the same images [N, H, W, C].

    `maps` are the model's endpoints, as GenerativeModel says, on arrays.
    """
    seeds = np.arange(NUM_OVER_TIME)
    views = {
        "samples_over_time": OverTime[np.ndarray](
            lambda: maps["generate"](seeds),
            lambda steps, seen: _rows_figure(
                "What the same seeds gave while it learned", _named(steps, seen)
            ),
            lambda step, samples: grid_figure(
                enlarged(samples), f"Step {step:,}: generated from seeds 0 to {seeds[-1]}"
            ),
        )
    }
    if "encode" in maps:
        views["reconstructions_over_time"] = OverTime(
            lambda: maps["decode"](maps["encode"](images)),
            lambda steps, seen: _rows_figure(
                "What became of the same validation images while it learned",
                {"Original": images, **_named(steps, seen)},
            ),
            lambda step, given: _pairs_figure(
                f"Step {step:,}: validation images, each with its reconstruction to its right",
                enlarged(images[: NUM_OVER_TIME // 2]), enlarged(given),
                columns=6,
            ),
        )  # fmt: skip
    return views


def _named(steps: Sequence[int], seen: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {
        f"Step {step:,}": images for step, images in evenly_chosen([*zip(steps, seen)], MOST_ROWS)
    }


def _rows_figure(title: str, rows: Mapping[str, np.ndarray]) -> Figure:
    """The first twelve images of each row, named."""
    shown = enlarged(np.stack([images[:NUM_COLUMNS] for images in rows.values()]))
    figure = Figure(figsize=(7.8, 0.62 * len(rows) + 0.5), layout="constrained")
    axes = figure.subplots()
    table_of_images(axes, shown, list(rows), [""] * shown.shape[1])
    axes.set_title(title, fontsize=11)
    return figure
