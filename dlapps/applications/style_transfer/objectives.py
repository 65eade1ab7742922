"""What pictures are judged by: the style of another, or what a network sees in them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NamedTuple

import keras
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.style_transfer.data import FOR_MANY, FOR_ONE, StyleData, load_style
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import BatchSize, Section
from dlapps.data.images.decoding import to_unit_interval
from dlapps.errors import in_short
from dlapps.losses.dream import DreamLoss
from dlapps.losses.gram_matrix import gram_matrix
from dlapps.losses.perceptual import PerceptualLoss
from dlapps.models.generative.perceptual_model import Objective
from dlapps.models.vision.features import feature_network
from dlapps.models.vision.pretrained import Backbone

Weight = Annotated[float, Field(ge=0)]
NUM_DRAWS = 2
OF_ONE_PICTURE = ("gatys_style_transfer", "deep_dream")


class FeatureSettings(Section):
    """The network in whose maps pictures are compared; it never learns."""

    backbone: Backbone = "squeezenet"
    """As model.backbone of the classifier `pretrained`; the layers below are squeezenet's."""
    weights: str = "imagenet"
    """`imagenet`, the path of a file of weights, or `none`: random ones, the same in every run."""


class StyleLossSettings(Section):
    """What is minimised of a style transfer."""

    content_layers: tuple[str, ...] = ("fire4",)
    """Layers whose maps should be those of the content image."""
    style_layers: tuple[str, ...] = ("conv1", "fire2", "fire3", "fire5", "fire7")
    """Layers whose Gram matrices should be those of the style image."""
    content_weight: Weight = 1.0
    style_weight: Weight = 50.0
    total_variation_weight: Weight = 2.0


class StyleEvaluation(EvaluationSettings):
    """How the trained model is measured."""

    batch_size: BatchSize = 8


class StyleTransferConfig(Config):
    """The settings of a style transfer or a dream."""

    data: StyleData
    features: FeatureSettings = FeatureSettings()
    loss: StyleLossSettings = StyleLossSettings()
    evaluation: StyleEvaluation = StyleEvaluation()

    @property
    def is_of_one_picture(self) -> bool:
        """Whether the model is a picture, and not what makes pictures of others."""
        return self.model.get("name") in OF_ONE_PICTURE

    @model_validator(mode="after")
    def _check_contents(self):
        name, allowed = self.data.name, FOR_ONE if self.is_of_one_picture else FOR_MANY
        if name not in allowed:
            raise ValueError(
                f"{in_short(str(self.model.get('name')))} takes its content from data.name "
                f"{' or '.join(allowed)}, not {name}"
            )
        if self.is_of_one_picture and self.data.batch_size != 1:
            raise ValueError("one picture is learned of one content image: data.batch_size is 1")
        return self


class Judgement(NamedTuple):
    """How a model's pictures are judged, stage by stage."""

    objectives: Mapping[str, Objective]
    """By the names of the stages, in order; the last is what is measured."""
    targets: Callable[[tf.Tensor], tf.Tensor]
    """From content images float32 [N, H, W, 3] to what the objective compares pictures with."""
    drawn_targets: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    """The same for training, by uniform random numbers [N, NUM_DRAWS] in [0, 1)."""


def by_style(config: StyleTransferConfig, image_shape: tuple[int, int, int]) -> Judgement:
    """In one stage, by the content image and the style image."""
    loss, style = config.loss, to_unit_interval(load_style(config.data))[None]
    of_style = _features(config, style.shape[1:], "loss.style_layers", loss.style_layers)
    layers = (*loss.content_layers, *loss.style_layers)
    objective = PerceptualLoss(
        _features(config, image_shape, "loss.content_layers", layers),
        loss.content_layers,
        {layer: gram_matrix(maps) for layer, maps in of_style(style).items()},
        content_weight=loss.content_weight,
        style_weight=loss.style_weight,
        total_variation_weight=loss.total_variation_weight,
    )
    return Judgement({"training": objective}, lambda x: x, lambda x, draws: x)


def by_dream(config: StyleTransferConfig, image_shape: tuple[int, int, int]) -> Judgement:
    """In a stage for each octave, from the smallest to the picture's own size."""
    options = config.model_options
    height, width, channels = image_shape
    objectives = {}
    for number in range(options["octaves"]):
        scale = options["octave_scale"] ** (number + 1 - options["octaves"])
        size = (round(height * scale), round(width * scale))
        features = _features(config, (*size, channels), "model.layers", options["layers"])
        objectives[f"octave{number + 1}"] = DreamLoss(features, size)

    def unmoved(x: tf.Tensor) -> tf.Tensor:
        return tf.zeros([tf.shape(x)[0], NUM_DRAWS], tf.int32)

    def moved(x: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        jitter = options["jitter"]
        return tf.cast(tf.floor(draws * (2 * jitter + 1)), tf.int32) - jitter

    return Judgement(objectives, unmoved, moved)


def _features(
    config: StyleTransferConfig,
    image_shape: tuple[int, int, int],
    setting: str,
    layers: Sequence[str],
) -> keras.Model:
    backbone, weights = config.features.backbone, config.features.weights
    return feature_network(image_shape, layers, setting, backbone=backbone, weights=weights)
