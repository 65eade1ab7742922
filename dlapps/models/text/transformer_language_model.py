"""A Transformer that remembers windows before (Dai et al. 2019, "Transformer-XL: attentive language
models beyond a fixed-length context"), its places told apart by rotation (Su et al. 2021)."""

import math

import keras
from keras import layers, ops
from keras.initializers import RandomNormal

from dlapps.config.section import Fraction, Positive
from dlapps.models.text.language_model import LanguageModel, language_model
from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    FeedForwardActivation,
    decoder_block,
    final_normalization,
)


def transformer_language_model(
    num_tokens: int,
    *,
    num_layers: Positive = 4,
    size: Positive = 128,
    num_heads: Positive = 4,
    feed_forward_size: Positive = 512,
    memory: Positive = 64,
    activation: FeedForwardActivation = "gelu",
    dropout: Fraction = 0.0,
) -> LanguageModel:
    """Blocks of masked attention, each of which sees a token and the `memory` tokens before it.

    Keys and values of so many tokens are the states; gradients do not reach them. The logits'
    matrix is the embedding. `dropout` is of the embedded tokens and of what each part of a block
    adds.
    """
    embedding = layers.ReversibleEmbedding(
        num_tokens,
        size,
        embeddings_initializer=RandomNormal(stddev=size**-0.5),
        name="embedding",
    )
    embedded = keras.Input((None, size), name="embedded")
    remembered = keras.Input((memory,), name="remembered")
    pasts = [
        keras.Input((memory, 2 * size), name=f"block{number}_past")
        for number in range(1, num_layers + 1)
    ]
    # What is right for logits is too small for an input (Vaswani et al. 2017).
    x = layers.Rescaling(math.sqrt(size), name="scale")(embedded)
    if dropout:
        x = layers.Dropout(dropout, name="embedded_dropout")(x)
    read = ops.concatenate([remembered, ops.ones_like(x[..., 0])], axis=1)
    present = ops.greater(read, 0.5)
    options = BlockOptions(num_heads, feed_forward_size, activation, dropout, "rotary", memory)
    after = {remembered.name: read[:, -memory:]}
    for number, past in enumerate(pasts, 1):
        x, keys_values = decoder_block(x, past, f"block{number}", options, present)
        after[past.name] = keys_values[:, -memory:]
    outputs = {"features": final_normalization(x), **after}
    reader = keras.Model([embedded, remembered, *pasts], outputs, name="reader")
    return language_model(embedding, reader, True, "transformer_language_model")
