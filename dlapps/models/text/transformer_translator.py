"""A translator of attention alone (Vaswani et al. 2017, "Attention is all you need")."""

import keras

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    FeedForwardActivation,
    Positions,
)
from dlapps.models.text.transformer_decoder import decoder_memory, transformer_decoder
from dlapps.models.text.transformer_encoder import transformer_encoder
from dlapps.models.text.translation_model import TranslationModel, translation_model


def transformer_translator(
    source_tokens: int,
    target_tokens: int,
    *,
    num_layers: Positive = 3,
    num_heads: Positive = 4,
    size: Positive = 256,
    feed_forward_size: Positive = 512,
    activation: FeedForwardActivation = "relu",
    positions: Positions = "sinusoidal",
    dropout: Fraction = 0.1,
) -> TranslationModel:
    """The network for vocabularies of these sizes.

    `num_layers` blocks read and as many write, with `size` channels shared by `num_heads` heads.
    `dropout` is of what is embedded and of what each part of a block adds. The logits' matrix is
    the target's embedding.
    """
    options = BlockOptions(num_heads, feed_forward_size, activation, dropout, positions)
    source, values, present = transformer_encoder(source_tokens, size, num_layers, options)
    memory, past = decoder_memory(values, present, num_layers)
    encoder = keras.Model(source, [*memory, *past], name="encoder")
    decoder = transformer_decoder(target_tokens, size, num_layers, options)
    return translation_model(encoder, decoder, "transformer_translator")
