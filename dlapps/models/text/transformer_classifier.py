"""A classifier of texts of attention alone (Vaswani et al. 2017, "Attention is all you need")."""

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.text_classifier import TextClassifier, text_classifier
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    FeedForwardActivation,
    Positions,
)
from dlapps.models.text.transformer_encoder import transformer_encoder


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
    source, values, present = transformer_encoder(num_tokens, size, num_layers, options)
    return text_classifier(source, values, present, num_outputs, dropout, "transformer_classifier")
