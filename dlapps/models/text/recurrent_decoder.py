"""A recurrent network that says a sequence of tokens, attending to a memory (Bahdanau, Cho, Bengio
2014; Luong, Pham, Manning 2015) or not (Cho et al. 2014; Sutskever, Vinyals, Le 2014)."""

import math
from collections.abc import Sequence
from typing import Literal

import keras
from keras import KerasTensor, layers, ops
from keras.initializers import RandomNormal

from dlapps.layers.attentive_recurrence import AttentiveRecurrence
from dlapps.layers.global_attention import GlobalAttention

Attention = Literal["additive", "dot", "general", "concat"]
"""additive: before each step, v tanh(W state + U value) (Bahdanau et al.); the others after it
(Luong et al.): dot, the product of state and value; general, with a matrix between them; concat, as
additive."""
Cell = Literal["gru", "lstm"]
RECURRENT = {"gru": layers.GRU, "lstm": layers.LSTM}
STATES = {"gru": ("state",), "lstm": ("state", "carry")}

Said = tuple[list[KerasTensor], KerasTensor, list[KerasTensor]]
"""What the next token is read from, each [N, U, ...]; the attention [N, U, T]; the last states."""


def recurrent_decoder(
    num_tokens: int,
    *,
    attention: Attention | Literal["none"],
    value_size: int,
    key_size: int,
    cell: Cell,
    units: int,
    embedding_size: int,
    dropout: float,
) -> keras.Model:
    """From [target int [N, U], *memory, *states] to [logits, attention [N, U, T], *last states].

    Row u of the logits [N, U, num_tokens] is about the token that follows target token u. The
    memory is [values [N, T, value_size], keys [N, T, key_size], present bool [N, T]]; without
    attention it is [present] alone, and all attention is 0. The states are those of the cell,
    [N, units] each. The logits' matrix is the embedding (Press, Wolf 2017).
    """
    target = keras.Input((None,), dtype="int32", name="target")
    memory = [keras.Input((None,), dtype="bool", name="present")]
    if attention != "none":
        values = keras.Input((None, value_size), name="values")
        memory = [values, keras.Input((None, key_size), name="keys"), *memory]
    states = [keras.Input((units,), name=kind) for kind in STATES[cell]]
    scale = math.sqrt(embedding_size)
    embedding = layers.ReversibleEmbedding(
        num_tokens,
        embedding_size,
        embeddings_initializer=RandomNormal(stddev=1 / scale),
        reverse_dtype="float32",
        name="target_embedding",
    )
    # What is right for logits is too small for an input (Vaswani et al. 2017).
    embedded = layers.Rescaling(scale, name="target_scale")(embedding(target))
    embedded = layers.Dropout(dropout, name="target_dropout")(embedded)
    if attention == "additive":
        parts, weights, last = _attention_before(embedded, memory, states, cell)
    elif attention == "none":
        parts, weights, last = _no_attention(embedded, memory, states, cell)
    else:
        parts, weights, last = _attention_after(embedded, memory, states, cell, attention)
    x = parts[0] if len(parts) == 1 else layers.Concatenate(name="readout_inputs")(parts)
    x = layers.Dense(embedding_size, activation="tanh", name="readout")(x)
    x = layers.Dropout(dropout, name="readout_dropout")(x)
    logits = embedding(x, reverse=True)
    return keras.Model([target, *memory, *states], [logits, weights, *last], name="decoder")


def _attention_before(
    embedded: KerasTensor, memory: Sequence[KerasTensor], states: Sequence[KerasTensor], cell: Cell
) -> Said:
    """Each step's input is joined by what the state before it attends to."""
    recurrence = AttentiveRecurrence(states[0].shape[-1], cell, name="recurrence")
    outputs, contexts, weights, last = recurrence(embedded, *memory, states)
    return [outputs, contexts, embedded], weights, last


def _attention_after(
    embedded: KerasTensor,
    memory: Sequence[KerasTensor],
    states: Sequence[KerasTensor],
    cell: Cell,
    attention: Attention,
) -> Said:
    """The state after each step attends; all steps are compared with the memory at once."""
    outputs, last = _recurrence(embedded, states, cell)
    # The keys are the values themselves, or the values times a matrix, as they come from outside.
    layer = GlobalAttention("concat" if attention == "concat" else "dot", name="attention")
    contexts, weights = layer(outputs, *memory)
    return [outputs, contexts], weights, last


def _no_attention(
    embedded: KerasTensor, memory: Sequence[KerasTensor], states: Sequence[KerasTensor], cell: Cell
) -> Said:
    """All there is to say is in the first states."""
    outputs, last = _recurrence(embedded, states, cell)
    (present,) = memory
    nothing = ops.zeros_like(embedded[:, :, :1]) * ops.cast(present[:, None], embedded.dtype)
    return [outputs], nothing, last


def _recurrence(
    embedded: KerasTensor, states: Sequence[KerasTensor], cell: Cell
) -> tuple[KerasTensor, list[KerasTensor]]:
    # An export made with cuDNN would not load on a machine without a GPU.
    layer = RECURRENT[cell](
        states[0].shape[-1],
        return_sequences=True,
        return_state=True,
        use_cudnn=False,
        name="recurrence",
    )
    outputs, *last = layer(embedded, initial_state=list(states))
    return outputs, last
