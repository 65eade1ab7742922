"""Weak localization: where things are, learned from what is in an image alone."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import model_validator

from dlapps.applications.base import Application, Calibration
from dlapps.applications.weak_localization.answers import weak_answers
from dlapps.applications.weak_localization.data import (
    NUM_PRESENCE_DRAWS,
    WeakData,
    WeakExamples,
    WeakSpec,
    augmented_images,
    load_weak,
)
from dlapps.applications.weak_localization.maps import (
    UNKNOWN_THRESHOLD,
    MapSettings,
    class_mask,
    localize,
    network_of,
    threshold_of,
    with_threshold,
)
from dlapps.applications.weak_localization.pictures import (
    box_accuracy_figure,
    pixel_figure,
    worst_to_best,
)
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import BatchSize
from dlapps.data.batches import Columns, in_order
from dlapps.data.boxes.columns import NO_OBJECT
from dlapps.data.images.decoding import fitted, read_image, to_unit_interval
from dlapps.data.splits import Examples
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.relevance import relevance_figure
from dlapps.export.answer import Answer
from dlapps.metrics.detection import Present
from dlapps.metrics.segmentation import pixel_confusion, segmentation_report
from dlapps.metrics.weak_localization import (
    OVERLAPS,
    THRESHOLDS,
    Maps,
    Overlaps,
    best_overlaps,
    box_report,
    pixel_curve,
    presence_report,
)
from dlapps.models.classifier import layers_with_maps
from dlapps.models.vision.class_activation_network import FEATURES, class_activation_network
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage

HALF = OVERLAPS.index(0.5)
LINEAR_POOLINGS = ("average", "max")
NONE = "none"
"""What a pixel is that is of no class."""


class WeakEvaluation(EvaluationSettings):
    """How the trained model is measured."""

    batch_size: BatchSize = 32


class WeakConfig(Config):
    """The settings of a weakly supervised localization."""

    asked_with: ClassVar = ("maps",)

    data: WeakData
    maps: MapSettings = MapSettings()
    evaluation: WeakEvaluation = WeakEvaluation()

    @model_validator(mode="after")
    def _check_monitor(self):
        if self.training.restore_best_weights and self.training.monitor not in PRESENCE_METRICS:
            raise ValueError(
                f"training.monitor is one of {', '.join(PRESENCE_METRICS)}: nothing else is known "
                "of images in training than what is in them"
            )
        return self


PRESENCE_METRICS = ("loss", "accuracy", "average_precision")


class Localized(NamedTuple):
    """What a network answers to all images of a split, in order."""

    probabilities: np.ndarray
    """[N, C]."""
    maps: Maps
    """Of those classes that an image has."""
    masks: np.ndarray
    """uint8 [N, H, W], as `class_mask` has them."""


class WeakLocalization(Application[WeakConfig, WeakSpec]):
    """Images in, what is in them and where out."""

    config_class = WeakConfig
    spec_class = WeakSpec
    models = {"class_activation_network": class_activation_network}  # noqa: RUF012

    def build_data(self) -> WeakExamples:
        return load_weak(self.config.data)

    def to_inspect(self, data: WeakExamples) -> Mapping[str, Examples]:
        """The images with the classes that each has, as there are no boxes to count in train."""
        numbers = np.arange(len(data.spec.class_names))

        def counted(examples: Examples) -> Examples:
            present = examples.columns["presence"] > 0
            classes = np.where(present, numbers, NO_OBJECT)
            return Examples(
                {"image": examples.columns["image"], "classes": classes}, names=examples.names
            )

        return {name: counted(examples) for name, examples in data.splits.items()}

    def build_model(self, spec: WeakSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        num_classes = len(spec.class_names)
        model = builder(spec.image_shape, num_classes, **self.config.model_options)
        average_precision = keras.metrics.AUC(
            curve="PR",
            multi_label=True,
            num_labels=num_classes,
            from_logits=True,
            name="average_precision",
        )
        model.compile(
            optimizer=build_optimizer(self.config.training),
            loss=keras.losses.BinaryCrossentropy(from_logits=True),
            metrics=[keras.metrics.BinaryAccuracy("accuracy", threshold=0.0), average_precision],
        )
        return model

    def stages(self, model: keras.Model, data: WeakExamples) -> Iterator[Stage]:
        augmentation = self.config.data.augmentation

        def augmented(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return augmented_images(columns["image"], draws, augmentation), columns["presence"]

        yield supervised_stage(
            model, data, self.config, _model_inputs, augmented, num_draws=NUM_PRESENCE_DRAWS
        )

    def calibration(self) -> Calibration:
        """The threshold of the maps, chosen where boxes may be looked at: on validation."""
        settings = self.config.maps

        def find(model: keras.Model, data: WeakExamples) -> float:
            if settings.threshold is not None:
                return settings.threshold
            overlaps = self._overlaps(model, data, "validation")
            if overlaps is None:
                return UNKNOWN_THRESHOLD
            return float(THRESHOLDS[overlaps.best_thresholds()[HALF]])

        # Maps that are made in another way have another.
        made = settings.model_dump(exclude={"max_boxes", "present_from"}, exclude_defaults=True)
        said = [f"{name}_{value}" for name, value in made.items()]
        return Calibration("_".join(["map_threshold", *said]), find, with_threshold)

    def evaluate(self, model: keras.Model, data: WeakExamples, split: str) -> dict[str, Any]:
        found, names = self._localized(model, data, split), data.spec.class_names
        columns = data[split].columns
        report = presence_report(columns["presence"], found.probabilities, names)
        overlaps = self._overlaps(model, data, split)
        if overlaps is not None:
            boxes = box_report(overlaps, self._thresholds(model, data), names)
            for name, scores in boxes.pop("per_class").items():
                report["per_class"][name] |= scores
            # What comes first is what a run is known by.
            report = boxes | report
        if "mask" in columns:
            curve = pixel_curve(found.maps, columns["mask"])
            report["pixel_average_precision"] = curve.average_precision
            confusion = pixel_confusion(columns["mask"], found.masks, 1 + len(names))
            report["mask_mean_iou"] = segmentation_report(confusion, (NONE, *names))["mean_iou"]
        return report

    def answers(self, model: keras.Model, spec: WeakSpec) -> dict[str, Answer]:
        return weak_answers(model, spec, self.config.maps, self.config.evaluation.batch_size)

    def pictures(self, model: keras.Model, data: WeakExamples) -> dict[str, Figure]:
        found, columns = self._localized(model, data, "test"), data["test"].columns
        overlaps = self._overlaps(model, data, "test")
        figures: dict[str, Figure] = {}
        if overlaps is not None:
            chosen = self._thresholds(model, data)
            figures["from_the_worst_to_the_best"] = worst_to_best(
                columns["image"], found.maps, _truths(data["test"]), overlaps, chosen[HALF],
                data.spec.class_names,
            )  # fmt: skip
            figures["box_accuracy"] = box_accuracy_figure(overlaps, chosen)
        if "mask" in columns:
            figures["pixels"] = pixel_figure(pixel_curve(found.maps, columns["mask"]))
        return figures

    def explainable(self, model: keras.Model, spec: WeakSpec) -> Explainable:
        """What spoke for a class, or for the one that is the likeliest to be there."""

        def prepare(text: str) -> list[tf.Tensor]:
            image = tf.constant(read_image(text, (None, None, 3)))
            return [to_unit_interval(fitted(image, spec.image_shape)[None])]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            probabilities = tf.sigmoid(model(inputs[0], training=False))[0].numpy()
            label = int(probabilities.argmax()) if target is None else target
            title = f"{in_short(text)}: {spec.class_names[label]} ({probabilities[label]:.2f})"
            return relevance_figure(title, inputs[0].numpy()[0], [each.of_row(0) for each in found])

        return Explainable(
            model,
            prepare,
            score_of_output,
            show,
            axes=2,
            targets=spec.class_names,
            layers=layers_with_maps(model),
            layer=FEATURES,
            layerwise=self.config.model_options["pooling"] in LINEAR_POOLINGS,
            shows_several=True,
            images=np.asarray,
            read=lambda columns: to_unit_interval(columns["image"]),
        )

    def _thresholds(self, model: keras.Model, data: WeakExamples) -> np.ndarray:
        """int [OVERLAPS]: the numbers of those that are the best for validation."""
        overlaps = self._overlaps(model, data, "validation")
        if overlaps is None:
            return np.full(len(OVERLAPS), np.searchsorted(THRESHOLDS, UNKNOWN_THRESHOLD))
        return overlaps.best_thresholds()

    @functools.lru_cache(maxsize=3)  # noqa: B019 - measured, then drawn: the same answers
    def _overlaps(self, model: keras.Model, data: WeakExamples, split: str) -> Overlaps | None:
        """How the boxes of a split are met; None where there are none."""
        if not np.any(data[split].columns.get("classes", NO_OBJECT) != NO_OBJECT):
            return None
        return best_overlaps(self._localized(model, data, split).maps, _truths(data[split]))

    @functools.lru_cache(maxsize=2)  # noqa: B019 - the same
    def _localized(self, model: keras.Model, data: WeakExamples, split: str) -> Localized:
        network, settings = network_of(model, self.config.maps), self.config.maps
        localized = tf.function(lambda images: localize(network, images, settings))
        threshold = threshold_of(model)
        probabilities, maps, masks = [], [], []
        for columns in in_order(data[split], self.config.evaluation.batch_size, dict):
            found = (each.numpy() for each in localized(columns["image"]))
            for row, (of_image, its_maps) in enumerate(zip(*found, strict=True)):
                present = np.flatnonzero(of_image >= settings.present_from)
                probabilities.append(of_image)
                maps.append({label: its_maps[..., label].copy() for label in _has(columns, row)})
                masks.append(class_mask(its_maps[..., present], present, threshold))
        return Localized(np.stack(probabilities), maps, np.stack(masks))


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    return to_unit_interval(columns["image"]), columns["presence"]


def _has(columns: Columns, row: int) -> set[int]:
    """The classes that an image has: a mask has those too of which too little is seen for a box."""
    classes = {*np.flatnonzero(columns["presence"][row]).tolist()}
    if "mask" in columns:
        classes |= {*(np.setdiff1d(columns["mask"][row], [0]) - 1).tolist()}
    return classes


def _truths(examples: Examples) -> list[Present]:
    """The objects of each image, in pixels of what the network sees."""
    columns = examples.columns
    return [
        Present(boxes[classes != NO_OBJECT], classes[classes != NO_OBJECT])
        for boxes, classes in zip(columns["boxes"], columns["classes"], strict=True)
    ]
