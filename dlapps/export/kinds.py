"""What the tensors of an answer mean to a person: what a form asks for, and what a page draws."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Name = Literal[
    "action", "action_values", "boxes", "class_index", "class_label", "class_map",
    "class_probabilities",
    "image_file", "images", "mask_file", "numbers", "observation", "picture_file", "pixels",
    "point", "relevance", "seed", "sentence", "text", "wav_file", "waveform",
]  # fmt: skip
"""All that a form or a page knows to ask for or to draw. A `_file` is the bytes of one, and `text`
and `numbers` are what a tensor is taken for of which nothing is said."""


class Kind(NamedTuple):
    """What one row of a tensor is; its type and shape are told by the signature."""

    name: Name
    description: str
    """A phrase that goes on after the tensor's name: "the bytes of a WAV file"."""
    facts: Mapping[str, Any] = {}
    """What else is to be known, in plain values, by names such as `names` (of its numbers),
    `low` and `high` (theirs), `suffixes`, `height`, `width`, `channels`, `sample_rate`."""


ImageShape = tuple[int | None, int | None, int]


def image_file(image_shape: ImageShape, formats: str, suffixes: Sequence[str]) -> Kind:
    """The bytes of an image that the graph decodes to (height, width, channels), scaling it.

    Height and width are None where an image is taken at its own size.
    """
    return Kind(
        "image_file",
        f"the bytes of an image file ({formats}), {_read_as(image_shape)}",
        {"suffixes": [*suffixes], **_sizes(image_shape)},
    )


def pixel_array(image_shape: ImageShape) -> Kind:
    """An image as numbers from 0 to 255, height by width by channels."""
    colours = "grey" if image_shape[2] == 1 else "red, green and blue"
    return Kind("pixels", f"an image as pixels from 0 to 255, {colours}", {**_sizes(image_shape)})


def image_array(description: str) -> Kind:
    """One image, or several in a row, as numbers from 0 (black) to 1."""
    return Kind("images", f"{description}, each height by width by channels in [0, 1]")


def _read_as(image_shape: ImageShape) -> str:
    height, width, channels = image_shape
    colours = "grey" if channels == 1 else "colour"
    if height is None or width is None:
        return f"read as {colours} at its own size"
    return f"read as {colours} and scaled to {height}x{width} (height by width)"


def _sizes(image_shape: ImageShape) -> dict[str, int | None]:
    return dict(zip(("height", "width", "channels"), image_shape, strict=True))
