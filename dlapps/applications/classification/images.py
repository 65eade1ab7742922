"""Images as a classifier takes them: files or pixels, and where in them it looks."""

import functools
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from dlapps.applications.classification.adversarial import adversarial_picture
from dlapps.applications.classification.answers import ClassAnswers
from dlapps.applications.classification.explanation import explain_answer
from dlapps.applications.classification.inputs import Inputs
from dlapps.applications.classification.redrawn import redrawn_picture, redrawn_pictures
from dlapps.applications.classification.smallest_change import smallest_change_picture
from dlapps.applications.classification.uncertainty import AskedClassifier, Prediction
from dlapps.data.batches import Columns, in_order
from dlapps.data.images.decoding import (
    IMAGE_FILE,
    READABLE,
    decode_images,
    read_image,
    read_image_bytes,
    to_unit_interval,
)
from dlapps.data.images.labelled import LabelledSpec
from dlapps.data.sources.folders import IMAGES
from dlapps.data.splits import Examples
from dlapps.errors import in_short
from dlapps.explain.exciting_images import classes_figure
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.examples import Drawing, draw_image
from dlapps.explain.figures.mistakes import confident_mistakes
from dlapps.explain.figures.relevance import answer_text, relevance_figure
from dlapps.export.answer import Answer
from dlapps.export.kinds import image_file, pixel_array
from dlapps.models.classifier import layers_with_maps
from dlapps.models.vision.redrawing import redrawing_of


class Images(Inputs[LabelledSpec]):
    """Images float32 [N, H, W, C] in [0, 1]."""

    def of_batch(self, columns: Columns) -> tf.Tensor:
        return to_unit_interval(columns["image"])

    def answers(self, asked: AskedClassifier, batch_size: int) -> dict[str, Answer]:
        spec, answers = self.spec, ClassAnswers(asked, self.spec.class_names)
        shape = (2, *spec.input_shape)
        pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        files = np.array([tf.io.encode_png(image).numpy() for image in pixels], object)
        return {
            "serving_default": Answer(
                inputs={"image_bytes": tf.TensorSpec([None], tf.string)},
                function=lambda image_bytes: answers.answer(
                    to_unit_interval(decode_images(image_bytes, spec.image_shape))
                ),
                example=lambda: (
                    {"image_bytes": files}, answers.expected(to_unit_interval(pixels))
                ),
                read=read_image_bytes,
                show=answers.show,
                takes=IMAGE_FILE,
                suffixes=IMAGES.suffixes,
                resources=[answers.table],
                input_kinds={
                    "image_bytes": image_file(spec.image_shape, READABLE, IMAGES.suffixes)
                },
                output_kinds=answers.kinds,
            ),
            "pixels": Answer(
                inputs={"pixels": tf.TensorSpec([None, *spec.input_shape], tf.uint8)},
                function=lambda pixels: answers.answer(to_unit_interval(pixels)),
                example=lambda: ({"pixels": pixels}, answers.expected(to_unit_interval(pixels))),
                resources=[answers.table],
                input_kinds={"pixels": pixel_array(spec.image_shape)},
                output_kinds=answers.kinds,
                rows=lambda examples: in_order(
                    examples, batch_size, lambda row: {"pixels": row["image"]}
                ),
            ),
            "explain": explain_answer(self.explainable(asked), spec),
        }  # fmt: skip

    def explainable(self, asked: AskedClassifier) -> Explainable:
        model, names = asked.model, self.spec.class_names

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            row = asked.answer(inputs[0])["probabilities"].numpy()[0]
            title = f"{in_short(Path(text).name)}: {answer_text(names, row, target)}"
            return relevance_figure(title, inputs[0].numpy()[0], [each.of_row(0) for each in found])

        return Explainable(
            model,
            lambda text: [self._read(text)],
            score_of_output,
            show,
            axes=2,
            targets=names,
            layers=layers_with_maps(model),
            shows_several=True,
            images=np.asarray,
            read=self.of_batch,
            pictures={
                "adversarial": lambda text, inputs, target: smallest_change_picture(
                    model, in_short(Path(text).name), inputs[0], target, names
                )
            },
        )

    def pictures(
        self, asked: AskedClassifier, test: Examples, prediction: Prediction
    ) -> dict[str, Figure]:
        pictures = self._pictures_of_columns(asked, test.columns, prediction)
        adversarial = adversarial_picture(
            asked.model, test, self.pair_of_batch, self.spec.class_names
        )
        return pictures | ({"adversarial": adversarial} if adversarial else {})

    def _pictures_of_columns(
        self, asked: AskedClassifier, columns: Columns, prediction: Prediction
    ) -> dict[str, Figure]:
        """Pictures in which examples are shown; empty where those are too many to hold."""
        if "image" not in columns:
            return {}
        seen = columns["image"], prediction.labels, prediction.probabilities, self.spec.class_names
        pictures = {"confident_mistakes": confident_mistakes(*seen)}
        if redrawing := redrawing_of(asked.model):
            pictures |= redrawn_pictures(redrawing, *seen)
        if figure := classes_figure(self.explainable(asked)):
            pictures["classes"] = figure
        return pictures

    def pictures_of(self, asked: AskedClassifier, text: str, name: str) -> dict[str, Figure]:
        redrawing = redrawing_of(asked.model)
        if redrawing is None:
            return {}
        image, names = self._read(text), self.spec.class_names
        answer = int(asked.answer(image)["probabilities"].numpy().argmax())
        title = f"{in_short(text)}: drawn as {names[answer]}, one number moved at a time"
        return {f"{name}_redrawn": redrawn_picture(redrawing, image.numpy()[0], answer, title)}

    def drawings(self, model: keras.Model, examples: Examples) -> Sequence[Drawing]:
        batches = in_order(examples, len(examples), lambda columns: columns["image"])
        return [functools.partial(draw_image, image=image) for image in next(iter(batches)).numpy()]

    def _read(self, text: str) -> tf.Tensor:
        """The image [1, H, W, C] in the file of that name."""
        return to_unit_interval(read_image(Path(text), self.spec.image_shape)[None])
