"""Writing: how a language model goes on with texts, all at once or token by token."""

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import tensorflow as tf
from pydantic import Field

from dlapps.config.section import Positive, Section, Seed
from dlapps.data.text.likeliest import MUTE, allowed
from dlapps.data.text.vocabulary import END, Vocabulary
from dlapps.decoding.sampling import sample_tokens
from dlapps.models.text.language_model import LanguageModel

AT_A_TIME = 8
"""Tokens between two pieces of a text that is shown while it is written."""


class WritingSettings(Section):
    """How a text goes on; a run that is there may be asked with others."""

    length: Positive = 400
    """Tokens that are written."""
    temperature: Annotated[float, Field(ge=0)] = 0.8
    """What logits are divided by: below 1 the likely becomes likelier; 0 takes the likeliest."""
    top_k: Annotated[int, Field(ge=0)] = 0
    """Only so many of the likeliest tokens can be drawn; 0: all."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Only the likeliest tokens that together have this probability can be drawn."""
    seed: Seed = 0
    """Another one writes another text."""


class Draws(NamedTuple):
    """How the tokens of N texts are drawn."""

    temperature: tf.Tensor
    """float32 [N]."""
    seeds: tf.Tensor
    """int64 [N]; a text is a function of its own seed, whatever texts are beside it."""


def prompt_ids(vocabulary: Vocabulary, prompts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The numbers int32 [N, P] of the tokens of prompts [N], and how many each has, [N]."""
    ids = vocabulary.encode(prompts)
    # Where there is no token, the sign for an end stands for the text that is over.
    lengths = tf.maximum(1, tf.argmax(ids == END, axis=1, output_type=tf.int32))
    return ids[:, : tf.reduce_max(lengths)], lengths


class Writer:
    """Goes on with texts; `model` may be asked in a graph that is exported."""

    def __init__(self, model: LanguageModel, vocabulary: Vocabulary, settings: WritingSettings):
        self.model, self.vocabulary, self.settings = model, vocabulary, settings
        self._advance = tf.function(self._advanced)

    def continued(self, prompts: tf.Tensor, draws: Draws) -> tf.Tensor:
        """The tokens int32 [N, length] that go on with prompts [N]; for a graph."""
        ids, lengths = prompt_ids(self.vocabulary, prompts)
        size, longest = tf.unstack(tf.shape(ids))
        count = longest - 1 + self.settings.length
        written = tf.TensorArray(tf.int32, count, element_shape=[None])

        def step(place: tf.Tensor, last: tf.Tensor, states: Any, written: tf.TensorArray):
            given = ids[:, tf.minimum(place, longest - 1)]
            token = tf.where(place < lengths, given, last)
            logits, states = self.model.read(token[:, None], states)
            token = self.drawn(logits[:, 0], draws, place + 1 - lengths)
            return place + 1, token, states, written.write(place, token)

        states = self.model.initial_states(size)
        *_, written = tf.while_loop(
            lambda place, *_: place < count,
            step,
            (0, tf.zeros([size], tf.int32), states, written),
        )
        # Of each text, what was drawn from its prompt's last token on.
        chosen = lengths[:, None] - 1 + tf.range(self.settings.length)
        return tf.gather(tf.transpose(written.stack()), chosen, batch_dims=1)

    def drawn(self, logits: tf.Tensor, draws: Draws, places: tf.Tensor) -> tf.Tensor:
        """A token int32 [N] for each row of logits [N, tokens], by its place in what is written."""
        seeds = tf.stack([draws.seeds, tf.cast(places, tf.int64)], axis=1)
        return sample_tokens(
            allowed(logits, (*MUTE, END)),
            draws.temperature,
            self.settings.top_k,
            self.settings.top_p,
            seeds,
        )

    def stream(self, prompt: str) -> Iterator[str]:
        """What `continued` writes with the settings' own draws, in pieces as they are written."""
        ids, _ = prompt_ids(self.vocabulary, tf.constant([prompt]))
        states = self.model.initial_states(1)
        if ids.shape[1] > 1:
            _, states = self.model.read(ids[:, :-1], states)
        token, written = ids[:, -1], ids[:, :0]
        shown = ""
        while written.shape[1] < self.settings.length:
            count = min(AT_A_TIME, self.settings.length - written.shape[1])
            place = tf.constant(written.shape[1])
            more, token, states = self._advance(place, tf.constant(count), token, states)
            written = tf.concat([written, more], axis=1)
            text = self.vocabulary.decode(written).numpy()[0].decode()
            yield text[len(shown) :]
            shown = text

    def own_draws(self, rows: int) -> Draws:
        """The settings' own, for so many texts."""
        return Draws(
            tf.fill([rows], float(self.settings.temperature)),
            tf.fill([rows], tf.constant(self.settings.seed, tf.int64)),
        )

    def _advanced(
        self, place: tf.Tensor, count: tf.Tensor, token: tf.Tensor, states: Any
    ) -> tuple[tf.Tensor, tf.Tensor, Any]:
        """The next `count` tokens [1, count] of one text, the last of them, and the states."""
        draws = self.own_draws(1)

        def step(number: tf.Tensor, token: tf.Tensor, states: Any, written: tf.TensorArray):
            logits, states = self.model.read(token[:, None], states)
            token = self.drawn(logits[:, 0], draws, place[None] + number)
            return number + 1, token, states, written.write(number, token)

        written = tf.TensorArray(tf.int32, count, element_shape=[None])
        _, token, states, written = tf.while_loop(
            lambda number, *_: number < count, step, (0, token, states, written)
        )
        return tf.transpose(written.stack()), token, states
