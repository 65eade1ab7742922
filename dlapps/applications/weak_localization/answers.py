"""What weak localization answers: what is in an image, maps of where, and boxes around it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.weak_localization.data import WeakSpec
from dlapps.applications.weak_localization.maps import (
    MapSettings,
    Network,
    boxes_in,
    class_mask,
    localize,
    network_of,
    tapped_model,
    threshold_of,
)
from dlapps.applications.weak_localization.pictures import grey_png, map_png
from dlapps.data.batches import in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_image,
    fitted,
    read_image,
    read_image_bytes,
)
from dlapps.data.sources.folders import IMAGES
from dlapps.decoding.connected_components import NO_CLASS
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
from dlapps.metrics.weak_localization import parts_of

NUM_TRIES = 8


def weak_answers(
    model: keras.Model, spec: WeakSpec, settings: MapSettings, batch_size: int
) -> dict[str, Answer]:
    """`serving_default` takes image_bytes [N] of any sizes, `pixels` uint8 [N, H, W, 3].

    Both answer with probabilities [N, C]; maps [N, h, w, C] from 0 to 1 of the size that images
    are stretched to; and boxes [N, K, 4] in pixels of the image as it was given, scores [N, K],
    classes int32 [N, K] (-1 where there is no box any more), the surest first, and count int32 [N].
    """
    height, width, _ = spec.image_shape
    network, threshold = network_of(model, settings), threshold_of(model)

    def found_in(
        inputs: tf.Tensor, to_image: Callable[[tf.Tensor], tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        def stretch(given: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            image = to_image(given)
            return fitted(image, spec.image_shape), tf.shape(image)[:2]

        signature = tf.TensorSpec(spec.image_shape, tf.uint8), tf.TensorSpec((2,), tf.int32)
        images, sizes = tf.map_fn(stretch, inputs, fn_output_signature=signature)
        probabilities, maps = localize(network, images, settings)
        found = boxes_in(probabilities, maps, threshold, settings)
        boxes = found["boxes"] * _scales(sizes, spec)
        return {"probabilities": probabilities, "maps": maps, **found, "boxes": boxes}

    def from_bytes(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return found_in(image_bytes, lambda file: decode_image(file, (None, None, 3)))

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return found_in(pixels, lambda image: image)

    def encoded_example() -> tuple[Arrays, Arrays]:
        images, expected = _example(model, spec, settings, EXAMPLE_SIZES)
        files = [tf.io.encode_png(image).numpy() for image in images]
        return {"image_bytes": np.array(files, object)}, expected

    def pixel_example() -> tuple[Arrays, Arrays]:
        images, expected = _example(model, spec, settings, ((height, width),))
        return {"pixels": np.stack(images)}, expected

    shape, kinds = (None, None, 3), _kinds(spec)
    return {
        "serving_default": Answer(
            inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
            function=from_bytes,
            example=encoded_example,
            read=read_image_bytes,
            show=_show(spec, settings, threshold),
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


def _scales(sizes: tf.Tensor, spec: WeakSpec) -> tf.Tensor:
    """float32 [N, 1, 4]: from what images were stretched to back to heights and widths [N, 2]."""
    stretched = tf.constant(spec.image_shape[1::-1] * 2, tf.float32)
    return (tf.cast(tf.gather(sizes, [1, 0, 1, 0], axis=1), tf.float32) / stretched)[:, None]


def _example(
    model: keras.Model, spec: WeakSpec, settings: MapSettings, sizes: tuple[tuple[int, int], ...]
) -> tuple[list[np.ndarray], Arrays]:
    """Images of these heights and widths, and what is found in them by another path.

    Of some tries, the one whose maps keep farthest from the threshold, and whose probabilities from
    what counts: where both are as good as equal, rounding would decide.
    """
    network, threshold = _predicting(model, settings), threshold_of(model)
    tries = []
    for seed in range(NUM_TRIES):
        images = [example_scene(*size, np.random.default_rng([*size, seed])) for size in sizes]
        stretched = tf.stack([fitted(tf.constant(image), spec.image_shape) for image in images])
        probabilities, maps = map(np.asarray, localize(network, stretched, settings))
        clearness = min(
            float(np.abs(maps - threshold).min()),
            float(np.abs(probabilities - settings.present_from).min()),
        )
        tries.append((clearness, images, probabilities, maps))
    _, images, probabilities, maps = max(tries, key=lambda each: each[0])
    boxed = [_boxes(*row, threshold, settings) for row in zip(probabilities, maps, strict=True)]
    found = {name: np.stack([each[name] for each in boxed]) for name in boxed[0]}
    boxes = found["boxes"] * _scales(tf.constant(sizes), spec).numpy()
    return images, {"probabilities": probabilities, "maps": maps, **found, "boxes": boxes}


def _predicting(model: keras.Model, settings: MapSettings) -> Network:
    """The network by another path than the exported graph's: by Keras, or not as one graph."""
    if settings.method != "cam":
        return network_of(model, settings)
    tapped = tapped_model(model)
    return lambda images: tuple(tapped.predict(np.asarray(images), verbose=0))


