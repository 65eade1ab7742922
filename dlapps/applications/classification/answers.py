"""What a classifier of images or points answers, as it is asked, exported and served."""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.classification.uncertainty import (
    UNCERTAINTY_KINDS,
    AskedClassifier,
    show_uncertainty,
)
from dlapps.data.batches import in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_images,
    read_bytes,
    to_unit_interval,
)
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.sources.folders import IMAGES
from dlapps.errors import UsageError, in_short
from dlapps.export.answer import Answer, Arrays
from dlapps.export.class_names import (
    LabelTable,
    class_answer,
    class_kinds,
    expected_class_answer,
    show_class,
)
from dlapps.export.kinds import Kind, image_file, pixel_array

POINT = "coordinates such as 0.5,-1.2"
POINT_KIND = Kind(
    "point", "the coordinates of a point in the plane",
    {"names": ["x", "y"], "low": [-6, -6], "high": [6, 6]},
)  # fmt: skip
FARTHEST = float(np.finfo(np.float32).max)


def classifier_answers(
    asked: AskedClassifier, spec: LabelledSpec, batch_size: int
) -> dict[str, Answer]:
    """`serving_default` takes points [N, 2], or image_bytes [N]; then `pixels` uint8 [N, H, W, C].

    Each is answered with the class, the probabilities [N, C] of all, and how sure they are.
    `batch_size` is that of the examples by which other formats are compared.
    """
    table = LabelTable(spec.class_names)

    def answer(x: tf.Tensor) -> dict[str, tf.Tensor]:
        answered = asked.answer(x)
        return class_answer(answered["probabilities"], table) | answered

    def expected(x: Any) -> Arrays:
        logits, uncertainty = asked.expected(x)
        return expected_class_answer(logits, spec.class_names) | uncertainty

    show_answer = show_class(spec.class_names)

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        return show_answer(text, outputs, directory, name) | show_uncertainty(outputs)

    kinds = class_kinds(spec.class_names) | UNCERTAINTY_KINDS
    if not spec.is_image:
        points = np.random.default_rng(0).uniform(-6, 6, (8, 2)).astype(np.float32)
        return {
            "serving_default": Answer(
                inputs={"points": tf.TensorSpec([None, 2], tf.float32)},
                function=lambda points: answer(points),
                example=lambda: ({"points": points}, expected(points)),
                read=lambda text: {"points": read_point(text)[None]},
                show=show,
                takes=POINT,
                resources=[table],
                input_kinds={"points": POINT_KIND},
                output_kinds=kinds,
                rows=lambda examples: in_order(
                    examples, batch_size, lambda row: {"points": row["point"]}
                ),
            )
        }
    shape = (2, *spec.input_shape)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    files = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=lambda image_bytes: answer(
                to_unit_interval(decode_images(image_bytes, spec.image_shape))
            ),
            example=lambda: ({"image_bytes": files}, expected(to_unit_interval(pixels))),
            read=lambda text: {"image_bytes": np.array([read_bytes(text)], object)},
            show=show,
            takes=IMAGE_FILE,
            suffixes=IMAGES.suffixes,
            resources=[table],
            input_kinds={"image_bytes": image_file(spec.image_shape, READABLE, IMAGES.suffixes)},
            output_kinds=kinds,
        ),
        "pixels": Answer(
            inputs={"pixels": tf.TensorSpec([None, *spec.input_shape], tf.uint8)},
            function=lambda pixels: answer(to_unit_interval(pixels)),
            example=lambda: ({"pixels": pixels}, expected(to_unit_interval(pixels))),
            resources=[table],
            input_kinds={"pixels": pixel_array(spec.image_shape)},
            output_kinds=kinds,
            rows=lambda examples: in_order(
                examples, batch_size, lambda row: {"pixels": row["image"]}
            ),
        ),
    }


def read_point(text: str) -> np.ndarray:
    """float32 [2] of coordinates that a person typed; UsageError for what are none."""
    try:
        x, y = (float(number) for number in text.split(","))
        # In the 32 bits of the network, a number may be infinite that was not.
        if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST):
            raise ValueError("no place in the plane")
    except ValueError as error:
        raise UsageError(f"'{in_short(text)}' is not a point; this run takes {POINT}.") from error
    return np.array([x, y], np.float32)
