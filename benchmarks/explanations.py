"""How far each method of explanation can be trusted, measured where the objects are known.

python benchmarks/explanations.py [RUN] [--to FILE]

RUN is a run of shapes_convolutional_network, by default the one that training it makes. Its network
explains scenes of circles, squares or triangles that it has not seen, each for its true class:

* The pointing game (Zhang et al. 2016, "Top-down neural attention by excitation backprop"): how
  often the place that a method says most of is inside an object, and how often there or as near
  as their tolerance, 3 % of the image's side.
* Deletion and insertion (Petsiuk, Das, Saenko 2018, "RISE"): the mean probability of the class
  while pixels are blurred, and while a blurred image gets them back, in the order of the method.
  Falls early where deletion, rises early where insertion found what the network goes by.
* Randomized parameters (Adebayo et al. 2018, "Sanity checks for saliency maps"): the rank
  correlation with what the method says once all weights are as before training. One that stays
  high is a picture of the image and the architecture, not of what was learned.
* Efficient randomization (Hedstroem et al. 2024, "A fresh look at sanity checks for saliency
  maps"): by what share the entropy of its values rises then. One that learned nothing explains
  less simply.

A random map stands beside the methods.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.ndimage import maximum_filter
from scipy.stats import spearmanr

from dlapps.data.images.decoding import to_unit_interval
from dlapps.datasets.shapes import make_shapes
from dlapps.explain.explainable import Explainable, Relevance, explainer
from dlapps.explain.methods.catalogue import METHODS
from dlapps.runs.trained import TrainedRun, open_run

RUN = Path("runs/classification/shapes_convolutional_network/0")
SCENES, SEED = 256, 1
"""The config's own scenes are of seed 0."""
AT_ONCE = 64
TOLERANCE = 2
"""Pixels, of 64."""
SHARES = np.linspace(0, 1, 33)
"""Of the pixels that are blurred, or not."""
BLUR = 8.0
"""Standard deviation in pixels; of a shape nothing is left but some of its colour."""
BINS = 100
HIGHEST = 0.3
"""A rank correlation that still counts as another picture, and so passes."""
RANDOM = "random"
Explainer = Callable[[Sequence[tf.Tensor]], Relevance]
COLUMNS = {
    "inside": "Inside an object",
    "near": f"or within {TOLERANCE} pixels",
    "deletion": "Deletion (less is better)",
    "insertion": "Insertion (more is better)",
    "correlation": "Correlation with random weights",
    "entropy_rise": "Rise of entropy",
    "seconds": "Seconds for 64 images",
}


def measure(run: TrainedRun) -> dict[str, Any]:
    """Every figure of every method, and of a random map."""
    scenes = make_shapes(SCENES, seed=SEED, one_class=True)
    images = to_unit_interval(scenes["image"]).numpy()
    labels = scenes["mask"].max(axis=(1, 2)).astype(int) - 1
    explainers = explainers_of(run.application.explainable(run.model, run.load_spec()), labels)
    found = relevances(explainers, images, labels)
    seconds = {method: times for method, (_, times) in found.items()}
    maps = {method: values for method, (values, _) in found.items()}
    maps[RANDOM] = np.random.default_rng(0).random(scenes["mask"].shape, np.float32)
    accuracy = float(np.mean(np.argmax(probabilities(run.model, images), axis=1) == labels))
    inside = scenes["mask"] > 0
    near = maximum_filter(inside, 2 * TOLERANCE + 1, axes=(1, 2))
    methods: dict[str, dict[str, float]] = {
        method: {
            "inside": float(np.mean(points_inside(values, inside))),
            "near": float(np.mean(points_inside(values, near))),
            "deletion": curve_mean(run.model, images, labels, values, removes=True),
            "insertion": curve_mean(run.model, images, labels, values, removes=False),
        }
        for method, values in maps.items()
    }
    randomize(run)
    for method, (after, _) in relevances(explainers, images, labels).items():
        before = maps[method]
        methods[method] |= {
            "correlation": rank_correlation(before, after),
            "entropy_rise": float(np.mean(entropies(after) / entropies(before))) - 1,
            "seconds": seconds[method],
        }
    covered = float(np.mean(inside))
    return {"accuracy": accuracy, "covered": covered, "scenes": SCENES, "methods": methods}


def explainers_of(explainable: Explainable, labels: np.ndarray) -> dict[str, dict[int, Explainer]]:
    """What explains by each method, for each class; compiled once, whatever the weights become."""
    classes = np.unique(labels).tolist()
    return {
        method: {label: explainer(explainable, method, label) for label in classes}
        for method in METHODS
    }


