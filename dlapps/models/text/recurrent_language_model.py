"""A recurrent language model (Mikolov et al. 2010; with LSTM units Sundermeyer et al. 2012; with
dropout as Zaremba, Sutskever, Vinyals 2014, "Recurrent neural network regularization")."""

from typing import Literal

import keras
from keras import layers
from keras.initializers import RandomNormal

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.language_model import LanguageModel, language_model
from dlapps.models.text.recurrent_stack import Cell, recurrent_stack, state_inputs


def recurrent_language_model(
    num_tokens: int,
    *,
    cell: Cell = "lstm",
    units: Positive = 256,
    num_layers: Positive = 1,
    embedding_size: Positive = 128,
    dropout: Fraction = 0.0,
    dropout_of: Literal["units", "channels"] = "units",
    layer_normalization: bool = False,
    tied: bool = False,
) -> LanguageModel:
    """Layers of recurrent `units` upon an embedding.

    `dropout` goes before each of the layers and before the logits; of single units of each step, or
    of channels, the same at all steps (Gal, Ghahramani 2016). `tied`: the logits' matrix is the
    embedding (Press, Wolf 2017), to whose size the last states are brought.
    """
    # With Keras' own, at most 0.05, learning begins late; as logits' weights, 1 would be too large.
    initializer = RandomNormal(stddev=embedding_size**-0.5 if tied else 1.0)
    kind = layers.ReversibleEmbedding if tied else layers.Embedding
    embedding = kind(
        num_tokens, embedding_size, embeddings_initializer=initializer, name="embedding"
    )
    embedded = keras.Input((None, embedding_size), name="embedded")
    states = state_inputs(cell, units, num_layers)
    x, after = recurrent_stack(
        embedded, states, cell, units, dropout, dropout_of, layer_normalization
    )
    if tied and units != embedding_size:
        x = layers.Dense(embedding_size, name="readout")(x)
    reader = keras.Model([embedded, *states], {"features": x, **after}, name="reader")
    return language_model(embedding, reader, tied, "recurrent_language_model")
