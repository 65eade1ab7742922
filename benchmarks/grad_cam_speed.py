"""Grad-CAM of 64 images at once, one by one, and by tf-keras-vis, alternating in one run.

python benchmarks/grad_cam_speed.py [RUN] [--rounds N]

RUN is a run of an image classifier, by default that of shapes_convolutional_network. tf-keras-vis
is measured where it is installed; the maps are compared. It runs eagerly, as its users call it.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from explanations import RUN

from dlapps.explain.explainable import explainer
from dlapps.runs.trained import TrainedRun, open_run

IMAGES = 64


def grad_cam_functions(run: TrainedRun) -> dict[str, Callable[[], np.ndarray]]:
    """What gives the maps [64, h, w] of the first class, by name."""
    spec = run.load_spec()
    shape = (IMAGES, *spec.input_shape)
    images = np.random.default_rng(0).random(shape).astype(np.float32)
    explainable = run.application.explainable(run.model, spec)
    layer = explainable.layer or explainable.layers[-1]
    explain = explainer(explainable, "grad_cam", 0, layer)
    functions = {
        "64 at once": lambda: explain([tf.constant(images)]).values,
        "one by one": lambda: np.concatenate([explain([image[None]]).values for image in images]),
    }
    if importlib.util.find_spec("tf_keras_vis"):
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.scores import CategoricalScore

        theirs = Gradcam(run.model, clone=False)
        score = CategoricalScore([0] * IMAGES)
        functions["tf-keras-vis"] = lambda: np.array(
            theirs(
                score,
                images,
                penultimate_layer=layer,
                seek_penultimate_conv_layer=False,
                expand_cam=False,
            )
        )
    return functions


def main() -> None:
    """Measures and prints the median times and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN", nargs="?", default=RUN)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    functions = grad_cam_functions(open_run("classification", options.run))
    expected = functions["64 at once"]()
    for name, function in functions.items():
        difference = np.abs(function() - expected).max()
        print(f"{name}: differs by at most {difference:.1e} from 64 at once")
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(options.rounds):
        for name, function in functions.items():
            began = time.monotonic()
            function()
            seconds[name].append(time.monotonic() - began)
    medians = {name: float(np.median(each)) for name, each in seconds.items()}
    for name, median in medians.items():
        print(f"{name}: {1000 * median:.1f} ms, {median / medians['64 at once']:.2f} times as long")


if __name__ == "__main__":
    main()
