"""What a detector answers: boxes with their classes and scores, from an encoded image or pixels."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import tensorflow as tf
from pydantic import Field

from dlapps.applications.detection.data import BoxedSpec
from dlapps.applications.detection.pictures import drawn_png
from dlapps.config.section import Positive, Section
from dlapps.data.batches import in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_image,
    read_bytes,
    read_image,
    to_unit_interval,
)
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.sources.folders import IMAGES
from dlapps.decoding.non_maximum_suppression import non_maximum_suppression
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind, image_file, pixel_array
from dlapps.files import write_into
from dlapps.models.vision.detector import Detector

Fraction = Annotated[float, Field(ge=0, le=1)]
Found = Mapping[str, tf.Tensor]
SIDES = ("left", "top", "right", "bottom")
EXAMPLE_SIZES = ((48, 80), (96, 64))
"""Heights and widths of the images that an export is compared on."""


class SuppressionSettings(Section):
    """How boxes are chosen from all that the places of a network say."""

    score_threshold: Fraction = 0.05
    """The least score of a box that is given."""
    counted_from: Fraction = 0.4
    """The least score of a box that is counted as an object, and drawn."""
    overlap: Fraction = 0.5
    """Intersection over union with a better box of its class from which a box is left out."""
    max_detections: Positive = 100
    """Boxes of an image."""


def find(
    network: Callable[[tf.Tensor], Mapping[str, tf.Tensor]],
    located: Callable[[Mapping[str, tf.Tensor]], tuple[tf.Tensor, tf.Tensor]],
    images: tf.Tensor,
    settings: SuppressionSettings,
) -> dict[str, tf.Tensor]:
    """What is found in uint8 images [N, H, W, 3] of the network's size.

    boxes [N, K, 4] in their pixels, scores [N, K], classes int32 [N, K] (-1 where there is no box
    any more), the best first, and count int32 [N], how many are sure enough to be counted.
    """
    boxes, probabilities = located(network(to_unit_interval(images)))
    found = non_maximum_suppression(
        boxes,
        probabilities,
        settings.score_threshold,
        settings.overlap,
        settings.max_detections,
    )
    counted = (found["scores"] >= settings.counted_from) & (found["classes"] >= 0)
    return {
        "boxes": found["boxes"],
        "scores": found["scores"],
        "classes": found["classes"],
        "count": tf.reduce_sum(tf.cast(counted, tf.int32), axis=1),
    }


def detection_answers(
    model: Detector, spec: BoxedSpec, settings: SuppressionSettings, batch_size: int
) -> dict[str, Answer]:
    """`serving_default` takes image_bytes [N], `pixels` takes uint8 [N, H, W, 3] of any size.

    Both answer as `find` does, with boxes in pixels of the image as it was given.
    """
    height, width = spec.image_size

    def found_in(
        inputs: tf.Tensor, to_image: Callable[[tf.Tensor], tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        def lay(given: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            image = to_image(given)
            return *letterboxed(image, spec.image_size), tf.shape(image)[:2]

        signature = (
            tf.TensorSpec((height, width, 3), tf.uint8),
            tf.TensorSpec((), tf.float32),
            tf.TensorSpec((2,), tf.int32),
        )
        images, scales, sizes = tf.map_fn(lay, inputs, fn_output_signature=signature)
        network = functools.partial(model, training=False)
        found = find(network, model.located, images, settings)
        return {**found, "boxes": in_original(found["boxes"], scales, sizes)}

    def from_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return found_in(image_bytes, lambda file: decode_image(file, (None, None, 3)))

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return found_in(pixels, lambda image: image)

    def expected(images: list[np.ndarray]) -> Arrays:
        parts = []
        for image in images:
            laid, scale = letterboxed(tf.constant(image), spec.image_size)
            found = find(functools.partial(_predict, model), model.located, laid[None], settings)
            boxes = in_original(found["boxes"], scale[None], tf.constant([image.shape[:2]]))
            parts.append({**found, "boxes": boxes})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def encoded_example() -> tuple[Arrays, Arrays]:
        images = [_scene(*size) for size in EXAMPLE_SIZES]
        files = [tf.io.encode_png(image).numpy() for image in images]
        return {"image_bytes": np.array(files, object)}, expected(images)

    def pixel_example() -> tuple[Arrays, Arrays]:
        images = [_scene(height, width)]
        return {"pixels": np.stack(images)}, expected(images)

    shape, kinds = (None, None, 3), _kinds(spec)
    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=from_bytes,
            example=encoded_example,
            read=lambda text: {"image_bytes": np.array([read_bytes(text)], object)},
            show=_show(spec, settings.counted_from),
            takes=IMAGE_FILE,
            suffixes=IMAGES.suffixes,
            at_once=8,
            input_kinds={"image_bytes": image_file(shape, READABLE, IMAGES.suffixes)},
            output_kinds=kinds,
        ),
        "pixels": Answer(
            inputs={"pixels": tf.TensorSpec([None, None, None, 3], tf.uint8)},
            function=from_pixels,
            example=pixel_example,
            input_kinds={"pixels": pixel_array(shape)},
            output_kinds=kinds,
            rows=lambda examples: in_order(
                examples, batch_size, lambda row: {"pixels": row["image"]}
            ),
        ),
    }


def in_original(boxes: tf.Tensor, scales: tf.Tensor, sizes: tf.Tensor) -> tf.Tensor:
    """Boxes [N, K, 4] in pixels of the images as they were given, and no farther than these.

    scales: [N], by which they were made smaller or larger; sizes: int32 [N, 2], their heights and
    widths.
    """
    corners = tf.cast(tf.gather(sizes, [1, 0, 1, 0], axis=1), tf.float32)[:, None]
    return tf.clip_by_value(boxes / scales[:, None, None], 0.0, corners)


def _predict(model: Any, images: tf.Tensor) -> Mapping[str, tf.Tensor]:
    """The outputs by another path than the exported graph's."""
    return model.predict(np.asarray(images), verbose=0)


