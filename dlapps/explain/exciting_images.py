"""What excites the channels of a layer of a network on images: images of ascent, and examples."""

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import tensorflow as tf
from keras import layers
from matplotlib.figure import Figure

from dlapps.explain.architecture.receptive_field import Window, window
from dlapps.explain.architecture.table import layer_table, sights, totals_of
from dlapps.explain.explainable import Explainable
from dlapps.explain.figures.layer_images import captioned_figure, rows_figure
from dlapps.explain.image_layers import layers_of_images, shown
from dlapps.explain.methods.activation_maximization import maximizing_inputs
from dlapps.explain.methods.activations import activations, at_middle, net_inputs, nodes_inside
from dlapps.explain.methods.exciting_examples import exciting_examples
from dlapps.explain.methods.input_optimization import NoGradientError

MOST_CHANNELS = 24
MOST_EXCITING = 8
"""Examples that are shown of each channel."""
ANY_SIDE = 96
"""Pixels of an image that excites a network which takes images of any size."""
MOST_MULTIPLY_ADDS = 5e8
"""Of one answer for each class: with more, the pictures of classes would take minutes."""


def maximized_figure(explainable: Explainable, layer: str) -> Figure:
    """For each channel the image that excites most its place in the middle of the maps, or itself.

    Of an image only what that place sees is drawn. Raises NoGradientError where there is none.
    """
    network, names = explainable.network, channel_names(explainable, layer)
    shape = _canvas(explainable, layer)

    @tf.function(autograph=False)
    def maximized() -> tf.Tensor:
        return maximizing_inputs(
            lambda x: at_middle(net_inputs(network, [x], layer)),
            range(len(names)),
            shape,
            bounds=explainable.bounds,
        )

    images = shown(explainable, maximized().numpy())
    maps = activations(network, [tf.zeros([1, *shape])], layer).shape[1:-1]
    if seen := _window(explainable, layer, shape[:2], maps):
        middle = [side // 2 for side in maps]
        images = np.stack([seen.seen(image, middle) for image in images])
    return captioned_figure(f"What excites {_told(explainable, layer)}", images, names)


def classes_figure(explainable: Explainable) -> Figure | None:
    """For each class the image that the network is surest of.

    None where that would take long, or where no gradient leads to one.
    """
    paths = [*layers_of_images(explainable)]
    cost = totals_of(layer_table(explainable.network)).multiply_adds
    count = min(len(explainable.targets), MOST_CHANNELS)
    if not paths or cost is None or cost * count > MOST_MULTIPLY_ADDS:
        return None
    try:
        return maximized_figure(explainable, paths[-1])
    except NoGradientError:
        return None


def exciting_figure(
    explainable: Explainable,
    layer: str,
    batches: Iterable[tf.Tensor],
    fetch: Callable[[np.ndarray], np.ndarray],
    split: str,
) -> Figure:
    """For each channel the examples that excite it most, or what its most excited place sees.

    `fetch` gives the first inputs [K, ...] of the examples of these rows, by the order in which
    `batches` of the inputs of a split have them.
    """
    names = channel_names(explainable, layer)
    found = exciting_examples(
        lambda x: activations(explainable.network, [x], layer), batches, MOST_EXCITING, len(names)
    )
    rows, where = np.unique(found.rows, return_inverse=True)
    images = shown(explainable, fetch(rows))[where.reshape(found.rows.shape)]
    seen = _window(explainable, layer, images.shape[2:4], found.sizes)
    if seen:
        images = np.stack(
            [
                np.stack([seen.seen(image, place) for image, place in zip(*channel, strict=True)])
                for channel in zip(images, found.places, strict=True)
            ]
        )
    columns = [str(number + 1) for number in range(images.shape[1])]
    title = f"Of the {split} split, what excites {_told(explainable, layer)} most"
    return rows_figure(title, images, names, columns)


def channel_names(explainable: Explainable, layer: str) -> list[str]:
    """What the first channels of a layer are called: the targets, or their numbers from 1 on."""
    shapes, targets = layers_of_images(explainable), explainable.targets
    count = shapes[layer][-1] or 1
    if layer == [*shapes][-1] and len(targets) == count:
        return [*targets][:MOST_CHANNELS]
    return [str(number + 1) for number in range(min(count, MOST_CHANNELS))]


def _told(explainable: Explainable, layer: str) -> str:
    """The channels that are shown, in words."""
    shape = layers_of_images(explainable)[layer]
    count, kind = shape[-1] or 1, "units" if len(shape) == 2 else "channels"
    if count > MOST_CHANNELS:
        return f"the first {MOST_CHANNELS} of {count} {kind} of {layer}"
    return f"the {count} {kind} of {layer}"


def _image_shape(explainable: Explainable) -> tuple[int, ...]:
    shape = explainable.network.inputs[0].shape[1:]
    return tuple(ANY_SIDE if side is None else side for side in shape)


def _sight(explainable: Explainable, layer: str) -> Sequence[tuple[float, float]] | None:
    """How much of an image a layer sees along both axes; None where that is all, or unknown."""
    sight = sights(explainable.network).get(layer)
    return sight if sight and len(sight) == 2 else None


def _canvas(explainable: Explainable, layer: str) -> tuple[int, ...]:
    """The shape of an image that is no larger than what one place of a layer sees, and a margin."""
    shape = _image_shape(explainable)
    sight = _sight(explainable, layer)
    resized = any(
        isinstance(node.operation, layers.Resizing) for _, node in nodes_inside(explainable.network)
    )
    if sight is None or resized:
        return shape
    sides = (
        min(side, math.ceil(places + 2 * apart) + places // 4)
        for side, (places, apart) in zip(shape, sight)
    )
    return (*map(int, sides), *shape[2:])


def _window(
    explainable: Explainable, layer: str, image: Sequence[int], maps: Sequence[int]
) -> Window | None:
    """What the places of maps see of an image; None where all see all of it."""
    sight = _sight(explainable, layer)
    if sight is None or len(maps) != 2:
        return None
    return window(sight, image, maps)
