"""Segmentation: which of several classes every pixel of an image belongs to."""

import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import Field

from dlapps.applications.base import Application
from dlapps.applications.segmentation.answers import mask_answers, network_inputs, segment_large
from dlapps.applications.segmentation.augmentation import NUM_PAIRED_DRAWS, augment_pair
from dlapps.applications.segmentation.data import (
    MaskedData,
    MaskedExamples,
    MaskSpec,
    load_masks,
)
from dlapps.applications.segmentation.instances import with_borders
from dlapps.applications.segmentation.mask_values import VOID
from dlapps.applications.segmentation.pictures import (
    class_scores,
    explained_region,
    segmented_image,
    worst_to_best,
)
from dlapps.applications.segmentation.tiles import TileSettings
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import BatchSize, Section
from dlapps.data.batches import Columns, in_order
from dlapps.data.images.decoding import read_image, to_unit_interval
from dlapps.errors import UsageError, in_short
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.explain.figures.confusion import confusion_matrix_figure
from dlapps.export.answer import Answer
from dlapps.losses.segmentation import SegmentationLoss, median_frequency_weights
from dlapps.metrics.boundaries import boundary_f1, boundary_report
from dlapps.metrics.segmentation import pixel_confusion, segmentation_report, soft_dice
from dlapps.models.classifier import layers_with_maps
from dlapps.models.vision.deeplab import deeplab
from dlapps.models.vision.fcn import fcn
from dlapps.models.vision.segnet import segnet
from dlapps.models.vision.unet import unet
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage

ClassWeights = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=2)]


class LossSettings(Section):
    """What is minimised: the cross-entropy of the pixels, and more."""

    dice_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of one minus the soft Dice, which counts small classes as much as large ones."""
    class_weights: Literal["balanced"] | ClassWeights | None = None
    """How much a pixel of each class counts. balanced: the median of the classes' frequencies in
    the training images by its own."""
    focal_gamma: Annotated[float, Field(ge=0)] = 0.0
    """How much less a pixel counts that is answered well, as in the focal loss."""
    border_weight: Annotated[float, Field(ge=0)] = 0.0
    """How much more a pixel of the first class counts at most, the nearer two objects are; the
    U-Net's paper has 10."""
    border_sigma: Annotated[float, Field(gt=0, le=100)] = 5.0
    """Pixels between two objects at which that falls to six tenths."""


class SegmentationEvaluation(EvaluationSettings):
    """How the trained model is measured."""

    batch_size: BatchSize = 4


class SegmentationConfig(Config):
    """The settings of a segmentation."""

    asked_with: ClassVar = ("tiles",)

    data: MaskedData
    loss: LossSettings = LossSettings()
    tiles: TileSettings = TileSettings()
    evaluation: SegmentationEvaluation = SegmentationEvaluation()


