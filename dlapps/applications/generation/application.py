"""Generation: new images like those that a model was shown."""

import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure
from pydantic import Field, model_validator

from dlapps.applications.base import Application
from dlapps.applications.generation.answers import generative_answers, numeric_answers_of
from dlapps.applications.generation.data import (
    UnlabelledImages,
    load_images,
    pixels,
    training_images,
)
from dlapps.applications.generation.pictures import (
    NUM_OVER_TIME,
    generated_over_time,
    generative_pictures,
)
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import ClassifierRun, Positive
from dlapps.data.batches import in_order
from dlapps.data.images.labelled import LabelledExamples, LabelledSpec
from dlapps.data.splits import Examples
from dlapps.explain.over_time import OverTime
from dlapps.export.answer import Answer
from dlapps.metrics.frechet import frechet_report
from dlapps.models.generative.convolutional_autoencoder import convolutional_autoencoder
from dlapps.models.generative.dcgan import dcgan
from dlapps.models.generative.maps import Maps, maps_of, on_arrays
from dlapps.models.generative.rbm import rbm
from dlapps.models.generative.variational_autoencoder import variational_autoencoder
from dlapps.models.trained import trained_layers
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage

EXAMPLES_SHOWN = 2_000


class GenerationEvaluation(EvaluationSettings):
    """How closely a model fits images that it was not shown."""

    importance_samples: Positive = 5_000
    """variational_autoencoder: latents drawn for an image to estimate its likelihood."""
    annealing_chains: Annotated[int, Field(gt=1)] = 100
    """rbm: runs of annealed importance sampling."""
    annealing_steps: Positive = 14_500
    """rbm: temperatures that each of them goes through."""
    classifier: ClassifierRun | None = None
    """A classification run on such images, in whose features Frechet distances are measured."""
    feature_layer: str = "dense6"
    """The layer of that classifier."""


class GenerationConfig(Config):
    """The settings of a generative model."""

    data: UnlabelledImages
    evaluation: GenerationEvaluation = GenerationEvaluation()

    @model_validator(mode="after")
    def _check_classifier(self):
        if self.data.binarise and self.evaluation.classifier:
            raise ValueError("evaluation.classifier needs grey images; data.binarise must be false")
        return self


class Generation(Application[GenerationConfig, LabelledSpec]):
    """Seeds in, new images out; images in, what a model keeps of them out."""

    config_class = GenerationConfig
    spec_class = LabelledSpec
    models = {  # noqa: RUF012
        "convolutional_autoencoder": convolutional_autoencoder,
        "variational_autoencoder": variational_autoencoder,
        "dcgan": dcgan,
        "rbm": rbm,
    }

    def build_data(self) -> LabelledExamples:
        return load_images(self.config.data)

    def build_model(self, spec: LabelledSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        model = builder(spec.input_shape, **self.config.model_options)
        model.compile(optimizer=build_optimizer(self.config.training))
        return model

    def stages(self, model: keras.Model, data: LabelledExamples) -> Iterator[Stage]:
        if self.config.evaluation.classifier:
            # Better refused now than after the training.
            self._features(self.config.evaluation.classifier, data.spec)
        images, num_draws = training_images(self.config.data, data.spec.input_shape)
        yield supervised_stage(model, data, self.config, pixels, images, num_draws)

    def evaluate(self, model: keras.Model, data: LabelledExamples, split: str) -> dict[str, Any]:
        settings, maps = self.config.evaluation, self._maps(model)
        batches = self._batches(data[split])
        metrics: dict[str, Any] = {"num_examples": len(data[split])}
        if self.config.data.binarise:
            for measure in model.measures().values():
                metrics |= measure(batches, settings)
        if settings.classifier:
            metrics |= self._frechet_distances(model, data, split, settings.classifier)
        if "encode" in maps:
            errors = [np.square(maps["decode"](maps["encode"](x)) - x) for x in batches]
            metrics["reconstruction_error"] = float(np.concatenate(errors).mean())
        return metrics

    def _frechet_distances(
        self, model: keras.Model, data: LabelledExamples, split: str, classifier: Path
    ) -> dict[str, Any]:
        """Of as many generated, and as many training images, as the split has examples."""
        train, count = data["train"], len(data[split])
        chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:count])
        seeds = tf.data.Dataset.range(count).batch(self.config.evaluation.batch_size)
        distances = frechet_report(
            on_arrays(self._features(classifier, data.spec)),
            map(self._maps(model)["generate"], seeds),
            self._batches(train[chosen]),
            self._batches(data[split]),
        )
        digest = hashlib.sha256((classifier / "model.keras").read_bytes()).hexdigest()
        return {**distances, "classifier_sha256": digest}

    def _features(self, classifier: Path, spec: LabelledSpec) -> keras.Model:
        """The network in whose outputs Frechet distances are measured."""
        return trained_layers(
            classifier, self.config.evaluation.feature_layer, spec.input_shape,
            run_setting="evaluation.classifier", layer_setting="evaluation.feature_layer",
        )  # fmt: skip

    def answers(self, model: keras.Model, spec: LabelledSpec) -> dict[str, Answer]:
        return generative_answers(model, spec.image_shape)

    def numeric_answers(self, model: keras.Model, spec: LabelledSpec) -> dict[str, Answer]:
        return numeric_answers_of(model, spec.image_shape, self._batches)

    def pictures(self, model: keras.Model, data: LabelledExamples) -> dict[str, Figure]:
        shown = data["test"][:EXAMPLES_SHOWN]
        images = np.concatenate(list(self._batches(shown).as_numpy_iterator()))
        labels, names = shown.columns["label"], data.spec.class_names
        return generative_pictures(model, self._maps(model), images, labels, names)

    def over_time(self, model: keras.Model, data: LabelledExamples) -> dict[str, OverTime]:
        shown = next(iter(self._batches(data["validation"][:NUM_OVER_TIME]))).numpy()
        return generated_over_time(self._maps(model), shown)

    @functools.lru_cache(maxsize=1)  # noqa: B019 - measured twice, then drawn: compiled once
    def _maps(self, model: keras.Model) -> Maps:
        return maps_of(model)

    def _batches(self, examples: Examples) -> tf.data.Dataset:
        return in_order(examples, self.config.evaluation.batch_size, pixels)