def _scene(height: int, width: int) -> np.ndarray:
    """A picture with a few bright things in it, on which something may be found."""
    random = np.random.default_rng(height * width)
    image = random.integers(60, 120, (height, width, 3), np.uint8)
    for _ in range(4):
        top, left = random.integers(0, height - 16), random.integers(0, width - 16)
        image[top : top + 16, left : left + 16] = random.integers(120, 256, 3)
    return image


def _kinds(spec: BoxedSpec) -> dict[str, Kind]:
    """What the outputs of both answers are, by their names."""
    return {
        "boxes": Kind(
            "boxes",
            "left, top, right and bottom of each box in pixels of the image, the surest first; "
            "zeros follow the last",
            {"names": [*spec.class_names]},
        ),
        "scores": Kind("numbers", "how sure each box is, from 0 to 1; zeros follow the last"),
        "classes": Kind(
            "class_index",
            "the class of each box; -1 where there is none any more",
            {"names": [*spec.class_names]},
        ),
        "count": Kind("numbers", "how many of the boxes are sure enough to be counted"),
    }


def _show(spec: BoxedSpec, counted_from: float) -> Callable[..., dict[str, Any]]:
    """Draws what is counted over its image; tells where and what it is."""

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        (boxes,), (scores,), (classes,) = (outputs[key] for key in ("boxes", "scores", "classes"))
        counted = np.flatnonzero((classes >= 0) & (scores >= counted_from))
        labels = [spec.class_names[index] for index in classes[counted]]
        image = read_image(text, (None, None, 3))
        titles = [
            f"{label} {score:.2f}" for label, score in zip(labels, scores[counted], strict=True)
        ]
        drawn = drawn_png(image, boxes[counted], titles, classes[counted], len(spec.class_names))
        objects = [
            {
                "class": label,
                "score": round(float(score), 4),
                **{side: round(float(at), 1) for side, at in zip(SIDES, box, strict=True)},
            }
            for label, score, box in zip(labels, scores[counted], boxes[counted], strict=True)
        ]
        return {
            "count": len(objects),
            "objects": objects,
            "drawn": str(write_into(directory, f"{name}_boxes.png", drawn)),
        }

    return show
