"""RetinaNet (Lin, Goyal, Girshick, He, Dollar 2017, "Focal loss for dense object detection"):
anchors at every place of a feature pyramid, each of which is a class or background, and moved."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import keras
import numpy as np
from keras import KerasTensor, ops
from pydantic import Field

from dlapps.config.section import Positive
from dlapps.losses.box_overlap import intersection_over_union
from dlapps.losses.focal import focal_loss
from dlapps.models.vision.detector import NOTHING, clipped
from dlapps.models.vision.encoders import Encoder, encoded
from dlapps.models.vision.feature_pyramid import (
    CLASS_BIAS,
    chances,
    feature_pyramid,
    level_centres,
    places_in_a_row,
    shared_head,
)

SIZES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
RATIOS = (0.5, 1.0, 2.0)
"""Sizes of the anchors of a place, of that of its level, and their heights by their widths."""
IS_OBJECT, IS_BACKGROUND = 0.5, 0.4
"""An anchor overlaps with its object by at least the one, with none by as much as the other."""
DELTA_SCALE = np.array([0.1, 0.1, 0.2, 0.2], "float32")
"""By how much boxes usually differ from their anchors: deltas of about 1 are easily learned."""
LARGEST_DELTA = math.log(1000 / 16)
SMOOTH = 1 / 9
"""Differences below are squared in the smooth L1 loss."""


@keras.saving.register_keras_serializable("dlapps")
class RetinaNet(keras.Model):
    """A `Detector` with `logits` [N, A, C] and `deltas` [N, A, 4] of each anchor.

    Anchors of a level are `anchor_scale` of its strides a side, or a third or two thirds of an
    octave more, in three shapes.
    """

    def __init__(self, *args, strides: Sequence[int], anchor_scale: float, **kwargs):
        super().__init__(*args, **kwargs)
        self.strides, self.anchor_scale = tuple(strides), anchor_scale

    def anchors(self) -> np.ndarray:
        """float32 [A, 4] in pixels, in the order of the outputs."""
        _, height, width, _ = self.input_shape
        levels = zip(level_centres(height, width, self.strides), self.strides, strict=True)
        return np.concatenate([_level_anchors(*each, self.anchor_scale) for each in levels])

    def located(self, outputs: Mapping[str, KerasTensor]) -> tuple[KerasTensor, KerasTensor]:
        _, height, width, _ = self.input_shape
        boxes = clipped(moved(self.anchors(), outputs["deltas"]), height, width)
        return boxes, self.sureness(outputs)

    def sureness(self, outputs: Mapping[str, KerasTensor]) -> KerasTensor:
        return chances(outputs["logits"])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        anchors = self.anchors()
        chosen, is_object, is_background = matched(anchors, y["boxes"], y["classes"])
        num_classes = y_pred["logits"].shape[-1]
        labels = ops.take_along_axis(ops.cast(y["classes"], "int32"), chosen, axis=1)
        targets = ops.one_hot(labels, num_classes) * is_object[..., None]
        counted = ops.maximum(is_object, is_background)[..., None]
        num_objects = ops.maximum(ops.sum(is_object), 1.0)
        focal = ops.sum(focal_loss(targets, y_pred["logits"]) * counted) / num_objects
        boxes = ops.take_along_axis(y["boxes"], chosen[..., None], axis=1)
        differences = y_pred["deltas"] - deltas(anchors, boxes)
        moves = ops.sum(_smooth_l1(differences) * is_object[..., None]) / num_objects
        return focal + moves

    def get_config(self):
        return {
            **super().get_config(),
            "strides": self.strides,
            "anchor_scale": self.anchor_scale,
        }


def retinanet(
    input_shape: tuple[int, int, int],
    num_classes: int,
    *,
    encoder: Encoder = "efficientnet_lite0",
    weights: str = "none",
    encoder_filters: Positive = 64,
    finest_stride: Literal[4, 8] = 8,
    num_levels: Annotated[int, Field(ge=2, le=5)] = 5,
    channels: Positive = 256,
    head_layers: Annotated[int, Field(ge=0, le=8)] = 4,
    head_groups: Positive | None = None,
    anchor_scale: Annotated[float, Field(gt=0, le=32)] = 4.0,
) -> RetinaNet:
    """The network on images in [0, 1] of one size, height and width multiples of 32.

    `encoder`, `weights` and `encoder_filters` are as `encoded` takes them. The pyramid has
    `num_levels` maps of so many `channels`, each of half the size of the one before; a place of
    the first stands for `finest_stride` pixels. Two towers of `head_layers` convolutions end in the
    classes and in the boxes, normalized by `head_groups` where given. The defaults are the paper's
    but for the encoder.
    """
    seen = encoded(input_shape, encoder, weights, encoder_filters)
    strides = [finest_stride * 2**level for level in range(num_levels)]
    levels = feature_pyramid(seen.maps, strides, channels)
    num_anchors = len(SIZES) * len(RATIOS)
    classes = shared_head(
        levels, head_layers, {"classes": (num_anchors * num_classes, CLASS_BIAS)}, head_groups
    )
    boxes = shared_head(levels, head_layers, {"boxes": (num_anchors * 4, 0.0)}, head_groups)
    outputs = {
        "logits": places_in_a_row(classes["classes"], num_classes, "logits"),
        "deltas": places_in_a_row(boxes["boxes"], 4, "deltas"),
    }
    return RetinaNet(
        seen.image, outputs, strides=strides, anchor_scale=anchor_scale, name="retinanet"
    )


def _level_anchors(middles: np.ndarray, stride: int, scale: float) -> np.ndarray:
    centres = middles[:, :, None]
    sides = np.array(
        [(size / math.sqrt(ratio), size * math.sqrt(ratio)) for size in SIZES for ratio in RATIOS]
    )
    halves = np.broadcast_to(scale * stride * sides / 2, (*middles.shape[:2], *sides.shape))
    anchors = np.concatenate([centres - halves, centres + halves], axis=-1)
    return anchors.reshape(-1, 4).astype("float32")


def matched(
    anchors: np.ndarray, boxes: KerasTensor, labels: KerasTensor
) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """For each anchor [A, 4] the number of its object [N, A], and whether it is one's or nobody's.

    Both are 0 or 1, and both 0 where the overlap is in between. The anchor that is nearest to an
    object is the object's, however little they overlap.
    """
    overlaps = intersection_over_union(ops.convert_to_tensor(anchors), boxes)
    is_there = ops.cast(labels != NOTHING, overlaps.dtype)
    overlaps = overlaps * is_there[:, None]
    best = ops.max(overlaps, axis=-1)
    nearest = ops.max(overlaps, axis=1, keepdims=True)
    is_nearest = ops.cast((overlaps == nearest) & (overlaps > 0), overlaps.dtype)
    chosen = ops.argmax(overlaps + 2.0 * is_nearest, axis=-1)
    is_forced = ops.max(is_nearest, axis=-1) > 0
    is_object = ops.cast((best >= IS_OBJECT) | is_forced, overlaps.dtype)
    is_background = ops.cast((best < IS_BACKGROUND) & ~is_forced, overlaps.dtype)
    return ops.cast(chosen, "int32"), is_object, is_background


def deltas(anchors: np.ndarray, boxes: KerasTensor) -> KerasTensor:
    """[N, A, 4]: how anchors [A, 4] have to be moved and stretched to become boxes [N, A, 4]."""
    centres, sides = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    box_sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 1e-3)
    moves = ((boxes[..., :2] + boxes[..., 2:]) / 2 - centres) / sides
    return ops.concatenate([moves, ops.log(box_sides / sides)], axis=-1) / DELTA_SCALE


def moved(anchors: np.ndarray, deltas: KerasTensor) -> KerasTensor:
    """The boxes [N, A, 4] that the anchors become by `deltas`."""
    centres, sides = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    scaled = deltas * DELTA_SCALE
    box_centres = centres + scaled[..., :2] * sides
    halves = sides * ops.exp(ops.minimum(scaled[..., 2:], LARGEST_DELTA)) / 2
    return ops.concatenate([box_centres - halves, box_centres + halves], axis=-1)


def _smooth_l1(differences: KerasTensor) -> KerasTensor:
    size = ops.abs(differences)
    return ops.where(size < SMOOTH, 0.5 * size**2 / SMOOTH, size - 0.5 * SMOOTH)
