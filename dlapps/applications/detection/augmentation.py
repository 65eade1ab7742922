"""Random views of images and of the boxes in them: one map moves both."""

from typing import Annotated, NamedTuple

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Fraction, Section
from dlapps.data.boxes.columns import NO_OBJECT
from dlapps.data.images.colour import NUM_COLOUR_DRAWS, ColourAugmentation, recoloured

NUM_MAP_DRAWS = 8
NUM_PARTS = 4
"""Images of a mosaic."""
NUM_BOX_DRAWS = NUM_PARTS * NUM_MAP_DRAWS + 3 + NUM_COLOUR_DRAWS
PART_SCALES = (0.5, 1.0)
"""How large the images of a mosaic are drawn."""
MIDDLES = (0.3, 0.7)
"""Where the four meet, as fractions of height and width."""
GREY = 127.0
"""What lies beyond an image."""


class BoxAugmentation(Section):
    """How far images and their boxes may be moved; all zero leaves them as they are."""

    flip: bool = False
    """Mirror left and right half of the time."""
    vertical_flip: bool = False
    """Mirror top and bottom half of the time."""
    smallest: Annotated[float, Field(gt=0, le=1)] = 1.0
    largest: Annotated[float, Field(ge=1, le=10)] = 1.0
    """By how much images are made smaller at most, which shows more, or larger, which crops."""
    stretch: Fraction = 0.0
    """Fraction by which height changes against width."""
    shift: Fraction = 0.0
    """Fraction of height and of width by which images are moved either way, where they fit."""
    mosaic: Fraction = 0.0
    """Part of the images that are made of quarters of four."""
    least_seen: Fraction = 0.3
    """Part of a box that must be left within the image for its object to count."""
    colour: ColourAugmentation = ColourAugmentation()

    @property
    def moves(self) -> bool:
        """Whether anything but colours changes."""
        return self.model_dump(exclude={"colour", "least_seen"}) != BoxAugmentation().model_dump(
            exclude={"colour", "least_seen"}
        )


class BoxedBatch(NamedTuple):
    """Images, float32 [N, H, W, C] from 0 to 255, boxes [N, M, 4] in pixels and labels [N, M]."""

    images: tf.Tensor
    boxes: tf.Tensor
    labels: tf.Tensor


class _Map(NamedTuple):
    """From the borders of pixels in a view to those in an image: `scale` x + `offset`, each
    [N, 2], x before y; a negative scale mirrors."""

    scale: tf.Tensor
    offset: tf.Tensor


def augment_boxed(batch: BoxedBatch, draws: tf.Tensor, settings: BoxAugmentation) -> BoxedBatch:
    """Views of the images and the same views of their boxes; what is cut off counts no more.

    draws: float [N, NUM_BOX_DRAWS] uniform in [0, 1). With a mosaic there are four times as many
    boxes, of which most are NO_OBJECT.
    """
    maps, mosaic, colours = tf.split(
        draws, [NUM_PARTS * NUM_MAP_DRAWS, 3, NUM_COLOUR_DRAWS], axis=1
    )
    if settings.moves:
        parts = tf.split(maps, NUM_PARTS, axis=1)
        if settings.mosaic:
            batch = _mosaic(batch, parts, mosaic, settings)
        else:
            view = _random_map(parts[0], batch.images.shape, settings)
            batch = _view(batch, view, settings.least_seen)
    if settings.colour.is_identity:
        return batch
    coloured = recoloured(batch.images / 255.0, colours, settings.colour)
    return batch._replace(images=255.0 * coloured)


