"""Captioning: a photo to a sentence that says what is in it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from matplotlib.figure import Figure

from dlapps.applications.base import Application
from dlapps.applications.captioning.answers import caption_answer
from dlapps.applications.captioning.data import (
    CaptionedData,
    CaptionedExamples,
    CaptionedSpec,
    caption_rows,
    captions_of,
    load_captioned,
    teacher_forced,
    unknown_words,
)
from dlapps.applications.captioning.pictures import attention_figure, caption_sheet
from dlapps.applications.captioning.writer import CaptionWriter
from dlapps.config.schema import Config
from dlapps.config.section import Fraction, Positive, Section
from dlapps.data.batches import Columns, in_order
from dlapps.data.images.decoding import read_image, to_unit_interval
from dlapps.data.splits import Data, Examples
from dlapps.data.text.likeliest import DecodingSettings, allowed
from dlapps.data.text.vocabulary import START
from dlapps.errors import in_short
from dlapps.explain.explainable import Explainable, Relevance
from dlapps.explain.figures.relevance import relevance_figure
from dlapps.export.answer import Answer
from dlapps.losses.smoothed_crossentropy import SmoothedCrossentropy
from dlapps.metrics.captioning import captioning_report
from dlapps.metrics.label_accuracy import LabelAccuracy
from dlapps.models.captioning.captioner import PhotoCaptioner, photo_captioner
from dlapps.models.captioning.photo_encoder import convolutional_encoder, pretrained_encoder
from dlapps.models.captioning.show_and_tell import show_and_tell
from dlapps.models.captioning.show_attend_and_tell import show_attend_and_tell
from dlapps.models.captioning.transformer_captioner import transformer_captioner
from dlapps.models.vision.pretrained import Backbone
from dlapps.progress import progress
from dlapps.training.hardware import dtype_policy
from dlapps.training.optimizers import build_optimizer
from dlapps.training.stage import Stage, supervised_stage, with_decoded_scores

NUM_PICTURES = 8


class EncoderSettings(Section):
    """What looks at the photos."""

    name: Backbone | Literal["convolutional"] = "efficientnet_lite0"
    """A network trained on ImageNet, which stays as it is and sees every photo once, before the
    training; or convolutional, a small one that learns with the captioner."""
    weights: str = "imagenet"
    """Of a trained network: imagenet, the path of a file, or none for random ones."""
    side: Positive | None = None
    """Pixels a side that photos are scaled to for a trained network; left out, they come as the
    data have them."""


class CaptionDecoding(DecodingSettings):
    """How the likeliest caption is searched for."""

    max_length: Positive = 24
    """Words at which a caption is cut."""


class CaptioningConfig(Config):
    """The settings of a captioner."""

    asked_with: ClassVar = ("decoding",)
    decoded_scores: ClassVar = {"bleu_4": "max", "cider": "max"}

    data: CaptionedData
    encoder: EncoderSettings = EncoderSettings()
    decoding: CaptionDecoding = CaptionDecoding()
    label_smoothing: Fraction = 0.0
    """Share of each word's probability that training gives to all words alike."""


