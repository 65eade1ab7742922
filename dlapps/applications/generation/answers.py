"""What a generative model answers: images from seeds, and what it keeps of images it is shown."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from dlapps.applications.generation.pictures import PATH_STEPS, path_between
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_images,
    read_bytes,
    to_unit_interval,
)
from dlapps.data.sources.folders import IMAGES
from dlapps.errors import UsageError, in_short
from dlapps.explain.figures.image_grid import image_grid
from dlapps.export.answer import Answer, Arrays
from dlapps.export.kinds import Kind, image_array, image_file
from dlapps.files import write_into
from dlapps.models.generative.maps import GenerativeModel, standard_normal

GRID_SIZE = 64
SEED = "whole numbers such as 7"
TWO_IMAGES = f"two images this program can read ({READABLE}), as a.png:b.png"

ImageShape = tuple[int, int, int]
Map = Callable[[tf.Tensor], tf.Tensor]

LATENTS = Kind("numbers", "the numbers that the model keeps of an image")

FILES = tf.TensorSpec([None], tf.string)


def generative_answers(model: GenerativeModel, image_shape: ImageShape) -> dict[str, Answer]:
    """An answer for each endpoint of `model`; `serving_default` is the first of them.

    A model that encodes also gives images back (`reconstruct`) and goes from one to another
    (`interpolate`). Images are answered as float32 [N, H, W, C] in [0, 1].
    """
    endpoints = model.endpoints()
    encodes = "encode" in endpoints

    @tf.function(input_signature=[FILES])  # Traced once, for all the answers that begin with it.
    def encode(image_bytes: tf.Tensor) -> tf.Tensor:
        return endpoints["encode"](to_unit_interval(decode_images(image_bytes, image_shape)))

    build = {
        "generate": lambda: _generate(endpoints["generate"], None if encodes else model.name),
        "encode": lambda: _encode(encode, endpoints["encode"], image_shape),
        "decode": lambda: _decode(endpoints["decode"], model.latent_size),
    }
    answers = {name: build[name]() for name in endpoints}
    if encodes:
        answers["reconstruct"] = _reconstruct(encode, endpoints, image_shape)
        answers["interpolate"] = _interpolate(encode, endpoints, image_shape)
    return {"serving_default": next(iter(answers.values())), **answers}


def numeric_answers_of(
    model: GenerativeModel, image_shape: ImageShape, batches: Callable[[Any], tf.data.Dataset]
) -> dict[str, Answer]:
    """`generate`, `encode` and `decode`, as far as the model has them, images as float32.

    `batches` makes images in [0, 1] of the examples of a split.
    """
    endpoints = model.endpoints()
    answers = {"generate": _generate(endpoints["generate"], None)}
    encode = endpoints.get("encode")

    def example() -> tuple[Arrays, Arrays]:
        _, images = _example_images(image_shape)
        assert encode is not None, "it is asked of a model that encodes"
        return {"images": images}, {"latents": _one_by_one(encode, images)}

    if encode is not None:
        answers["encode"] = Answer(
            inputs={"images": tf.TensorSpec([None, *image_shape], tf.float32)},
            function=lambda images: {"latents": encode(images)},
            example=example,
            input_kinds={"images": image_array("an image")},
            output_kinds={"latents": LATENTS},
            rows=lambda examples: batches(examples).map(lambda x: {"images": x}),
        )

    def latents(examples: Any) -> tf.data.Dataset:
        if encode is not None:
            return batches(examples).map(lambda x: {"latents": encode(x)})
        seeds = tf.data.Dataset.range(len(examples)).batch(GRID_SIZE)
        return seeds.map(lambda x: {"latents": standard_normal(x, model.latent_size)})

    answers["decode"] = _decode(endpoints["decode"], model.latent_size)._replace(
        rows=latents,
    )
    return answers


def _generate(generate: Map, without_encoder: str | None) -> Answer:
    """`without_encoder` is the name of a model that has no answer to images."""
    seeds = np.array([0, 1], np.int64)

    def read(text: str) -> Arrays | None:
        if re.fullmatch(r"-?\d{1,18}", text):
            return {"seeds": int(text) + np.arange(GRID_SIZE)}
        if without_encoder is None:
            return None
        raise UsageError(
            f"'{in_short(text)}' is no seed, and a {without_encoder} cannot encode images; it "
            f"takes {SEED}, and generates images from them."
        )

    return Answer(
        inputs={"seeds": tf.TensorSpec([None], tf.int64)},
        function=lambda seeds: {"images": generate(seeds)},
        example=lambda: ({"seeds": seeds}, {"images": _one_by_one(generate, seeds)}),
        read=read,
        show=_show_grid("samples"),
        takes=SEED,
        input_kinds={"seeds": Kind("seed", "a whole number; the same gives the same image")},
        output_kinds={"images": image_array("a new image")},
    )


def _encode(encode: Map, endpoint: Map, image_shape: ImageShape) -> Answer:
    def example() -> tuple[Arrays, Arrays]:
        files, images = _example_images(image_shape)
        return {"image_bytes": files}, {"latents": _one_by_one(endpoint, images)}

    return Answer(
        inputs={"image_bytes": FILES},
        function=lambda image_bytes: {"latents": encode(image_bytes)},
        example=example,
        input_kinds={"image_bytes": _file_kind(image_shape)},
        output_kinds={"latents": LATENTS},
    )


def _decode(decode: Map, latent_size: int) -> Answer:
    latents = np.random.default_rng(0).uniform(size=(2, latent_size)).astype(np.float32)
    return Answer(
        inputs={"latents": tf.TensorSpec([None, latent_size], tf.float32)},
        function=lambda latents: {"images": decode(latents)},
        example=lambda: ({"latents": latents}, {"images": _one_by_one(decode, latents)}),
        input_kinds={"latents": LATENTS},
        output_kinds={"images": image_array("the image that they stand for")},
    )


def _reconstruct(encode: Map, endpoints: Mapping[str, Map], image_shape: ImageShape) -> Answer:
    def example() -> tuple[Arrays, Arrays]:
        files, images = _example_images(image_shape)
        latents = _one_by_one(endpoints["encode"], images)
        return {"image_bytes": files}, {"images": _one_by_one(endpoints["decode"], latents)}

    def read(text: str) -> Arrays | None:
        paths = _paths(text)
        return {"image_bytes": _contents(paths[0])} if len(paths) == 1 else None

    return Answer(
        inputs={"image_bytes": FILES},
        function=lambda image_bytes: {"images": endpoints["decode"](encode(image_bytes))},
        example=example,
        read=read,
        show=_show_grid("reconstruction", columns=1),
        takes=IMAGE_FILE,
        suffixes=IMAGES.suffixes,
        input_kinds={"image_bytes": _file_kind(image_shape)},
        output_kinds={"images": image_array("the image as the model gives it back")},
    )


def _interpolate(encode: Map, endpoints: Mapping[str, Map], image_shape: ImageShape) -> Answer:
    """From one image to another, in equal steps on the straight line between their latents."""
    decode = endpoints["decode"]
    share = np.linspace(0, 1, PATH_STEPS, dtype=np.float32)[:, None]

    def interpolate(
        first_image_bytes: tf.Tensor, second_image_bytes: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        first, second = encode(first_image_bytes), encode(second_image_bytes)
        latents = (1 - share) * first[:, None] + share * second[:, None]
        images = decode(tf.reshape(latents, [-1, latents.shape[-1]]))
        return {"images": tf.reshape(images, [-1, PATH_STEPS, *image_shape])}

    def example() -> tuple[Arrays, Arrays]:
        files, images = _example_images(image_shape)
        latents = _one_by_one(endpoints["encode"], images)
        paths = [
            path_between(decode, start, end, PATH_STEPS)
            for start, end in zip(latents, latents[::-1], strict=True)
        ]
        raw = {"first_image_bytes": files, "second_image_bytes": files[::-1]}
        return raw, {"images": np.stack(paths)}

    def read(text: str) -> Arrays | None:
        paths = _paths(text)
        if len(paths) == 1:
            return None
        first, second = map(_contents, paths)
        return {"first_image_bytes": first, "second_image_bytes": second}

    return Answer(
        inputs={"first_image_bytes": FILES, "second_image_bytes": FILES},
        function=interpolate,
        example=example,
        read=read,
        show=_show_grid("interpolation", columns=PATH_STEPS),
        takes=TWO_IMAGES,
        suffixes=IMAGES.suffixes,
        input_kinds=dict.fromkeys(
            ("first_image_bytes", "second_image_bytes"), _file_kind(image_shape)
        ),
        output_kinds={"images": image_array(f"{PATH_STEPS} images on the way between the two")},
    )


def _file_kind(image_shape: ImageShape) -> Kind:
    return image_file(image_shape, READABLE, IMAGES.suffixes)


def _paths(text: str) -> list[str]:
    """The one or two image files that `text` names; a file may have a colon in its name."""
    paths = [text] if os.path.exists(text) else text.split(":")
    if len(paths) > 2:
        raise UsageError(
            f"'{in_short(text)}' names {len(paths)} images; give one, or two as a.png:b.png."
        )
    return paths


def _contents(path: str) -> np.ndarray:
    return np.array([read_bytes(path)], object)


def _show_grid(kind: str, columns: int | None = None) -> Callable[..., dict[str, Any]]:
    """The `show` of an Answer that gives `images`: one file of all of them, named as `kind`."""

    def show(text: str, outputs: Arrays, directory: Path, name: str) -> dict[str, Any]:
        images = outputs["images"]
        grid = image_grid(images.reshape(-1, *images.shape[-3:]), columns)
        png = tf.io.encode_png(grid).numpy()
        return {kind: str(write_into(directory, f"{name}_{kind}.png", png))}

    return show


def _example_images(image_shape: ImageShape) -> tuple[np.ndarray, np.ndarray]:
    """Two images as files, and as they enter a network."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, *image_shape), dtype=np.uint8)
    files = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
    return files, (pixels / 255).astype(np.float32)


def _one_by_one(function: Map, rows: np.ndarray) -> np.ndarray:
    """What a function makes of each row, alone and outside a graph of the whole.

    Company must not change an answer.
    """
    alone = [np.asarray(function(tf.constant(rows[i : i + 1]))) for i in range(len(rows))]
    return np.concatenate(alone)
