"""A translator with attention (Bahdanau, Cho, Bengio 2014, "Neural machine translation by jointly
learning to align and translate")."""

import math
from typing import Literal

import keras
from keras import layers, ops
from keras.initializers import RandomNormal

from dlapps.config.section import Fraction, Positive
from dlapps.layers.attentive_recurrence import AttentiveRecurrence

RECURRENT = {"gru": layers.GRU, "lstm": layers.LSTM}
STATES = {"gru": ("state",), "lstm": ("state", "carry")}


@keras.saving.register_keras_serializable("dlapps")
class AttentionTranslator(keras.Model):
    """Reads a source int [N, T] and a target so far [N, U]; gives logits [N, U, target tokens].

    Row u of the logits is about the token that follows target token u. Token 0 is padding. It is
    an encoder and a decoder, each a model of its own that decoding can use without the other.
    """

    @property
    def encoder(self) -> keras.Model:
        """From the source to the memory (values, keys, what is present) and the first states."""
        return self.get_layer("encoder")

    @property
    def decoder(self) -> keras.Model:
        """From [target, *memory, *states] to [logits, attention [N, U, T], *last states]."""
        return self.get_layer("decoder")

    def attention(self, source, target):
        """The attention weights [N, U, T] before each token that follows: rows sum to 1."""
        return self.decoder([target, *self.encoder(source)])[1]

    def embedded(self, source):
        """The tokens of a source as vectors [N, T, embedding_size]."""
        return self.encoder.get_layer("source_embedding")(source)

    def after_embedding(self) -> keras.Model:
        """The same network from [embedded source, source, target] to the logits.

        It shares all weights; gradients reach its first input, as they cannot reach numbers of
        tokens.
        """
        values, keys, present, *states = self.encoder.outputs
        vectors = self.encoder.get_layer("source_embedding").output
        # Cut where no keras.Input is: Keras would take that into the new graph and out of this one.
        reader = keras.Model([vectors, present], [values, keys, *states], name="reader")
        embedded = keras.Input(vectors.shape[1:], dtype=vectors.dtype, name="embedded")
        source = keras.Input((None,), dtype="int32", name="source")
        target = keras.Input((None,), dtype="int32", name="target")
        present = ops.not_equal(source, 0)
        values, keys, *states = reader([embedded, present])
        logits = self.decoder([target, values, keys, present, *states])[0]
        return keras.Model([embedded, source, target], logits, name="after_embedding")


def attention_translator(
    source_tokens: int,
    target_tokens: int,
    *,
    cell: Literal["gru", "lstm"] = "gru",
    units: Positive = 256,
    embedding_size: Positive = 256,
    attention_size: Positive = 128,
    dropout: Fraction = 0.3,
) -> keras.Model:
    """The network for vocabularies of these sizes.

    A bidirectional encoder of `units` each way, and a decoder of `units`; `attention_size` is the
    number of dimensions in which its states are compared with the encoder's values. `dropout` goes
    before both networks and before the logits, whose matrix is the target's embedding.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    encoder = _encoder(source_tokens, cell, units, embedding_size, attention_size, dropout)
    decoder = _decoder(target_tokens, cell, units, embedding_size, attention_size, dropout)
    logits = decoder([target, *encoder(source)])[0]
    inputs = {"source": source, "target": target}
    return AttentionTranslator(inputs, logits, name="attention_translator")


def _encoder(
    source_tokens: int,
    cell: str,
    units: int,
    embedding_size: int,
    attention_size: int,
    dropout: float,
) -> keras.Model:
    source = keras.Input((None,), dtype="int32", name="source")
    present = ops.not_equal(source, 0)
    x = layers.Embedding(
        source_tokens,
        embedding_size,
        # With Keras' own, at most 0.05, all states begin alike and attention does not learn.
        embeddings_initializer=RandomNormal(stddev=1.0),
        name="source_embedding",
    )(source)
    x = layers.Dropout(dropout, name="source_dropout")(x)
    # An export made with cuDNN would not load on a machine without a GPU.
    recurrent = RECURRENT[cell](units, return_sequences=True, return_state=True, use_cudnn=False)
    values, *ends = layers.Bidirectional(recurrent, name="bidirectional")(x, mask=present)
    # An operation, unlike a layer, lets go of Keras' own mask, which no inner model takes.
    values = ops.where(ops.expand_dims(present, -1), values, 0)
    keys = layers.Dense(attention_size, name="keys")(values)
    end = layers.Concatenate(name="end")(ends)
    states = [
        layers.Dense(units, activation="tanh", name=f"initial_{kind}")(end) for kind in STATES[cell]
    ]
    return keras.Model(source, [values, keys, present, *states], name="encoder")


def _decoder(
    target_tokens: int,
    cell: str,
    units: int,
    embedding_size: int,
    attention_size: int,
    dropout: float,
) -> keras.Model:
    target = keras.Input((None,), dtype="int32", name="target")
    values = keras.Input((None, 2 * units), name="values")
    keys = keras.Input((None, attention_size), name="keys")
    present = keras.Input((None,), dtype="bool", name="present")
    states = [keras.Input((units,), name=kind) for kind in STATES[cell]]
    scale = math.sqrt(embedding_size)
    embedding = layers.ReversibleEmbedding(
        target_tokens,
        embedding_size,
        embeddings_initializer=RandomNormal(stddev=1 / scale),
        reverse_dtype="float32",
        name="target_embedding",
    )
    # What is right for logits is too small for an input (Vaswani et al. 2017).
    embedded = layers.Rescaling(scale, name="target_scale")(embedding(target))
    embedded = layers.Dropout(dropout, name="target_dropout")(embedded)
    recurrence = AttentiveRecurrence(units, cell, name="recurrence")
    outputs, contexts, weights, last = recurrence(embedded, values, keys, present, states)
    x = layers.Concatenate(name="readout_inputs")([outputs, contexts, embedded])
    x = layers.Dense(embedding_size, activation="tanh", name="readout")(x)
    x = layers.Dropout(dropout, name="readout_dropout")(x)
    logits = embedding(x, reverse=True)
    inputs = [target, values, keys, present, *states]
    return keras.Model(inputs, [logits, weights, *last], name="decoder")
