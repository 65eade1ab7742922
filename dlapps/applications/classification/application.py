"""Classification: which of several classes an image or a point belongs to."""

import functools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import Field, model_validator

from dlapps.applications.base import Application, Calibration, Classes
from dlapps.applications.classification.adversarial import adversarial_picture
from dlapps.applications.classification.answers import classifier_answers, read_point
from dlapps.applications.classification.augmentation import augmented, mixed
from dlapps.applications.classification.data import (
    ClassificationData,
    balanced_rows,
    class_weights,
    labels_of,
)
from dlapps.applications.classification.explanation import explain_answer
from dlapps.applications.classification.monte_carlo_dropout import check_dropout
from dlapps.applications.classification.pictures import (
    decision_regions,
    neuron_regions,
    regions_over_time,
)
from dlapps.applications.classification.redrawn import redrawn_picture, redrawn_pictures
from dlapps.applications.classification.smallest_change import smallest_change_picture
from dlapps.applications.classification.uncertainty import (
    AskedClassifier,
    ClassifierEvaluation,
    Prediction,
    best_temperature,
    reliability_curves,
    uncertainty_report,
    with_temperature,
)
from dlapps.config.schema import Config
from dlapps.config.section import ClassifierRun, Positive, Section
from dlapps.data.batches import Columns, answers_in_order, in_order
from dlapps.data.images.decoding import (
    read_image,
    to_unit_interval,
)
from dlapps.data.images.labelled import LabelledExamples, LabelledSpec, load_labelled
from dlapps.data.splits import Examples, carve
from dlapps.errors import in_short
from dlapps.explain.exciting_images import classes_figure
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.confusion import confusion_matrix_figure, confusion_over_time
from dlapps.explain.figures.examples import Drawing, draw_image
from dlapps.explain.figures.loss_surface import loss_surface_figure
from dlapps.explain.figures.mistakes import confident_mistakes
from dlapps.explain.figures.relevance import answer_text, relevance_figure
from dlapps.explain.figures.reliability import reliability_figure
from dlapps.explain.methods.loss_surface import loss_surface
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer
from dlapps.losses.classification import ClassificationLoss
from dlapps.metrics.classification import classification_report
from dlapps.models.classifier import LossSettings, compile_classifier, layers_with_maps
from dlapps.models.kernels import KernelSettings, set_kernels
from dlapps.models.mlp import mlp
from dlapps.models.perceptron import perceptron
from dlapps.models.trained import trained_layers
from dlapps.models.transferred import Transferred
from dlapps.models.vision.alexnet import alexnet
from dlapps.models.vision.capsule_network import capsule_network
from dlapps.models.vision.convolutional_network import convolutional_network
from dlapps.models.vision.efficientnet_lite0 import efficientnet_lite0
from dlapps.models.vision.googlenet import googlenet
from dlapps.models.vision.lenet5 import lenet5
from dlapps.models.vision.pretrained import pretrained
from dlapps.models.vision.redrawing import redrawing_of
from dlapps.models.vision.resnet import cifar_resnet, resnet
from dlapps.models.vision.squeezenet import squeezenet
from dlapps.models.vision.vgg import vgg
from dlapps.models.vision.zfnet import zfnet
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, stage_seed, supervised_stage

MOST_ON_SURFACE, BATCH_ON_SURFACE = 256, 32
MOST_OVER_TIME = 1_000
"""Examples that are answered again at every snapshot."""


