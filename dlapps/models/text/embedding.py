"""Tokens as vectors that learn fast: small ones, scaled up (Vaswani et al. 2017)."""

import math

from keras import KerasTensor, layers
from keras.initializers import RandomNormal


def embedded(tokens: KerasTensor, num_tokens: int, size: int, name: str) -> KerasTensor:
    """Vectors [N, T, size], of deviation 1 at first, of tokens int [N, T].

    An optimizer's step is about as long for every weight, so that small weights turn the sooner;
    were the vectors left as small, all states would begin alike. The layers are called
    `name`_embedding and `name`_scale.
    """
    embedding = layers.Embedding(
        num_tokens,
        size,
        embeddings_initializer=RandomNormal(stddev=size**-0.5),
        name=f"{name}_embedding",
    )
    return layers.Rescaling(math.sqrt(size), name=f"{name}_scale")(embedding(tokens))
