"""A captioner without attention (Vinyals, Toshev, Bengio, Erhan 2015, "Show and tell: a neural
image caption generator")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.captioning.captioner import Captioner, captioner, first_states, places_of
from dlapps.models.text.recurrent_decoder import STATES, Cell, recurrent_decoder


def show_and_tell(
    map_shape: tuple[int, int, int],
    num_tokens: int,
    *,
    cell: Cell = "lstm",
    units: Positive = 512,
    embedding_size: Positive = 256,
    dropout: Fraction = 0.5,
) -> Captioner:
    """The network for maps of that shape and so many tokens.

    The photo is seen once: the mean of its places makes the first state of the recurrence, where
    the paper gives it as a first token. `dropout` goes before the photo, the tokens and the logits,
    whose matrix is the embedding.
    """
    maps = keras.Input(map_shape, name="maps")
    places, present = places_of(maps)
    values = layers.Dropout(dropout, name="photo_dropout")(places)
    states = first_states(values, units, STATES[cell])
    reader = keras.Model(maps, [present, *states], name="reader")
    decoder = recurrent_decoder(
        num_tokens, attention="none", value_size=0, key_size=0, cell=cell, units=units,
        embedding_size=embedding_size, dropout=dropout,
    )  # fmt: skip
    return captioner(reader, decoder, "captioner")
