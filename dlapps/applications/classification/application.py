"""Classification: which of several classes an image, a point or a text belongs to."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.base import Application, Calibration, Classes
from dlapps.applications.classification.augmentation import augmented, mixed
from dlapps.applications.classification.config import TEXT_MODELS, ClassificationConfig
from dlapps.applications.classification.data import (
    balanced_rows,
    class_weights,
    labels_of,
    load_classified,
)
from dlapps.applications.classification.images import Images
from dlapps.applications.classification.inputs import Inputs
from dlapps.applications.classification.monte_carlo_dropout import check_dropout
from dlapps.applications.classification.points import Points
from dlapps.applications.classification.text_data import ClassifierExamples, ClassifierSpec
from dlapps.applications.classification.texts import Texts
from dlapps.applications.classification.uncertainty import (
    AskedClassifier,
    Prediction,
    best_temperature,
    reliability_curves,
    uncertainty_report,
    with_temperature,
)
from dlapps.data.batches import Columns, answers_in_order, in_order
from dlapps.data.splits import carve
from dlapps.explain.explainable import Explainable
from dlapps.explain.figures.confusion import confusion_matrix_figure, confusion_over_time
from dlapps.explain.figures.loss_surface import loss_surface_figure
from dlapps.explain.figures.reliability import reliability_figure
from dlapps.explain.methods.loss_surface import loss_surface
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer
from dlapps.losses.classification import ClassificationLoss
from dlapps.metrics.classification import classification_report
from dlapps.models.classifier import compile_classifier
from dlapps.models.kernels import set_kernels
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


class Classification(Application[ClassificationConfig, ClassifierSpec]):
    """Images, points or texts in, a class and its probabilities out."""

    config_class = ClassificationConfig
    spec_class = ClassifierSpec
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
        **TEXT_MODELS,
    }

    def build_data(self) -> ClassifierExamples:
        return load_classified(self.config.data)

    def build_model(self, spec: ClassifierSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        num_classes, options = len(spec.class_names), self.config.model_options
        transfer = self.config.transfer
        if transfer is None or transfer.run is None or transfer.layer is None:
            model = head = builder(self._inputs(spec).size, num_classes, **options)
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

    def stages(self, model: keras.Model, data: ClassifierExamples) -> Iterator[Stage]:
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

    def _stage(
        self, model: keras.Model, data: ClassifierExamples, seed: int | None = None
    ) -> Stage:
        settings = self.config.data
        augmentation, num_classes = settings.augmentation, len(data.spec.class_names)
        inputs, is_image = self._inputs(data.spec), data.spec.is_image
        weights = rows = None
        if settings.balance == "weights":
            weights = tf.constant(class_weights(labels_of(data["train"]), num_classes))
        elif settings.balance == "resampling":
            rows = balanced_rows(labels_of(data["train"]))

        def training_batch(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
            x, y = inputs.pair_of_batch(columns)
            if is_image:
                x = augmented(x, draws, augmentation)
            if is_image and augmentation.mixes:
                x, y = mixed(x, y, draws, augmentation, num_classes)
                return (x, y) if weights is None else (x, y, tf.linalg.matvec(y, weights))
            return (x, y) if weights is None else (x, y, tf.gather(weights, y))

        return supervised_stage(
            model, data, self.config, inputs.pair_of_batch, training_batch,
            sum(augmentation.draws().values()) if is_image else 0,
            length=inputs.length, seed=seed, rows=rows,
        )  # fmt: skip

    def calibration(self) -> Calibration | None:
        if not self.config.evaluation.temperature_scaling:
            return None

        def find(model: keras.Model, data: ClassifierExamples) -> float:
            asked = AskedClassifier(model, self.config.evaluation)
            labels, logits = answers_in_order(
                lambda x: tf.transpose(asked.logits(x), [1, 0, 2]),
                self._batches(data, "validation"),
            )
            return best_temperature(labels, logits.swapaxes(0, 1))

        samples = self.config.evaluation.monte_carlo_samples
        name = f"temperature_of_{samples}_samples" if samples else "temperature"
        return Calibration(name, find, with_temperature)

    def evaluate(self, model: keras.Model, data: ClassifierExamples, split: str) -> dict[str, Any]:
        prediction = self._prediction(model, data, split)
        report = classification_report(*prediction[:2], data.spec.class_names)
        return report | uncertainty_report(prediction, self._asked(model))

    def classes(self, spec: ClassifierSpec) -> Classes:
        return Classes(
            spec.class_names,
            lambda *asked: self._prediction(*asked)[:2],
            self._inputs(spec).drawings,
        )

    def answers(self, model: keras.Model, spec: ClassifierSpec) -> dict[str, Answer]:
        batch_size = self.config.evaluation.batch_size
        return self._inputs(spec).answers(self._asked(model), batch_size)

    def pictures(self, model: keras.Model, data: ClassifierExamples) -> dict[str, Figure]:
        asked, prediction = self._asked(model), self._prediction(model, data, "test")
        names = data.spec.class_names
        report = classification_report(prediction.labels, prediction.probabilities, names)
        return {
            **self._inputs(data.spec).pictures(asked, data["test"], prediction),
            "confusion_matrix": confusion_matrix_figure(
                np.array(report["confusion_matrix"]), names
            ),
            "reliability": reliability_figure(reliability_curves(prediction, asked)),
        }

    def over_time(self, model: keras.Model, data: ClassifierExamples) -> dict[str, OverTime]:
        validation, names = data["validation"], data.spec.class_names
        inputs = self._inputs(data.spec)
        _, chosen = carve(validation, min(MOST_OVER_TIME, len(validation)))
        batches = in_order(chosen, self.config.evaluation.batch_size, inputs.pair_of_batch)
        probabilities = tf.function(lambda x: self._asked(model).answer(x)["probabilities"])

        def confusion() -> np.ndarray:
            report = classification_report(*answers_in_order(probabilities, batches), names)
            return np.array(report["confusion_matrix"])

        return {
            **inputs.over_time(probabilities, chosen),
            "confusion_matrix_over_time": confusion_over_time(confusion, names),
        }

    def further_pictures(
        self, model: keras.Model, data: ClassifierExamples
    ) -> dict[str, Callable[[], Figure]]:
        if type(model).compute_loss is not keras.Model.compute_loss:
            return {}  # Its loss is of its own, and not of the logits alone.
        inputs = self._inputs(data.spec)
        settings, temperature = self.config.loss, self._asked(model).temperature
        loss = ClassificationLoss(settings.name, settings.label_smoothing, settings.gamma)

        def draw_loss_surface() -> Figure:
            train = data["train"]
            _, chosen = carve(train, min(MOST_ON_SURFACE, len(train)))
            distances, losses = loss_surface(
                model,
                lambda y, logits: loss.call(y, logits * temperature),
                progress(list(in_order(chosen, BATCH_ON_SURFACE, inputs.pair_of_batch)), "Batches"),
            )
            title = f"The loss on {len(chosen):,} of {len(train):,} training examples"
            return loss_surface_figure(title, distances, losses)

        return {"loss_surface": draw_loss_surface}

    def explainable(self, model: keras.Model, spec: ClassifierSpec) -> Explainable:
        return self._inputs(spec).explainable(self._asked(model))

    def pictures_of(
        self, model: keras.Model, spec: ClassifierSpec, text: str, name: str
    ) -> dict[str, Figure]:
        return self._inputs(spec).pictures_of(self._asked(model), text, name)

    @functools.lru_cache(maxsize=1)  # noqa: B019 - texts have tables
    def _inputs(self, spec: ClassifierSpec) -> Inputs[Any]:
        if spec.text is not None:
            return Texts(spec)
        return Images(spec) if spec.is_image else Points(spec)

    @functools.lru_cache(maxsize=1)  # noqa: B019 - one model, in all that it is asked
    def _asked(self, model: keras.Model) -> AskedClassifier:
        return AskedClassifier(model, self.config.evaluation)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - measured, then drawn: the same answers
    def _prediction(self, model: keras.Model, data: ClassifierExamples, split: str) -> Prediction:
        """What the model answers to all examples of a split, in order."""
        return self._asked(model).predict(self._batches(data, split))

    def _batches(self, data: ClassifierExamples, split: str) -> tf.data.Dataset:
        pair_of_batch = self._inputs(data.spec).pair_of_batch
        return in_order(data[split], self.config.evaluation.batch_size, pair_of_batch)
