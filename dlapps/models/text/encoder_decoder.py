"""A translator without attention: all that is read goes through one vector (Cho et al. 2014,
"Learning phrase representations using RNN encoder-decoder"; Sutskever, Vinyals, Le 2014, "Sequence
to sequence learning with neural networks")."""

import keras

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.recurrent_decoder import Cell, recurrent_decoder
from dlapps.models.text.recurrent_encoder import bidirectional, first_states
from dlapps.models.text.translation_model import TranslationModel, translation_model


def encoder_decoder(
    source_tokens: int,
    target_tokens: int,
    *,
    cell: Cell = "gru",
    units: Positive = 256,
    embedding_size: Positive = 256,
    dropout: Fraction = 0.3,
) -> TranslationModel:
    """The network for vocabularies of these sizes: attention_translator without its attention."""
    source, _, present, end = bidirectional(source_tokens, cell, units, embedding_size, dropout)
    encoder = keras.Model(source, [present, *first_states(end, cell, units)], name="encoder")
    decoder = recurrent_decoder(
        target_tokens,
        attention="none",
        value_size=2 * units,
        key_size=units,
        cell=cell,
        units=units,
        embedding_size=embedding_size,
        dropout=dropout,
    )
    return translation_model(encoder, decoder, "encoder_decoder")
