"""The path of each optimizer of the suite over one surface, as a picture.

python examples/optimizer_paths.py optimizer_paths.png

The surface is Rosenbrock's valley (1960), (1 - x)^2 + 20 (y - x^2)^2, with a gentler wall than his.
All begin at one point and take 200 steps, each with the learning rate, of ten, at which it is
lowest on average: it must be quick, and may not take the mountains for a short cut.
"""

import sys
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from PIL import Image

from dlapps.config.training import TrainingSettings
from dlapps.training.optimizers import OPTIMIZERS, build_optimizer

START, VALLEY = (-1.2, 1.4), (1.0, 1.0)
STEPS = 200
LEARNING_RATES = tuple(float(f"{rate:.1g}") for rate in np.geomspace(1e-3, 30.0, 10))
BESIDES: Mapping[str, Mapping] = {"sgd with momentum": {"name": "sgd", "momentum": 0.9}}
"""What is drawn in addition to each optimizer with its defaults."""


def height(place: tf.Tensor) -> tf.Tensor:
    """The surface over a place, [..., 2]."""
    x, y = place[..., 0], place[..., 1]
    return (1.0 - x) ** 2 + 20.0 * (y - x**2) ** 2


def path(optimizer: Mapping | str, learning_rate: float, steps: int = STEPS) -> np.ndarray:
    """The places [steps + 1, 2] an optimizer goes to, the start among them."""
    settings = TrainingSettings(steps=steps, learning_rate=learning_rate, optimizer=optimizer)
    built = build_optimizer(settings)
    # Two numbers in a row: Muon moves matrices only.
    place = keras.Variable(np.array([START], np.float32), name="place")
    built.build([place])

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(height(place.value))
        built.apply([tape.gradient(loss, place.value)])
        return tf.identity(place.value[0])

    return np.array([START, *(step().numpy() for _ in range(steps))])


def best_path(optimizer: Mapping | str, rates: Sequence[float]) -> tuple[float, np.ndarray]:
    """The learning rate that is lowest on the way, and its path."""
    paths = {rate: path(optimizer, rate) for rate in rates}

    def mean_height(rate: float) -> float:
        mean = float(np.mean(height(tf.constant(paths[rate]))))
        return mean if np.isfinite(mean) else np.inf

    best = min(paths, key=mean_height)
    return best, paths[best]


def paths_figure(found: Mapping[str, tuple[float, np.ndarray]]) -> Figure:
    """A panel for each optimizer: its name, its rate, its path over the contours."""
    num_columns = 4
    num_rows = -(-len(found) // num_columns)
    figure = Figure(figsize=(8.4, 1.8 * num_rows), layout="constrained")
    panels = figure.subplots(num_rows, num_columns, sharex=True, sharey=True).ravel()
    x, y = np.meshgrid(np.linspace(-1.7, 1.7, 120), np.linspace(-0.6, 2.1, 100))
    surface = height(tf.constant(np.stack([x, y], -1))).numpy()
    for axes, (name, (rate, places)) in zip(panels, found.items()):
        axes.contour(x, y, surface, np.geomspace(0.05, 150, 9), colors="#b5bdc5", linewidths=0.6)
        axes.plot(*places.T, color="#0072b2", linewidth=1.0, marker=".", markersize=2.5)
        axes.plot(*START, "o", color="#e69f00", markersize=6, zorder=3)
        axes.plot(*VALLEY, "*", color="#d55e00", markersize=10, zorder=3)
        end = float(height(tf.constant(places[-1])))
        axes.set_title(f"{name}, {rate:g}\nends at {end:.1g}", fontsize=8)
        axes.set(xlim=(-1.7, 1.7), ylim=(-0.6, 2.1), xticks=[], yticks=[])
    for axes in panels[len(found) :]:
        axes.remove()
    return figure


def main(target: str, rates: Sequence[float] = LEARNING_RATES) -> None:
    choices: dict[str, Mapping | str] = {name: name for name in OPTIMIZERS} | dict(BESIDES)
    found = {name: best_path(choice, rates) for name, choice in choices.items()}
    save(paths_figure(found), target)
    for name, (rate, places) in found.items():
        print(
            f"{name}: learning rate {rate:g} ends at {float(height(tf.constant(places[-1]))):.2g}"
        )


def save(figure: Figure, target: str) -> None:
    """Writes a PNG of few colours, small enough for a page."""
    figure.savefig(target, dpi=110, facecolor="white")
    Image.open(target).convert("RGB").quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