def _random_map(draws: tf.Tensor, shape: tf.TensorShape, settings: BoxAugmentation) -> _Map:
    """Of a view of the size of the image [N, H, W, C]."""
    size = tf.constant([shape[2], shape[1]], tf.float32)
    across, down, zoom, stretch, x, y, aside, along = tf.unstack(draws, num=NUM_MAP_DRAWS, axis=1)
    # As likely smaller as larger by the same factor.
    low, high = tf.math.log(settings.smallest), tf.math.log(settings.largest)
    larger = tf.exp(low + (high - low) * zoom)
    taller = 1.0 + settings.stretch * (2.0 * stretch - 1.0)
    scale = 1.0 / tf.stack([larger / tf.sqrt(taller), larger * tf.sqrt(taller)], axis=1)
    # Any place where an image that is larger covers the view, or one that is smaller is in it.
    free = tf.stack([x, y], axis=1) * (1.0 - scale)
    aside_and_along = 2.0 * tf.stack([aside, along], axis=1) - 1.0
    moved = free + settings.shift * aside_and_along * tf.minimum(scale, 1.0)
    mirror = tf.stack(
        [
            tf.cast(settings.flip, tf.float32) * tf.cast(across < 0.5, tf.float32),
            tf.cast(settings.vertical_flip, tf.float32) * tf.cast(down < 0.5, tf.float32),
        ],
        axis=1,
    )
    return _Map(scale * (1.0 - 2.0 * mirror), size * (moved + mirror * scale))


def _view(batch: BoxedBatch, view: _Map, least_seen: float) -> BoxedBatch:
    height, width = batch.images.shape[1:3]
    rows = tf.range(tf.shape(batch.images)[0])[:, None, None]
    images = _sampled(batch.images, rows, view.scale[:, None, None], view.offset[:, None, None])
    whole = (0, 0, width, height)
    return BoxedBatch(images, *_moved(batch.boxes, batch.labels, view, whole, least_seen))


