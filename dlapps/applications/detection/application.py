"""Detection: where the objects of an image are, and what they are."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.detection.answers import (
    candidate_answer,
    detection_answers,
    in_original,
)
from dlapps.applications.detection.augmentation import NUM_BOX_DRAWS, BoxedBatch, augment_boxed
from dlapps.applications.detection.data import BoxedData, BoxedExamples, BoxedSpec, load_boxed
from dlapps.applications.detection.finding import SuppressionSettings, TileSettings
from dlapps.applications.detection.pictures import (
    counts_figure,
    precision_recall_figure,
    worst_first,
)
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import BatchSize
from dlapps.data.batches import Columns, in_order
from dlapps.data.boxes.columns import NO_OBJECT
from dlapps.data.images.decoding import read_image, to_unit_interval
from dlapps.data.images.letterbox import letterboxed
from dlapps.data.splits import Examples
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.explain.figures.relevance import relevance_figure
from dlapps.export.answer import Answer
from dlapps.metrics.detection import Found, Present, detection_report, without_forgiven
from dlapps.models.classifier import layers_with_maps
from dlapps.models.vision.fcos import fcos
from dlapps.models.vision.retinanet import retinanet
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage, with_decoded_scores

MIDDLE_STRIDE = 16


class DetectionEvaluation(EvaluationSettings):
    """How the trained model is measured."""

    batch_size: BatchSize = 16


class DetectionConfig(Config):
    """The settings of a detector."""

    asked_with: ClassVar = ("suppression", "tiles")
    decoded_scores: ClassVar = {"mean_average_precision": "max", "average_precision_50": "max"}

    data: BoxedData
    suppression: SuppressionSettings = SuppressionSettings()
    tiles: TileSettings = TileSettings()
    evaluation: DetectionEvaluation = DetectionEvaluation()


class Detection(Application[DetectionConfig, BoxedSpec]):
    """Images in, boxes with their classes and scores out."""

    config_class = DetectionConfig
    spec_class = BoxedSpec
    models = {"retinanet": retinanet, "fcos": fcos}  # noqa: RUF012

    def build_data(self) -> BoxedExamples:
        return load_boxed(self.config.data)

    def build_model(self, spec: BoxedSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        model = builder(spec.image_shape, len(spec.class_names), **self.config.model_options)
        model.compile(optimizer=build_optimizer(self.config.training))
        return model

    def stages(self, model: keras.Model, data: BoxedExamples) -> Iterator[Stage]:
        augmentation = self.config.data.augmentation

        def augmented(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, Columns]:
            images = tf.cast(columns["image"], tf.float32)
            batch = BoxedBatch(images, columns["boxes"], columns["classes"])
            views = augment_boxed(batch, draws, augmentation)
            return views.images / 255.0, {"boxes": views.boxes, "classes": views.labels}

        stage = supervised_stage(
            model, data, self.config, _model_inputs, augmented, num_draws=NUM_BOX_DRAWS
        )

        def scores() -> dict[str, float]:
            # The weights differ from one look to the next: nothing may be remembered.
            return self._report(data, "validation", self._asked(model, data, "validation"))

        yield with_decoded_scores(stage, self.config, scores)

    def evaluate(self, model: keras.Model, data: BoxedExamples, split: str) -> dict[str, Any]:
        return self._report(data, split, self._found(model, data, split))

    def answers(self, model: keras.Model, spec: BoxedSpec) -> dict[str, Answer]:
        return detection_answers(
            model,
            spec,
            self.config.suppression,
            self.config.evaluation.batch_size,
            self.config.tiles,
        )

    def numeric_answers(self, model: keras.Model, spec: BoxedSpec) -> dict[str, Answer]:
        """The choice among all boxes is not in them: converters know no such operation."""
        return {"candidates": candidate_answer(model, spec)}

    def pictures(self, model: keras.Model, data: BoxedExamples) -> dict[str, Figure]:
        names, counted_from = data.spec.class_names, self.config.suppression.counted_from
        columns = data["test"].columns
        truths, found = _present(data["test"]), self._found(model, data, "test")
        if forgiven := _forgiven(data["test"]):
            found = without_forgiven(truths, found, forgiven)
        # Drawn over what the network saw, in whose pixels its boxes are.
        scales = columns["scale"]
        seen = [each._replace(boxes=each.boxes * scale) for each, scale in zip(truths, scales)]
        drawn = [each._replace(boxes=each.boxes * scale) for each, scale in zip(found, scales)]
        return {
            "from_the_worst_on": worst_first(
                lambda places: _images(data["test"][places]), seen, drawn, names, counted_from
            ),
            "precision_and_recall": precision_recall_figure(truths, found, names, counted_from),
            "counts": counts_figure(truths, found, counted_from),
        }

    def explainable(self, model: keras.Model, spec: BoxedSpec) -> Explainable:
        """What spoke for the surest box of a class, or of all (LayerCAM: Jiang et al. 2021)."""

        def prepare(text: str) -> list[tf.Tensor]:
            image, _ = letterboxed(tf.constant(read_image(text, (None, None, 3))), spec.image_size)
            return [to_unit_interval(image[None])]

        def score(sureness: tf.Tensor, target: int | None = None) -> tf.Tensor:
            of_target = sureness if target is None else sureness[..., target : target + 1]
            return tf.reduce_max(of_target, axis=[1, 2])

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            surest = network(inputs[0], training=False)[0].numpy().max(axis=0)
            label = int(surest.argmax()) if target is None else target
            title = f"{in_short(text)}: the surest {spec.class_names[label]} ({surest[label]:.2f})"
            image = inputs[0].numpy()[0]
            return relevance_figure(title, image, [each.of_row(0) for each in found])

        # As boxes are chosen by it: FCOS is less sure of what is seen from its border.
        network = keras.Model(model.input, model.sureness(model.output))
        return Explainable(
            network,
            prepare,
            score,
            show,
            axes=2,
            targets=spec.class_names,
            layers=layers_with_maps(network),
            layer=_seen_at_every_scale(network),
            shows_several=True,
            images=np.asarray,
            read=lambda columns: to_unit_interval(columns["image"]),
        )

    def _report(self, data: BoxedExamples, split: str, found: Sequence[Found]) -> dict[str, Any]:
        return detection_report(
            _present(data[split]),
            found,
            data.spec.class_names,
            self.config.suppression.counted_from,
            _forgiven(data[split]),
        )

    def _asked(self, model: keras.Model, data: BoxedExamples, split: str) -> list[Found]:
        """What is found in the images of a split, in pixels of the originals."""
        settings, batch_size = self.config.suppression, self.config.evaluation.batch_size
        # Whole: examples have the network's size already.
        answers = detection_answers(model, data.spec, settings, batch_size)
        answer = answers["pixels"].traced()
        found = []
        for columns in in_order(data[split], batch_size, dict):
            outputs = answer(pixels=columns["image"])
            # An image need not fill what it was laid into.
            boxes = in_original(outputs["boxes"], columns["scale"], columns["original_size"])
            arrays = {name: each.numpy() for name, each in (outputs | {"boxes": boxes}).items()}
            found += [_found_in(arrays, row) for row in range(len(arrays["boxes"]))]
        return found

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same answers
    def _found(self, model: keras.Model, data: BoxedExamples, split: str) -> list[Found]:
        return self._asked(model, data, split)


def _seen_at_every_scale(network: keras.Model) -> str:
    """The encoder's layer of finest maps that boxes of all sizes come from.

    Finer ones reach the coarse levels of the pyramid only through it.
    """
    laterals = {
        int(layer.name.removeprefix("pyramid").removesuffix("_lateral")): layer
        for layer in network.layers
        if layer.name.endswith("_lateral")
    }
    maps = laterals[max(stride for stride in laterals if stride <= MIDDLE_STRIDE)].input
    return next(layer.name for layer in network.layers if layer.output is maps)


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, Columns]:
    return to_unit_interval(columns["image"]), {
        "boxes": columns["boxes"],
        "classes": columns["classes"],
    }


def _images(examples: Examples) -> np.ndarray:
    """All images, uint8 [N, H, W, 3], also where they are on the disk."""
    batches = in_order(examples, len(examples), lambda columns: columns["image"])
    (images,) = batches.as_numpy_iterator()
    return images


def _present(examples: Examples, prefix: str = "") -> list[Present]:
    """The truth of each image, in pixels of the originals."""
    columns = examples.columns
    names = f"{prefix}boxes", f"{prefix}classes", "scale"
    truths = []
    for boxes, labels, scale in zip(*(columns[name] for name in names)):
        is_there = labels != NO_OBJECT
        truths.append(Present(boxes[is_there] / scale, labels[is_there]))
    return truths


def _forgiven(examples: Examples) -> list[Present] | None:
    """What is in each image that nobody has to find; None where the data set has no such marks."""
    prefix = "forgiven_"
    return _present(examples, prefix) if f"{prefix}boxes" in examples.columns else None


def _found_in(outputs: Mapping[str, np.ndarray], row: int) -> Found:
    is_there = outputs["classes"][row] >= 0
    return Found(*(outputs[name][row][is_there] for name in ("boxes", "scores", "classes")))
