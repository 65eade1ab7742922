"""What a classifier's training images go through, and what their labels become."""

from typing import Annotated

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Fraction
from dlapps.data.images import augmentation as moving
from dlapps.data.images.colour import NUM_COLOUR_DRAWS, ColourAugmentation, recoloured
from dlapps.data.images.mixing import NUM_PLACE_DRAWS, cut_mixed, cut_out, mixed_up
from dlapps.data.images.randaugment import DRAWS_A_LAYER, RandAugmentation, rand_augmented

Alpha = Annotated[float, Field(ge=0, le=100)]


class ClassifierAugmentation(moving.Augmentation):
    """How far images may be moved, recoloured, covered and mixed; all zero leaves them alone."""

    crop: Annotated[int, Field(ge=0, le=1024)] = 0
    """Pixels of black that are put around an image before one of its size is cut out again."""
    colour: ColourAugmentation = ColourAugmentation()
    randaugment: RandAugmentation | None = None
    """So many random operations an image, of one strength (Cubuk et al. 2019)."""
    cutout: Fraction = 0.0
    """Side of a grey square somewhere on each image, as a fraction of the image's."""
    mixup: Alpha = 0.0
    """Mixes two images and their labels; their weights are Beta(mixup, mixup). 0: never."""
    cutmix: Alpha = 0.0
    """Puts a rectangle of one image on another, whose size is Beta(cutmix, cutmix). With mixup,
    each image goes through one of the two."""

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return not self.draws()

    @property
    def mixes(self) -> bool:
        """Whether a training label is a mixture of two."""
        return bool(self.mixup or self.cutmix)

    def draws(self) -> dict[str, int]:
        """How many random numbers an image takes for each thing that is done to it, in order."""
        layers = self.randaugment.layers if self.randaugment else 0
        wanted = {
            "move": 0 if self.only_flips and not self.flip else moving.NUM_DRAWS,
            "crop": NUM_PLACE_DRAWS if self.crop else 0,
            "randaugment": DRAWS_A_LAYER * layers,
            "colour": 0 if self.colour.is_identity else NUM_COLOUR_DRAWS,
            "cutout": NUM_PLACE_DRAWS if self.cutout else 0,
            "mixture": 2 + NUM_PLACE_DRAWS if self.mixes else 0,
        }
        return {name: count for name, count in wanted.items() if count}


def augmented(images: tf.Tensor, draws: tf.Tensor, settings: ClassifierAugmentation) -> tf.Tensor:
    """Random views of the images, each of itself alone.

    images: float [N, H, W, C] in [0, 1]; draws: [N, the sum of settings.draws()].
    """
    parts = _parts(draws, settings)
    if "move" in parts:
        images = moving.augment(images, parts["move"], settings)
    if settings.crop:
        images = cropped(images, parts["crop"], settings.crop)
    if settings.randaugment:
        images = rand_augmented(images, parts["randaugment"], settings.randaugment)
    if "colour" in parts:
        images = recoloured(images, parts["colour"], settings.colour)
    if settings.cutout:
        images = cut_out(images, parts["cutout"], settings.cutout)
    return images


def mixed(
    images: tf.Tensor,
    labels: tf.Tensor,
    draws: tf.Tensor,
    settings: ClassifierAugmentation,
    num_classes: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Images that are each a mixture of two, and the shares of the classes, float [N, classes].

    labels: int [N]; draws as in `augmented`.
    """
    targets = tf.one_hot(labels, num_classes)
    draw = _parts(draws, settings)["mixture"]
    choice, weight, places = draw[:, 0], draw[:, 1], draw[:, 2:]
    if not settings.cutmix:
        return mixed_up(images, targets, weight, settings.mixup)
    cut = cut_mixed(images, targets, weight, places, settings.cutmix)
    if not settings.mixup:
        return cut
    blended = mixed_up(images, targets, weight, settings.mixup)
    return (
        tf.where(choice[:, None, None, None] < 0.5, blended[0], cut[0]),
        tf.where(choice[:, None] < 0.5, blended[1], cut[1]),
    )


def cropped(images: tf.Tensor, draws: tf.Tensor, border: int) -> tf.Tensor:
    """As much of each image as before, moved by up to `border` pixels either way, over black.

    draws: [N, 2] uniform in [0, 1).
    """
    height, width = images.shape[1:3]
    padded = tf.pad(images, [[0, 0], [border, border], [border, border], [0, 0]])
    first = tf.cast(draws * (2 * border + 1), tf.int32)
    rows = first[:, :1] + tf.range(height)
    columns = first[:, 1:] + tf.range(width)
    return tf.gather(tf.gather(padded, rows, batch_dims=1), columns, axis=2, batch_dims=1)


def _parts(draws: tf.Tensor, settings: ClassifierAugmentation) -> dict[str, tf.Tensor]:
    counts = settings.draws()
    if not counts:
        return {}
    return dict(zip(counts, tf.split(draws, list(counts.values()), axis=1), strict=True))
