"""How a segmentation answers images that are too large to be seen at once: by overlapping tiles."""

import math
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

import keras
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.config.section import Section
from dlapps.decoding.tiles import by_tiles
from dlapps.errors import UsageError
from dlapps.layers.padding import PadToMultiple
from dlapps.models.vision.reach import reach


class TileSettings(Section):
    """How images are answered that are larger than a network should see at once."""

    size: Annotated[int, Field(ge=32)] = 768
    """Height and width from which on an image is cut into tiles, and those of a tile; rounded up to
    what the network halves."""
    overlap: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    """Pixels at each border of a tile that are answered by its neighbour instead. auto: as many as
    the network looks far, but no more than a quarter of the tile."""
    scale: Annotated[float, Field(gt=0, le=16)] | None = None
    """How many times as large an image is seen as it is; left out, as in training: at its own
    scale, or resized to the size of images that were resized for training, and then whole."""

    @model_validator(mode="after")
    def _check_overlap(self):
        if self.overlap != "auto" and 2 * self.overlap >= self.size:
            raise ValueError(
                f"overlap {self.overlap} leaves nothing of tiles of {self.size} pixels, from both "
                f"sides of which it is cut: it has to be below {self.size // 2}"
            )
        return self


class Tiling(NamedTuple):
    """Pixels, all of them multiples of the last."""

    size: int
    overlap: int
    multiple: int


def tiling_of(model: keras.Model, settings: TileSettings) -> Tiling:
    """The tiles for a network; raises UsageError where nothing would be left between borders."""
    multiple = model.get_layer("padding").multiple
    size = _up(settings.size, multiple)
    if settings.overlap == "auto":
        quarter = max(size // 4 // multiple * multiple, 0)
        far = reach(model)
        overlap = min(_up(far, multiple), quarter) if math.isfinite(far) else quarter
    else:
        overlap = _up(settings.overlap, multiple)
    if 2 * overlap >= size:
        raise UsageError(
            f"tiles.overlap {settings.overlap} leaves nothing of tiles of {size} pixels, from both "
            f"sides of which it is cut: it has to be below {size // 2}."
        )
    return Tiling(size, overlap, multiple)


def _up(pixels: float, multiple: int) -> int:
    return math.ceil(pixels / multiple) * multiple


def segment_by_tiles(
    answer: Callable[[tf.Tensor], tf.Tensor],
    images: tf.Tensor,
    tiling: Tiling,
    spec: tf.TensorSpec,
) -> tf.Tensor:
    """[N, H, W, ...] like `spec`: what `answer` gives for tiles of the images [N, H, W, C].

    The images are mirrored up to a multiple, as the network would do it with the whole.
    """
    padded = PadToMultiple(tiling.multiple)(images)
    answers = by_tiles(answer, padded, tiling.size, tiling.overlap, spec)
    return answers[:, : tf.shape(images)[1], : tf.shape(images)[2]]
