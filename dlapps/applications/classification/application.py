"""Classification: which of several classes an image or a point belongs to."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.base import Application
from dlapps.applications.classification.pictures import decision_regions, neuron_regions
from dlapps.config.schema import Config
from dlapps.data.batches import Batches, Columns, ShuffledBatches, answers_in_order, in_order
from dlapps.data.images.augmentation import NUM_DRAWS, augment
from dlapps.data.images.decoding import decode_images, read_image, to_unit_interval
from dlapps.data.images.labelled import LabelledData, LabelledSpec, load_labelled
from dlapps.data.splits import Examples, Splits
from dlapps.errors import UsageError
from dlapps.explain.figures.confusion import confusion_matrix_figure
from dlapps.explain.figures.mistakes import confident_mistakes
from dlapps.export.class_names import LabelTable, class_answer, expected_class_answer
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.export.signature import Signature
from dlapps.metrics.classification import classification_report
from dlapps.models.classifier import class_records, classify, compile_classifier
from dlapps.models.mlp import mlp
from dlapps.models.perceptron import perceptron
from dlapps.models.vision.lenet5 import lenet5
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import MetricsOn, Validation


class ClassificationConfig(Config):
    """The settings of a classifier."""

    data: LabelledData


class Classification(Application):
    """Images or points in, a class and its probabilities out."""

    Config = ClassificationConfig
    Spec = LabelledSpec
    models = {"perceptron": perceptron, "mlp": mlp, "lenet5": lenet5}  # noqa: RUF012

    def build_data(self) -> Splits:
        return load_labelled(self.config.data)

    def build_model(self, spec: LabelledSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        model = builder(spec.input_shape, len(spec.class_names), **self.config.model_options)
        compile_classifier(model, build_optimizer(self.config.training))
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        augmentation = self.config.data.augmentation

        def examples(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            x, y = _model_inputs(columns)
            return augment(x, draws, augmentation) if data.spec.is_image else x, y

        return ShuffledBatches(
            data.train,
            self.config.data.batch_size,
            self.config.seed,
            examples,
            num_draws=0 if augmentation.is_identity else NUM_DRAWS,
        )

    def validation(self, model: keras.Model, data: Splits) -> Validation:
        batch_size = self.config.evaluation.batch_size
        return MetricsOn(model, in_order(data.validation, batch_size, _model_inputs))

    def evaluate(self, model: keras.Model, examples: Examples, spec: LabelledSpec) -> dict:
        probabilities = self._probabilities(model, examples)
        return classification_report(examples.columns["label"], probabilities, spec.class_names)

    def predict(
        self, model: keras.Model, spec: LabelledSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        if spec.is_image:
            x = np.stack([read_image(Path(text), spec.input_shape) for text in inputs])
            x = to_unit_interval(x)
        else:
            x = np.stack([_read_point(text) for text in inputs])
        return class_records(inputs, classify(model, x).numpy(), spec.class_names)

    def export(self, model: keras.Model, spec: LabelledSpec, directory: Path) -> Path:
        table = LabelTable(spec.class_names)

        def answer(x: tf.Tensor) -> dict[str, tf.Tensor]:
            return class_answer(classify(model, x), table)

        build = _image_signatures if spec.is_image else _point_signatures
        signatures = build(model, spec, answer)
        return write_saved_model(directory, signatures, [table], parity_tolerance(model))

    def pictures(self, model: keras.Model, data: Splits) -> dict:
        names = data.spec.class_names
        labels = data.test.columns["label"]
        probabilities = self._probabilities(model, data.test)
        report = classification_report(labels, probabilities, names)
        matrix = np.array(report["confusion_matrix"])
        pictures = {"confusion_matrix": confusion_matrix_figure(matrix, names)}
        if not data.spec.is_image:
            points = data.test.columns["point"]

            def predict(x: np.ndarray) -> np.ndarray:
                return classify(model, x).numpy()

            pictures["decision_regions"] = decision_regions(predict, points, labels, names)
            pictures["neurons"] = neuron_regions(model, points, labels)
        elif "image" in data.test.columns:
            pictures["confident_mistakes"] = confident_mistakes(
                data.test.columns["image"], labels, probabilities, names
            )
        return pictures

    def _probabilities(self, model: keras.Model, examples: Examples) -> np.ndarray:
        """[N, C] for all examples, in order."""
        batches = in_order(examples, self.config.evaluation.batch_size, _model_inputs)
        return answers_in_order(lambda x: classify(model, x), batches)


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    if "image" in columns:
        return to_unit_interval(columns["image"]), columns["label"]
    return columns["point"], columns["label"]


def _image_signatures(model: keras.Model, spec: LabelledSpec, answer: Callable) -> dict:
    """Signatures for encoded images of any size, and for pixels of the model's own size."""
    height, width, channels = spec.input_shape
    shape = (2, height, width, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    encoded = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
    expected = _expected(model, spec, to_unit_interval(pixels))

    def from_bytes(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(to_unit_interval(decode_images(images, spec.input_shape)))

    def from_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(to_unit_interval(pixels))

    return {
        "serving_default": Signature(
            from_bytes, tf.TensorSpec([None], tf.string, "image_bytes"), encoded, expected
        ),
        "pixels": Signature(
            from_pixels, tf.TensorSpec([None, *shape[1:]], tf.uint8, "pixels"), pixels, expected
        ),
    }


def _point_signatures(model: keras.Model, spec: LabelledSpec, answer: Callable) -> dict:
    points = np.random.default_rng(0).uniform(-6, 6, (8, 2)).astype(np.float32)
    expected = _expected(model, spec, points)
    tensor = tf.TensorSpec([None, 2], tf.float32, "points")
    return {"serving_default": Signature(answer, tensor, points, expected)}


def _expected(model: keras.Model, spec: LabelledSpec, x: np.ndarray) -> dict[str, np.ndarray]:
    return expected_class_answer(model.predict(x, verbose=0), spec.class_names)


def _read_point(text: str) -> np.ndarray:
    try:
        x, y = (float(number) for number in text.split(","))
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError("no place in the plane")
    except ValueError as error:
        raise UsageError(
            f"{text!r} is not a point; this run takes coordinates such as 0.5,-1.2"
        ) from error
    return np.array([x, y], np.float32)
