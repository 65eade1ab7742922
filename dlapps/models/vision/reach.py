"""How far a network looks: the pixels that an answer depends on, counted layer by layer (Araujo,
Norris, Sim 2019, "Computing receptive fields of convolutional neural networks")."""

import math
from typing import Any, NamedTuple

import keras

SEES_ALL = (
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GroupNormalization,
)


class View(NamedTuple):
    """What a place of some maps is made of: a block of `stride` pixels, and `reach` around it."""

    stride: float
    reach: float


def reach(model: keras.Model) -> float:
    """Pixels that an answer for one pixel may depend on, to either side of it, at the most.

    For networks from images [N, H, W, C] to answers [N, H, W, ...] whose kernels are square, of
    images that are multiples of all strides; infinite where something is averaged over all of it.
    """
    views: dict[int, View] = {id(tensor): View(1.0, 0.0) for tensor in model.inputs}
    for operation in model.operations:
        given = [views[id(each)] for each in keras.tree.flatten(operation.input)]
        for output in keras.tree.flatten(operation.output) if given else ():
            views[id(output)] = _seen_through(operation, given)
    return max(views[id(tensor)].reach for tensor in model.outputs)


def _seen_through(operation: Any, given: list[View]) -> View:
    """The view of a layer's maps, by those of the maps that it takes."""
    # What comes of the whole image has no places of its own.
    placed = [view for view in given if math.isfinite(view.reach)] or given
    view = View(placed[0].stride, max(view.reach for view in given))
    if isinstance(operation, SEES_ALL):
        return view._replace(reach=math.inf)
    config = operation.get_config() if isinstance(operation, keras.layers.Layer) else {}
    kernel = _side(config.get("kernel_size", config.get("pool_size", 1)))
    stride = _side(config.get("strides", 1))
    if isinstance(operation, keras.layers.Conv2DTranspose):
        return _enlarged(view, stride, neighbours=math.ceil(max(kernel - stride, 0) / stride))
    if "size" in config:
        return _enlarged(view, _side(config["size"]), neighbours=1)
    beyond = max((kernel - 1) * _side(config.get("dilation_rate", 1)) + 1 - stride, 0)
    if config.get("padding") == "same":
        beyond = math.ceil(beyond / 2)
    return View(view.stride * stride, view.reach + beyond * view.stride)


def _enlarged(view: View, times: int, neighbours: int) -> View:
    """The view of maps that are so many times as large, of a place and its neighbours."""
    finer = view.stride / times
    return View(finer, view.reach + (view.stride - finer) + neighbours * view.stride)


def _side(given: Any) -> int:
    return max(given) if isinstance(given, tuple | list) else int(given)
