"""Image decoding that training, prediction and the exported graph share, so that they agree."""

import io
import math
import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.data.sources.user_files import read_file
from dlapps.errors import UsageError, in_short

READABLE = "PNG, JPEG, BMP, GIF, WebP"
MOST_PIXELS = 2**27
"""A file of kilobytes may hold half a gigapixel, which would take many gigabytes to decode."""
IMAGE_FILE = f"an image this program can read ({READABLE})"


ImageShape = tuple[int | None, int | None, int]
"""Height, width and channels; None for height and width leaves an image at its own size."""


def decode_image(contents: tf.Tensor, image_shape: ImageShape) -> tf.Tensor:
    """Returns uint8 [height, width, channels] from the bytes of a PNG, JPEG, BMP, GIF or WebP file.

    `contents` is a scalar string, `image_shape` the result's; channels is 1 or 3. Usable in
    `tf.function`, `tf.map_fn` and a SavedModel. Of an animation the first frame is taken, 16-bit
    values lose their low byte, and an orientation noted in EXIF is ignored. An 8-bit BMP is read
    as grey, whatever its palette says: TensorFlow's decoder does not look at it.
    """
    image = tf.io.decode_image(contents, expand_animations=False)
    image.set_shape([None, None, None])
    return fitted(_without_alpha(image, contents), image_shape)


def fitted(image: tf.Tensor, image_shape: ImageShape) -> tf.Tensor:
    """Returns the uint8 image [H, W, 1 or 3] in another shape, as `decode_image` does it."""
    height, width, channels = image_shape
    image = _with_channels(tf.cast(image, tf.float32), channels)
    if height is not None and width is not None:
        image = _with_size(image, height, width)
    return tf.ensure_shape(_as_pixels(image), [height, width, channels])


def resized(images: tf.Tensor, size: tuple[int, int] | tf.Tensor) -> tf.Tensor:
    """Returns the uint8 images [N, H, W, channels] at one size, as `decode_image` does it."""
    return _as_pixels(_with_size(tf.cast(images, tf.float32), size[0], size[1]))


def _with_size(images: tf.Tensor, height: int | tf.Tensor, width: int | tf.Tensor) -> tf.Tensor:
    return tf.cond(
        tf.reduce_all(tf.shape(images)[-3:-1] == [height, width]),
        lambda: images,
        lambda: tf.image.resize(images, [height, width], antialias=True),
    )


def _as_pixels(image: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)


def decode_images(contents: tf.Tensor, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Returns uint8 [N, height, width, channels] from N files' bytes, as `decode_image` does."""
    return tf.map_fn(
        lambda file: decode_image(file, image_shape),
        contents,
        fn_output_signature=tf.TensorSpec(image_shape, tf.uint8),
    )


def _without_alpha(image: tf.Tensor, contents: tf.Tensor) -> tf.Tensor:
    """Returns the image laid on white paper, with 1 or 3 channels.

    Dropping alpha instead would uncover what lies under it, in most drawings black on black. Only
    a BMP's fourth channel is dropped: it is padding, mostly 0, and would turn the picture white.
    """
    depth = tf.shape(image)[-1]
    has_alpha = depth % 2 == 0
    colours = image[..., : depth - tf.cast(has_alpha, tf.int32)]

    def on_white() -> tf.Tensor:
        alpha = tf.cast(image[..., -1:], tf.float32) / 255.0
        laid = tf.cast(colours, tf.float32) * alpha + 255.0 * (1.0 - alpha)
        return tf.cast(tf.round(laid), tf.uint8)

    is_bitmap = tf.strings.substr(contents, 0, 2) == b"BM"
    return tf.cond(has_alpha & ~is_bitmap, on_white, lambda: colours)


def _with_channels(image: tf.Tensor, channels: int) -> tf.Tensor:
    """Returns the grey or colour image with the channels asked for."""
    if channels == 3:
        return tf.broadcast_to(image, tf.concat([tf.shape(image)[:2], [3]], axis=0))
    if channels != 1:
        raise UsageError(f"An image has 1 channel (grey) or 3 (colour), not {channels}.")
    if image.shape[-1] is not None:
        return image if image.shape[-1] == 1 else tf.image.rgb_to_grayscale(image)
    return tf.cond(
        tf.shape(image)[-1] == 3,
        lambda: tf.image.rgb_to_grayscale(tf.ensure_shape(image, [None, None, 3])),
        lambda: tf.ensure_shape(image, [None, None, 1]),
    )


def read_bytes(path: str | Path) -> bytes:
    """Returns what is in an image file.

    Raises UsageError, which names it, if it cannot be read, or claims more than `MOST_PIXELS`.
    """
    name = in_short(str(path))
    try:
        contents = read_file(path)
    except FileNotFoundError:
        raise UsageError(f"There is no image file {name}.") from None
    except OSError as error:
        raise UsageError(f"The image file {name} cannot be read: {error.strerror}.") from error
    if _claimed_pixels(contents) > MOST_PIXELS:
        raise UsageError(f"The image {name} has more than {MOST_PIXELS:,} pixels; make it smaller.")
    return contents


def read_image_bytes(text: str) -> dict[str, np.ndarray]:
    """What an answer takes that takes `image_bytes`, of one image file."""
    return {"image_bytes": np.array([read_bytes(text)], object)}


def _claimed_pixels(contents: bytes) -> float:
    """Returns how many pixels the header speaks of; 0 where there is no header to be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(contents)) as image:
                return image.width * image.height
    except Image.DecompressionBombError:
        return math.inf
    except (OSError, SyntaxError, ValueError):
        return 0


def read_image(path: str | Path, image_shape: ImageShape) -> np.ndarray:
    """Returns the image in the file as uint8 [height, width, channels], as `decode_image` does.

    Raises UsageError, which names the file, when it cannot be read or is no image.
    """
    contents = read_bytes(path)
    try:
        return _decoder(tuple(image_shape))(tf.constant(contents)).numpy()
    except tf.errors.InvalidArgumentError as error:
        raise UsageError(f"{in_short(str(path))} is not {IMAGE_FILE}.") from error


@lru_cache(maxsize=8)
def _decoder(image_shape: ImageShape) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns `decode_image` as one graph on the CPU: a fifth of the time of its single ops."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def decode(contents: tf.Tensor) -> tf.Tensor:
        with tf.device("CPU:0"):
            return decode_image(contents, image_shape)

    return decode


def to_unit_interval(images: tf.Tensor | np.ndarray) -> tf.Tensor:
    """Returns uint8 images as float32 in [0, 1]."""
    return tf.cast(images, tf.float32) / 255.0
