"""The likeliest that a network can say, and how a config has it searched for."""

import functools
from collections.abc import Callable, Collection
from typing import Annotated, Any, Protocol

import numpy as np
import tensorflow as tf
from keras import ops
from pydantic import Field, model_validator

from dlapps.config.section import Positive, Section
from dlapps.data.text.vocabulary import END, PADDING, START, UNKNOWN, Vocabulary
from dlapps.decoding.beam_search import beam_search
from dlapps.decoding.greedy import greedy
from dlapps.decoding.sequences import Decoded

MUTE = (PADDING, START, UNKNOWN)
"""Tokens that say nothing."""


class DecodingSettings(Section):
    """How the likeliest is searched for."""

    beam_width: Positive = 5
    """Hypotheses that are followed at a time; 1 is greedy."""
    length_penalty: Annotated[float, Field(ge=0)] = 1.0
    """Hypotheses compete by log-probability / length ** this."""
    max_length: Positive = 100
    """Tokens at which what is said is cut."""
    n_best: Positive = 1
    """Answers that are given for an input, the likeliest first; beyond 1 they are given as
    `alternatives` with `alternative_scores`."""

    @model_validator(mode="after")
    def _check_n_best(self):
        if self.n_best > self.beam_width:
            raise ValueError(
                f"n_best {self.n_best} is more than the beam_width {self.beam_width}, which is "
                "how many hypotheses there are"
            )
        return self


class Speaker(Protocol):
    """A network that says tokens about what it has read."""

    @property
    def decoder(self) -> Callable[[list[tf.Tensor]], list[tf.Tensor]]:
        """From [target, *memory, *states] to [logits, attention, *last states]."""

    def read(self, inputs: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """The memory and the first states for inputs."""


@functools.lru_cache(maxsize=1)
def compiled_decoding(
    network: Speaker, inputs: tf.TensorSpec, settings: DecodingSettings
) -> Callable[[tf.Tensor], Decoded]:
    """From inputs like the spec to what is found to be said of each, one graph a network."""
    limits = {"start": START, "end": END, **settings.model_dump(exclude={"beam_width", "n_best"})}

    def step(last: tf.Tensor, states: Any, memory: Any) -> tuple[tf.Tensor, Any]:
        logits, _, *states = network.decoder([last[:, None], *memory, *states])
        return allowed(logits[:, 0]), states

    @tf.function(input_signature=[inputs])
    def decode(inputs: tf.Tensor) -> Decoded:
        memory, states = network.read(inputs)
        if settings.beam_width == 1:
            return greedy(step, states, memory, **limits)
        return beam_search(step, states, memory, beam_width=settings.beam_width, **limits)

    return decode


def best_tokens(found: Decoded, n_best: int) -> list[tf.Tensor]:
    """The tokens [N, L] of each of the `n_best` that were found, the likeliest first."""
    return tf.unstack(found.tokens[:, :n_best], n_best, axis=1)


def best_texts(found: Decoded, vocabulary: Vocabulary, n_best: int) -> tuple[tf.Tensor, tf.Tensor]:
    """The texts [N, n_best] that were found, the likeliest first, and their scores."""
    texts = [vocabulary.decode(tokens) for tokens in best_tokens(found, n_best)]
    return tf.stack(texts, axis=1), found.scores[:, :n_best]


def score_of(tokens: tf.Tensor, logits: tf.Tensor, length_penalty: float) -> float:
    """The score of a single text, tokens [1, U], by logits [1, U, tokens] for each of them."""
    chances = tf.nn.log_softmax(allowed(logits))
    total = tf.reduce_sum(tf.gather(chances, tokens, axis=-1, batch_dims=2))
    return float(total) / tokens.shape[1] ** length_penalty


def allowed(logits: tf.Tensor, mute: Collection[int] = MUTE) -> tf.Tensor:
    """The logits [..., tokens] in float32, those of tokens that say nothing made impossible."""
    forbidden = np.zeros(logits.shape[-1], np.float32)
    forbidden[[*mute]] = -1e9
    return ops.cast(logits, "float32") + forbidden
