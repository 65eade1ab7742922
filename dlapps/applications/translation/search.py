"""The search for the likeliest translations, as a config sets it."""

import functools
from collections.abc import Callable
from typing import Annotated

import numpy as np
import tensorflow as tf
from keras import ops
from pydantic import Field, model_validator

from dlapps.config.section import Positive, Section
from dlapps.data.text.vocabulary import END, PADDING, START, UNKNOWN
from dlapps.decoding.beam_search import beam_search
from dlapps.decoding.greedy import greedy
from dlapps.decoding.sequences import Decoded
from dlapps.models.text.translation_model import TranslationModel


class DecodingSettings(Section):
    """How the likeliest translation is searched for."""

    beam_width: Positive = 5
    """Hypotheses that are followed at a time; 1 is greedy."""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Hypotheses compete by log-probability / length ** this."""
    max_length: Positive = 100
    """Tokens at which a translation is cut."""
    n_best: Positive = 1
    """Translations that are given for a sentence, the likeliest first; beyond 1 they are given as
    `alternatives` with `alternative_scores`."""

    @model_validator(mode="after")
    def _check_n_best(self):
        if self.n_best > self.beam_width:
            raise ValueError(
                f"n_best {self.n_best} is more than the beam_width {self.beam_width}, which is "
                "how many hypotheses there are"
            )
        return self


@functools.lru_cache(maxsize=1)
def compiled_search(
    model: TranslationModel, settings: DecodingSettings
) -> Callable[[tf.Tensor], Decoded]:
    """From the ids [N, T] of sentences to the translations that are found, one graph a model."""
    limits = {"start": START, "end": END, **settings.model_dump(exclude={"beam_width", "n_best"})}

    def step(last: tf.Tensor, states: list, memory: list) -> tuple[tf.Tensor, list]:
        logits, _, *states = model.decoder([last[:, None], *memory, *states])
        return allowed(logits[:, 0]), states

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def search(source: tf.Tensor) -> Decoded:
        encoded = model.encoder(source)
        memory, states = encoded[: model.memory_size], encoded[model.memory_size :]
        if settings.beam_width == 1:
            return greedy(step, states, memory, **limits)
        return beam_search(step, states, memory, beam_width=settings.beam_width, **limits)

    return search


def allowed(logits: tf.Tensor) -> tf.Tensor:
    """The logits [..., tokens], those of tokens that say nothing made impossible."""
    forbidden = np.zeros(logits.shape[-1], np.float32)
    forbidden[[PADDING, START, UNKNOWN]] = -1e9
    return ops.cast(logits, "float32") + forbidden
