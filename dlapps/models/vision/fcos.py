"""FCOS (Tian, Shen, Chen, He 2019, "FCOS: fully convolutional one-stage object detection"): every
place of a feature pyramid says which object it is in, and how far its borders are."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import keras
import numpy as np
from keras import KerasTensor, ops
from pydantic import Field

from dlapps.config.section import Positive
from dlapps.losses.box_overlap import box_areas, generalized_overlap_loss
from dlapps.losses.focal import focal_loss
from dlapps.models.vision.detector import NOTHING, clipped, mean_over
from dlapps.models.vision.encoders import Encoder, encoded
from dlapps.models.vision.feature_pyramid import (
    CLASS_BIAS,
    chances,
    feature_pyramid,
    level_centres,
    places_in_a_row,
    shared_head,
)

CENTRE_RADIUS = 1.5
"""Strides from an object's middle within which a place is the object's."""
FARTHEST = 8
"""Strides to its farthest border up to which an object is for a level; the last has no bound."""
LARGEST_LOGARITHM = 6.0


@keras.saving.register_keras_serializable("dlapps")
class FCOS(keras.Model):
    """A `Detector` with `logits` [N, A, C], `distances` [N, A, 4] and `centerness` [N, A, 1].

    They are of each place. Distances to left, top, right and bottom are the logarithms of strides.
    """

    def __init__(self, *args, strides: Sequence[int], **kwargs):
        super().__init__(*args, **kwargs)
        self.strides = tuple(strides)

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """float32 x and y [A, 2] in pixels and the stride [A, 1], in the order of the outputs."""
        _, height, width, _ = self.input_shape
        points = [each.reshape(-1, 2) for each in level_centres(height, width, self.strides)]
        steps = [
            np.full((len(each), 1), stride)
            for each, stride in zip(points, self.strides, strict=True)
        ]
        return np.concatenate(points).astype("float32"), np.concatenate(steps).astype("float32")

    def located(self, outputs: Mapping[str, KerasTensor]) -> tuple[KerasTensor, KerasTensor]:
        _, height, width, _ = self.input_shape
        boxes = clipped(self._boxes(outputs["distances"]), height, width)
        return boxes, self.sureness(outputs)

    def sureness(self, outputs: Mapping[str, KerasTensor]) -> KerasTensor:
        return ops.sqrt(chances(outputs["logits"]) * chances(outputs["centerness"]))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        chosen, is_object, centerness = self._assigned(y["boxes"], y["classes"])
        num_classes = y_pred["logits"].shape[-1]
        labels = ops.take_along_axis(ops.cast(y["classes"], "int32"), chosen, axis=1)
        targets = ops.one_hot(labels, num_classes) * is_object[..., None]
        num_objects = ops.maximum(ops.sum(is_object), 1.0)
        focal = ops.sum(focal_loss(targets, y_pred["logits"])) / num_objects
        truth = ops.take_along_axis(y["boxes"], chosen[..., None], axis=1)
        overlaps = generalized_overlap_loss(self._boxes(y_pred["distances"]), truth)
        in_the_middle = keras.losses.binary_crossentropy(
            centerness[..., None], y_pred["centerness"], from_logits=True
        )
        return (
            focal
            + mean_over(overlaps, centerness * is_object)
            + mean_over(in_the_middle, is_object)
        )

    def _boxes(self, distances: KerasTensor) -> KerasTensor:
        """Boxes [N, A, 4] in pixels."""
        points, strides = self.places()
        pixels = strides * ops.exp(ops.minimum(distances, LARGEST_LOGARITHM))
        return ops.concatenate([points - pixels[..., :2], points + pixels[..., 2:]], axis=-1)

    def _assigned(
        self, boxes: KerasTensor, labels: KerasTensor
    ) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
        """For each place the number of its object, whether it has one, and how much in its middle
        it is, each [N, A]. Of several objects it is of the smallest."""
        points, strides = self.places()
        there = ops.expand_dims(boxes, 1)
        to_borders = ops.concatenate(
            [points[:, None] - there[..., :2], there[..., 2:] - points[:, None]], axis=-1
        )
        farthest = ops.max(to_borders, axis=-1)
        low, high = self._reach()
        middles = (there[..., :2] + there[..., 2:]) / 2
        off_centre = ops.max(ops.abs(points[:, None] - middles), axis=-1)
        suits = (
            (ops.min(to_borders, axis=-1) > 0)
            & (off_centre < CENTRE_RADIUS * strides)
            & (farthest > low)
            & (farthest <= high)
            & (labels != NOTHING)[:, None]
        )
        areas = ops.where(suits, box_areas(there), math.inf)
        chosen = ops.cast(ops.argmin(areas, axis=-1), "int32")
        is_object = ops.cast(ops.any(suits, axis=-1), "float32")
        own = ops.take_along_axis(to_borders, chosen[..., None, None], axis=2)[:, :, 0]
        return chosen, is_object, _centerness(own) * is_object

    def _reach(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels between which an object's farthest border is from a place, [A, 1] each."""
        _, strides = self.places()
        low = np.where(strides == self.strides[0], 0.0, FARTHEST * strides / 2)
        high = np.where(strides == self.strides[-1], np.inf, FARTHEST * strides)
        return low.astype("float32"), high.astype("float32")

    def get_config(self):
        return {**super().get_config(), "strides": self.strides}


def fcos(
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
    head_groups: Positive | None = 16,
) -> FCOS:
    """The network on images in [0, 1] of one size, height and width multiples of 32.

    The options are those of `retinanet`. A tower of `head_layers` convolutions ends in the classes,
    another in the distances and in the centerness.
    """
    seen = encoded(input_shape, encoder, weights, encoder_filters)
    strides = [finest_stride * 2**level for level in range(num_levels)]
    levels = feature_pyramid(seen.maps, strides, channels)
    classes = shared_head(levels, head_layers, {"classes": (num_classes, CLASS_BIAS)}, head_groups)
    borders = shared_head(
        levels, head_layers, {"distances": (4, math.log(2)), "centerness": (1, 0.0)}, head_groups
    )
    outputs = {
        "logits": places_in_a_row(classes["classes"], num_classes, "logits"),
        "distances": places_in_a_row(borders["distances"], 4, "distances"),
        "centerness": places_in_a_row(borders["centerness"], 1, "centerness"),
    }
    return FCOS(seen.image, outputs, strides=strides, name="fcos")


def _centerness(to_borders: KerasTensor) -> KerasTensor:
    """[...], 1 in the middle of a box and 0 at its borders, from the distances [..., 4]."""
    left, top, right, bottom = ops.unstack(ops.maximum(to_borders, 0.0), 4, axis=-1)
    across = ops.minimum(left, right) / ops.maximum(ops.maximum(left, right), 1e-6)
    down = ops.minimum(top, bottom) / ops.maximum(ops.maximum(top, bottom), 1e-6)
    return ops.sqrt(across * down + 1e-12)
