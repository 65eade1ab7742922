"""The layers of a network on images that can be looked into, and images as they are looked at."""

import keras
import numpy as np

from dlapps.explain.explainable import Explainable
from dlapps.explain.methods.activations import nodes_inside


def layers_of_images(explainable: Explainable) -> dict[str, tuple[int | None, ...]]:
    """The shapes [N, ..., channels] of what layers make of one image, by their paths."""
    if explainable.images is None or len(explainable.network.inputs) > 1:
        return {}
    outputs = {path: node.output_tensors[0] for path, node in nodes_inside(explainable.network)}
    return {
        path: tensor.shape
        for path, tensor in outputs.items()
        if keras.backend.is_float_dtype(tensor.dtype) and len(tensor.shape) >= 2
    }


def shown(explainable: Explainable, inputs: np.ndarray) -> np.ndarray:
    """First inputs as images [N, H, W, C] in 0..1."""
    low, high = explainable.bounds
    images = explainable.images or np.asarray
    return (images(inputs) - low) / (high - low)
