"""Of boxes that overlap, the surest of each class alone: what a detector answers, in one graph."""

import numpy as np
import tensorflow as tf

MOST_PLACES = 1000
"""Places of an image, those with the surest class, whose boxes are looked at by default."""
NO_CLASS = -1


def non_maximum_suppression(
    boxes: tf.Tensor,
    probabilities: tf.Tensor,
    score_threshold: float,
    iou_threshold: float,
    max_detections: int,
    most_places: int = MOST_PLACES,
) -> dict[str, tf.Tensor]:
    """boxes [N, K, 4], scores [N, K], classes int32 [N, K] and count int32 [N], the surest first.

    Of the `boxes` [N, A, 4] and their `probabilities` [N, A, C], each class for itself, those of
    at least `score_threshold` are gone through from the surest on; one is left out where its
    intersection by union with a box of its class that stayed is above `iou_threshold`. K is
    `max_detections`; beyond the count, classes are NO_CLASS and all else 0. No more than the
    `most_places` with the surest class are looked at.
    """
    num_places = tf.minimum(most_places, tf.shape(boxes)[1])
    _, surest = tf.math.top_k(tf.reduce_max(probabilities, axis=-1), num_places, sorted=False)
    # In the order of the places, so that of two that are equally sure the first is chosen always.
    surest = tf.sort(surest, axis=-1)
    boxes = tf.gather(boxes, surest, batch_dims=1)
    probabilities = tf.gather(probabilities, surest, batch_dims=1)
    found = tf.image.combined_non_max_suppression(
        boxes[:, :, None],
        probabilities,
        max_output_size_per_class=max_detections,
        max_total_size=max_detections,
        iou_threshold=iou_threshold,
        # The kernel leaves out what is as sure as its threshold; here that is enough.
        score_threshold=_just_below(score_threshold),
        clip_boxes=False,
    )
    places = tf.range(max_detections)[None]
    is_there = places < found.valid_detections[:, None]
    classes = tf.cast(found.nmsed_classes, tf.int32)
    return {
        "boxes": tf.where(is_there[..., None], found.nmsed_boxes, 0.0),
        "scores": tf.where(is_there, found.nmsed_scores, 0.0),
        "classes": tf.where(is_there, classes, NO_CLASS),
        "count": found.valid_detections,
    }


def _just_below(threshold: float) -> float:
    return float(np.nextafter(np.float32(threshold), np.float32(-1)))
