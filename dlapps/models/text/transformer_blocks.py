"""The blocks of a Transformer (Vaswani et al. 2017, "Attention is all you need"), normalized before
each part (Xiong et al. 2020, "On layer normalization in the Transformer architecture")."""

from typing import Literal, NamedTuple

import keras
from keras import KerasTensor, layers

from dlapps.layers.multi_head_attention import MultiHeadAttention
from dlapps.layers.positions import LearnedPositions, SinusoidalPositions

FeedForwardActivation = Literal["relu", "gelu", "swish"]
"""relu (Vaswani et al. 2017), gelu (Devlin et al. 2019), swish (Ramachandran, Zoph, Le 2017)."""
Positions = Literal["sinusoidal", "learned", "rotary"]
"""How places are told apart: by sines (Vaswani et al. 2017) or vectors that are learned (Gehring et
al. 2017), added to what is embedded, or in the attention by rotation (Su et al. 2021)."""
NUM_LEARNED_POSITIONS = 512


class BlockOptions(NamedTuple):
    """What all blocks of a network have in common."""

    num_heads: int
    feed_forward_size: int
    activation: FeedForwardActivation = "relu"
    dropout: float = 0.0
    """Of what each part adds."""
    positions: Positions = "sinusoidal"
    span: int | None = None
    """How many places before it one sees of its own sequence in a decoder; None: all."""


def positioned(
    x: KerasTensor, positions: Positions, name: str, past: KerasTensor | None = None
) -> KerasTensor:
    """Embedded tokens [N, T, E] with their positions added, which go on from those of the past."""
    if positions == "rotary":
        return x
    if positions == "learned":
        return LearnedPositions(NUM_LEARNED_POSITIONS, name=name)(x, past)
    return SinusoidalPositions(name=name)(x, past)


def encoder_block(
    x: KerasTensor, present: KerasTensor, name: str, options: BlockOptions
) -> KerasTensor:
    """What a block makes of x [N, T, E], each place of which sees all that are present [N, T]."""
    normalized = _normalized(x, f"{name}_attention")
    keys_values = keys_and_values(normalized, f"{name}_keys_values")
    attention = MultiHeadAttention(
        options.num_heads, rotary=options.positions == "rotary", name=f"{name}_attention"
    )
    found, _ = attention(normalized, keys_values, present)
    x = _joined(x, found, f"{name}_attention", options)
    return _feed_forward(x, name, options)


def decoder_block(
    x: KerasTensor,
    past: KerasTensor,
    name: str,
    options: BlockOptions,
    present: KerasTensor | None = None,
) -> tuple[KerasTensor, KerasTensor]:
    """What a block makes of x [N, U, E], and its keys and values with those of the past in front.

    `past` [N, P, 2 E] is what the block returned for the places before x; empty, P = 0, at first.
    Each place sees itself and those before it that are `present` (bool [N, P + U]; None: all).
    """
    x, keys_values = _causal_attention(x, past, name, options, present)
    return _feed_forward(x, name, options), keys_values


def cross_decoder_block(
    x: KerasTensor,
    past: KerasTensor,
    memory: KerasTensor,
    present: KerasTensor,
    name: str,
    options: BlockOptions,
) -> tuple[KerasTensor, KerasTensor, KerasTensor]:
    """What `decoder_block` returns where the block looks at a memory as well, and how it looks.

    `memory` [N, T, 2 E] is made by `keys_and_values`, once for all steps; of it `present` bool
    [N, T] can be seen. The attention weights are [N, heads, U, T].
    """
    x, keys_values = _causal_attention(x, past, name, options)
    part = f"{name}_cross_attention"
    attention = MultiHeadAttention(options.num_heads, name=part)
    found, weights = attention(_normalized(x, part), memory, present)
    x = _joined(x, found, part, options)
    return _feed_forward(x, name, options), keys_values, weights


def keys_and_values(x: KerasTensor, name: str) -> KerasTensor:
    """The keys and values [N, T, 2 E] of x [N, T, E] for one MultiHeadAttention."""
    return layers.Dense(2 * x.shape[-1], name=name)(x)


def final_normalization(x: KerasTensor) -> KerasTensor:
    """What comes after the last block, since no block normalizes its own output."""
    return layers.LayerNormalization(epsilon=1e-5, name="final_normalization")(x)


def attention_layers(network: keras.Model) -> list[str]:
    """The names of a network's attentions of several heads, the first block's first."""
    return [layer.name for layer in network.layers if isinstance(layer, MultiHeadAttention)]


def _causal_attention(
    x: KerasTensor,
    past: KerasTensor,
    name: str,
    options: BlockOptions,
    present: KerasTensor | None = None,
) -> tuple[KerasTensor, KerasTensor]:
    normalized = _normalized(x, f"{name}_attention")
    new = keys_and_values(normalized, f"{name}_new_keys_values")
    keys_values = layers.Concatenate(axis=1, name=f"{name}_keys_values")([past, new])
    attention = MultiHeadAttention(
        options.num_heads,
        causal=True,
        rotary=options.positions == "rotary",
        span=options.span,
        name=f"{name}_attention",
    )
    found, _ = attention(normalized, keys_values, present)
    return _joined(x, found, f"{name}_attention", options), keys_values


def _feed_forward(x: KerasTensor, name: str, options: BlockOptions) -> KerasTensor:
    part = f"{name}_feed_forward"
    hidden = layers.Dense(options.feed_forward_size, options.activation, name=part)(
        _normalized(x, part)
    )
    change = layers.Dense(x.shape[-1], name=f"{part}_projection")(hidden)
    return _joined(x, change, part, options)


def _normalized(x: KerasTensor, part: str) -> KerasTensor:
    return layers.LayerNormalization(epsilon=1e-5, name=f"{part}_normalization")(x)


def _joined(x: KerasTensor, change: KerasTensor, part: str, options: BlockOptions) -> KerasTensor:
    if options.dropout:
        change = layers.Dropout(options.dropout, name=f"{part}_dropout")(change)
    return layers.Add(name=f"{part}_sum")([x, change])
