"""The search for the likeliest captions, as a config sets it."""

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
from dlapps.models.captioning.captioner import Captioner


class DecodingSettings(Section):
    """How the likeliest caption is searched for."""

    beam_width: Positive = 5
    """Hypotheses that are followed at a time; 1 is greedy."""
    length_penalty: Annotated[float, Field(ge=0)] = 0.7
    """Hypotheses compete by log-probability / length ** this."""
    max_length: Positive = 24
    """Words at which a caption is cut."""
    n_best: Positive = 1
    """Captions that are given for a photo, the likeliest first; beyond 1 they are given as
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
    captioner: Captioner, settings: DecodingSettings
) -> Callable[[tf.Tensor], Decoded]:
    """From the maps [N, h, w, C] of photos to the captions that are found, one graph a model."""
    limits = {"start": START, "end": END, **settings.model_dump(exclude={"beam_width", "n_best"})}

    def step(last: tf.Tensor, states: list, memory: list) -> tuple[tf.Tensor, list]:
        logits, _, *states = captioner.decoder([last[:, None], *memory, *states])
        return allowed(logits[:, 0]), states

    @tf.function(input_signature=[tf.TensorSpec([None, *captioner.reader.input_shape[1:]])])
    def search(maps: tf.Tensor) -> Decoded:
        memory, states = captioner.read(maps)
        if settings.beam_width == 1:
            return greedy(step, states, memory, **limits)
        return beam_search(step, states, memory, beam_width=settings.beam_width, **limits)

    return search


def allowed(logits: tf.Tensor) -> tf.Tensor:
    """The logits [..., tokens], those of tokens that say nothing made impossible."""
    forbidden = np.zeros(logits.shape[-1], np.float32)
    forbidden[[PADDING, START, UNKNOWN]] = -1e9
    return ops.cast(logits, "float32") + forbidden
