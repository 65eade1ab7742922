"""Looking into a language model while it reads: what surprised it, what it remembers and why."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from matplotlib.figure import Figure

from dlapps.applications.language.data import LongTextSpec, numbers_of
from dlapps.applications.language.measuring import Surprise
from dlapps.applications.language.pictures import (
    gates_figure,
    surprise_figure,
    tracking_figure,
)
from dlapps.applications.language.tracking import tracking_units
from dlapps.data.text.reading import read_text
from dlapps.explain.explainable import Explainable, Relevance, score_of_output
from dlapps.explain.figures.attention_heads import attention_heads_figure
from dlapps.explain.figures.coloured_text import relevance_over_text
from dlapps.explain.methods.attention_weights import attention_rollout, attention_weights
from dlapps.explain.methods.recurrent_gates import Gates, recurrent_gates
from dlapps.models.text.language_model import LanguageModel
from dlapps.models.text.transformer_blocks import attention_layers

MOST_LOOKED_AT = 40
"""Tokens of which it is shown where heads look."""


class LookingInside:
    """A model and the words for its numbers."""

    def __init__(self, model: LanguageModel, spec: LongTextSpec):
        self.model, self.vocabulary = model, spec.vocabulary()
        self.between = " " if spec.unit == "words" else ""
        recurrent = (layer for layer in model.reader.layers if isinstance(layer, keras.layers.RNN))
        self.recurrent_layers = list(recurrent)

    def written(self, tokens: np.ndarray) -> list[str]:
        """The tokens [T] as they are written, with what is between them."""
        texts = [token.decode() for token in self.vocabulary.tokens(tokens[None]).numpy()[0]]
        return [text if text == "\n" else text + self.between for text in texts]

    def surprise(self, tokens: np.ndarray) -> Figure:
        """How little each token after the first was expected."""
        nats = Surprise(self.model, tokens, 1).nats()[0]
        return surprise_figure(self.written(tokens[1:]), nats)

    def gates(self, tokens: np.ndarray) -> dict[str, Figure]:
        """What the gates of each recurrent layer did, by the layer's name."""
        written = self.written(tokens)
        return {
            f"gates_of_{layer.name}": gates_figure(written, gates, layer.name)
            for layer, gates in self._gates(tokens)
        }

    def heads(self, tokens: np.ndarray) -> dict[str, Figure]:
        """Where the heads of a Transformer look, of many tokens at and from the last."""
        layers = attention_layers(self.model.reader)
        if not layers:
            return {}
        tokens = tokens[-MOST_LOOKED_AT:]
        found = attention_weights(self.model.reader, self._from_nothing(tokens), layers)
        # Before the text there is nothing to look at.
        weights = {layer: heads[..., -len(tokens) :] for layer, heads in found.items()}
        shown = self.vocabulary.shown(tokens[None])[0]
        of_text = {layer: heads[0] for layer, heads in weights.items()}
        return {"heads": attention_heads_figure(shown, of_text, attention_rollout(weights)[0])}

    def tracking(self, tokens: np.ndarray, shown: int) -> dict[str, Figure]:
        """The units of the last layer that keep track of something, on the last `shown` tokens."""
        written = self.written(tokens)
        figures = {}
        for layer, gates in self._gates(tokens)[-1:]:
            states = gates.get("cell", gates["state"])
            found = tracking_units(written, states)
            last = slice(len(tokens) - shown, None)
            figures["tracking"] = tracking_figure(written[last], states[last], found, layer.name)
        return figures

    def explainable(self) -> Explainable:
        """Which of the tokens before spoke for the one that is expected next."""
        vocabulary = self.vocabulary
        names = vocabulary.shown(tf.range(len(vocabulary))[None])[0]

        def prepare(text: str) -> list[tf.Tensor]:
            read_text(text, vocabulary)
            return [self.model.embedded(numbers_of(text, vocabulary)[None])]

        def show(
            text: str, inputs: list[tf.Tensor], found: Sequence[Relevance], target: int | None
        ) -> Figure:
            logits = network(inputs[0])[0]
            chosen = int(tf.argmax(logits)) if target is None else target
            chance = float(tf.nn.softmax(logits)[chosen])
            relevance = found[0].of_row(0)
            title = f"{relevance.title}: next {names[chosen]!r}, probability {chance:.2f}"
            written = self.written(numbers_of(text, vocabulary))
            return relevance_over_text(title, written, relevance)

        network = _of_last_token(self.model)
        return Explainable(
            network,
            prepare,
            score_of_output,
            show,
            axes=1,
            targets=names,
            layerwise=False,
            words={"embedding": names},
        )

    def _gates(self, tokens: np.ndarray) -> list[tuple[keras.layers.RNN, Gates]]:
        """Each recurrent layer with what its gates did on tokens [T], from the first layer on."""
        if not self.recurrent_layers:
            return []
        reader = self.model.reader
        sequences = {each.name: tf.nest.flatten(each.input)[0] for each in self.recurrent_layers}
        read = keras.Model(reader.inputs, sequences)(self._from_nothing(tokens))
        return [
            (layer, recurrent_gates(layer, ops.convert_to_numpy(read[layer.name])[0]))
            for layer in self.recurrent_layers
        ]

    def _from_nothing(self, tokens: np.ndarray) -> list[tf.Tensor]:
        """What the reader takes of a text [T] that begins."""
        nothing = self.model.initial_states(1)
        states = (nothing[each.name] for each in self.model.reader.inputs[1:])
        return [self.model.embedded(tokens[None]), *states]


def _of_last_token(model: LanguageModel) -> keras.Model:
    """From embedded tokens [N, T, E], before which nothing was, to the logits [N, tokens] of what
    follows the last."""
    embedded = keras.Input(model.reader.inputs[0].shape[1:], name="embedded")
    row = ops.zeros_like(embedded[:, 0, 0])  # As many zeros as there are texts.
    nothing = [
        ops.reshape(row, [-1] + [1] * len(x.shape[1:])) + ops.zeros((1, *x.shape[1:]))
        for x in model.reader.inputs[1:]
    ]
    features = model.reader([embedded, *nothing])["features"]
    return keras.Model(embedded, model.logits_of(features)[:, -1], name="of_last_token")
