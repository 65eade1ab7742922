"""How the weights of each layer were spread while they were learned: histograms by the step."""

import math
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlapps.explain.evenly import evenly_chosen
from dlapps.explain.figures.names import end_of
from dlapps.explain.figures.panels import panels_of
from dlapps.explain.figures.png import message_figure
from dlapps.explain.over_time import OverTime

MOST_MATRICES = 12
MOST_WEIGHTS = 20_000
"""Of a matrix: more do not change the form of a histogram."""
MOST_HISTOGRAMS = 24
COLUMNS = 3
PAGE_WIDTH = 7.8
LONGEST_NAME = 34
NUM_BINS = 50
SHOWN_PERCENTILES = (0.2, 99.8)
"""A few weights far from all others would press these into a line."""
HEIGHT = 2.4
"""Of a histogram, in distances from one to the next."""
COLOURS = colormaps["viridis"]
LIGHTEST = 0.92
SMOOTHING = (0.25, 0.5, 0.25)


def weights_over_time(model: keras.Model) -> OverTime[list[np.ndarray]]:
    """The histograms of each matrix of weights that is learned, of many of twelve.

    Biases and what belongs to normalizations are left out; of a large matrix some weights, always
    the same, stand for all.
    """
    matrices = list(_matrices(model))
    places = np.linspace(0, len(matrices) - 1, min(MOST_MATRICES, len(matrices)))
    chosen = [matrices[place] for place in places.round().astype(int).tolist()]

    def draw(steps: Sequence[int], seen: Sequence[list[np.ndarray]]) -> Figure:
        if not chosen:
            return message_figure("The network has no matrix of weights.")
        shown = evenly_chosen([*zip(steps, seen)], MOST_HISTOGRAMS)
        names = [name for name, _ in chosen]
        figure = ridges_figure([step for step, _ in shown], [rows for _, rows in shown], names)
        some = f", {len(chosen)} of {len(matrices)} layers" if len(chosen) < len(matrices) else ""
        figure.suptitle(f"Histograms of the weights while they were learned{some}", fontsize=11)
        return figure

    return OverTime(lambda: [_sample(weight) for _, weight in chosen], draw)


def _matrices(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.Variable]]:
    """What is learned and has two axes or more, with its layer's path: `decoder/dense1`."""
    for layer in model.layers:
        path = prefix + layer.name
        if isinstance(layer, keras.Model):
            yield from _matrices(layer, f"{path}/")
            continue
        for weight in layer.trainable_weights:
            if len(weight.shape) >= 2:
                inside = weight.path.rpartition(f"{layer.name}/")[2]
                yield f"{path}/{inside}".removesuffix("/kernel"), weight


def _sample(weight: keras.Variable) -> np.ndarray:
    values = keras.ops.convert_to_numpy(weight).ravel()
    return values[:: math.ceil(len(values) / MOST_WEIGHTS)].astype(np.float32)


def ridges_figure(
    steps: Sequence[int], seen: Sequence[Sequence[np.ndarray]], names: Sequence[str]
) -> Figure:
    """A panel for each of `names`, in it a histogram for each step, the later ones in front.

    `seen` holds for each step the values, [any number] for each of `names`. Every histogram is as
    high as its highest bin, so that their forms can be compared, and not their heights.
    """
    num_columns = min(COLUMNS, len(names)) if len(names) != 4 else 2
    num_rows = math.ceil(len(names) / num_columns)
    height = 2.5 if num_rows < 3 else 2.1
    figure = Figure(figsize=(PAGE_WIDTH, height * num_rows + 0.4), layout="constrained")
    panels = panels_of(figure, len(names), num_columns, sharey=True)
    for number, (name, axes) in enumerate(zip(names, panels)):
        _draw_ridges(axes, steps, [values[number] for values in seen])
        axes.set_title(end_of(name, LONGEST_NAME), fontsize=9, parse_math=False)
        if number % num_columns == 0:
            axes.set_ylabel("Step", fontsize=9)
        if number + num_columns >= len(names):
            axes.set_xlabel("Weight", fontsize=9)
    return figure


def _draw_ridges(axes: Axes, steps: Sequence[int], rows: Sequence[np.ndarray]) -> None:
    finite = [values[np.isfinite(values)] for values in rows]
    edges = _edges(np.concatenate(finite))
    middles = (edges[:-1] + edges[1:]) / 2
    apart = (steps[-1] - steps[0]) / max(len(steps) - 1, 1) or 1
    for number, (step, values) in enumerate(zip(steps, finite)):
        counts = np.convolve(np.histogram(values, edges)[0], SMOOTHING, "same")
        top = step - HEIGHT * apart * counts / max(counts.max(), 1e-9)
        colour = COLOURS(LIGHTEST * number / max(len(steps) - 1, 1))
        axes.fill_between(middles, top, step, color=colour, linewidth=0, zorder=2 + number)
        axes.plot(middles, top, color="white", linewidth=0.7, zorder=2 + number)
        axes.axhline(step, color=colour, linewidth=0.7, zorder=2 + number)
    # Time goes down the page: what is later lies in front.
    axes.set_ylim(steps[-1] + 0.3 * apart, steps[0] - 1.1 * HEIGHT * apart)
    axes.set_xlim(edges[0], edges[-1])
    axes.tick_params(labelsize=8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _edges(values: np.ndarray) -> np.ndarray:
    """The borders of bins that hold all values but the outermost."""
    low, high = np.percentile(values, SHOWN_PERCENTILES) if len(values) else (0.0, 0.0)
    margin = 0.05 * (high - low) or 0.5
    return np.linspace(low - margin, high + margin, NUM_BINS + 1)
