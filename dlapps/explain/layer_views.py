"""What the layers of a network make of one image: the maps they answer with, and what they keep."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from keras import layers
from matplotlib.figure import Figure

from dlapps.explain.explainable import Explainable
from dlapps.explain.figures.layer_images import captioned_figure, maps_figure
from dlapps.explain.image_layers import layers_of_images, shown
from dlapps.explain.methods.activations import activations, nodes_inside
from dlapps.explain.methods.feature_inversion import inverted_features

MOST_LAYERS, MOST_INVERTED = 12, 4
"""Of which maps are drawn, or images rebuilt, where no layer is named."""


class LayerView(NamedTuple):
    """What is drawn of an image and some layers, where no method says what the answer came from."""

    title: str
    figure: Callable[[Explainable, tf.Tensor, Sequence[str], str], Figure]
    """Of what is looked into, one image [1, ...], the paths of layers, and a title."""
    layers: Callable[[Explainable], list[str]]
    """The paths of the layers that can be named."""
    most_layers: int
    """How many are looked at where none is named."""


def map_layers(explainable: Explainable) -> list[str]:
    """The paths of the layers that give maps [N, h, w, C] after a first convolution."""
    shapes, found, has_convolved = layers_of_images(explainable), [], False
    for path, node in nodes_inside(explainable.network):
        has_convolved = has_convolved or isinstance(node.operation, layers.Conv2D)
        shape = shapes.get(path, ())
        if has_convolved and len(shape) == 4 and shape[1:3] != (1, 1):
            found.append(path)
    return found


def feature_maps_figure(
    explainable: Explainable, image: tf.Tensor, paths: Sequence[str], title: str
) -> Figure:
    """An image [1, ...] and of each layer the maps that it excites most."""
    images = explainable.images or np.asarray
    maps = {path: activations(explainable.network, [image], path).numpy() for path in paths}
    # Arranged as images are, channel by channel.
    arranged = {
        path: np.concatenate([images(each[..., None]) for each in np.moveaxis(given, -1, 0)], -1)[0]
        for path, given in maps.items()
    }
    return maps_figure(title, shown(explainable, image.numpy())[0], arranged)


def inversion_figure(
    explainable: Explainable, image: tf.Tensor, paths: Sequence[str], title: str
) -> Figure:
    """An image [1, ...] beside what is rebuilt from what each layer makes of it."""
    rebuilt = [image.numpy()]
    for path in paths:

        @tf.function(autograph=False)
        def inverted(given: tf.Tensor, path: str = path) -> tf.Tensor:
            def features(x: tf.Tensor) -> tf.Tensor:
                return activations(explainable.network, [x], path)

            return inverted_features(
                features, features(given), given.shape[1:], bounds=explainable.bounds
            )

        rebuilt.append(inverted(image).numpy())
    images = shown(explainable, np.concatenate(rebuilt))
    return captioned_figure(title, images, ["input", *paths])


LAYER_VIEWS = {
    "feature_maps": LayerView("Feature maps", feature_maps_figure, map_layers, MOST_LAYERS),
    "inversion": LayerView(
        "Rebuilt from the features",
        inversion_figure,
        lambda explainable: [*layers_of_images(explainable)],
        MOST_INVERTED,
    ),
}
"""By the names that they have beside `METHODS`."""
