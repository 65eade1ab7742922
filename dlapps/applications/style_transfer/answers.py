"""What a style transfer answers: pictures of images, or the one picture that was learned."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_image,
    read_image_bytes,
    resized,
    to_unit_interval,
)
from dlapps.data.sources.folders import IMAGES
from dlapps.errors import UsageError, in_short
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind, image_array, image_file, pixel_array
from dlapps.files import write_into
from dlapps.models.generative.trained_picture import TrainedPicture

NUM_TRIES = 16
ANY_SIZE = (None, None, 3)
LONGEST_SIDE = 8192
SIDE = f"a whole number of pixels from 1 to {LONGEST_SIDE}, its longer side"
PNG = Kind("picture_file", "the picture as the bytes of a PNG")


def painting_answers(model: keras.Model) -> dict[str, Answer]:
    """`serving_default` takes image_bytes [N], `pixels` takes uint8 [N, H, W, 3].

    Encoded images may differ in size: each has its picture_png_bytes [N], of its own size. Pixels
    are answered with images float32 [N, H, W, 3] in [0, 1].
    """

    def paint(pixels: tf.Tensor) -> tf.Tensor:
        return model(to_unit_interval(pixels), training=False)

    def from_one(contents: tf.Tensor) -> tf.Tensor:
        return tf.io.encode_png(_as_bytes(paint(decode_image(contents, ANY_SIZE)[None])[0]))

    def from_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        text = tf.TensorSpec([], tf.string)
        return {"picture_png_bytes": tf.map_fn(from_one, image_bytes, fn_output_signature=text)}

    # Both signatures are compared on it.
    clearest = functools.cache(
        lambda: clearest_example(lambda x: model.predict(to_unit_interval(x), verbose=0))
    )

    def encoded_example() -> tuple[Arrays, Arrays]:
        pixels, pictures = clearest()
        files = [tf.io.encode_png(image).numpy() for image in pixels]
        pngs = [tf.io.encode_png(_as_bytes(picture)).numpy() for picture in pictures]
        return (
            {"image_bytes": np.array(files, object)},
            {"picture_png_bytes": np.array(pngs, object)},
        )

    def pixel_example() -> tuple[Arrays, Arrays]:
        pixels, pictures = clearest()
        return {"pixels": pixels}, {"images": pictures}

    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=from_bytes,
            example=encoded_example,
            read=read_image_bytes,
            show=_show_png,
            takes=IMAGE_FILE,
            suffixes=IMAGES.suffixes,
            at_once=1,
            input_kinds={"image_bytes": image_file(ANY_SIZE, READABLE, IMAGES.suffixes)},
            output_kinds={"picture_png_bytes": PNG},
        ),
        "pixels": Answer(
            inputs={"pixels": tf.TensorSpec([None, *ANY_SIZE], tf.uint8)},
            function=lambda pixels: {"images": paint(pixels)},
            example=pixel_example,
            input_kinds={"pixels": pixel_array(ANY_SIZE)},
            output_kinds={"images": image_array("the picture")},
        ),
    }


def picture_answers(model: TrainedPicture) -> dict[str, Answer]:
    """`serving_default` takes longer_side int64 [N] and gives picture_png_bytes [N]: the picture in
    each of those sizes."""
    height, width = model.picture.shape[1:3]
    longer = max(height, width)

    def of_one(side: tf.Tensor) -> tf.Tensor:
        in_range = (side >= 1) & (side <= LONGEST_SIDE)
        tf.debugging.Assert(in_range, ["longer_side is", SIDE, "and not", side])
        scale = tf.cast(side, tf.float32) / longer
        size = [tf.cast(tf.maximum(tf.round(s * scale), 1.0), tf.int32) for s in (height, width)]
        return tf.io.encode_png(resized(_as_bytes(model.picture), (size[0], size[1]))[0])

    def pictures(longer_side: tf.Tensor) -> dict[str, tf.Tensor]:
        text = tf.TensorSpec([], tf.string)
        return {"picture_png_bytes": tf.map_fn(of_one, longer_side, fn_output_signature=text)}

    def example() -> tuple[Arrays, Arrays]:
        pixels = keras.ops.convert_to_numpy(model.picture)[0]
        png = tf.io.encode_png(np.round(255 * pixels).astype(np.uint8)).numpy()
        return (
            {"longer_side": np.array([longer], np.int64)},
            {"picture_png_bytes": np.array([png], object)},
        )

    def read(text: str) -> Arrays:
        is_number = text.isascii() and text.isdigit() and len(text) < 9
        if not is_number or not 1 <= int(text) <= LONGEST_SIDE:
            raise UsageError(
                f"'{in_short(text)}' is no size; this run is one picture, and takes {SIDE}, or "
                "another content and style as content.jpg:style.jpg."
            )
        return {"longer_side": np.array([int(text)], np.int64)}

    return {
        "serving_default": Answer(
            inputs={"longer_side": tf.TensorSpec([None], tf.int64)},
            function=pictures,
            example=example,
            read=read,
            show=_show_png,
            takes=SIDE,
            at_once=1,
            input_kinds={"longer_side": Kind("numbers", f"the size of the picture: {SIDE}")},
            output_kinds={"picture_png_bytes": PNG},
        )
    }


def clearest_example(paint: Callable[[np.ndarray], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Two small images, uint8 [2, 4, 6, 3], and the pictures that `paint` makes of them.

    Of a few tries, the one whose least decided colour is decided best: half-way between two bytes,
    rounding would choose, and no two PNG files would agree.
    """
    tries = []
    for seed in range(NUM_TRIES):
        pixels = np.random.default_rng(seed).integers(0, 256, (2, 4, 6, 3), dtype=np.uint8)
        pictures = paint(pixels)
        tries.append((np.abs(255 * pictures % 1 - 0.5).min(), pixels, pictures))
    _, pixels, pictures = max(tries, key=lambda attempt: attempt[0])
    return pixels, pictures


def _as_bytes(pictures: tf.Tensor) -> tf.Tensor:
    """Pictures in [0, 1] as uint8."""
    return tf.cast(tf.round(255.0 * tf.cast(pictures, tf.float32)), tf.uint8)


def _show_png(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
    png = outputs["picture_png_bytes"][0]
    return {"picture": str(write_into(directory, f"{name}_picture.png", png))}