@tf.function(jit_compile=True, autograph=False)
def _sampled(images: tf.Tensor, rows: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    """Views [N, H, W, C] of the images, each pixel of that of its `rows` [N, H or 1, W or 1].

    scale and offset are those of a map for each pixel, [N, H or 1, W or 1, 2].
    """
    _, height, width, channels = images.shape
    x = (tf.range(width, dtype=tf.float32) + 0.5)[None, None, :]
    y = (tf.range(height, dtype=tf.float32) + 0.5)[None, :, None]
    x = scale[..., 0] * x + offset[..., 0] - 0.5
    y = scale[..., 1] * y + offset[..., 1] - 0.5
    is_inside = (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)
    x, y = tf.clip_by_value(x, 0.0, width - 1.0), tf.clip_by_value(y, 0.0, height - 1.0)
    x, y = tf.broadcast_to(x, tf.shape(is_inside)), tf.broadcast_to(y, tf.shape(is_inside))
    flat = tf.reshape(images, [-1, channels])
    left, top = tf.floor(x), tf.floor(y)
    right, down = (x - left)[..., None], (y - top)[..., None]
    first = rows * (height * width)

    def pixels(from_top: tf.Tensor, from_left: tf.Tensor) -> tf.Tensor:
        from_top = tf.cast(tf.minimum(from_top, height - 1.0), tf.int32)
        from_left = tf.cast(tf.minimum(from_left, width - 1.0), tf.int32)
        return tf.cast(tf.gather(flat, first + from_top * width + from_left), tf.float32)

    upper = pixels(top, left) * (1.0 - right) + pixels(top, left + 1.0) * right
    lower = pixels(top + 1.0, left) * (1.0 - right) + pixels(top + 1.0, left + 1.0) * right
    return tf.where(is_inside[..., None], upper * (1.0 - down) + lower * down, GREY)


def _moved(
    boxes: tf.Tensor,
    labels: tf.Tensor,
    view: _Map,
    within: tuple[int | tf.Tensor, ...],
    least_seen: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The boxes [N, M, 4] as a view shows them `within` left, top, right and bottom, each a number
    or [N, 1]; and their labels, NO_OBJECT where too little is left."""
    scale, offset = view.scale[:, None], view.offset[:, None]
    corners = (boxes[..., :2] - offset) / scale, (boxes[..., 2:] - offset) / scale
    (left, top), (right, bottom) = (
        tf.unstack(each, axis=-1) for each in (tf.minimum(*corners), tf.maximum(*corners))
    )
    whole = (right - left) * (bottom - top)
    from_left, from_top, to_right, to_bottom = (tf.cast(side, tf.float32) for side in within)
    left, right = (tf.clip_by_value(side, from_left, to_right) for side in (left, right))
    top, bottom = (tf.clip_by_value(side, from_top, to_bottom) for side in (top, bottom))
    seen = (right - left) * (bottom - top)
    # A pixel is the least that can be seen of anything.
    is_kept = (seen >= least_seen * whole) & (right - left >= 1.0) & (bottom - top >= 1.0)
    is_kept &= labels != NO_OBJECT
    moved = tf.stack([left, top, right, bottom], axis=-1)
    return tf.where(is_kept[..., None], moved, 0.0), tf.where(is_kept, labels, NO_OBJECT)


def _mosaic(
    batch: BoxedBatch, draws: list[tf.Tensor], chosen: tf.Tensor, settings: BoxAugmentation
) -> BoxedBatch:
    """Quarters of an image and of the three after it in its batch, or a view of it alone.

    The corner of each that points to the middle lies there. draws: for each part [N,
    NUM_MAP_DRAWS]; chosen: [N, 3], whether it is a mosaic, and where its middle is.
    """
    height, width = batch.images.shape[1:3]
    number = tf.shape(batch.images)[0]
    size = tf.constant([width, height], tf.float32)
    low, high = MIDDLES
    middle = tf.round(size * (low + (high - low) * chosen[:, 1:]))
    is_mosaic = (chosen[:, 0] < settings.mosaic)[:, None]
    alone = _random_map(draws[0], batch.images.shape, settings)
    x = (tf.range(width, dtype=tf.float32) + 0.5)[None, None, :] < middle[:, :1, None]
    y = (tf.range(height, dtype=tf.float32) + 0.5)[None, :, None] < middle[:, 1:, None]
    # 0 and 1 are the upper quarters, 0 and 2 the left ones.
    quarter = 2 * (1 - tf.cast(y, tf.int32)) + (1 - tf.cast(x, tf.int32))
    quarter = tf.where(is_mosaic[..., None], quarter, 0)
    maps, boxes, labels = [], [], []
    for part, of_part in enumerate(draws):
        is_right, is_below = part % 2, part // 2
        corner = tf.constant([1.0 - is_right, 1.0 - is_below]) * size
        view = _part_map(of_part, middle, corner, size, settings)
        within = (
            is_right * middle[:, :1],
            is_below * middle[:, 1:],
            middle[:, :1] + is_right * (width - middle[:, :1]),
            middle[:, 1:] + is_below * (height - middle[:, 1:]),
        )
        if part == 0:
            view = _Map(*(tf.where(is_mosaic, *both) for both in zip(view, alone, strict=True)))
            whole = (0.0, 0.0, float(width), float(height))
            within = tuple(tf.where(is_mosaic, *both) for both in zip(within, whole, strict=True))
        moved, kept = _moved(
            tf.roll(batch.boxes, -part, 0),
            tf.roll(batch.labels, -part, 0),
            view,
            within,
            settings.least_seen,
        )
        maps.append(view)
        boxes.append(moved)
        labels.append(kept if part == 0 else tf.where(is_mosaic, kept, NO_OBJECT))
    rows = (tf.range(number)[:, None, None] + quarter) % number
    scales, offsets = (tf.stack(each, axis=1) for each in zip(*maps, strict=True))
    scale, offset = (tf.gather(each, quarter, batch_dims=1) for each in (scales, offsets))
    images = _sampled(batch.images, rows, scale, offset)
    return BoxedBatch(images, tf.concat(boxes, axis=1), tf.concat(labels, axis=1))


def _part_map(
    draws: tf.Tensor,
    middle: tf.Tensor,
    corner: tf.Tensor,
    size: tf.Tensor,
    settings: BoxAugmentation,
) -> _Map:
    """Of an image of a `size` [2] whose `corner` [2] lies in the `middle` [N, 2] of a mosaic."""
    across, down, zoom, stretch, *_ = tf.unstack(draws, num=NUM_MAP_DRAWS, axis=1)
    low, high = PART_SCALES
    larger = low + (high - low) * zoom
    taller = 1.0 + settings.stretch * (2.0 * stretch - 1.0)
    scale = 1.0 / tf.stack([larger / tf.sqrt(taller), larger * tf.sqrt(taller)], axis=1)
    mirror = tf.stack(
        [
            tf.where((across < 0.5) & settings.flip, -1.0, 1.0),
            tf.where((down < 0.5) & settings.vertical_flip, -1.0, 1.0),
        ],
        axis=1,
    )
    # Mirrored, the opposite corner of the image is the one that lies there.
    there = tf.where(mirror < 0, size - corner, corner)
    return _Map(scale * mirror, there - scale * mirror * middle)
