"""Which explanations depend on what a network learned: Adebayo et al. 2018, "Sanity checks for
saliency maps", its randomisation of parameters.

python benchmarks/sanity_checks.py RUN [--to FILE]

RUN is a classification run on images. Its network explains test images of three classes by every
method; then its last layer with weights is made random, as it was before training; then all layers
are. What a method says of the same images and classes is compared by rank correlation, as it is and
without its signs. One that stays high is a picture of the image and the architecture, not of what
was learned. Without signs, a method that multiplies by the input cannot but stay high where images
are mostly black, as digits are: nothing times anything is nothing.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import spearmanr

from dlapps.data.images.decoding import to_unit_interval
from dlapps.explain.explainable import Explainable, explainer
from dlapps.explain.methods.catalogue import METHODS
from dlapps.runs.trained import open_run

ALL = "all random"
CLASSES, OF_EACH = 3, 16
HIGHEST = 0.3
"""A rank correlation that still counts as another picture."""


def sanity_checks(directory: Path) -> dict[str, dict[str, float]]:
    """By method the mean rank correlations with what it said before the last layer, and all, were
    made random; the last once more of absolute values."""
    run = open_run("classification", directory)
    spec, data = run.load_spec(), run.data
    columns = data["test"].columns
    explainable = run.application.explainable(run.model, spec)
    if explainable is None or "image" not in columns:
        sys.exit(f"{directory} is no run of a classifier of images that are in memory.")
    samples = {
        label: to_unit_interval(columns["image"][np.flatnonzero(columns["label"] == label)])[
            :OF_EACH
        ]
        for label in range(CLASSES)
    }
    keras.utils.set_random_seed(1)
    untrained = run.application.build_model(spec)
    trained = {layer.name: layer.get_weights() for layer in run.model.layers}
    last = [layer.name for layer in run.model.layers if trained[layer.name]][-1]
    stages = {
        "last layer random": {**trained, last: untrained.get_layer(last).get_weights()},
        ALL: {layer.name: layer.get_weights() for layer in untrained.layers},
    }
    before = relevances(explainable, samples)
    found: dict[str, dict[str, float]] = {method: {} for method in before}
    for stage, weights in stages.items():
        for layer in run.model.layers:
            layer.set_weights(weights[layer.name])
        after = relevances(explainable, samples)
        for method, values in before.items():
            found[method][stage] = rank_correlation(values, after[method])
            if stage == ALL:
                sizes = ([np.abs(row) for row in rows] for rows in (values, after[method]))
                found[method][f"{ALL}, without signs"] = rank_correlation(*sizes)
    return found


def relevances(
    explainable: Explainable, samples: Mapping[int, tf.Tensor]
) -> dict[str, list[np.ndarray]]:
    """By method what it says of each image, each explained for its true class."""
    return {
        method: [
            row.ravel()
            for label, images in samples.items()
            for row in explainer(explainable, method, label)([images]).values
        ]
        for method in METHODS
        if method in explainable.methods()
    }


def rank_correlation(before: list[np.ndarray], after: list[np.ndarray]) -> float:
    """The mean of Spearman's over the images; of two where one is equal everywhere, 0."""
    each = [
        spearmanr(one, other).statistic if np.ptp(one) and np.ptp(other) else 0.0
        for one, other in zip(before, after, strict=True)
    ]
    return float(np.mean(each))


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """The results as Markdown: a row a method, and whether it passes."""
    stages = list(next(iter(found.values())))
    rows = [["Method", *(stage.capitalize() for stage in stages), "Passes"]]
    rows.append(["---"] * len(rows[0]))
    for method, correlations in found.items():
        passes = "yes" if abs(correlations[ALL]) <= HIGHEST else "no"
        numbers = [f"{correlations[stage]:.2f}" for stage in stages]
        rows.append([METHODS[method].title, *numbers, passes])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    """Measures, and writes what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--to", type=Path, help="a JSON file")
    options = parser.parse_args()
    found = sanity_checks(options.run)
    if options.to:
        options.to.write_text(json.dumps({"methods": found}, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