class Captioning(Application[CaptioningConfig, CaptionedSpec]):
    """A photo in, a caption out."""

    config_class = CaptioningConfig
    spec_class = CaptionedSpec
    models = {  # noqa: RUF012
        "show_and_tell": show_and_tell,
        "show_attend_and_tell": show_attend_and_tell,
        "transformer_captioner": transformer_captioner,
    }

    def build_data(self) -> CaptionedExamples:
        return load_captioned(self.config.data)

    def build_model(self, spec: CaptionedSpec) -> keras.Model:
        encoder = self._encoder(spec.image_shape)
        builder = self.models[self.config.model["name"]]
        map_shape = encoder.output_shape[1:]
        captioner = builder(map_shape, len(spec.vocabulary()), **self.config.model_options)
        return photo_captioner(encoder, captioner)

    def _encoder(self, image_shape: tuple[int, int, int]) -> keras.Model:
        settings = self.config.encoder
        if settings.name == "convolutional":
            return convolutional_encoder(image_shape)
        # What it sees is the same in whatever the captioner is trained, and when it is asked.
        with dtype_policy("float32"):
            return pretrained_encoder(image_shape, settings.name, settings.weights, settings.side)

    def _learner(self, model: PhotoCaptioner) -> keras.Model:
        """What learns: all, or the captioner alone where the encoder stays as it is."""
        learner = model
        if not model.encoder.trainable_weights:
            # Another model of the same layers: an optimizer of the captioner's own would be kept
            # within the run's model.
            learner = keras.Model(model.captioner.input, model.captioner.output)
        learner.compile(
            optimizer=build_optimizer(self.config.training),
            loss=SmoothedCrossentropy(self.config.label_smoothing),
            weighted_metrics=[LabelAccuracy()],
        )
        return learner

    def stages(self, model: PhotoCaptioner, data: CaptionedExamples) -> Iterator[Stage]:
        learner = self._learner(model)
        seen = {split: data[split] for split in ("train", "validation")}
        if learner is not model:
            seen = {split: self._as_seen(model, photos) for split, photos in seen.items()}
        vocabulary, longest = data.spec.vocabulary(), self.config.data.max_length
        rows = {split: caption_rows(each, vocabulary, longest) for split, each in seen.items()}
        stage = supervised_stage(
            learner, Data(rows, data.spec), self.config, _prepared, length="length"
        )
        writer = self._writer(model, data.spec)

        def scores() -> dict[str, float]:
            return self._report(writer, seen["validation"])

        yield with_decoded_scores(stage, self.config, scores)

    def _as_seen(self, model: PhotoCaptioner, photos: Examples) -> Examples:
        """The photos as the maps that the encoder has of them, which it has but to see once."""
        encode = tf.function(lambda x: model.encoder(x, training=False))
        batches = in_order(photos, self.config.evaluation.batch_size, _images)
        # Half the memory, and next to nothing is lost.
        seen = (encode(x).numpy() for x in progress(batches, "Looking at photos"))
        maps = [each.astype(np.float16) for each in seen]
        captions = photos.columns["captions"]
        return Examples({"maps": np.concatenate(maps), "captions": captions})

    def evaluate(
        self, model: PhotoCaptioner, data: CaptionedExamples, split: str
    ) -> dict[str, Any]:
        writer, photos = self._writer(model, data.spec), data[split]
        unknown = unknown_words(photos, writer.vocabulary)
        return {**self._report(writer, photos), "unknown_words": unknown}

    def _report(self, writer: CaptionWriter, photos: Examples) -> dict[str, Any]:
        captions = writer.captions(photos, self.config.evaluation.batch_size)
        return captioning_report(captions, captions_of(photos))

    def _writer(self, model: PhotoCaptioner, spec: CaptionedSpec) -> CaptionWriter:
        return CaptionWriter(model, spec, self.config.decoding)

    def answers(self, model: PhotoCaptioner, spec: CaptionedSpec) -> dict[str, Answer]:
        return {"serving_default": caption_answer(self._writer(model, spec), spec)}

    def pictures(self, model: PhotoCaptioner, data: CaptionedExamples) -> dict[str, Figure]:
        writer, shown = self._writer(model, data.spec), data["test"][:NUM_PICTURES]
        images = next(iter(in_order(shown, len(shown), lambda columns: columns["image"]))).numpy()
        captions = writer.captions(shown, self.config.evaluation.batch_size)
        attentions = {
            f"attention_{number}": figure
            for number, image in enumerate(images[:2], 1)
            if (figure := _attention(writer, image)) is not None
        }
        return {"captions": caption_sheet(images, captions, captions_of(shown)), **attentions}

    def pictures_of(
        self, model: PhotoCaptioner, spec: CaptionedSpec, text: str, name: str
    ) -> dict[str, Figure]:
        figure = _attention(self._writer(model, spec), read_image(text, spec.image_shape))
        return {} if figure is None else {f"{name}_attention": figure}

    def explainable(self, model: PhotoCaptioner, spec: CaptionedSpec) -> Explainable:
        writer = self._writer(model, spec)

        def prepare(text: str) -> list[tf.Tensor]:
            image = read_image(Path(text), spec.image_shape)[None]
            said = writer.likeliest(writer.maps(image))
            return [to_unit_interval(image), tf.pad(said, [[0, 0], [1, 0]], constant_values=START)]

        def score(log_probabilities: tf.Tensor, target: int | None = None) -> tf.Tensor:
            return tf.reduce_sum(log_probabilities, axis=-1)

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], _: int | None
        ) -> Figure:
            image, said = inputs
            caption = writer.vocabulary.decode(said[:, 1:]).numpy()[0].decode()
            title = f"{in_short(Path(text).name)}: {caption}"
            return relevance_figure(title, image.numpy()[0], [each.of_row(0) for each in found])

        words = writer.vocabulary.shown(tf.range(len(writer.vocabulary))[None])[0]
        return Explainable(
            _log_probabilities(model),
            prepare,
            score,
            show,
            axes=2,
            layers=["encoder"],
            layerwise=False,
            shows_several=True,
            images=np.asarray,
            words={"captioner/decoder/target_embedding": words},
        )


def _attention(writer: CaptionWriter, image: np.ndarray) -> Figure | None:
    """Where a captioner looks in a uint8 image as it says each word; None if it looks nowhere."""
    maps = writer.maps(image[None])
    tokens = writer.likeliest(maps)
    started = tf.pad(tokens[:, :-1], [[0, 0], [1, 0]], constant_values=START)
    weights = writer.model.captioner.attention(maps, started)[0].numpy()
    words = writer.vocabulary.shown(tokens)[0]
    return attention_figure(image, weights, words) if weights.any() else None


def _log_probabilities(model: PhotoCaptioner) -> keras.Model:
    """From an image and a caption [N, 1 + U] with its START to how likely each token [N, U] is."""
    image = keras.Input(model.encoder.input_shape[1:], name="image")
    said = keras.Input((None,), dtype="int32", name="said")
    logits = model.captioner({"maps": model.encoder(image), "target": said})
    chances = ops.log_softmax(allowed(logits[:, :-1]))
    found = ops.take_along_axis(chances, said[:, 1:, None], axis=-1)
    return keras.Model([image, said], found[..., 0], name="log_probabilities")


def _prepared(columns: Columns) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """A batch for the `train_step` of what learns."""
    before, target, weights = teacher_forced(columns)
    if "maps" in columns:
        return {"maps": tf.cast(columns["maps"], tf.float32), "target": before}, target, weights
    return {"image": _images(columns), "target": before}, target, weights


def _images(columns: Columns) -> tf.Tensor:
    return to_unit_interval(columns["image"])
