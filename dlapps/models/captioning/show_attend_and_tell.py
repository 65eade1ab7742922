"""A captioner with attention (Xu, Ba, Kiros, Cho, Courville, Salakhutdinov, Zemel, Bengio 2015,
"Show, attend and tell: neural image caption generation with visual attention")."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.captioning.captioner import Captioner, captioner, first_states, places_of
from dlapps.models.text.recurrent_decoder import STATES, Cell, recurrent_decoder


def show_attend_and_tell(
    map_shape: tuple[int, int, int],
    num_tokens: int,
    *,
    cell: Cell = "lstm",
    units: Positive = 512,
    embedding_size: Positive = 256,
    value_size: Positive = 256,
    attention_size: Positive = 256,
    dropout: Fraction = 0.5,
) -> Captioner:
    """The network for maps of that shape and so many tokens.

    Before each token, soft attention looks at the places of the maps, each brought to `value_size`
    numbers; `attention_size` is the number of dimensions in which they are compared with the state.
    `dropout` goes before the photo, the tokens and the logits, whose matrix is the embedding.
    """
    maps = keras.Input(map_shape, name="maps")
    places, present = places_of(maps)
    places = layers.Dropout(dropout, name="photo_dropout")(places)
    values = layers.Dense(value_size, activation="relu", name="values")(places)
    keys = layers.Dense(attention_size, name="keys")(values)
    states = first_states(values, units, STATES[cell])
    reader = keras.Model(maps, [values, keys, present, *states], name="reader")
    decoder = recurrent_decoder(
        num_tokens, attention="additive", value_size=value_size, key_size=attention_size, cell=cell,
        units=units, embedding_size=embedding_size, dropout=dropout,
    )  # fmt: skip
    return captioner(reader, decoder, "captioner")
