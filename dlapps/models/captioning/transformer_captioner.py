"""A captioner that is a Transformer (Vaswani et al. 2017, "Attention is all you need") upon maps of
another network, as in Sharma, Ding, Goodman, Soricut 2018, "Conceptual captions"."""

import keras
from keras import layers

from dlapps.config.section import Fraction, Positive
from dlapps.models.captioning.captioner import Captioner, captioner, places_of
from dlapps.models.text.transformer_blocks import BlockOptions, encoder_block, positioned
from dlapps.models.text.transformer_decoder import decoder_memory, transformer_decoder


def transformer_captioner(
    map_shape: tuple[int, int, int],
    num_tokens: int,
    *,
    encoder_layers: Positive = 1,
    decoder_layers: Positive = 2,
    size: Positive = 256,
    num_heads: Positive = 4,
    feed_forward_size: Positive = 1024,
    dropout: Fraction = 0.3,
) -> Captioner:
    """The network for maps of that shape and so many tokens.

    The places of the maps, brought to `size` numbers and each told apart by a learned vector, see
    one another in the encoder's blocks; the decoder's look at what comes of it. `dropout` goes
    before the photo, the tokens and the sum of each part.
    """
    options = BlockOptions(num_heads, feed_forward_size, dropout=dropout)
    maps = keras.Input(map_shape, name="maps")
    places, present = places_of(maps)
    places = layers.Dropout(dropout, name="photo_dropout")(places)
    x = layers.Dense(size, name="projection")(places)
    x = positioned(x, "learned", "photo_positions")
    for number in range(1, encoder_layers + 1):
        x = encoder_block(x, present, f"block{number}", options)
    values = layers.LayerNormalization(epsilon=1e-5, name="values")(x)
    memory, past = decoder_memory(values, present, decoder_layers)
    reader = keras.Model(maps, [*memory, *past], name="reader")
    decoder = transformer_decoder(num_tokens, size, decoder_layers, options)
    return captioner(reader, decoder, "captioner")
