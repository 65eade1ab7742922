"""What a segmentation answers: the class of every pixel, from an encoded image or from pixels."""

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from dlapps.applications.segmentation.data import MaskSpec
from dlapps.applications.segmentation.pictures import mask_png, overlay_png
from dlapps.applications.segmentation.tiles import TileSettings, segment_by_tiles, tiling_of
from dlapps.data.batches import in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_image,
    read_image,
    read_image_bytes,
    resized,
    to_unit_interval,
)
from dlapps.data.sources.folders import IMAGES
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind, image_file, pixel_array
from dlapps.files import write_into

NUM_TRIES = 8
NOWHERE = -1
"""Fills a class map beyond an image that is smaller than others of its batch."""


def network_inputs(images: tf.Tensor | np.ndarray, spec: MaskSpec) -> tf.Tensor:
    """What the network takes of uint8 images [N, H, W, channels] of any size, as in training."""
    return to_unit_interval(_scaled(images, spec, None))


def _scaled(
    images: tf.Tensor | np.ndarray, spec: MaskSpec, scale: float | None
) -> tf.Tensor | np.ndarray:
    if scale is None:
        return images if spec.image_size is None else resized(images, spec.image_size)
    if scale == 1:
        return images
    sides = tf.cast(tf.shape(images)[1:3], tf.float32)
    return resized(images, tf.maximum(tf.cast(tf.round(scale * sides), tf.int32), 1))


def segment(
    network: Callable[[tf.Tensor], Any],
    images: tf.Tensor | np.ndarray,
    spec: MaskSpec,
    scale: float | None = None,
) -> tf.Tensor:
    """The probabilities [N, H, W, C] of uint8 images, by the logits that `network` gives.

    It sees them `scale` times as large; without one, resized as those that it learned on.
    """
    return _like(images, _probabilities(network, _scaled(images, spec, scale)))


def _probabilities(
    network: Callable[[tf.Tensor], Any], images: tf.Tensor | np.ndarray
) -> tf.Tensor:
    return tf.nn.softmax(tf.cast(network(to_unit_interval(images)), tf.float32))


def segment_large(
    model: keras.Model, images: tf.Tensor, spec: MaskSpec, tiles: TileSettings
) -> tf.Tensor:
    """The probabilities as `segment` gives them, of large images tile by tile."""
    network = functools.partial(model, training=False)
    if _is_seen_whole(spec, tiles):
        return segment(network, images, spec)
    probabilities = segment_by_tiles(
        lambda tile: _probabilities(network, tile),
        _scaled(images, spec, tiles.scale),
        tiling_of(model, tiles),
        tf.TensorSpec([None, None, None, len(spec.class_names)], tf.float32),
    )
    return _like(images, probabilities)


def classify_large(
    model: keras.Model, images: tf.Tensor, spec: MaskSpec, tiles: TileSettings
) -> tf.Tensor:
    """The class map int32 [N, H, W] of `segment_large`, in a byte a pixel where it can be."""
    if _is_seen_whole(spec, tiles) or tiles.scale not in (None, 1):
        probabilities = segment_large(model, images, spec, tiles)
        return tf.argmax(probabilities, axis=-1, output_type=tf.int32)

    def classes(tile: tf.Tensor) -> tf.Tensor:
        # Of probabilities, not logits: so ties fall as they do where these are given.
        probabilities = _probabilities(functools.partial(model, training=False), tile)
        return tf.cast(tf.argmax(probabilities, axis=-1, output_type=tf.int32), tf.uint8)

    return tf.cast(
        segment_by_tiles(
            classes,
            _scaled(images, spec, tiles.scale),
            tiling_of(model, tiles),
            tf.TensorSpec([None, None, None], tf.uint8),
        ),
        tf.int32,
    )


def _is_seen_whole(spec: MaskSpec, tiles: TileSettings) -> bool:
    return spec.image_size is not None and tiles.scale is None


def _like(images: tf.Tensor | np.ndarray, probabilities: tf.Tensor) -> tf.Tensor:
    """The probabilities [N, h, w, C] in the size of the images."""
    size = tf.shape(images)[1:3]
    return tf.cond(
        tf.reduce_all(tf.shape(probabilities)[1:3] == size),
        lambda: probabilities,
        lambda: tf.image.resize(probabilities, size),
    )


