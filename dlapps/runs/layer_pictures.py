"""Pictures of one layer of a run: its weights, what excites it most, and which examples do."""

import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
from matplotlib.figure import Figure

from dlapps.data.batches import in_order
from dlapps.errors import UsageError, did_you_mean, in_short
from dlapps.explain.exciting_images import exciting_figure, maximized_figure
from dlapps.explain.explainable import Explainable
from dlapps.explain.figures.embedding import embedding_figure
from dlapps.explain.figures.png import png_bytes
from dlapps.explain.figures.weights import weights_figure
from dlapps.explain.image_layers import layers_of_images
from dlapps.explain.methods.activations import nodes_inside
from dlapps.explain.methods.input_optimization import NoGradientError
from dlapps.files import write_into
from dlapps.progress import progress
from dlapps.runs.trained import TrainedRun

SPLIT = "validation"
"""From which exciting examples are taken: small, and as the network was not taught to answer."""


def explain_layer(run: TrainedRun, layer: str) -> list[Path]:
    """Writes pictures of the layer with this path into `pictures/` of a run; returns their paths.

    Raises UsageError for a layer that the run does not have, or that there is nothing to see of.
    """
    explainable = run.application.explainable(run.model, run.load_spec())
    name = f"{run.config.application} with {run.config.model['name']}"
    shapes = layers_of_images(explainable) if explainable else {}
    weighted = {
        path: node
        for path, node in (nodes_inside(run.model) if isinstance(run.model, keras.Function) else ())
        if any(len(weight.shape) >= 2 for weight in getattr(node.operation, "weights", ()))
    }
    if layer not in (known := [*dict.fromkeys((*weighted, *shapes))]):
        raise UsageError(
            f"{name} has no layer '{in_short(layer)}' to look at{did_you_mean(layer, known)}"
        )
    figures: dict[str, Figure] = {}
    if layer in weighted and (figure := _weights(explainable, layer, weighted[layer])):
        figures["weights"] = figure
    if explainable and layer in shapes:
        figures |= _of_images(run, explainable, layer)
    if not figures:
        raise UsageError(f"There is nothing to see of the layer {layer} of {name}.")
    directory = run.directory / "pictures"
    stem = re.sub(r"[^\w.-]+", "-", layer)
    return [
        write_into(directory, f"layer_{stem}_{what}.png", png_bytes(figure))
        for what, figure in figures.items()
    ]


def _weights(explainable: Explainable | None, path: str, node: Any) -> Figure | None:
    layer = node.operation
    if isinstance(layer, keras.layers.Embedding):
        rows = keras.ops.convert_to_numpy(layer.embeddings)
        words = explainable.words.get(path, ()) if explainable else ()
        return embedding_figure(path, rows, words or [str(row) for row in range(len(rows))])
    image = None if "/" in path else _image_before(node)
    images = explainable.images if explainable else None
    return weights_figure(path, layer, image, images or np.asarray)


def _image_before(node: Any) -> tuple[int, ...] | None:
    """The shape [h, w, C] of the image, or spectrogram, that a layer sees; None where it sees none.

    Layers without a matrix may lie between, such as those that scale an image or flatten it.
    """
    image = None
    while not node.is_input:
        shape = node.input_tensors[0].shape[1:]
        if image is None and len(shape) == 3:
            image = shape
        (node, *_) = node.parent_nodes
        weights = getattr(node.operation, "weights", ())
        if any(len(weight.shape) >= 2 for weight in weights):
            return None
    return image if image and image[-1] in (1, 3) else None


def _of_images(run: TrainedRun, explainable: Explainable, layer: str) -> dict[str, Figure]:
    """What excites the layer most: of all images, and of those of a split where there is one."""
    read = explainable.read
    try:
        figures = {"maximized": maximized_figure(explainable, layer)}
    except NoGradientError as error:
        raise UsageError(
            f"No gradient goes from the layer {layer} of {run.name} to its input, so that none "
            "that excites it can be found."
        ) from error
    if read is None:
        return figures
    split = SPLIT if SPLIT in run.data.splits else run.data.held_out()[0]
    examples, batch_size = run.data[split], run.config.evaluation.batch_size

    def fetch(rows: np.ndarray) -> np.ndarray:
        return np.concatenate([*in_order(examples[rows], batch_size, read).as_numpy_iterator()])

    batches = in_order(examples, batch_size, read)
    steps = progress(batches, "Looking for exciting examples", -(-len(examples) // batch_size))
    return figures | {"examples": exciting_figure(explainable, layer, steps, fetch, split)}