class Transfer(Section):
    """Begins with layers that were trained before: at first frozen, then trained with the rest.

    They are those of another run (`run` and `layer`), on which `model` is built; or else the
    backbone of the model `pretrained`.
    """

    run: ClassifierRun | None = None
    """The finished run whose network is the backbone."""
    layer: str | None = None
    """The last of its layers that is taken over; `model` is built on what it gives."""
    frozen_steps: Positive = 200
    """Steps in which only the head learns, before the training.steps in which all does."""
    frozen_learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Its learning rate in those; left out, training.learning_rate, which is that of the rest."""

    @model_validator(mode="after")
    def _check_layer(self):
        if (self.run is None) != (self.layer is None):
            raise ValueError("run and layer go together: the layer is one of that run's network")
        return self


class ClassificationConfig(Config):
    """The settings of a classifier."""

    data: ClassificationData
    loss: LossSettings = LossSettings()
    kernels: KernelSettings = KernelSettings()
    evaluation: ClassifierEvaluation = ClassifierEvaluation()
    transfer: Transfer | None = None
    """Where given, training has two stages: the backbone is frozen, then thawed."""

    @model_validator(mode="after")
    def _check_transfer(self):
        is_pretrained = self.model.get("name") == "pretrained"
        if self.transfer is not None and (self.transfer.run is None) != is_pretrained:
            raise ValueError(
                "transfer is from another run (transfer.run and transfer.layer) or, without them, "
                "from the backbone of model.name pretrained"
            )
        if is_pretrained and self.kernels.initializer is not None:
            raise ValueError(
                "kernels.initializer would draw the pretrained kernels anew: leave it out"
            )
        return self


class Classification(Application[ClassificationConfig, LabelledSpec]):
    """Images or points in, a class and its probabilities out."""

    config_class = ClassificationConfig
    spec_class = LabelledSpec
    models = {  # noqa: RUF012
        "perceptron": perceptron,
        "mlp": mlp,
        "lenet5": lenet5,
        "convolutional_network": convolutional_network,
        "alexnet": alexnet,
        "zfnet": zfnet,
        "vgg": vgg,
        "googlenet": googlenet,
        "squeezenet": squeezenet,
        "resnet": resnet,
        "cifar_resnet": cifar_resnet,
        "efficientnet_lite0": efficientnet_lite0,
        "capsule_network": capsule_network,
        "pretrained": pretrained,
    }

    def build_data(self) -> LabelledExamples:
        return load_labelled(self.config.data)

    def build_model(self, spec: LabelledSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        num_classes, options = len(spec.class_names), self.config.model_options
        transfer = self.config.transfer
        if transfer is None or transfer.run is None or transfer.layer is None:
            model = head = builder(spec.input_shape, num_classes, **options)
        else:
            backbone = trained_layers(
                transfer.run, transfer.layer, spec.input_shape,
                run_setting="transfer.run", layer_setting="transfer.layer",
            )  # fmt: skip
            head = builder(backbone.output_shape[1:], num_classes, **options)
            model = Transferred(
                backbone.inputs, head(backbone.outputs[0]), head=[head.name], name="transferred"
            )
        set_kernels(head, self.config.kernels)
        if self.config.evaluation.monte_carlo_samples:
            check_dropout(model)
        compile_classifier(model, build_optimizer(self.config.training), self.config.loss)
        return model

    def stages(self, model: keras.Model, data: LabelledExamples) -> Iterator[Stage]:
        transfer, training = self.config.transfer, self.config.training
        if transfer is None:
            yield self._stage(model, data)
            return
        frozen = training.model_copy(
            update={
                "steps": transfer.frozen_steps,
                "learning_rate": transfer.frozen_learning_rate or training.learning_rate,
            }
        )
        for number, (name, settings) in enumerate({"frozen": frozen, "thawed": training}.items()):
            model.set_thawed(name == "thawed")
            compile_classifier(model, build_optimizer(settings), self.config.loss)
            stage = self._stage(model, data, stage_seed(self.config.seed, number))
            yield stage._replace(name=name, settings=settings)

    def _stage(self, model: keras.Model, data: LabelledExamples, seed: int | None = None) -> Stage:
        settings = self.config.data
        augmentation, num_classes = settings.augmentation, len(data.spec.class_names)
        is_image = data.spec.is_image
        weights = rows = None
        if settings.balance == "weights":
            weights = tf.constant(class_weights(labels_of(data["train"]), num_classes))
        elif settings.balance == "resampling":
            rows = balanced_rows(labels_of(data["train"]))

        def training_batch(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
            x, y = _model_inputs(columns)
            if is_image:
                x = augmented(x, draws, augmentation)
            if is_image and augmentation.mixes:
                x, y = mixed(x, y, draws, augmentation, num_classes)
                return (x, y) if weights is None else (x, y, tf.linalg.matvec(y, weights))
            return (x, y) if weights is None else (x, y, tf.gather(weights, y))

        return supervised_stage(
            model, data, self.config, _model_inputs, training_batch,
            sum(augmentation.draws().values()) if is_image else 0,
            seed=seed, rows=rows,
        )  # fmt: skip

    def calibration(self) -> Calibration | None:
        if not self.config.evaluation.temperature_scaling:
            return None

        def find(model: keras.Model, data: LabelledExamples) -> float:
            asked = AskedClassifier(model, self.config.evaluation)
            labels, logits = answers_in_order(
                lambda x: tf.transpose(asked.logits(x), [1, 0, 2]),
                self._batches(data, "validation"),
            )
            return best_temperature(labels, logits.swapaxes(0, 1))

        samples = self.config.evaluation.monte_carlo_samples
        name = f"temperature_of_{samples}_samples" if samples else "temperature"
        return Calibration(name, find, with_temperature)

    def evaluate(self, model: keras.Model, data: LabelledExamples, split: str) -> dict[str, Any]:
        prediction = self._prediction(model, data, split)
        report = classification_report(*prediction[:2], data.spec.class_names)
        return report | uncertainty_report(prediction, self._asked(model))

    def classes(self, spec: LabelledSpec) -> Classes:
        return Classes(
            spec.class_names, lambda *asked: self._prediction(*asked)[:2], _drawings_of_images
        )

    def answers(self, model: keras.Model, spec: LabelledSpec) -> dict[str, Answer]:
        asked, batch_size = self._asked(model), self.config.evaluation.batch_size
        answers = classifier_answers(asked, spec, batch_size)
        if not spec.is_image:
            return answers
        return answers | {"explain": explain_answer(self.explainable(model, spec), spec)}

    def pictures(self, model: keras.Model, data: LabelledExamples) -> dict[str, Figure]:
        names, columns = data.spec.class_names, data["test"].columns
        prediction = self._prediction(model, data, "test")
        labels, probabilities = prediction.labels, prediction.probabilities
        report = classification_report(labels, probabilities, names)
        matrix = np.array(report["confusion_matrix"])
        pictures: dict[str, Figure] = {}
        if not data.spec.is_image:
            points = columns["point"]

            def predict(x: np.ndarray) -> np.ndarray:
                return self._asked(model).answer(x)["probabilities"].numpy()

            pictures["decision_regions"] = decision_regions(predict, points, labels, names)
            pictures["neurons"] = neuron_regions(model, points, labels)
        elif "image" in columns:
            pictures["confident_mistakes"] = confident_mistakes(
                columns["image"], labels, probabilities, names
            )
            if redrawing := redrawing_of(model):
                pictures |= redrawn_pictures(
                    redrawing, columns["image"], labels, probabilities, names
                )
            if figure := classes_figure(self.explainable(model, data.spec)):
                pictures["classes"] = figure
        pictures["confusion_matrix"] = confusion_matrix_figure(matrix, names)
        pictures["reliability"] = reliability_figure(
            reliability_curves(prediction, self._asked(model))
        )
        if data.spec.is_image:
            adversarial = adversarial_picture(model, data["test"], _model_inputs, names)
            if adversarial:
                pictures["adversarial"] = adversarial
        return pictures

    def over_time(self, model: keras.Model, data: LabelledExamples) -> dict[str, OverTime]:
        validation, names = data["validation"], data.spec.class_names
        _, chosen = carve(validation, min(MOST_OVER_TIME, len(validation)))
        batches = in_order(chosen, self.config.evaluation.batch_size, _model_inputs)
        probabilities = tf.function(lambda x: self._asked(model).answer(x)["probabilities"])

        def confusion() -> np.ndarray:
            report = classification_report(*answers_in_order(probabilities, batches), names)
            return np.array(report["confusion_matrix"])

        views: dict[str, OverTime] = {
            "confusion_matrix_over_time": confusion_over_time(confusion, names)
        }
        if not data.spec.is_image:
            regions = regions_over_time(
                lambda x: probabilities(x).numpy(),
                chosen.columns["point"],
                labels_of(chosen),
                names,
            )
            views = {"decision_regions_over_time": regions, **views}
        return views

    def further_pictures(
        self, model: keras.Model, data: LabelledExamples
    ) -> dict[str, Callable[[], Figure]]:
        if type(model).compute_loss is not keras.Model.compute_loss:
            return {}  # Its loss is of its own, and not of the logits alone.
        settings, temperature = self.config.loss, self._asked(model).temperature
        loss = ClassificationLoss(settings.name, settings.label_smoothing, settings.gamma)

        def draw_loss_surface() -> Figure:
            train = data["train"]
            _, chosen = carve(train, min(MOST_ON_SURFACE, len(train)))
            distances, losses = loss_surface(
                model,
                lambda y, logits: loss.call(y, logits * temperature),
                progress(list(in_order(chosen, BATCH_ON_SURFACE, _model_inputs)), "Batches"),
            )
            title = f"The loss on {len(chosen):,} of {len(train):,} training examples"
            return loss_surface_figure(title, distances, losses)

        return {"loss_surface": draw_loss_surface}

    def explainable(self, model: keras.Model, spec: LabelledSpec) -> Explainable:
        def prepare(text: str) -> list[tf.Tensor]:
            if spec.is_image:
                return [to_unit_interval(read_image(Path(text), spec.image_shape)[None])]
            return [tf.constant(read_point(text)[None])]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            row = self._asked(model).answer(inputs[0])["probabilities"].numpy()[0]
            title = f"{in_short(Path(text).name)}: {answer_text(spec.class_names, row, target)}"
            return relevance_figure(title, inputs[0].numpy()[0], [each.of_row(0) for each in found])

        def show_adversarial(text: str, inputs: list[tf.Tensor], target: int | None) -> Figure:
            name = in_short(Path(text).name)
            return smallest_change_picture(model, name, inputs[0], target, spec.class_names)

        return Explainable(
            model,
            prepare,
            score_of_output,
            show,
            axes=2 if spec.is_image else 1,
            targets=spec.class_names,
            layers=layers_with_maps(model) if spec.is_image else (),
            shows_several=True,
            images=np.asarray if spec.is_image else None,
            read=lambda columns: _model_inputs(columns)[0],
            pictures={"adversarial": show_adversarial},
        )

    def pictures_of(
        self, model: keras.Model, spec: LabelledSpec, text: str, name: str
    ) -> dict[str, Figure]:
        redrawing = redrawing_of(model)
        if redrawing is None:
            return {}
        image = to_unit_interval(read_image(Path(text), spec.image_shape)[None])
        answer = int(self._asked(model).answer(image)["probabilities"].numpy().argmax())
        title = f"{in_short(text)}: drawn as {spec.class_names[answer]}, one number moved at a time"
        return {f"{name}_redrawn": redrawn_picture(redrawing, image.numpy()[0], answer, title)}

    @functools.lru_cache(maxsize=1)  # noqa: B019 - one model, in all that it is asked
    def _asked(self, model: keras.Model) -> AskedClassifier:
        return AskedClassifier(model, self.config.evaluation)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same answers
    def _prediction(self, model: keras.Model, data: LabelledExamples, split: str) -> Prediction:
        """What the model answers to all examples of a split, in order."""
        return self._asked(model).predict(self._batches(data, split))

    def _batches(self, data: LabelledExamples, split: str) -> tf.data.Dataset:
        return in_order(data[split], self.config.evaluation.batch_size, _model_inputs)


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    if "image" in columns:
        return to_unit_interval(columns["image"]), columns["label"]
    return columns["point"], columns["label"]


def _drawings_of_images(_: keras.Model, examples: Examples) -> list[Drawing]:
    if "point" in examples.columns:
        return []
    batches = in_order(examples, len(examples), lambda columns: columns["image"])
    return [functools.partial(draw_image, image=image) for image in next(iter(batches)).numpy()]
