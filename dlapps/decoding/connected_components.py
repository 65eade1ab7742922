"""Boxes around the connected parts of maps, in one graph."""

import tensorflow as tf

NO_CLASS = -1


def boxes_of_parts(
    maps: tf.Tensor, probabilities: tf.Tensor, threshold: float, least: float, most: int
) -> dict[str, tf.Tensor]:
    """boxes [N, K, 4], scores [N, K], classes int32 [N, K] and count int32 [N], the surest first.

    Each connected part of a map, [N, H, W, C] from 0 to 1, that is at least `threshold` has a box
    (left, top, right, bottom in places); places touch at their sides and corners. Its score is the
    largest number in it times the probability [N, C] of its class, of which only those of at least
    `least` are looked at. K is `most`; beyond the count, classes are NO_CLASS and all else 0.
    """

    def of_image(row: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, ...]:
        return _boxes_of_image(*row, threshold, least, most)

    signature = (
        tf.TensorSpec([most, 4], tf.float32),
        tf.TensorSpec([most], tf.float32),
        tf.TensorSpec([most], tf.int32),
        tf.TensorSpec([], tf.int32),
    )
    found = tf.map_fn(of_image, (maps, probabilities), fn_output_signature=signature)
    return dict(zip(("boxes", "scores", "classes", "count"), found, strict=True))


def _boxes_of_image(
    maps: tf.Tensor, probabilities: tf.Tensor, threshold: float, least: float, most: int
) -> tuple[tf.Tensor, ...]:
    height, width, num_classes = tf.unstack(tf.shape(maps))
    is_inside = (maps >= threshold) & (probabilities >= least)
    # A row of segments for each class: its first collects what is in no part.
    each_class = height * width + 1
    segments = part_numbers(is_inside) + tf.range(num_classes) * each_class
    total = num_classes * each_class

    def farthest(values: tf.Tensor) -> tf.Tensor:
        return tf.math.unsorted_segment_max(
            tf.broadcast_to(values, tf.shape(segments)), segments, total
        )

    rows, columns = tf.range(height)[:, None, None], tf.range(width)[None, :, None]
    peaks = farthest(maps * probabilities)
    belongs = tf.range(total) % each_class > 0
    scores, chosen = tf.math.top_k(tf.where(belongs, peaks, -1.0), tf.minimum(most, total))
    corners = [-farthest(-columns), -farthest(-rows), farthest(columns) + 1, farthest(rows) + 1]
    boxes = tf.stack([tf.gather(each, chosen) for each in corners], axis=-1)
    is_there = scores >= 0.0  # What has no place has the lowest of all numbers.
    boxes = tf.where(is_there[:, None], tf.cast(boxes, tf.float32), 0.0)
    classes = tf.where(is_there, chosen // each_class, NO_CLASS)
    padding = [[0, most - tf.size(scores)]]
    return (
        tf.ensure_shape(tf.pad(boxes, [*padding, [0, 0]]), [most, 4]),
        tf.ensure_shape(tf.pad(tf.where(is_there, scores, 0.0), padding), [most]),
        tf.ensure_shape(tf.pad(classes, padding, constant_values=NO_CLASS), [most]),
        tf.reduce_sum(tf.cast(is_there, tf.int32)),
    )


def part_numbers(is_inside: tf.Tensor) -> tf.Tensor:
    """int32 [H, W, C]: a number for each connected part of bool [H, W, C] a map, 0 outside.

    It is the greatest place in the part, counted row by row from 1 on: the numbers of places spread
    to their neighbours until none changes.
    """
    height, width = tf.unstack(tf.shape(is_inside))[:2]
    # Exact in float32, as no image has 2^24 pixels.
    places = tf.reshape(tf.range(1, height * width + 1), [1, height, width, 1])
    inside = tf.cast(is_inside, tf.float32)[None]

    def spread(numbers: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        largest = tf.nn.max_pool2d(numbers, 3, 1, "SAME") * inside
        return largest, tf.reduce_any(largest != numbers)

    numbers, _ = tf.while_loop(
        lambda _, changed: changed,
        spread,
        (tf.cast(places, tf.float32) * inside, tf.reduce_any(is_inside)),
    )
    return tf.cast(numbers[0], tf.int32)
