"""A classifier of texts that reads in both directions (Graves, Schmidhuber 2005, "Framewise phoneme
classification with bidirectional LSTM and other neural network architectures")."""

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.recurrent_decoder import Cell
from dlapps.models.text.recurrent_encoder import bidirectional
from dlapps.models.text.text_classifier import TextClassifier, text_classifier


def recurrent_classifier(
    num_tokens: int,
    num_outputs: int,
    *,
    cell: Cell = "lstm",
    units: Positive = 64,
    embedding_size: Positive = 64,
    dropout: Fraction = 0.3,
) -> TextClassifier:
    """The network for a vocabulary of this size: `units` each way, and the mean over the tokens.

    `dropout` is of what is embedded, and of the mean.
    """
    source, values, present, _ = bidirectional(num_tokens, cell, units, embedding_size, dropout)
    return text_classifier(source, values, present, num_outputs, dropout, "recurrent_classifier")