class Segmentation(Application[SegmentationConfig, MaskSpec]):
    """Images in, the class of every pixel and its probability out."""

    config_class = SegmentationConfig
    spec_class = MaskSpec
    models = {"unet": unet, "fcn": fcn, "segnet": segnet, "deeplab": deeplab}  # noqa: RUF012

    def build_data(self) -> MaskedExamples:
        data = load_masks(self.config.data)
        if self.config.loss.class_weights != "balanced":
            return data
        masks, num_classes = data["train"].columns["mask"], len(data.spec.class_names)
        weights = tuple(median_frequency_weights(masks, num_classes).tolist())
        spec = data.spec.model_copy(update={"balancing_weights": weights})
        return dataclasses.replace(data, spec=spec)

    def build_model(self, spec: MaskSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        num_classes = len(spec.class_names)
        model = builder((None, None, spec.channels), num_classes, **self.config.model_options)
        mean_iou = keras.metrics.MeanIoU(
            num_classes, name="mean_iou", ignore_class=VOID, sparse_y_pred=False
        )
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=_loss(self.config.loss, spec),
            metrics=[mean_iou],
        )
        return model

    def stages(self, model: keras.Model, data: MaskedExamples) -> Iterator[Stage]:
        augmentation = self.config.data.augmentation

        def augmented(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
            further = [columns["border"]] if "border" in columns else []
            images, *moved = augment_pair(
                columns["image"], columns["mask"], draws, augmentation, *further
            )
            return to_unit_interval(images), *moved

        if self.config.loss.border_weight:
            weighed = {
                name: with_borders(data[name], self.config.loss.border_sigma)
                for name in ("train", "validation")
            }
            data = dataclasses.replace(data, splits={**data.splits, **weighed})
        yield supervised_stage(
            model, data, self.config, _model_inputs, augmented, num_draws=NUM_PAIRED_DRAWS
        )

    def evaluate(self, model: keras.Model, data: MaskedExamples, split: str) -> dict[str, Any]:
        class_maps, dices = self._segmented(model, data, split)
        names, truth = data.spec.class_names, data[split].columns["mask"]
        report = segmentation_report(self._confusion(model, data, split), names)
        boundaries = boundary_report(boundary_f1(truth, class_maps, len(names)), names)
        for name, score in boundaries.pop("per_class").items():
            report["per_class"][name]["boundary_f1"] = score
        return {
            "num_examples": len(data[split]),
            "soft_dice": float(dices.mean()),
            **report,
            **boundaries,
        }

    def answers(self, model: keras.Model, spec: MaskSpec) -> dict[str, Answer]:
        batch_size = self.config.evaluation.batch_size
        return mask_answers(model, spec, batch_size, self.config.tiles)

    def pictures(self, model: keras.Model, data: MaskedExamples) -> dict[str, Figure]:
        names, columns = data.spec.class_names, data["test"].columns
        class_maps, _ = self._segmented(model, data, "test")
        confusion = self._confusion(model, data, "test")
        scores = segmentation_report(confusion, names)["per_class"]
        return {
            "from_the_worst_to_the_best": worst_to_best(
                columns["image"], columns["mask"], class_maps, names
            ),
            "classes": class_scores(scores, ("iou", "dice"), "Overlap of each class, test images"),
            "confusion_matrix": confusion_matrix_figure(confusion, names),
        }

    def pictures_of(
        self, model: keras.Model, spec: MaskSpec, text: str, name: str
    ) -> dict[str, Figure]:
        image = read_image(text, (None, None, spec.channels))
        probabilities = segment_large(model, image[None], spec, self.config.tiles)
        return {name: segmented_image(image, probabilities[0].numpy(), spec.class_names)}

    def explainable(self, model: keras.Model, spec: MaskSpec) -> Explainable:
        """Grad-CAM for segmentation (Vinogradova, Dibrov, Myers 2020, "Towards interpretable
        semantic segmentation via gradient-weighted class activation mapping")."""

        def prepare(text: str) -> list[tf.Tensor]:
            image = read_image(text, (None, None, spec.channels))
            return [network_inputs(image[None], spec)]

        def score(logits: tf.Tensor, target: int | None = None) -> tf.Tensor:
            return tf.reduce_sum(logits * _region(logits, target), axis=[1, 2, 3])

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            image = inputs[0][0].numpy()
            region = _region(model(inputs[0], training=False), target)[0].numpy()
            multiple = model.get_layer("padding").multiple
            over_image = [_over_image(each.of_row(0), image.shape, multiple) for each in found]
            return explained_region(
                in_short(text), image, region, over_image, spec.class_names, target
            )

        return Explainable(
            model,
            prepare,
            score,
            show,
            axes=2,
            targets=spec.class_names,
            layers=layers_with_maps(model),
            layer="bottom",
            shows_several=True,
            images=np.asarray,
            read=lambda columns: _model_inputs(columns)[0],
        )

    def _confusion(self, model: keras.Model, data: MaskedExamples, split: str) -> np.ndarray:
        """Counts of the pixels of a split [C, C]."""
        class_maps, _ = self._segmented(model, data, split)
        num_classes = len(data.spec.class_names)
        return pixel_confusion(data[split].columns["mask"], class_maps, num_classes)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same answers
    def _segmented(
        self, model: keras.Model, data: MaskedExamples, split: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """The class map, uint8 [N, H, W], and the soft Dice [N] of all examples, in order."""
        # At the scale of training: examples have it already.
        answer = mask_answers(model, data.spec)["pixels"].traced()
        class_maps, dices = [], []
        for columns in in_order(data[split], self.config.evaluation.batch_size, dict):
            outputs = answer(pixels=columns["image"])
            class_maps.append(outputs["class_map"].numpy().astype(np.uint8))
            dices.append(soft_dice(columns["mask"].numpy(), outputs["probabilities"].numpy()))
        return np.concatenate(class_maps), np.concatenate(dices)


def _loss(settings: LossSettings, spec: MaskSpec) -> SegmentationLoss:
    """The loss as it is set; raises UsageError where a class has no weight."""
    weights, names = settings.class_weights, spec.class_names
    if weights == "balanced":
        weights = spec.balancing_weights
    elif weights is not None and len(weights) != len(names):
        raise UsageError(
            f"loss.class_weights has {len(weights)} numbers, but there are {len(names)} classes: "
            f"{in_short(', '.join(names))}."
        )
    return SegmentationLoss(
        settings.dice_weight, VOID, weights, settings.focal_gamma, settings.border_weight
    )


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, ...]:
    further = [columns["border"]] if "border" in columns else []
    return to_unit_interval(columns["image"]), columns["mask"], *further


def _over_image(relevance: Relevance, shape: tuple[int, ...], multiple: int) -> Relevance:
    """Relevance [h, w] stretched over an image; maps are those of the image as it is padded."""
    if not relevance.method.weighs_maps:
        return relevance
    height, width = shape[:2]
    padded = [math.ceil(side / multiple) * multiple for side in (height, width)]
    stretched = tf.image.resize(relevance.values[..., None], padded)[..., 0].numpy()
    return relevance._replace(values=stretched[:height, :width])


def _region(logits: tf.Tensor, target: int | None) -> tf.Tensor:
    """1 where a pixel is taken for the target, in the shape of the logits.

    Without a target it is the class that is largest in its image; the first class is the
    background, which counts only where no other is found.
    """
    num_classes = logits.shape[-1]
    regions = tf.one_hot(tf.argmax(logits, axis=-1), num_classes)
    if target is not None:
        return regions * tf.one_hot(target, num_classes)
    areas = tf.reduce_sum(regions, axis=[1, 2]) * tf.constant([0.0] + [1.0] * (num_classes - 1))
    return regions * tf.one_hot(tf.argmax(areas, axis=-1), num_classes)[:, None, None, :]
