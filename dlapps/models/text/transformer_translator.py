"""A translator of attention alone (Vaswani et al. 2017, "Attention is all you need")."""

import keras
from keras import layers, ops
from keras.initializers import RandomNormal

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    FeedForwardActivation,
    Positions,
    encoder_block,
    final_normalization,
    positioned,
)
from dlapps.models.text.transformer_decoder import decoder_memory, transformer_decoder
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
    encoder = _encoder(source_tokens, size, num_layers, options)
    decoder = transformer_decoder(target_tokens, size, num_layers, options)
    return translation_model(encoder, decoder, "transformer_translator")


def _encoder(source_tokens: int, size: int, num_layers: int, options: BlockOptions) -> keras.Model:
    source = keras.Input((None,), dtype="int32", name="source")
    present = ops.not_equal(source, 0)
    embedding = layers.Embedding(
        source_tokens,
        size,
        embeddings_initializer=RandomNormal(stddev=1.0),
        name="source_embedding",
    )
    x = positioned(embedding(source), options.positions, "source_positions")
    if options.dropout:
        x = layers.Dropout(options.dropout, name="source_dropout")(x)
    for number in range(1, num_layers + 1):
        x = encoder_block(x, present, f"block{number}", options)
    memory, past = decoder_memory(final_normalization(x), present, num_layers)
    return keras.Model(source, [*memory, *past], name="encoder")
