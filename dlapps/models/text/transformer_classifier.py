"""A classifier of texts of attention alone (Vaswani et al. 2017, "Attention is all you need")."""

import keras
from keras import layers, ops
from keras.initializers import RandomNormal

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.text_classifier import TextClassifier, text_classifier
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    FeedForwardActivation,
    Positions,
    encoder_block,
    final_normalization,
    positioned,
)


def transformer_classifier(
    num_tokens: int,
    num_outputs: int,
    *,
    num_layers: Positive = 2,
    num_heads: Positive = 4,
    size: Positive = 64,
    feed_forward_size: Positive = 128,
    activation: FeedForwardActivation = "relu",
    positions: Positions = "sinusoidal",
    dropout: Fraction = 0.1,
) -> TextClassifier:
    """The network for a vocabulary of this size: blocks of `size` channels, and their mean.

    `dropout` is of what is embedded, of what each part of a block adds, and of the mean.
    """
    options = BlockOptions(num_heads, feed_forward_size, activation, dropout, positions)
    source = keras.Input((None,), dtype="int32", name="source")
    present = ops.not_equal(source, 0)
    embedding = layers.Embedding(
        num_tokens, size, embeddings_initializer=RandomNormal(stddev=1.0), name="source_embedding"
    )
    x = positioned(embedding(source), positions, "source_positions")
    x = layers.Dropout(dropout, name="source_dropout")(x)
    for number in range(1, num_layers + 1):
        x = encoder_block(x, present, f"block{number}", options)
    values = final_normalization(x)
    return text_classifier(source, values, present, num_outputs, dropout, "transformer_classifier")
