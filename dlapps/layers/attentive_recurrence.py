"""A recurrent network that looks at a memory before every step (Bahdanau, Cho, Bengio 2014)."""

import keras
import tensorflow as tf
from keras import layers

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
        kernel, recurrent, bias = (tf.convert_to_tensor(w.value) for w in self.cell.weights)
        of_inputs, of_context = tf.split(kernel, [inputs.shape[-1], memory.shape[-1]])
        # What the inputs of all steps add to the gates is multiplied at once.
        inputs = tf.tensordot(inputs, of_inputs, 1) + (bias[0] if self.cell_name == "gru" else bias)

        def advanced(x, states):
            """Output, context and weights of one step, and the states after it.

            x [N, gates * units] is what the step's input adds to the gates.
            """
            query = self.query(states[0])[:, None]
            context, weights = self.attention(
                [query, memory, keys], mask=[None, present], return_attention_scores=True
            )
            context, weights = context[:, 0], weights[:, 0]
            net = x + tf.cast(context, x.dtype) @ of_context
            if self.cell_name == "gru":
                states = _gru_step(net, states[0] @ recurrent + bias[1], *states)
            else:
                states = _lstm_step(net + states[0] @ recurrent, states[1])
            output = states[0]
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


def _gru_step(net: tf.Tensor, inner: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor]:
    """The next state, from what inputs and state add to the gates, [N, 3 units] each."""
    from_input, from_state = tf.split(net, 3, axis=1), tf.split(inner, 3, axis=1)
    update, reset = (tf.sigmoid(a + b) for a, b in zip(from_input[:2], from_state[:2]))
    candidate = tf.tanh(from_input[2] + reset * from_state[2])
    return (update * state + (1 - update) * candidate,)


def _lstm_step(net: tf.Tensor, carry: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The next state and carry, from the gates before they are bent, [N, 4 units]."""
    put_in, keep, new, put_out = tf.split(net, 4, axis=1)
    carry = tf.sigmoid(keep) * carry + tf.sigmoid(put_in) * tf.tanh(new)
    return tf.sigmoid(put_out) * tf.tanh(carry), carry


def _swap(sequence: tf.Tensor) -> tf.Tensor:
    """[N, T, ...] to [T, N, ...], and back."""
    return tf.transpose(sequence, [1, 0, 2])
