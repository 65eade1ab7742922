"""What is found in an image of the size that a network sees, and in larger ones, tile by tile."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Positive, Section, UpTo1
from dlapps.data.images.decoding import resized, to_unit_interval
from dlapps.decoding.non_maximum_suppression import MOST_PLACES, non_maximum_suppression
from dlapps.decoding.tiles import tile_corners

Network = Callable[[tf.Tensor], Mapping[str, tf.Tensor]]
Located = Callable[[Mapping[str, tf.Tensor]], tuple[tf.Tensor, tf.Tensor]]
BORDER = 4
"""Pixels from the border of a tile within which a box may be that of a piece."""
COVERED = 0.5
"""The part of a piece that lies in another box from which on it is a piece of that one's object."""
MOST_IN_TILES = 4000
"""Boxes of all tiles of an image, the surest, that are compared with each other."""


class SuppressionSettings(Section):
    """How boxes are chosen from all that the places of a network say."""

    score_threshold: UpTo1 = 0.05
    """The least score of a box that is given."""
    counted_from: UpTo1 = 0.4
    """The least score of a box that is counted as an object, and drawn."""
    overlap: UpTo1 = 0.5
    """Intersection over union with a better box of its class from which a box is left out."""
    max_detections: Positive = 100
    """Boxes of an image."""


class TileSettings(Section):
    """How images are searched in which objects would become too small to be found."""

    scale: Literal["training"] | Annotated[float, Field(gt=0, le=16)] | None = None
    """How many times as large an image is seen as it is, tile by tile; training: as those were that
    the run learned on, in the median. Left out, an image is seen whole, as large as it fits."""
    overlap: Annotated[float, Field(ge=0, le=0.9)] = 0.25
    """The part of a tile that it shares with the next: what is no larger is seen whole in one."""


def find(
    network: Network, located: Located, images: tf.Tensor, settings: SuppressionSettings
) -> dict[str, tf.Tensor]:
    """What is found in uint8 images [N, H, W, 3] of the network's size.

    boxes [N, K, 4] in their pixels, scores [N, K], classes int32 [N, K] (-1 where there is no box
    any more), the best first, and count int32 [N], how many are sure enough to be counted.
    """
    return _chosen(*located(network(to_unit_interval(images))), settings)


def find_by_tiles(
    network: Network,
    located: Located,
    image: tf.Tensor,
    size: tuple[int, int],
    scale: float,
    settings: SuppressionSettings,
    overlap: float,
) -> dict[str, tf.Tensor]:
    """What is found in one uint8 image [H, W, 3] of any size, as `find` gives it for [1, ...].

    The network looks at tiles of `size` of the image made `scale` times as large; boxes are in
    pixels of the image as it was given. Of one object seen in several tiles one box is left.
    """
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    seen = tf.maximum(tf.cast(tf.round(scale * sides), tf.int32), 1)
    scaled = resized(image[None], seen)[0]
    beyond = tf.maximum(size - seen, 0)
    scaled = tf.pad(scaled, [[0, beyond[0]], [0, beyond[1]], [0, 0]])
    shared = tuple(round(overlap * side) for side in size)
    corners = tile_corners(seen[0], seen[1], size, (shared[0], shared[1]))

    def in_tile(corner: tf.Tensor) -> tuple[tf.Tensor, ...]:
        top, left = corner[0], corner[1]
        tile = tf.ensure_shape(
            scaled[top : top + size[0], left : left + size[1]], (*size, image.shape[-1])
        )
        found = find(network, located, tile[None], settings)
        boxes, is_piece = _in_whole(found["boxes"][0], corner, seen, size)
        return boxes, found["scores"][0], found["classes"][0], is_piece

    kinds = (tf.float32, tf.float32, tf.int32, tf.bool)
    shapes = ([None, 4], [None], [None], [None])
    # One after the other, which bounds the memory.
    in_tiles = tf.map_fn(
        in_tile,
        corners,
        parallel_iterations=1,
        fn_output_signature=tuple(map(tf.TensorSpec, shapes, kinds)),
    )
    boxes, scores, classes, is_piece = (
        tf.reshape(each, tf.concat([[-1], tf.shape(each)[2:]], axis=0)) for each in in_tiles
    )
    _, surest = tf.math.top_k(scores, tf.minimum(MOST_IN_TILES, tf.size(scores)))
    boxes, scores, classes, is_piece = (
        tf.gather(each, surest) for each in (boxes, scores, classes, is_piece)
    )
    stays = (classes >= 0) & ~(is_piece & covered_by_others(boxes, scores, classes))
    is_class = tf.one_hot(classes, tf.maximum(tf.reduce_max(classes) + 1, 1), True, False)
    # Below any threshold, also one of 0.
    probabilities = tf.where(stays[:, None] & is_class, scores[:, None], -1.0)
    found = _chosen(boxes[None], probabilities[None], settings, MOST_IN_TILES)
    limits = tf.gather(sides, [1, 0, 1, 0])
    return {**found, "boxes": tf.clip_by_value(found["boxes"] / scale, 0.0, limits)}


def _in_whole(
    boxes: tf.Tensor, corner: tf.Tensor, seen: tf.Tensor, size: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """The boxes [K, 4] of a tile where they are in the whole, and which may be those of pieces:
    they end at a border of the tile beyond which the image goes on."""
    at = tf.cast(tf.gather(corner, [1, 0]), tf.float32)
    end = tf.cast(tf.constant(size[::-1]), tf.float32)
    goes_on_before = at > 0
    goes_on_after = at + end < tf.cast(tf.gather(seen, [1, 0]), tf.float32)
    begins = (boxes[:, :2] <= BORDER) & goes_on_before
    ends = (boxes[:, 2:] >= end - BORDER) & goes_on_after
    return boxes + tf.tile(at, [2]), tf.reduce_any(begins | ends, axis=1)


def covered_by_others(boxes: tf.Tensor, scores: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
    """bool [M]: which of the boxes [M, 4] lie by half or more in a larger box of their class that
    is at least half as sure."""
    corners, ends = boxes[:, None, :2], boxes[:, None, 2:]
    begin = tf.maximum(corners, tf.transpose(corners, [1, 0, 2]))
    end = tf.minimum(ends, tf.transpose(ends, [1, 0, 2]))
    common = tf.reduce_prod(tf.maximum(end - begin, 0.0), axis=-1)
    areas = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
    covers = (
        (common >= COVERED * areas[:, None])
        & (areas[None] > areas[:, None])
        & (classes[None] == classes[:, None])
        & (scores[None] >= 0.5 * scores[:, None])
    )
    return tf.reduce_any(covers, axis=1)


def _chosen(
    boxes: tf.Tensor,
    probabilities: tf.Tensor,
    settings: SuppressionSettings,
    most_places: int = MOST_PLACES,
) -> dict[str, tf.Tensor]:
    """Of the boxes [N, A, 4] the surest of those that overlap, as `find` gives them."""
    found = non_maximum_suppression(
        boxes,
        probabilities,
        settings.score_threshold,
        settings.overlap,
        settings.max_detections,
        most_places,
    )
    counted = (found["scores"] >= settings.counted_from) & (found["classes"] >= 0)
    return {
        "boxes": found["boxes"],
        "scores": found["scores"],
        "classes": found["classes"],
        "count": tf.reduce_sum(tf.cast(counted, tf.int32), axis=1),
    }
