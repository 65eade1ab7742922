"""Speech: which keyword is spoken in a recording."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlapps.applications.base import Application
from dlapps.applications.speech.data import (
    RecordingData,
    RecordingSpec,
    load_recordings,
    read_clips,
)
from dlapps.applications.speech.pictures import (
    attention_by_class,
    heard_figure,
    mistaken_spectrograms,
)
from dlapps.config.schema import Config
from dlapps.data.audio.augmentation import NUM_DRAWS, augment_waveforms
from dlapps.data.audio.recordings import decode_wav, encode_wav, fit_length, to_floats, to_integers
from dlapps.data.batches import Batches, Columns, ShuffledBatches, answers_in_order, in_order
from dlapps.data.splits import Examples, Splits
from dlapps.explain.figures.confusion import confusion_matrix_figure
from dlapps.export.class_names import LabelTable, class_answer, expected_class_answer
from dlapps.export.parity import parity_tolerance
from dlapps.export.saved_model import write_saved_model
from dlapps.export.signature import Signature
from dlapps.files import distinct_names
from dlapps.metrics.classification import classification_report
from dlapps.models.classifier import class_records, classify, compile_classifier
from dlapps.models.speech.attention_lstm import attention_lstm
from dlapps.models.speech.keyword_cnn import keyword_cnn
from dlapps.models.speech.log_mel import band_frequencies
from dlapps.training.optimizers import build_optimizer
from dlapps.training.steps import MetricsOn, Validation


class SpeechConfig(Config):
    """The settings of a keyword recogniser."""

    data: RecordingData


class Speech(Application):
    """A recording in, the keyword spoken in it and the probabilities of all out."""

    Config = SpeechConfig
    Spec = RecordingSpec
    models = {"keyword_cnn": keyword_cnn, "attention_lstm": attention_lstm}  # noqa: RUF012

    def build_data(self) -> Splits:
        return load_recordings(self.config.data)

    def build_model(self, spec: RecordingSpec) -> keras.Model:
        builder = self.models[self.config.model["name"]]
        sizes = (spec.num_samples, spec.sample_rate, len(spec.class_names))
        model = builder(*sizes, **self.config.model_options)
        compile_classifier(model, build_optimizer(self.config.training))
        return model

    def training_batches(self, model: keras.Model, data: Splits) -> Batches:
        augmentation, rate = self.config.data.augmentation, data.spec.sample_rate

        def examples(columns: Columns, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            waveforms, labels = _model_inputs(columns)
            return augment_waveforms(waveforms, draws, augmentation, rate), labels

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

    def evaluate(self, model: keras.Model, examples: Examples, spec: RecordingSpec) -> dict:
        probabilities = self._on(examples, lambda x: classify(model, x))
        return classification_report(examples.columns["label"], probabilities, spec.class_names)

    def predict(
        self, model: keras.Model, spec: RecordingSpec, inputs: Sequence[str], directory: Path
    ) -> list[dict]:
        probabilities = classify(model, read_clips(inputs, spec)).numpy()
        return class_records(inputs, probabilities, spec.class_names)

    def export(self, model: keras.Model, spec: RecordingSpec, directory: Path) -> Path:
        table = LabelTable(spec.class_names)

        def answer(waveforms: tf.Tensor) -> dict[str, tf.Tensor]:
            return class_answer(classify(model, waveforms), table)

        signatures = _signatures(model, spec, answer)
        return write_saved_model(directory, signatures, [table], parity_tolerance(model))

    def pictures(self, model: keras.Model, data: Splits) -> dict:
        names, labels = data.spec.class_names, data.test.columns["label"]
        probabilities = self._on(data.test, lambda x: classify(model, x))
        spectrograms = self._on(data.test, _inside(model, "log_mel"))
        report = classification_report(labels, probabilities, names)
        matrix = np.array(report["confusion_matrix"])
        pictures = {
            "confusion_matrix": confusion_matrix_figure(matrix, names),
            "confident_mistakes": mistaken_spectrograms(
                spectrograms, labels, probabilities, names, data.spec.seconds
            ),
        }
        if self._has_attention:
            attention = self._on(data.test, _inside(model, "attention"))
            pictures["attention"] = attention_by_class(attention, labels, names, data.spec.seconds)
        return pictures

    def pictures_of(self, model: keras.Model, spec: RecordingSpec, inputs: Sequence[str]) -> dict:
        clips = read_clips(inputs, spec)
        spectrograms = _inside(model, "log_mel")(clips).numpy()
        attention = _inside(model, "attention")(clips).numpy() if self._has_attention else None
        rows = classify(model, clips).numpy()
        frequencies = band_frequencies(spectrograms.shape[2], spec.sample_rate)
        return {
            name: heard_figure(
                Path(inputs[number]).name,
                spectrograms[number],
                spec.seconds,
                frequencies,
                dict(zip(spec.class_names, rows[number].tolist(), strict=True)),
                None if attention is None else attention[number],
            )
            for number, name in enumerate(distinct_names(inputs))
        }

    @property
    def _has_attention(self) -> bool:
        return self.config.model["name"] == "attention_lstm"

    def _on(self, examples: Examples, function: Callable[[tf.Tensor], tf.Tensor]) -> np.ndarray:
        """What `function` makes of the waveforms of all examples, in order."""
        batches = in_order(examples, self.config.evaluation.batch_size, _model_inputs)
        return answers_in_order(function, batches)


def _inside(model: keras.Model, layer: str) -> keras.Model:
    """The part of the model that ends with one layer."""
    return keras.Model(model.input, model.get_layer(layer).output)


def _model_inputs(columns: Columns) -> tuple[tf.Tensor, tf.Tensor]:
    return to_floats(columns["waveform"]), columns["label"]


def _signatures(model: keras.Model, spec: RecordingSpec, answer: Callable) -> dict:
    """Signatures for WAV files of any length and rate, and for waveforms at the model's rate.

    The files are of 16-bit PCM, all that TensorFlow decodes; `predict` reads other widths too.
    """
    shape = (spec.sample_rate, spec.num_samples)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (2, spec.num_samples))
    integers = to_integers(noise)
    encoded = np.array([encode_wav(clip, spec.sample_rate) for clip in integers], object)
    floats = to_floats(integers).numpy()
    expected = expected_class_answer(model.predict(floats, verbose=0), spec.class_names)

    def from_bytes(wav_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        clips = tf.map_fn(
            lambda contents: decode_wav(contents, *shape),
            wav_bytes,
            fn_output_signature=tf.TensorSpec([spec.num_samples], tf.float32),
        )
        return answer(clips)

    def from_waveforms(waveform: tf.Tensor) -> dict[str, tf.Tensor]:
        return answer(fit_length(waveform, spec.num_samples))

    return {
        "serving_default": Signature(
            from_bytes, tf.TensorSpec([None], tf.string, "wav_bytes"), encoded, expected
        ),
        "waveform": Signature(
            from_waveforms, tf.TensorSpec([None, None], tf.float32, "waveform"), floats, expected
        ),
    }
