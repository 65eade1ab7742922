"""Generation: new images like those that a model was shown."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.base import Application
from dlapps.applications.generation.data import (
    UnlabelledImages,
    load_images,
    pixels,
    shuffled_images,
)
from dlapps.applications.generation.pictures import (
    filters_figure,
    generative_pictures,
    path_between,
)
from dlapps.applications.generation.signatures import generative_signatures
from dlapps.config.schema import Config, EvaluationSettings
from dlapps.config.section import Positive, UserPath
from dlapps.data.batches import Batches, in_order
from dlapps.data.images.decoding import decode_images, read_image, to_unit_interval
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.splits import Examples, Splits
from dlapps.errors import UsageError
from dlapps.explain.figures.image_grid import image_grid
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.files import distinct_names, write_into
from dlapps.metrics.annealed_importance_sampling import annealed_report
from dlapps.metrics.frechet import frechet_report
from dlapps.metrics.importance_sampling import importance_sampled_report
from dlapps.models.generative.convolutional_autoencoder import convolutional_autoencoder
from dlapps.models.generative.dcgan import dcgan
from dlapps.models.generative.maps import Maps, maps_of, on_arrays
from dlapps.models.generative.rbm import rbm
from dlapps.models.generative.variational_autoencoder import variational_autoencoder
from dlapps.models.trained import classifier_features
from dlapps.progress import progress
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import MetricsOn, Validation

GRID_SIZE = 64
PATH_STEPS = 10
EXAMPLES_SHOWN = 2_000


class GenerationEvaluation(EvaluationSettings):
    """How closely a model fits images that it was not shown."""

    importance_samples: Positive = 5_000
    """variational_autoencoder: latents drawn for an image to estimate its likelihood."""
    annealing_chains: Annotated[int, Field(gt=1)] = 100
    """rbm: runs of annealed importance sampling."""
    annealing_steps: Positive = 14_500
    """rbm: temperatures that each of them goes through."""
    classifier: UserPath | None = None
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


class Generation(Application):
    """Seeds in, new images out; images in, what a model keeps of them out."""

    Config = GenerationConfig
    Spec = LabelledSpec
    models = {  # noqa: RUF012
        "convolutional_autoencoder": convolutional_autoencoder,
        "variational_autoencoder": variational_autoencoder,
        "dcgan": dcgan,
        "rbm": rbm,
    }

    def build_data(self) -> Splits:
        return load_images(self.config.data)

    def build_model(self, spec: LabelledSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        model = builder(spec.input_shape, **self.config.model_options)
        if self.config.evaluation.classifier:
            self._classifier(spec)  # Better refused now than after the training.
        model.compile(optimizer=build_optimizer(self.config.training))
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        return shuffled_images(self.config.data, data, self.config.seed)

    def validation(self, model: keras.Model, data: Splits) -> Validation:
        return MetricsOn(model, self._batches(data.validation))

    def evaluate(self, model: keras.Model, examples: Examples, spec: LabelledSpec) -> dict:
        batches, maps = self._batches(examples), maps_of(model)
        metrics: dict = {"num_examples": len(examples)}
        if "encode" in maps:
            errors = [np.square(maps["decode"](maps["encode"](x)) - x) for x in batches]
            metrics["reconstruction_error"] = float(np.concatenate(errors).mean())
        if self.config.data.binarise and self.config.model["name"] in LIKELIHOODS:
            likelihood = LIKELIHOODS[self.config.model["name"]]
            metrics |= likelihood(model, batches, self.config.evaluation)
        if self.config.evaluation.classifier:
            metrics |= self._frechet_distances(maps, examples, spec)
        return metrics

    def _frechet_distances(self, maps: Maps, examples: Examples, spec: LabelledSpec) -> dict:
        """Of as many generated, and as many training images, as there are examples."""
        settings, count = self.config.evaluation, len(examples)
        network, digest = self._classifier(spec)
        train = self.build_data().train
        chosen = np.sort(np.random.default_rng(0).permutation(len(train))[:count])
        seeds = tf.data.Dataset.range(count).batch(settings.batch_size)
        distances = frechet_report(
            on_arrays(network),
            map(maps["generate"], seeds),
            self._batches(train[chosen]),
            self._batches(examples),
        )
        return {**distances, "classifier_sha256": digest}

    def _classifier(self, spec: LabelledSpec) -> tuple[keras.Model, str]:
        settings = self.config.evaluation
        return classifier_features(settings.classifier, settings.feature_layer, spec.input_shape)

    def predict(
        self, model: keras.Model, spec: LabelledSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        maps = maps_of(model)
        records = []
        for text, name in zip(inputs, distinct_names(inputs), strict=True):
            kind, images, columns = self._answer(maps, spec, text)
            png = tf.io.encode_png(image_grid(images, columns)).numpy()
            path = write_into(directory, f"{name}_{kind}.png", png)
            records.append({"input": text, kind: str(path)})
        return records

    def _answer(self, maps: Maps, spec: LabelledSpec, text: str) -> tuple:
        """What `text` asks for by name, the images that answer it, and how many go in a row."""
        if re.fullmatch(r"-?\d{1,18}", text):
            seeds = int(text) + np.arange(GRID_SIZE)
            return "samples", maps["generate"](seeds), None
        if "encode" not in maps:
            raise UsageError(
                f"{text!r} is no seed, and a {self.config.model['name']} cannot encode images; "
                "it takes whole numbers such as 7, and generates images from them."
            )
        paths = [text] if Path(text).exists() else text.split(":")
        if len(paths) > 2:
            raise UsageError(
                f"{text!r} names {len(paths)} images; give one, or two as a.png:b.png."
            )
        images = np.stack([read_image(path, spec.input_shape) for path in paths])
        latents = maps["encode"](to_unit_interval(images))
        if len(paths) == 1:
            return "reconstruction", maps["decode"](latents), 1
        path = path_between(maps["decode"], *latents, steps=PATH_STEPS)
        return "interpolation", path, PATH_STEPS

    def export(self, model: keras.Model, spec: LabelledSpec, directory: Path) -> Path:
        shape = spec.input_shape
        signatures = generative_signatures(
            model.endpoints(),
            model.latent_size,
            shape,
            lambda contents: to_unit_interval(decode_images(contents, shape)),
        )
        return write_saved_model(directory, signatures, tolerance=parity_tolerance(model))

    def pictures(self, model: keras.Model, data: Splits) -> dict:
        shown = data.test[:EXAMPLES_SHOWN]
        images = np.concatenate(list(self._batches(shown).as_numpy_iterator()))
        labels, names = shown.columns["label"], data.spec.class_names
        pictures = generative_pictures(maps_of(model), images, labels, names, model.latent_size)
        if self.config.model["name"] == "rbm":
            pictures["filters"] = filters_figure(model.units.kernel.numpy(), images.shape[1:])
        return pictures

    def _batches(self, examples: Examples) -> tf.data.Dataset:
        return in_order(examples, self.config.evaluation.batch_size, pixels)


LIKELIHOODS = {
    "variational_autoencoder": lambda model, batches, settings: importance_sampled_report(
        progress(batches, "Likelihood"),
        model.posterior,
        model.log_likelihood,
        settings.importance_samples,
    ),
    "rbm": lambda model, batches, settings: annealed_report(
        batches,
        model.units.free_energy,
        (model.units.kernel, model.units.visible_bias, model.units.hidden_bias),
        num_chains=settings.annealing_chains,
        num_temperatures=settings.annealing_steps,
        progress=lambda parts: progress(parts, "Annealing"),
    ),
}
