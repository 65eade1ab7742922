"""A Transformer that reads tokens (Vaswani et al. 2017, "Attention is all you need")."""

import keras
from keras import KerasTensor, layers, ops

from dlapps.models.text.embedding import embedded
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    encoder_block,
    final_normalization,
    positioned,
)


def transformer_encoder(
    num_tokens: int, size: int, num_layers: int, options: BlockOptions
) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """The input `source` int [N, T], and of it values [N, T, size] and what is present [N, T].

    Token 0 is padding.
    """
    source = keras.Input((None,), dtype="int32", name="source")
    present = ops.not_equal(source, 0)
    x = embedded(source, num_tokens, size, "source")
    x = positioned(x, options.positions, "source_positions")
    if options.dropout:
        x = layers.Dropout(options.dropout, name="source_dropout")(x)
    for number in range(1, num_layers + 1):
        x = encoder_block(x, present, f"block{number}", options)
    return source, final_normalization(x), present