def _boxes(
    probabilities: np.ndarray, maps: np.ndarray, threshold: float, settings: MapSettings
) -> dict[str, np.ndarray]:
    """The boxes of one image's maps [H, W, C], found by SciPy."""
    found: list[tuple[float, int, np.ndarray]] = []
    for label in np.flatnonzero(probabilities >= settings.present_from):
        boxes, peaks = parts_of(maps[..., label], threshold)
        scores = peaks * probabilities[label]
        found += [(-score, int(label), box) for score, box in zip(scores, boxes, strict=True)]
    surest = sorted(found, key=lambda each: each[0])[: settings.max_boxes]
    all_boxes = np.zeros((settings.max_boxes, 4), np.float32)
    all_scores = np.zeros(settings.max_boxes, np.float32)
    classes = np.full(settings.max_boxes, NO_CLASS, np.int32)
    for place, (score, kind, box) in enumerate(surest):
        all_boxes[place], all_scores[place], classes[place] = box, -score, kind
    count = np.array(len(surest), np.int32)
    return {"boxes": all_boxes, "scores": all_scores, "classes": classes, "count": count}


def _kinds(spec: WeakSpec) -> dict[str, Kind]:
    """What the outputs of both answers are, by their names."""
    return {
        "probabilities": Kind(
            "numbers", f"how likely each class is to be there: {', '.join(spec.class_names)}"
        ),
        "maps": Kind("numbers", "where each class is, from 0 to 1, if it is there at all"),
        **box_kinds(spec.class_names),
        "count": Kind("numbers", "how many boxes there are"),
    }


def _show(spec: WeakSpec, settings: MapSettings, threshold: float) -> Callable[..., dict[str, Any]]:
    """Draws boxes and maps over the image and writes the mask; tells what is there, and where."""
    names = spec.class_names

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        (probabilities,), (maps,), (boxes,), (scores,), (classes,) = (
            outputs[key] for key in ("probabilities", "maps", "boxes", "scores", "classes")
        )
        found = np.flatnonzero(classes >= 0)
        labels = [names[index] for index in classes[found]]
        titles = titles_of(scores[found], labels)
        image = read_image(text, (None, None, 3))
        # Of a large image with many classes, all maps would not fit into memory.
        present = np.flatnonzero(probabilities >= settings.present_from)
        present_maps = np.zeros((*image.shape[:2], 0), np.float32)
        if len(present):
            present_maps = tf.image.resize(maps[..., present], image.shape[:2]).numpy()
        mask = class_mask(present_maps, present, threshold)
        drawn = drawn_png(image, boxes[found], titles, classes[found], len(names))
        laid = map_png(image, present_maps)
        return {
            "present": {
                each: round(float(one), 4) for each, one in zip(names, probabilities, strict=True)
            },
            "count": len(found),
            "objects": told_boxes(boxes[found], scores[found], labels),
            "drawn": str(write_into(directory / "boxes", f"{name}.png", drawn)),
            "maps": str(write_into(directory / "maps", f"{name}.png", laid)),
            "mask": str(write_into(directory / "masks", f"{name}.png", grey_png(mask))),
        }

    return show
