"""Maps of where each class is, from 0 to 1 over an image: how they are made, cut and boxed."""

import functools
from collections.abc import Callable
from typing import Annotated, Literal

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Positive, Section, UpTo1
from dlapps.data.images.decoding import to_unit_interval
from dlapps.decoding.connected_components import boxes_of_parts
from dlapps.decoding.pixel_adaptive_refinement import refined
from dlapps.explain.methods.grad_cam import grad_cam, grad_cam_plus_plus, layer_cam
from dlapps.layers.map_threshold import MapThreshold
from dlapps.models.vision.class_activation_network import FEATURES, LOCALIZATION

UNKNOWN_THRESHOLD = 0.5
"""Where there are no boxes to choose one by."""
FLATTEST = 1e-6
"""The smallest range of a map that is stretched to 0 and 1."""
BY_GRADIENTS = {
    "grad_cam": grad_cam,
    "grad_cam_plus_plus": grad_cam_plus_plus,
    "layer_cam": layer_cam,
}

Network = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
"""From images in [0, 1] to logits [N, C] and maps [N, h, w, C]."""


class MapSettings(Section):
    """How a trained network is asked where things are."""

    method: Literal["cam", "grad_cam", "grad_cam_plus_plus", "layer_cam"] = "cam"
    """cam: what the network pools; else by gradients of a class by the maps before its scores."""
    refinement_steps: Annotated[int, Field(ge=0, le=100)] = 0
    """How often maps are averaged along the colours of the image, by pixel-adaptive refinement."""
    refinement_contrast: Annotated[float, Field(gt=0)] = 0.1
    """How different colours may be to count as alike: the smaller, the less."""
    threshold: UpTo1 | None = None
    """From which on a map is inside of things; left out, what fits the most boxes of validation by
    half, or 0.5 where these are not known."""
    present_from: UpTo1 = 0.5
    """The least probability of a class that is looked for in an image."""
    max_boxes: Positive = 20
    """Boxes of an image."""


def network_of(model: keras.Model, settings: MapSettings) -> Network:
    """What gives logits and raw maps by the method that is set."""
    if settings.method == "cam":
        tapped = tapped_model(model)
        return lambda images: tuple(tapped(images, training=False))
    method = BY_GRADIENTS[settings.method]

    def explained(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        maps = [
            method(model, [images], functools.partial(_of_class, label=label), FEATURES)
            for label in range(model.output.shape[-1])
        ]
        return model(images, training=False), tf.stack(maps, axis=-1)

    return explained


def _of_class(logits: tf.Tensor, label: int) -> tf.Tensor:
    return logits[:, label]


def tapped_model(model: keras.Model) -> keras.Model:
    """From images in [0, 1] to logits, and to the maps that the network pools or weighs by."""
    return keras.Model(model.input, [model.output, model.get_layer(LOCALIZATION).output])


def localize(
    network: Network, images: tf.Tensor, settings: MapSettings
) -> tuple[tf.Tensor, tf.Tensor]:
    """Probabilities [N, C], and maps [N, H, W, C] from 0 to 1, of uint8 images of its size.

    What speaks against a class is cut, unless everything does. Each map is stretched so that its
    lowest place in the image is 0 and its highest 1: where a class is, is asked apart from whether
    it is there.
    """
    pixels = to_unit_interval(images)
    logits, maps = network(pixels)
    maps = tf.image.resize(tf.cast(maps, tf.float32), tf.shape(images)[1:3])
    lowest, highest = _range(maps)
    maps = tf.nn.relu(maps - tf.where(highest > 0.0, tf.nn.relu(lowest), lowest))
    maps = refined(maps, pixels, settings.refinement_steps, settings.refinement_contrast)
    lowest, highest = _range(maps)
    maps = (maps - lowest) / tf.maximum(highest - lowest, FLATTEST)
    return tf.sigmoid(tf.cast(logits, tf.float32)), maps


def _range(maps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The lowest and the highest number of each map, [N, 1, 1, C]."""
    return (
        tf.reduce_min(maps, axis=[1, 2], keepdims=True),
        tf.reduce_max(maps, axis=[1, 2], keepdims=True),
    )


def boxes_in(
    probabilities: tf.Tensor, maps: tf.Tensor, threshold: float, settings: MapSettings
) -> dict[str, tf.Tensor]:
    """What `boxes_of_parts` finds of the classes that are there."""
    return boxes_of_parts(maps, probabilities, threshold, settings.present_from, settings.max_boxes)


def class_mask(maps: np.ndarray, classes: np.ndarray, threshold: float) -> np.ndarray:
    """uint8 [H, W]: the class of each place, from 1 on, whose map is the highest; 0: of none.

    maps: [H, W, n], where those `classes` [n] are that are there. They count from `threshold` on.
    """
    if not len(classes):
        return np.zeros(maps.shape[:2], np.uint8)
    best = classes[maps.argmax(axis=-1)]
    return np.where(maps.max(axis=-1) >= threshold, best + 1, 0).astype(np.uint8)


def with_threshold(model: keras.Model, threshold: float) -> keras.Model:
    """The model, its layers the same ones, with the threshold at which its maps are cut."""
    logits = MapThreshold(threshold, name="map_threshold", dtype="float32")(model.output)
    return keras.Model(model.input, logits, name=model.name)


def threshold_of(model: keras.Model) -> float:
    """The threshold that a model has, or the one of models that have none."""
    found = [layer.threshold for layer in model.layers if isinstance(layer, MapThreshold)]
    return found[-1] if found else UNKNOWN_THRESHOLD
