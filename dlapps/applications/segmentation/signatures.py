"""What a segmentation answers when it is served: from encoded images and from pixels."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dlapps.export.signature import Signature

NUM_TRIES = 8
NOWHERE = -1
"""Fills a class map beyond an image that is smaller than others of its batch."""


def mask_signatures(
    decode: Callable[[tf.Tensor], tf.Tensor],
    segment: Callable[[tf.Tensor], tf.Tensor],
    pixels: np.ndarray,
    probabilities: np.ndarray,
) -> dict[str, Signature]:
    """`serving_default` takes image_bytes [N], `pixels` takes uint8 [N, H, W, channels].

    Both answer with class_map int32 [N, H, W]. Encoded images may differ in size: each has its
    mask_png [N], the class indices as a grey PNG of its own size, while the class map is as large
    as the largest and NOWHERE beyond the others. `pixels` also gives probabilities [N, H, W, C].

    `decode` turns a file's bytes into uint8 [H, W, channels], `segment` such images into
    probabilities; `pixels` and `probabilities` are an example with what the Keras model answers.
    """

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = segment(pixels)
        return {"class_map": _class_map(probabilities), "probabilities": probabilities}

    def from_one(contents: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        class_map = _class_map(segment(decode(contents)[None]))[0]
        png = tf.io.encode_png(tf.cast(class_map, tf.uint8)[..., None])
        return tf.RaggedTensor.from_tensor(class_map), png

    def from_bytes(images: tf.Tensor) -> dict[str, tf.Tensor]:
        ragged = tf.RaggedTensorSpec([None, None], tf.int32, ragged_rank=1)
        text = tf.TensorSpec([], tf.string)
        maps, pngs = tf.map_fn(from_one, images, fn_output_signature=(ragged, text))
        return {"class_map": maps.to_tensor(NOWHERE), "mask_png": pngs}

    class_map = probabilities.argmax(axis=-1).astype(np.int32)
    encoded = [tf.io.encode_png(image).numpy() for image in pixels]
    masks = [tf.io.encode_png(mask[..., None].astype(np.uint8)).numpy() for mask in class_map]
    return {
        "serving_default": Signature(
            from_bytes,
            tf.TensorSpec([None], tf.string, "image_bytes"),
            np.array(encoded, object),
            {"class_map": class_map, "mask_png": np.array(masks, object)},
        ),
        "pixels": Signature(
            from_pixels,
            tf.TensorSpec([None, None, None, pixels.shape[-1]], tf.uint8, "pixels"),
            pixels,
            {"class_map": class_map, "probabilities": probabilities},
        ),
    }


def clearest_example(
    answer: Callable[[np.ndarray], np.ndarray], channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Two images, uint8 [2, 24, 16, channels], and the probabilities that `answer` gives them.

    Of a few tries, the one whose least decided pixel is decided best: where two classes are as
    good as equal, rounding would choose, and no two class maps would agree.
    """
    tries = []
    for seed in range(NUM_TRIES):
        shape = (2, 24, 16, channels)
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        probabilities = answer(pixels)
        *_, second, first = np.moveaxis(np.sort(probabilities, axis=-1), -1, 0)
        tries.append((np.min(first - second), pixels, probabilities))
    _, pixels, probabilities = max(tries, key=lambda attempt: attempt[0])
    return pixels, probabilities


def _class_map(probabilities: tf.Tensor) -> tf.Tensor:
    return tf.argmax(probabilities, axis=-1, output_type=tf.int32)
