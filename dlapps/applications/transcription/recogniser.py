"""A network with its alphabet and its search: recordings in, what is said in them out."""

import functools
from collections.abc import Callable
from typing import Annotated

import numpy as np
import tensorflow as tf
from pydantic import Field, model_validator

from dlapps.applications.transcription.data import TranscribedSpec
from dlapps.applications.transcription.utterances import network_inputs
from dlapps.config.section import Positive, Section
from dlapps.data.batches import Columns, in_order
from dlapps.data.splits import Examples
from dlapps.decoding.labelling import NOTHING, best_path, prefix_beam_search
from dlapps.decoding.ngram import Ngram, learn_ngram
from dlapps.export.answer import Arrays
from dlapps.export.hypotheses import Hypotheses
from dlapps.losses.ctc import ctc_loss
from dlapps.models.speech.transcriber import Transcriber
from dlapps.progress import progress


class DecodingSettings(Section):
    """How the likeliest transcript is searched for."""

    beam_width: Positive = 16
    """Prefixes that are followed at a time; 1 takes the likeliest path instead."""
    ngram_order: Annotated[int, Field(ge=0, le=8)] = 0
    """Letters that an n-gram of the training transcripts sees at once; 0: there is none."""
    ngram_weight: Annotated[float, Field(ge=0)] = 0.5
    """What the n-gram's log-probability counts beside that of the sound."""
    letter_bonus: float = 0.0
    """What each letter adds: an n-gram makes long transcripts unlikely."""
    n_best: Positive = 1
    """Transcripts that are given for a recording, the likeliest first; beyond 1 they are given as
    `alternatives` with `alternative_scores`."""

    @model_validator(mode="after")
    def _check_width(self):
        if self.n_best > self.beam_width:
            raise ValueError(
                f"n_best {self.n_best} is more than the beam_width {self.beam_width}, which is "
                "how many transcripts there are"
            )
        if self.ngram_order and self.beam_width == 1:
            raise ValueError("an n-gram ranks the prefixes of a beam: set a beam_width above 1")
        return self


class Recogniser:
    """How recordings are heard, and what is found to be said in them."""

    def __init__(self, model: Transcriber, spec: TranscribedSpec, settings: DecodingSettings):
        self.model = model
        self.hypotheses = Hypotheses(
            "transcript",
            settings.n_best,
            "its log-probability given the sound, over all alignments",
        )
        self._spec, self._settings = spec, settings

    def transcribe(self, waveform: tf.Tensor, num_samples: tf.Tensor) -> dict[str, tf.Tensor]:
        """The `transcript` [N] that is found of waveforms [N, T], of which `num_samples` [N] count,
        and what comes with it."""
        heard = self.model({"waveform": waveform, "num_samples": num_samples}, training=False)
        return self.said(heard["logits"], heard["num_frames"])

    def said(self, logits: tf.Tensor, num_frames: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same of the logits [N, F, V + 1], of which the first `num_frames` [N] count."""
        n_best = self._settings.n_best
        labels = self._search(tf.nn.log_softmax(tf.cast(logits, tf.float32)), num_frames)
        texts = self._texts(labels[:, :n_best])
        scores = [self._score(labels[:, k], logits, num_frames) for k in range(n_best)]
        return self.hypotheses.answer(texts, tf.stack(scores, axis=1))

    def transcripts(self, examples: Examples, batch_size: int) -> list[str]:
        """What is found to be said in each example, of which those of a batch should be alike in
        length."""
        batches = progress(in_order(examples, batch_size, network_inputs), "Transcribing")
        found = [self._graph(batch).numpy() for batch in batches]
        return [text.decode() for text in np.concatenate(found)]

    def expected(self, waveforms: list[np.ndarray]) -> Arrays:
        """What is found one recording at a time, from what Keras' own `predict` hears."""
        answers = []
        for waveform in waveforms:
            inputs = {
                "waveform": waveform[None],
                "num_samples": np.array([len(waveform)], np.int32),
            }
            heard = self.model.predict(inputs, verbose=0)
            answers.append(self.said(*map(tf.constant, (heard["logits"], heard["num_frames"]))))
        return {name: np.concatenate([each[name] for each in answers]) for name in answers[0]}

    def _search(self, log_probabilities: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
        settings = self._settings
        if settings.beam_width == 1:
            return best_path(log_probabilities, num_frames)
        return prefix_beam_search(
            log_probabilities,
            num_frames,
            beam_width=settings.beam_width,
            ngram=self._ngram,
            ngram_weight=settings.ngram_weight,
            label_bonus=settings.letter_bonus,
        )

    @functools.cached_property
    def _ngram(self) -> Ngram | None:
        order = self._settings.ngram_order
        return learn_ngram(self._spec.numbers(), len(self._spec.letters), order) if order else None

    @functools.cached_property
    def _graph(self) -> Callable[[Columns], tf.Tensor]:
        @tf.function(reduce_retracing=True)
        def transcribed(columns: Columns) -> tf.Tensor:
            return self.transcribe(columns["waveform"], columns["num_samples"])["transcript"]

        return transcribed

    def _texts(self, labels: tf.Tensor) -> tf.Tensor:
        """The letters of labels [..., L], joined."""
        letters = tf.gather(tf.constant([*self._spec.letters]), tf.maximum(labels, 0))
        return tf.strings.reduce_join(tf.where(labels == NOTHING, "", letters), axis=-1)

    def _score(self, labels: tf.Tensor, logits: tf.Tensor, num_frames: tf.Tensor) -> tf.Tensor:
        """The log-probability [N] of labels [N, L], over all their alignments."""
        num_labels = tf.math.count_nonzero(labels != NOTHING, axis=1)
        return -ctc_loss(labels, logits, num_labels, num_frames)
