"""Segmentation: which of several classes every pixel of an image belongs to."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field

from dlapps.applications.base import Application
from dlapps.applications.segmentation.augmentation import NUM_PAIRED_DRAWS, augment_pair
from dlapps.applications.segmentation.data import MaskedData, MaskSpec, load_masks
from dlapps.applications.segmentation.mask_values import VOID
from dlapps.applications.segmentation.pictures import (
    class_scores,
    mask_png,
    overlay_png,
    segmented_image,
    worst_to_best,
)
from dlapps.applications.segmentation.signatures import clearest_example, mask_signatures
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import Positive, Section
from dlapps.data.batches import Batches, Columns, ShuffledBatches, in_order
from dlapps.data.images.decoding import decode_image, read_image, resized, to_unit_interval
from dlapps.data.splits import Examples, Splits
from dlapps.explain.figures.confusion import confusion_matrix_figure
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.files import distinct_names, write_into
from dlapps.losses.segmentation import SegmentationLoss
from dlapps.metrics.segmentation import pixel_confusion, segmentation_report, soft_dice
from dlapps.models.vision.unet import unet
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import MetricsOn, Validation


class LossSettings(Section):
    """What is minimised: the cross-entropy of the pixels, and more."""

    dice_weight: Annotated[float, Field(ge=0)] = 0.0
    """Weight of one minus the soft Dice, which counts small classes as much as large ones."""


class SegmentationEvaluation(EvaluationSettings):
    """How the trained model is measured."""

    batch_size: Positive = 4


class SegmentationConfig(Config):
    """The settings of a segmentation."""

    data: MaskedData
    loss: LossSettings = LossSettings()
    evaluation: SegmentationEvaluation = SegmentationEvaluation()


class Segmentation(Application):
    """Images in, the class of every pixel and its probability out."""

    Config = SegmentationConfig
    Spec = MaskSpec
    models = {"unet": unet}  # noqa: RUF012

    def build_data(self) -> Splits:
        return load_masks(self.config.data)

    def build_model(self, spec: MaskSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        num_classes = len(spec.class_names)
        model = builder((None, None, spec.channels), num_classes, **self.config.model_options)
        mean_iou = keras.metrics.MeanIoU(
            num_classes, name="mean_iou", ignore_class=VOID, sparse_y_pred=False
        )
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=SegmentationLoss(self.config.loss.dice_weight, VOID),
            metrics=[mean_iou],
        )
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        augmentation = self.config.data.augmentation

        def examples(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            images, masks = augment_pair(columns["image"], columns["mask"], draws, augmentation)
            return to_unit_interval(images), masks

        return ShuffledBatches(
            data.train, self.config.data.batch_size, self.config.seed, examples, NUM_PAIRED_DRAWS
        )

    def validation(self, model: keras.Model, data: Splits) -> Validation:
        batch_size = self.config.evaluation.batch_size
        return MetricsOn(model, in_order(data.validation, batch_size, _model_inputs))

    def evaluate(self, model: keras.Model, examples: Examples, spec: MaskSpec) -> dict:
        num_classes = len(spec.class_names)
        confusion, scores = np.zeros((num_classes, num_classes), np.int64), []
        for masks, probabilities in self._segmented(model, examples, spec):
            confusion += pixel_confusion(masks, probabilities.argmax(axis=-1), num_classes)
            scores += soft_dice(masks, probabilities).tolist()
        report = segmentation_report(confusion, spec.class_names)
        return {"num_examples": len(examples), "soft_dice": float(np.mean(scores)), **report}

    def predict(
        self, model: keras.Model, spec: MaskSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        # All are read before the first answer is written: a broken one leaves no files behind.
        images = [read_image(text, (None, None, spec.channels)) for text in inputs]
        records = []
        for text, name, image in zip(inputs, distinct_names(inputs), images, strict=True):
            class_map = segment(model, spec, image[None]).numpy()[0].argmax(axis=-1)
            num_classes = len(spec.class_names)
            mask = write_into(directory, f"{name}_mask.png", mask_png(class_map, num_classes))
            overlay = overlay_png(image, class_map, num_classes)
            shares = np.bincount(class_map.ravel(), minlength=num_classes) / class_map.size
            records.append(
                {
                    "input": text,
                    "mask": str(mask),
                    "overlay": str(write_into(directory, f"{name}_overlay.png", overlay)),
                    "shares": dict(zip(spec.class_names, shares.tolist(), strict=True)),
                }
            )
        return records

    def export(self, model: keras.Model, spec: MaskSpec, directory: Path) -> Path:
        signatures = mask_signatures(
            lambda contents: decode_image(contents, (None, None, spec.channels)),
            lambda images: segment(model, spec, images),
            *clearest_example(lambda pixels: _expected(model, spec, pixels), spec.channels),
        )
        return write_saved_model(directory, signatures, tolerance=parity_tolerance(model))

    def pictures(self, model: keras.Model, data: Splits) -> dict:
        names, images = data.spec.class_names, data.test.columns["image"]
        truths = data.test.columns["mask"]
        predictions = np.concatenate(
            [
                probabilities.argmax(axis=-1)
                for _, probabilities in self._segmented(model, data.test, data.spec)
            ]
        )
        report = segmentation_report(pixel_confusion(truths, predictions, len(names)), names)
        matrix = np.array(report["confusion_matrix"])
        return {
            "from_the_worst_to_the_best": worst_to_best(images, truths, predictions, names),
            "classes": class_scores(report["per_class"], ("iou", "dice"), "Test images"),
            "confusion_matrix": confusion_matrix_figure(matrix, names),
        }

    def pictures_of(self, model: keras.Model, spec: MaskSpec, inputs: Sequence[str]) -> dict:
        images = [read_image(text, (None, None, spec.channels)) for text in inputs]
        return {
            name: segmented_image(
                image, segment(model, spec, image[None]).numpy()[0], spec.class_names
            )
            for name, image in zip(distinct_names(inputs), images, strict=True)
        }

    def _segmented(
        self, model: keras.Model, examples: Examples, spec: MaskSpec
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Masks [N, H, W] and probabilities [N, H, W, C], a batch at a time, in order."""
        answer = tf.function(lambda images: segment(model, spec, images))
        batches = in_order(examples, self.config.evaluation.batch_size, dict)
        for columns in batches:
            yield columns["mask"].numpy(), answer(columns["image"]).numpy()


def segment(model: keras.Model, spec: MaskSpec, images: tf.Tensor) -> tf.Tensor:
    """The probabilities [N, H, W, C] of uint8 images [N, H, W, channels] of any size."""
    x = images if spec.image_size is None else resized(images, spec.image_size)
    logits = model(to_unit_interval(x), training=False)
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    if spec.image_size is None:
        return probabilities
    return tf.image.resize(probabilities, tf.shape(images)[1:3])


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    return to_unit_interval(columns["image"]), columns["mask"]


def _expected(model: keras.Model, spec: MaskSpec, pixels: np.ndarray) -> np.ndarray:
    """The probabilities that Keras itself gives, for the parity check."""
    x = pixels if spec.image_size is None else resized(pixels, spec.image_size)
    logits = model.predict(to_unit_interval(x), verbose=0).astype(np.float64)
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities = (odds / odds.sum(axis=-1, keepdims=True)).astype(np.float32)
    if spec.image_size is None:
        return probabilities
    return tf.image.resize(probabilities, pixels.shape[1:3]).numpy()