def mask_answers(
    model: keras.Model,
    spec: MaskSpec,
    batch_size: int = 1,
    tiles: TileSettings | None = None,
) -> dict[str, Answer]:
    """`serving_default` takes image_bytes [N], `pixels` takes uint8 [N, H, W, channels].

    Both answer with class_map int32 [N, H, W]. Encoded images may differ in size: each has its
    mask_png_bytes [N], the class indices as a grey PNG of its own size, while the class map is as
    large as the largest and NOWHERE beyond the others. `pixels` also gives probabilities
    [N, H, W, C]. Encoded images are answered by tiles where they are large, pixels always whole.
    """
    tiles = tiles or TileSettings()

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        network = functools.partial(model, training=False)
        probabilities = segment(network, pixels, spec, tiles.scale)
        class_map = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
        return {"class_map": class_map, "probabilities": probabilities}

    def from_one(contents: tf.Tensor) -> tuple[tf.RaggedTensor, tf.Tensor]:
        image = decode_image(contents, (None, None, spec.channels))
        class_map = classify_large(model, image[None], spec, tiles)[0]
        png = tf.io.encode_png(tf.cast(class_map, tf.uint8)[..., None])
        return tf.RaggedTensor.from_tensor(class_map), png

    def from_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        ragged = tf.RaggedTensorSpec([None, None], tf.int32, ragged_rank=1)
        text = tf.TensorSpec([], tf.string)
        maps, pngs = tf.map_fn(from_one, image_bytes, fn_output_signature=(ragged, text))
        return {"class_map": maps.to_tensor(NOWHERE), "mask_png_bytes": pngs}

    predict = functools.partial(model.predict, verbose=0)
    # Both signatures are compared on it.
    clearest = functools.cache(
        lambda: clearest_example(
            lambda pixels: segment(predict, pixels, spec, tiles.scale), spec.channels
        )
    )
    shape, kinds = (None, None, spec.channels), _mask_kinds(spec)
    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=from_bytes,
            example=lambda: _encoded_example(*clearest()),
            read=read_image_bytes,
            show=_show_mask(spec),
            takes=IMAGE_FILE,
            suffixes=IMAGES.suffixes,
            at_once=1,
            input_kinds={"image_bytes": image_file(shape, READABLE, IMAGES.suffixes)},
            output_kinds=kinds,
        ),
        "pixels": Answer(
            inputs={"pixels": tf.TensorSpec([None, None, None, spec.channels], tf.uint8)},
            function=from_pixels,
            example=lambda: _pixel_example(*clearest()),
            input_kinds={"pixels": pixel_array(shape)},
            output_kinds=kinds,
            rows=lambda examples: in_order(
                examples, batch_size, lambda row: {"pixels": row["image"]}
            ),
        ),
    }


def _mask_kinds(spec: MaskSpec) -> dict[str, Kind]:
    """What the outputs of both answers are, by their names."""
    names = {"names": [*spec.class_names]}
    return {
        "class_map": Kind(
            "class_map",
            f"the class of each pixel, {NOWHERE} beyond an image smaller than others of its batch",
            {**names, "nowhere": NOWHERE},
        ),
        "mask_png_bytes": Kind("mask_file", "a grey PNG whose pixels are class indices", names),
        "probabilities": Kind("class_probabilities", "those of each pixel's classes", names),
    }


def _pixel_example(pixels: np.ndarray, probabilities: np.ndarray) -> tuple[Arrays, Arrays]:
    class_map = probabilities.argmax(axis=-1).astype(np.int32)
    return {"pixels": pixels}, {"class_map": class_map, "probabilities": probabilities}


def _encoded_example(pixels: np.ndarray, probabilities: np.ndarray) -> tuple[Arrays, Arrays]:
    class_map = probabilities.argmax(axis=-1).astype(np.int32)
    files = [tf.io.encode_png(image).numpy() for image in pixels]
    masks = [tf.io.encode_png(mask[..., None].astype(np.uint8)).numpy() for mask in class_map]
    return (
        {"image_bytes": np.array(files, object)},
        {"class_map": class_map, "mask_png_bytes": np.array(masks, object)},
    )


def clearest_example(
    answer: Callable[[np.ndarray], tf.Tensor], channels: int
) -> tuple[np.ndarray, np.ndarray]:
    """Two images, uint8 [2, 24, 16, channels], and the probabilities that `answer` gives them.

    Of a few tries, the one whose least decided pixel is decided best: where two classes are as
    good as equal, rounding would choose, and no two class maps would agree.
    """
    tries = []
    for seed in range(NUM_TRIES):
        shape = (2, 24, 16, channels)
        pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
        probabilities = np.asarray(answer(pixels))
        *_, second, first = np.moveaxis(np.sort(probabilities, axis=-1), -1, 0)
        tries.append((np.min(first - second), pixels, probabilities))
    _, pixels, probabilities = max(tries, key=lambda attempt: attempt[0])
    return pixels, probabilities


def _show_mask(spec: MaskSpec) -> Callable[..., dict[str, Any]]:
    """Writes the mask, and the mask over its image; tells each class's share of the pixels."""
    num_classes = len(spec.class_names)

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        with Image.open(io.BytesIO(outputs["mask_png_bytes"][0])) as file:
            class_map = np.asarray(file)
        image = read_image(text, (None, None, spec.channels))
        mask = write_into(directory, f"{name}_mask.png", mask_png(class_map, num_classes))
        over_image = overlay_png(image, class_map, spec.class_names)
        overlay = write_into(directory, f"{name}_overlay.png", over_image)
        shares = np.bincount(class_map.ravel(), minlength=num_classes) / class_map.size
        return {
            "mask": str(mask),
            "overlay": str(overlay),
            "shares": dict(zip(spec.class_names, shares.tolist(), strict=True)),
        }

    return show