def relevances(
    explainers: Mapping[str, Mapping[int, Explainer]], images: np.ndarray, labels: np.ndarray
) -> dict[str, tuple[np.ndarray, float]]:
    """By method its maps in the size of the images [N, h, w], and the seconds for 64 of them."""
    found = {}
    for method, by_class in explainers.items():
        maps, seconds = np.zeros(images.shape[:3], np.float32), []
        for label, explain in by_class.items():
            rows = np.flatnonzero(labels == label)
            for start in range(0, len(rows), AT_ONCE):
                chosen = rows[start : start + AT_ONCE]
                # All calls are of one size, so that one graph is measured; the first compiles it.
                batch = [tf.constant(images[np.resize(chosen, AT_ONCE)])]
                began = time.monotonic()
                values = explain(batch).values
                if start:
                    seconds.append(time.monotonic() - began)
                maps[chosen] = enlarged(values[: len(chosen)], images.shape[1:3])
        found[method] = maps, float(np.median(seconds))
    return found


def enlarged(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps [N, h, w] in another size, between their places bilinear, as they are drawn."""
    return tf.image.resize(maps[..., None], size)[..., 0].numpy()


def points_inside(maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Whether the largest number of each map [N, h, w] is where `inside` is true: bool [N]."""
    flat = inside.reshape(len(inside), -1)
    largest = maps.reshape(len(maps), -1).argmax(axis=1)
    return flat[np.arange(len(flat)), largest]


def curve_mean(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, maps: np.ndarray, removes: bool
) -> float:
    """The mean probability of the class while more and more pixels are blurred, or sharp.

    Those of which the map says most come first. It is the area under RISE's curve.
    """
    blurred = gaussian_blur(images)
    rank = np.argsort(np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable"), axis=1)
    rank = (rank / rank.shape[1]).reshape(*maps.shape, 1)
    curve = []
    for share in SHARES:
        chosen = rank < share
        shown = np.where(chosen, blurred, images) if removes else np.where(chosen, images, blurred)
        curve.append(probabilities(model, shown)[np.arange(len(labels)), labels].mean())
    return float(np.trapezoid(curve, SHARES))


def gaussian_blur(images: np.ndarray) -> np.ndarray:
    """Images [N, h, w, C] out of focus."""
    width = int(3 * BLUR)
    kernel = np.exp(-0.5 * (np.arange(-width, width + 1) / BLUR) ** 2)
    kernel /= kernel.sum()
    for axis in (1, 2):
        pads = [(width, width) if at == axis else (0, 0) for at in range(4)]
        padded = np.pad(images, pads, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, len(kernel), axis=axis)
        images = windows @ kernel
    return images.astype(np.float32)


def probabilities(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Of the classes, [N, C]."""
    return tf.nn.softmax(model.predict(images, batch_size=AT_ONCE, verbose=0)).numpy()


def randomize(run: TrainedRun) -> None:
    """Gives every layer weights as before training, other ones than it began with."""
    keras.utils.set_random_seed(1)
    run.model.set_weights(run.application.build_model(run.load_spec()).get_weights())


def rank_correlation(before: np.ndarray, after: np.ndarray) -> float:
    """The mean of Spearman's over the maps; of two where one is equal everywhere, 0."""
    each = [
        spearmanr(one.ravel(), other.ravel()).statistic if np.ptp(one) and np.ptp(other) else 0.0
        for one, other in zip(before, after, strict=True)
    ]
    return float(np.mean(each))


def entropies(maps: np.ndarray) -> np.ndarray:
    """Of the histogram of the values of each map: float [N], in nats, above 0."""
    found = []
    for values in maps.reshape(len(maps), -1):
        shares = np.histogram(values, BINS)[0] / len(values)
        found.append(-np.sum(shares * np.log(np.maximum(shares, 1e-12))))
    return np.maximum(found, 1e-6)


def table(methods: Mapping[str, Mapping[str, float]]) -> str:
    """The results as Markdown: a row a method."""
    rows = [["Method", *COLUMNS.values(), "Passes"]]
    rows.append(["---"] * len(rows[0]))
    for method, found in methods.items():
        title = METHODS[method].title if method in METHODS else "A random map"
        numbers = [f"{found[name]:.2f}" if name in found else "" for name in COLUMNS]
        rows.append([title, *numbers, passed(found) if method in METHODS else ""])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def passed(found: Mapping[str, float]) -> str:
    """Which of the two sanity checks a method passes."""
    passes = {
        "correlation": abs(found["correlation"]) <= HIGHEST,
        "entropy": found["entropy_rise"] > 0,
    }
    names = [name for name, passes_it in passes.items() if passes_it]
    return "both" if len(names) == 2 else "".join(names) or "neither"


def main() -> None:
    """Measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN", nargs="?", default=RUN)
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    found = measure(open_run("classification", options.run))
    if options.to:
        options.to.write_text(json.dumps(found, indent=1) + "\n")
    print(
        f"{found['scenes']} scenes, of which objects cover {found['covered']:.1%}; the network "
        f"is right on {found['accuracy']:.1%} of them.\n"
    )
    print(table(found["methods"]))


if __name__ == "__main__":
    main()
