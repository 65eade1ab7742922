"""What a detector answers: boxes with their classes and scores, from an encoded image or pixels."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.detection.data import BoxedSpec
from dlapps.applications.detection.finding import (
    Network,
    SuppressionSettings,
    TileSettings,
    find,
    find_by_tiles,
)
from dlapps.data.batches import in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_image,
    read_image,
    read_image_bytes,
    to_unit_interval,
)
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.sources.folders import IMAGES
from dlapps.errors import UsageError
from dlapps.explain.figures.boxes import drawn_png
from dlapps.export.answer import Answer, Arrays
from dlapps.export.boxes import (
    EXAMPLE_SIZES,
    box_kinds,
    example_scene,
    titles_of,
    told_boxes,
)
from dlapps.export.kinds import Kind, image_file, pixel_array
from dlapps.files import write_into
from dlapps.models.vision.detector import Detector


def detection_answers(
    model: Detector,
    spec: BoxedSpec,
    settings: SuppressionSettings,
    batch_size: int,
    tiles: TileSettings | None = None,
) -> dict[str, Answer]:
    """`serving_default` takes image_bytes [N], `pixels` takes uint8 [N, H, W, 3] of any size.

    Both answer as `find` does, with boxes in pixels of the image as it was given; where `tiles`
    have a scale, as `find_by_tiles`. Raises UsageError where that of training is not known.
    """
    finder = _Finder(model, spec, settings, tiles or TileSettings())

    def from_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return finder.find(image_bytes, lambda file: decode_image(file, (None, None, 3)))

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return finder.find(pixels, lambda image: image)

    def encoded_example() -> tuple[Arrays, Arrays]:
        images = [_scene(*size) for size in EXAMPLE_SIZES]
        files = [tf.io.encode_png(image).numpy() for image in images]
        return {"image_bytes": np.array(files, object)}, finder.expected(images)

    def pixel_example() -> tuple[Arrays, Arrays]:
        images = [_scene(*spec.image_size)]
        return {"pixels": np.stack(images)}, finder.expected(images)

    shape, kinds = (None, None, 3), _kinds(spec)
    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=from_bytes,
            example=encoded_example,
            read=read_image_bytes,
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


class _Finder:
    """A detector, how its boxes are chosen, and whether images are searched whole or by tiles."""

    def __init__(
        self,
        model: Detector,
        spec: BoxedSpec,
        settings: SuppressionSettings,
        tiles: TileSettings,
    ):
        self.model, self.size, self.settings = model, spec.image_size, settings
        self.scale, self.overlap = _scale(tiles, spec), tiles.overlap

    def find(
        self, inputs: tf.Tensor, to_image: Callable[[tf.Tensor], tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """What is found in the images that `to_image` makes of each of the inputs [N, ...]."""
        network = functools.partial(self.model, training=False)
        if self.scale is not None:
            return tf.map_fn(
                lambda given: {
                    name: each[0] for name, each in self._by_tiles(network, to_image(given)).items()
                },
                inputs,
                fn_output_signature=_signature(self.settings.max_detections),
            )
        signature = (
            tf.TensorSpec((*self.size, 3), tf.uint8),
            tf.TensorSpec((), tf.float32),
            tf.TensorSpec((2,), tf.int32),
        )
        laid = tf.map_fn(
            lambda given: self._laid(to_image(given)), inputs, fn_output_signature=signature
        )
        return self._whole(network, *laid)

    def expected(self, images: list[np.ndarray]) -> Arrays:
        """The same of uint8 images [H, W, 3], by another path than that of the exported graph."""
        network, parts = functools.partial(_predict, self.model), []
        for image in map(tf.constant, images):
            if self.scale is not None:
                parts.append(self._by_tiles(network, image))
            else:
                parts.append(self._whole(network, *(each[None] for each in self._laid(image))))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _laid(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The image at the network's size, its scale, and its own height and width."""
        return *letterboxed(image, self.size), tf.shape(image)[:2]

    def _whole(
        self, network: Network, images: tf.Tensor, scales: tf.Tensor, sizes: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        found = find(network, self.model.located, images, self.settings)
        return {**found, "boxes": in_original(found["boxes"], scales, sizes)}

    def _by_tiles(self, network: Network, image: tf.Tensor) -> dict[str, tf.Tensor]:
        assert self.scale is not None, "without one an image is seen whole"
        return find_by_tiles(
            network, self.model.located, image, self.size, self.scale, self.settings, self.overlap
        )


def candidate_answer(model: Detector, spec: BoxedSpec) -> Answer:
    """Takes uint8 images [N, height, width, 3] of the network's size, gives what is chosen from.

    candidates [N, A, 4] are the boxes of all places in pixels of these images, probabilities
    [N, A, C] those of each class there.
    """
    height, width = spec.image_size

    def function(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return candidates(model(to_unit_interval(images), training=False))

    def candidates(outputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        boxes, probabilities = model.located(outputs)
        return {"candidates": boxes, "probabilities": probabilities}

    def example() -> tuple[Arrays, Arrays]:
        images = _scene(height, width)[None]
        expected = candidates(_predict(model, to_unit_interval(images)))
        return {"images": images}, {name: each.numpy() for name, each in expected.items()}

    return Answer(
        inputs={"images": tf.TensorSpec([None, height, width, 3], tf.uint8)},
        function=function,
        example=example,
        input_kinds={"images": pixel_array((height, width, 3))},
        output_kinds={
            "candidates": Kind(
                "numbers", "left, top, right and bottom of a box of each place, in pixels"
            ),
            "probabilities": Kind(
                "numbers",
                "of each class at each place; of boxes of a class that overlap, leave the best",
                {"names": [*spec.class_names]},
            ),
        },
    )


def _scale(tiles: TileSettings, spec: BoxedSpec) -> float | None:
    if tiles.scale != "training":
        return tiles.scale
    if spec.scale is None:
        raise UsageError(
            "tiles.scale training: this run has not kept the scale of its images; give a number."
        )
    return spec.scale


def _signature(max_detections: int) -> dict[str, tf.TensorSpec]:
    """What `find` gives for one image."""
    return {
        "boxes": tf.TensorSpec((max_detections, 4), tf.float32),
        "scores": tf.TensorSpec((max_detections,), tf.float32),
        "classes": tf.TensorSpec((max_detections,), tf.int32),
        "count": tf.TensorSpec((), tf.int32),
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
    return example_scene(height, width, np.random.default_rng(height * width))


def _kinds(spec: BoxedSpec) -> dict[str, Kind]:
    """What the outputs of both answers are, by their names."""
    count = Kind("numbers", "how many of the boxes are sure enough to be counted")
    return {**box_kinds(spec.class_names), "count": count}


def _show(spec: BoxedSpec, counted_from: float) -> Callable[..., dict[str, Any]]:
    """Draws what is counted over its image; tells where and what it is."""

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        (boxes,), (scores,), (classes,) = (outputs[key] for key in ("boxes", "scores", "classes"))
        counted = np.flatnonzero((classes >= 0) & (scores >= counted_from))
        labels = [spec.class_names[index] for index in classes[counted]]
        image = read_image(text, (None, None, 3))
        titles = titles_of(scores[counted], labels)
        drawn = drawn_png(image, boxes[counted], titles, classes[counted], len(spec.class_names))
        objects = told_boxes(boxes[counted], scores[counted], labels)
        return {
            "count": len(objects),
            "objects": objects,
            "drawn": str(write_into(directory, f"{name}_boxes.png", drawn)),
        }

    return show
