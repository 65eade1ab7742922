"""A translator with attention (Bahdanau, Cho, Bengio 2014, "Neural machine translation by jointly
learning to align and translate"; Luong, Pham, Manning 2015, "Effective approaches to
attention-based neural machine translation")."""

import keras
from keras import KerasTensor, layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.recurrent_decoder import Attention, Cell, recurrent_decoder
from dlapps.models.text.recurrent_encoder import bidirectional, first_states
from dlapps.models.text.translation_model import TranslationModel, translation_model


def attention_translator(
    source_tokens: int,
    target_tokens: int,
    *,
    attention: Attention = "additive",
    cell: Cell = "gru",
    units: Positive = 256,
    embedding_size: Positive = 256,
    attention_size: Positive = 128,
    dropout: Fraction = 0.3,
) -> TranslationModel:
    """The network for vocabularies of these sizes.

    A bidirectional encoder of `units` each way, and a decoder of `units`, or where `attention` is
    `dot` of 2 `units`, as many as a value has. `attention_size` is the number of dimensions in
    which `additive` and `concat` compare a state with the values. `dropout` goes before both
    networks and before the logits, whose matrix is the target's embedding.
    """
    source, values, present, end = bidirectional(
        source_tokens, cell, units, embedding_size, dropout
    )
    decoder_units = 2 * units if attention == "dot" else units
    keys = _keys(values, attention, attention_size, units)
    states = first_states(end, cell, decoder_units)
    encoder = keras.Model(source, [values, keys, present, *states], name="encoder")
    decoder = recurrent_decoder(
        target_tokens,
        attention=attention,
        value_size=2 * units,
        key_size=keys.shape[-1],
        cell=cell,
        units=decoder_units,
        embedding_size=embedding_size,
        dropout=dropout,
    )
    return translation_model(encoder, decoder, "attention_translator")


def _keys(
    values: KerasTensor, attention: Attention, attention_size: int, units: int
) -> KerasTensor:
    """What the decoder's states are compared with."""
    if attention == "dot":
        # A tensor of its own: Keras does not cut a graph one of whose outputs is there twice.
        return layers.Identity(name="keys")(values)
    if attention == "general":
        return layers.Dense(units, use_bias=False, name="keys")(values)
    return layers.Dense(attention_size, name="keys")(values)
