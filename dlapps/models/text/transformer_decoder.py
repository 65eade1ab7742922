"""A Transformer that says a sequence of tokens about a memory (Vaswani et al. 2017)."""

import math

import keras
from keras import KerasTensor, layers
from keras.initializers import RandomNormal

from dlapps.models.text.transformer_blocks import (
    BlockOptions,
    cross_decoder_block,
    final_normalization,
    keys_and_values,
    positioned,
)


def transformer_decoder(
    num_tokens: int, size: int, num_layers: int, options: BlockOptions
) -> keras.Model:
    """From [target int [N, U], *memory, *past] to [logits, attention [N, U, T], *past].

    Row u of the logits [N, U, num_tokens] is about the token that follows target token u. The
    memory is what `decoder_memory` makes. The past of each block, [N, P, 2 size], is what it was
    for the tokens before; it comes out longer by U. The attention is the mean over the heads of the
    last block. The logits' matrix is the embedding (Press, Wolf 2017).
    """
    numbers = range(1, num_layers + 1)
    target = keras.Input((None,), dtype="int32", name="target")
    memories = [keras.Input((None, 2 * size), name=f"memory{number}") for number in numbers]
    present = keras.Input((None,), dtype="bool", name="present")
    pasts = [keras.Input((None, 2 * size), name=f"past{number}") for number in numbers]
    embedding = layers.ReversibleEmbedding(
        num_tokens,
        size,
        embeddings_initializer=RandomNormal(stddev=size**-0.5),
        reverse_dtype="float32",
        name="target_embedding",
    )
    # What is right for logits is too small for an input (Vaswani et al. 2017).
    x = layers.Rescaling(math.sqrt(size), name="target_scale")(embedding(target))
    x = positioned(x, options.positions, "target_positions", pasts[0])
    if options.dropout:
        x = layers.Dropout(options.dropout, name="target_dropout")(x)
    after = []
    for number, past, memory in zip(numbers, pasts, memories, strict=True):
        x, keys_values, weights = cross_decoder_block(
            x, past, memory, present, f"block{number}", options
        )
        after.append(keys_values)
    logits = embedding(final_normalization(x), reverse=True)
    attention = keras.ops.mean(weights, axis=1)
    inputs = [target, *memories, present, *pasts]
    return keras.Model(inputs, [logits, attention, *after], name="decoder")


def decoder_memory(
    values: KerasTensor, present: KerasTensor, num_layers: int
) -> tuple[list[KerasTensor], list[KerasTensor]]:
    """The memory that a decoder of so many blocks takes, and its empty past, for [N, T, size].

    One layer a block makes the keys and values with which the block will look at `values`.
    """
    numbers = range(1, num_layers + 1)
    memories = [keys_and_values(values, f"memory{number}") for number in numbers]
    return [*memories, present], [memory[:, :0] for memory in memories]
