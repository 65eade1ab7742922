"""A recurrent network that looks at a memory before every step (Bahdanau, Cho, Bengio 2014)."""

import keras
import tensorflow as tf
from keras import layers, ops

CELLS = {"gru": layers.GRUCell, "lstm": layers.LSTMCell}


@keras.saving.register_keras_serializable("dlapps")
class AttentiveRecurrence(layers.Layer):
    """Reads a sequence; each step's input is joined by what the state attends to in a memory.

    Called with the inputs [N, U, E], the memory [N, T, M], its keys [N, T, A], which of it is
    present (bool [N, T]) and a list of the cell's first states [N, units], it returns the outputs
    [N, U, units], the contexts [N, U, M], the attention weights [N, U, T], and a list of the last
    states. Keys are what a state is compared with, by additive attention; they do not change from
    step to step, so that they are computed once outside.
    """

    def __init__(self, units: int, cell: str = "gru", **options):
        super().__init__(**options)
        # Batches are as long as their longest sentence; XLA would compile anew for every length.
        self.supports_jit = False
        self.units = units
        self.cell_name = cell
        self.cell = CELLS[cell](units, dtype=self.dtype_policy, name="cell")
        self.attention = layers.AdditiveAttention(dtype=self.dtype_policy, name="attention")

    def build(self, inputs_shape, memory_shape, keys_shape, present_shape, states_shape):
        batch, *_, size = keys_shape
        self.query = layers.Dense(size, use_bias=False, dtype=self.dtype_policy, name="query")
        self.query.build((batch, self.units))
        self.attention.build([(batch, 1, size), memory_shape, keys_shape])
        self.cell.build((batch, inputs_shape[-1] + memory_shape[-1]))

    def call(self, inputs, memory, keys, present, states):
        def advanced(x, states):
            """Output, context and weights of one step from x [N, E], and the states after it."""
            query = self.query(states[0])[:, None]
            context, weights = self.attention(
                [query, memory, keys], mask=[None, present], return_attention_scores=True
            )
            context, weights = context[:, 0], weights[:, 0]
            output, states = self.cell(ops.concatenate([x, context], axis=-1), states)
            parts = (tf.cast(part, self.compute_dtype) for part in (output, context, weights))
            return tuple(parts), tuple(states)

        if inputs.shape[1] == 1:
            # A search goes step by step; LiteRT, moreover, mistakes the outputs of such a loop.
            parts, states = advanced(inputs[:, 0], states)
            return *(part[:, None] for part in parts), list(states)

        length = tf.shape(inputs)[1]
        sequence = tf.TensorArray(inputs.dtype, length).unstack(_swap(inputs))
        collected = tuple(tf.TensorArray(self.compute_dtype, length) for _ in range(3))

        def step(position, states, collected):
            parts, states = advanced(sequence.read(position), states)
            written = tuple(array.write(position, part) for array, part in zip(collected, parts))
            return position + 1, states, written

        _, states, collected = tf.while_loop(
            lambda position, *_: position < length, step, (0, tuple(states), collected)
        )
        return *(_swap(array.stack()) for array in collected), list(states)

    def compute_output_spec(self, inputs, memory, keys, present, states):
        batch, length, _ = inputs.shape
        sizes = (self.units, memory.shape[-1], memory.shape[1])
        sequences = (keras.KerasTensor((batch, length, s), self.compute_dtype) for s in sizes)
        return *sequences, [keras.KerasTensor(s.shape, s.dtype) for s in states]

    def get_config(self):
        return super().get_config() | {"units": self.units, "cell": self.cell_name}


def _swap(sequence: tf.Tensor) -> tf.Tensor:
    """[N, T, ...] to [T, N, ...], and back."""
    return tf.transpose(sequence, [1, 0, 2])
